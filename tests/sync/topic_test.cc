// SPDX-License-Identifier: Apache-2.0
#include "sync/topic.h"

#include <catch2/catch.hpp>

namespace cpis::sync {
namespace {

TEST_CASE("every topic parses from its own text") {
  for (const auto& topic : {Topic::Rows("E10000017"), Topic::Directory(), Topic::Roster(), Topic::Policy(),
                            Topic::Node("node-0123456789abcdef")}) {
    const auto parsed = Topic::Parse(topic.text());
    REQUIRE(parsed.ok());
    CHECK(*parsed == topic);
    CHECK(parsed->kind() == topic.kind());
  }
  CHECK(Topic::Rows("E10000017").text() == "rows/E10000017");
  CHECK(Topic::Node("node-1").text() == "node/node-1");
}

TEST_CASE("what is not a topic is refused and quoted") {
  for (const auto* text : {"", "rows", "rows/", "rows/A B", "rows/A/B", "rows/é", "node/", "Directory", "policy/x",
                           "index2", "rows/..\n", " roster"}) {
    const auto parsed = Topic::Parse(text);
    CHECK(parsed.status().code() == platform::Code::kInvalid);
  }
  CHECK_FALSE(Topic::Parse("rows/" + std::string(65, 'A')).ok());
  CHECK(Topic::Parse("rows/" + std::string(64, 'A')).ok());
  CHECK_THAT(Topic::Parse("rowz/E1").status().message(), Catch::Matchers::Contains("\"rowz/E1\""));
}

TEST_CASE("only a rows topic has a partition") {
  CHECK(Topic::Rows("E10000017").Partition() == "E10000017");
  CHECK(Topic::Node("E10000017").Partition().empty());
  CHECK(Topic::Directory().Partition().empty());
}

TEST_CASE("content signs what children and authorities are about, policy what orders a node about") {
  CHECK(Topic::Rows("E1").SignedBy() == crypto::Role::kContent);
  CHECK(Topic::Directory().SignedBy() == crypto::Role::kContent);
  CHECK(Topic::Roster().SignedBy() == crypto::Role::kPolicy);
  CHECK(Topic::Policy().SignedBy() == crypto::Role::kPolicy);
  CHECK(Topic::Node("n").SignedBy() == crypto::Role::kPolicy);
}

TEST_CASE("entries with different names have different keys") {
  CHECK(KeyOf("staff/1") == KeyOf("staff/1"));
  CHECK(KeyOf("staff/1") != KeyOf("staff/2"));
}

}  // namespace
}  // namespace cpis::sync
