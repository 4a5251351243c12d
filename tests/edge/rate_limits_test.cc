// SPDX-License-Identifier: Apache-2.0
#include "edge/rate_limits.h"

#include <catch2/catch.hpp>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

constexpr LookBook::Who kSam = 11;
constexpr LookBook::Who kAlex = 13;

sync::Policy Strict() {
  sync::Policy policy;
  policy.looks_per_hour_person = 5;
  policy.looks_per_day_person = 12;
  policy.looks_per_hour_node = 8;
  policy.looks_per_day_node = 20;
  policy.misses_per_hour_person = 1000;
  return policy;
}

// How many looks of `count` are answered.
int Looks(LookBook& book, LookBook::Who who, int count, Lived now, const sync::Policy& policy = Strict()) {
  int answered = 0;
  for (int i = 0; i < count; ++i) answered += book.Take(who, policy, now).over ? 0 : 1;
  return answered;
}

TEST_CASE("what goes over a limit begins a hold, once, and says for how long") {
  LookBook book;
  CHECK(Looks(book, kSam, 5, 0s) == 5);
  const auto first = book.Take(kSam, Strict(), 0s);
  CHECK(first.over == Limit::kPersonHour);
  CHECK(first.began);
  CHECK(first.wait == 15min);
  const auto second = book.Take(kSam, Strict(), 5min);
  CHECK(second.over == Limit::kPersonHour);
  CHECK_FALSE(second.began);
  CHECK(second.wait == 10min);
  CHECK_FALSE(book.Take(kAlex, Strict(), 5min).over);
}

TEST_CASE("nobody gets more in any hour or day than the limits say, however they ask") {
  LookBook book;
  std::vector<int> sam, both;
  for (int minute = 0; minute < 3 * 24 * 60; ++minute) {
    const Lived now = std::chrono::minutes(minute);
    sam.push_back(Looks(book, kSam, 3, now));
    both.push_back(sam.back() + Looks(book, kAlex, 3, now));
  }
  const auto most = [](const std::vector<int>& answered, size_t window) {
    int sum = 0, largest = 0;
    for (size_t i = 0; i < answered.size(); ++i) {
      sum += answered[i] - (i >= window ? answered[i - window] : 0);
      largest = std::max(largest, sum);
    }
    return largest;
  };
  CHECK(most(sam, 60) == 5);
  CHECK(most(sam, 24 * 60) == 12);
  CHECK(most(both, 60) == 8);
  CHECK(most(both, 24 * 60) == 20);
}

TEST_CASE("a limit of the vehicle holds everybody, one of a person that person") {
  LookBook book;
  CHECK(Looks(book, kSam, 5, 0s) == 5);
  CHECK(Looks(book, kAlex, 3, 0s) == 3);
  CHECK(book.Take(kAlex, Strict(), 0s).over == Limit::kNodeHour);
  CHECK(book.Take(kSam, Strict(), 0s).over == Limit::kNodeHour);
}

TEST_CASE("looks that find nothing are held sooner, also with a hit in between") {
  sync::Policy policy;
  policy.misses_per_hour_person = 4;
  LookBook book;
  for (int i = 0; i < 3; ++i) {
    REQUIRE_FALSE(book.Take(kSam, policy, 0s).over);
    CHECK_FALSE(book.Missed(kSam, policy, 0s));
    REQUIRE_FALSE(book.Take(kSam, policy, 0s).over);  // flagged
  }
  REQUIRE_FALSE(book.Take(kSam, policy, 0s).over);
  CHECK(book.Missed(kSam, policy, 0s) == Limit::kMisses);
  const auto held = book.Take(kSam, policy, 1min);
  CHECK(held.over == Limit::kMisses);
  CHECK_FALSE(held.began);  // it was said when it began
  CHECK_FALSE(book.Take(kAlex, policy, 1min).over);
  CHECK_FALSE(book.Take(kSam, policy, 16min).over);
  CHECK(book.Missed(kSam, policy, 16min) == Limit::kMisses);  // the hour is not over yet
}

TEST_CASE("a busy crew is not held by the limits that come with it") {
  const sync::Policy policy;
  LookBook book;
  int held = 0;
  for (int patient = 0; patient < 20; ++patient) {  // a shift of 12 hours, four in each household, none flagged
    for (int child = 0; child < 4; ++child) {
      const Lived now = 36min * patient;
      held += book.Take(kSam, policy, now).over ? 1 : 0;
      held += book.Missed(kSam, policy, now) ? 1 : 0;
    }
  }
  CHECK(held == 0);
}

TEST_CASE("a book that was lost holds everybody for an hour") {
  LookBook book;
  book.Lost(5min);
  CHECK(book.Take(kSam, Strict(), 6min).over == Limit::kLost);
  CHECK(book.Take(kAlex, Strict(), 64min).over == Limit::kLost);
  CHECK_FALSE(book.Take(kSam, Strict(), 65min).over);
}

TEST_CASE("looks are kept as they are, in the bytes of the table, and nothing else is taken for them") {
  LookBook book;
  REQUIRE_FALSE(book.Take(kSam, Strict(), 2min).over);
  book.Missed(kSam, Strict(), 2min);
  book.Lost(0s);
  const platform::Bytes bytes = book.Encode();
  CHECK(platform::Hex(bytes) == "01" "01" "00000002" "000000000000000b" "01" "01" "01" "0000000000000000" "06" "000000000036ee80");
  const auto read = LookBook::Decode(bytes);
  REQUIRE(read.ok());
  CHECK(read->Encode() == bytes);
  for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(LookBook::Decode(platform::ByteView(bytes).first(size)).ok());
}

}  // namespace
}  // namespace cpis::edge
