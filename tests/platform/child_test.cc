// SPDX-License-Identifier: Apache-2.0
#include "platform/child.h"

#include <catch2/catch.hpp>

using namespace cpis::platform;

TEST_CASE("a child reads what it is given, and what it says and how it ends is told") {
  const Bytes input = ToBytes(AsBytes(std::string(64, 'x')));
  const auto echoed = RunChild({{"/bin/cat"}, input});
  REQUIRE(echoed.ok());
  CHECK(echoed->exit_code == 0);
  CHECK(echoed->out == input);

  const auto failed = RunChild({{"/bin/sh", "-c", "echo out; echo first >&2; echo last >&2; exit 7"}, {}});
  REQUIRE(failed.ok());
  CHECK(failed->exit_code == 7);
  CHECK(AsText(failed->out) == "out\n");
  CHECK(failed->last_error == "last");

  const auto killed = RunChild({{"/bin/sh", "-c", "kill -9 $$"}, {}});
  REQUIRE(killed.ok());
  CHECK(killed->exit_code == 128 + 9);
}

TEST_CASE("a child that does not read, says too much, takes too long or is not there is no harm") {
  const Bytes input(64, 1);
  for (int i = 0; i < 20; ++i) CHECK(RunChild({{"/bin/true"}, input}).ok());
  CHECK(RunChild({{"/usr/bin/yes"}, {}, 1000}).status().code() == Code::kExhausted);
  CHECK(RunChild({{"/bin/sleep", "1000"}, {}, 1000, std::chrono::milliseconds(50)}).status().code() == Code::kUnavailable);
  CHECK(RunChild({{"/no/such/program"}, {}}).status().code() == Code::kNotFound);
}
