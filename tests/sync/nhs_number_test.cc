// SPDX-License-Identifier: Apache-2.0
#include "sync/nhs_number.h"

#include <catch2/catch.hpp>

namespace cpis::sync {
namespace {

using platform::Code;

TEST_CASE("numbers of the test range with a fitting check digit are accepted") {
  for (const auto* text : {"9990000018", "9990000026", "9990000042", "9990000069", "9990000123", "9999999999"}) {
    const auto number = NhsNumber::Parse(text);
    REQUIRE(number.ok());
    CHECK(number->digits() == text);
  }
}

TEST_CASE("of ten numbers that differ in the last digit at most one exists") {
  for (int stem = 999000000; stem < 999000200; ++stem) {
    int accepted = 0;
    int sum = 0;
    const auto nine = std::to_string(stem);
    for (int i = 0; i < 9; ++i) sum += (nine[i] - '0') * (10 - i);
    for (char last = '0'; last <= '9'; ++last) accepted += NhsNumber::Parse(nine + last).ok() ? 1 : 0;
    CHECK(accepted == (sum % 11 == 1 ? 0 : 1));  // a remainder of 1 would need the check digit 10
  }
}

TEST_CASE("a check digit of 10 makes a number invalid whatever its last digit") {
  for (char last = '0'; last <= '9'; ++last) CHECK_FALSE(NhsNumber::Parse(std::string("999000000") + last).ok());
}

TEST_CASE("two neighbouring digits that change places are noticed") {
  const std::string right = "9990000123";
  for (size_t i = 0; i + 1 < right.size(); ++i) {
    auto wrong = right;
    std::swap(wrong[i], wrong[i + 1]);
    CHECK(NhsNumber::Parse(wrong).ok() == (wrong == right));
  }
}

TEST_CASE("people may write a number as 3, 3 and 4 digits with single spaces and no other way") {
  REQUIRE(NhsNumber::Parse("999 000 0018").ok());
  CHECK(NhsNumber::Parse("999 000 0018")->digits() == "9990000018");
  CHECK(*NhsNumber::Parse("999 000 0018") == *NhsNumber::Parse("9990000018"));
  for (const auto* text : {"999  0000018", "99 9000 0018", "999-000-0018", " 9990000018", "9990000018 ", "999 0000018",
                           "999\t000\t0018", "999 000 0018 ", "999\u00a0000\u00a00018", "9 9 9 0 0 0 0 0 1 8"}) {
    CHECK(NhsNumber::Parse(text).status().code() == Code::kInvalid);
  }
}

TEST_CASE("only ASCII digits make a number") {
  CHECK_FALSE(NhsNumber::Parse("٩٩٩٠٠٠٠٠١٨").ok());         // Arabic-Indic
  CHECK_FALSE(NhsNumber::Parse("９９９００００018").ok());  // full-width
  CHECK_FALSE(NhsNumber::Parse("९९९०००००१८").ok());         // Devanagari
  CHECK_FALSE(NhsNumber::Parse("999000001８").ok());
  CHECK_FALSE(NhsNumber::Parse("+990000018").ok());
  CHECK_FALSE(NhsNumber::Parse("999000001X").ok());
  CHECK_FALSE(NhsNumber::Parse(std::string_view("999000001\0", 10)).ok());
}

TEST_CASE("a number of another length is refused") {
  for (const auto* text : {"", "9", "999000001", "99900000181", "999 000 001"}) {
    CHECK(NhsNumber::Parse(text).status().code() == Code::kInvalid);
  }
  CHECK_FALSE(NhsNumber::Parse(std::string(1'000'000, '9')).ok());
}

TEST_CASE("the refusal quotes what was typed and says what is wrong with it") {
  using Catch::Matchers::Contains;
  CHECK_THAT(NhsNumber::Parse("9990000019").status().message(), Contains("\"9990000019\"") && Contains("Modulus 11"));
  CHECK_THAT(NhsNumber::Parse("999000001").status().message(), Contains("it has 9 digits and must have ten"));
  CHECK_THAT(NhsNumber::Parse("999o000018").status().message(), Contains("ten digits 0 to 9"));
  CHECK(NhsNumber::Parse(std::string(1'000'000, 'x')).status().message().size() < 250);
  CHECK_THAT(NhsNumber::Parse("\x1b[2J9").status().message(), !Contains("\x1b"));
}

}  // namespace
}  // namespace cpis::sync
