// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "sync/records.h"

namespace cpis::sync {
namespace {

using namespace std::chrono_literals;
using platform::Code;

TEST_CASE("every setting has a range and is refused just past either end") {
  const auto [key, largest] = GENERATE(table<std::string, int>({
      {"fresh_for_hours", 168},
      {"lease_hours", 720},
      {"idle_limit_minutes", 240},
      {"shift_limit_hours", 24},
      {"frequent_accesses", 25},
      {"looks_per_hour_person", 10'000},
      {"looks_per_day_person", 100'000},
      {"looks_per_hour_node", 10'000},
      {"looks_per_day_node", 100'000},
      {"misses_per_hour_person", 10'000},
  }));
  Policy policy;
  CHECK(policy.Set(key, "1").ok());
  CHECK(policy.Set(key, std::to_string(largest)).ok());
  const auto before = policy.Settings();
  for (const auto& value :
       {std::string("0"), std::to_string(largest + 1), std::string("-1"), std::string("+1"), std::string(""),
        std::string("1h"), std::string(" 1"), std::string("1.5"), std::string("99999999999999999999")}) {
    CHECK(policy.Set(key, value).code() == Code::kInvalid);
  }
  CHECK(policy.Settings() == before);
}

TEST_CASE("settings arrive in the unit that their name says") {
  Policy policy;
  REQUIRE(policy.Set("fresh_for_hours", "2").ok());
  REQUIRE(policy.Set("lease_hours", "3").ok());
  REQUIRE(policy.Set("idle_limit_minutes", "4").ok());
  REQUIRE(policy.Set("shift_limit_hours", "5").ok());
  REQUIRE(policy.Set("frequent_accesses", "6").ok());
  REQUIRE(policy.Set("england_false_positive_one_in", "128").ok());
  REQUIRE(policy.Set("looks_per_hour_person", "7").ok());
  REQUIRE(policy.Set("looks_per_day_person", "8").ok());
  REQUIRE(policy.Set("looks_per_hour_node", "9").ok());
  REQUIRE(policy.Set("looks_per_day_node", "10").ok());
  REQUIRE(policy.Set("misses_per_hour_person", "11").ok());
  CHECK(std::tie(policy.looks_per_hour_person, policy.looks_per_day_person, policy.looks_per_hour_node, policy.looks_per_day_node,
                 policy.misses_per_hour_person) == std::make_tuple(7, 8, 9, 10, 11));
  CHECK(policy.fresh_for == 2h);
  CHECK(policy.lease == 3h);
  CHECK(policy.idle_limit == 4min);
  CHECK(policy.shift_limit == 5h);
  CHECK(policy.frequent_accesses == 6);
  CHECK(policy.england_one_in == 128);
}

TEST_CASE("the England index can be made neither useless nor a list of the flagged") {
  Policy policy;
  for (const auto* value : {"15", "257", "0", "64.5", ""}) {
    CHECK(policy.Set("england_false_positive_one_in", value).code() == Code::kInvalid);
  }
  CHECK(policy.england_one_in == 64);
}

TEST_CASE("refusals quote the input and say what would be right") {
  using Catch::Matchers::Contains;
  Policy policy;
  CHECK(policy.Set("lease_hours", "721").message() ==
        "lease_hours cannot be \"721\": use a whole number of hours from 1 to 720");
  CHECK(policy.Set("england_false_positive_one_in", "yes").message() ==
        "england_false_positive_one_in cannot be \"yes\": use a whole number of unflagged numbers from 16 to 256");
  const auto unknown = policy.Set("lease", "1");
  CHECK(unknown.code() == Code::kInvalid);
  CHECK_THAT(unknown.message(), Contains("\"lease\"") && Contains("frequent_accesses, fresh_for_hours"));
}

TEST_CASE("every setting is listed by name and can be set to what is listed") {
  Policy policy;
  REQUIRE(policy.Set("lease_hours", "48").ok());
  const auto settings = policy.Settings();
  CHECK(settings == std::vector<std::pair<std::string, std::string>>{{"england_false_positive_one_in", "64"},
                                                                     {"frequent_accesses", "3"},
                                                                     {"fresh_for_hours", "24"},
                                                                     {"idle_limit_minutes", "15"},
                                                                     {"lease_hours", "48"},
                                                                     {"looks_per_day_node", "200"},
                                                                     {"looks_per_day_person", "100"},
                                                                     {"looks_per_hour_node", "60"},
                                                                     {"looks_per_hour_person", "40"},
                                                                     {"misses_per_hour_person", "20"},
                                                                     {"on_clone", "revoke"},
                                                                     {"shift_limit_hours", "12"}});
  Policy copy;
  for (const auto& [key, value] : settings) CHECK(copy.Set(key, value).ok());
  CHECK(copy.Settings() == settings);
}

}  // namespace
}  // namespace cpis::sync
