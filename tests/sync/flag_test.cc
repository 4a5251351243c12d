// SPDX-License-Identifier: Apache-2.0
#include "sync/flag.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/sync/hostile.h"

namespace cpis::sync {
namespace {

using namespace std::chrono_literals;
using platform::Code;

Instant At(std::string_view text) { return *platform::ParseRfc3339(text); }

const Instant kEnd = Instant(std::chrono::sys_days(std::chrono::year(2026) / 3 / 1)) + 9h + 30min;

Plan PlanEnding(PlanType type) { return {type, kEnd - 24h * 100, kEnd}; }

TEST_CASE("a plan without an end stays current") {
  const Plan plan{PlanType::kCpp, kEnd, std::nullopt};
  CHECK(StateAt(plan, kEnd + 24h * 365 * 50) == PlanState::kCurrent);
  CHECK(GoneAt(plan) == std::nullopt);
}

TEST_CASE("a plan that starts in the future is current") {
  CHECK(StateAt({PlanType::kLac, kEnd, std::nullopt}, kEnd - 24h * 30) == PlanState::kCurrent);
}

TEST_CASE("a plan is ended from its end to the last minute of its window") {
  const auto [type, window] = GENERATE(table<PlanType, int>({
      {PlanType::kLac, 365},
      {PlanType::kCpp, 365},
      {PlanType::kUcpp, 28},
  }));
  const auto plan = PlanEnding(type);
  const auto gone = kEnd + 24h * window;
  CHECK(StateAt(plan, kEnd - 1min) == PlanState::kCurrent);
  CHECK(StateAt(plan, kEnd - 1ms) == PlanState::kCurrent);
  CHECK(StateAt(plan, kEnd) == PlanState::kEnded);
  CHECK(StateAt(plan, gone - 1min) == PlanState::kEnded);
  CHECK(StateAt(plan, gone - 1ms) == PlanState::kEnded);
  CHECK(StateAt(plan, gone) == PlanState::kGone);
  CHECK(GoneAt(plan) == gone);
}

TEST_CASE("plan types have the names and SNOMED CT codes of the national value set") {
  CHECK(Name(PlanType::kLac) == "LAC");
  CHECK(Name(PlanType::kCpp) == "CPP");
  CHECK(Name(PlanType::kUcpp) == "UCPP");
  CHECK(Snomed(PlanType::kLac) == "764841000000100");
  CHECK(Snomed(PlanType::kCpp) == "342191000000101");
  CHECK(Snomed(PlanType::kUcpp) == "818901000000100");
  CHECK(Meaning(PlanType::kLac) == "Looked after child");
  CHECK(Meaning(PlanType::kCpp) == "Subject to child protection plan");
  CHECK(Meaning(PlanType::kUcpp) == "Unborn child subject to child protection plan");
}

TEST_CASE("accesses are kept newest first in whichever order they arrive") {
  std::vector<Access> accesses;
  for (int i = 0; i < 20; ++i) accesses.push_back({kEnd + 1s * (i / 3), PersonId{static_cast<uint32_t>(i)}});
  Flag expected;
  for (const auto& access : accesses) AddAccess(expected, access);
  for (size_t i = 1; i < expected.accesses.size(); ++i) {
    CHECK(expected.accesses[i - 1].at >= expected.accesses[i].at);
  }
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::shuffle(accesses.begin(), accesses.end(), random);
    Flag flag;
    for (const auto& access : accesses) AddAccess(flag, access);
    CHECK(flag == expected);
  }
}

TEST_CASE("of more than 25 accesses the oldest go") {
  Flag flag;
  for (int i = 0; i < 40; ++i) AddAccess(flag, {kEnd + 1min * ((i * 7) % 40), PersonId{1}});
  REQUIRE(flag.accesses.size() == 25);
  CHECK(flag.accesses.front().at == kEnd + 39min);
  CHECK(flag.accesses.back().at == kEnd + 15min);
  AddAccess(flag, {kEnd, PersonId{2}});  // older than all of them
  CHECK(flag.accesses.size() == 25);
  CHECK(flag.accesses.back().at == kEnd + 15min);
}

Flag RandomFlag(std::mt19937_64& random) {
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  Flag flag;
  for (const auto type : {PlanType::kLac, PlanType::kCpp, PlanType::kUcpp}) {
    if (below(3) == 0) continue;
    const auto start = At("1900-01-01T00:00:00Z") + 1min * below(100'000'000);
    Plan plan{type, start, std::nullopt};
    if (type == PlanType::kUcpp || below(2) == 0) plan.end = start + 1min * (below(2'000'000) - 500'000);
    flag.plans.push_back(plan);
  }
  for (auto n = below(30); n > 0; --n) {
    AddAccess(flag, {At("2020-01-01T00:00:00Z") + 1s * below(200'000'000), PersonId{static_cast<uint32_t>(random())}});
  }
  return flag;
}

TEST_CASE("every flag decodes to itself, with or without padding") {
  std::mt19937_64 random(20261122);
  for (int round = 0; round < 5'000; ++round) {
    const auto flag = RandomFlag(random);
    auto bytes = EncodeFlag(flag);
    auto decoded = DecodeFlag(bytes);
    REQUIRE(decoded.ok());
    REQUIRE(*decoded == flag);
    bytes.resize(bytes.size() + random() % 64);
    decoded = DecodeFlag(bytes);
    REQUIRE(decoded.ok());
    REQUIRE(*decoded == flag);
  }
}

Flag Typical() {
  Flag flag;
  flag.plans.push_back({PlanType::kCpp, At("2026-03-01T09:00:00Z"), At("2026-09-01T09:00:00Z")});
  for (int i = 0; i < 5; ++i) AddAccess(flag, {At("2026-11-22T02:15:33Z") - 731h * i, PersonId{100'000u + i}});
  return flag;
}

TEST_CASE("one plan and five accesses take less than 64 bytes") {
  CHECK(EncodeFlag(Typical()).size() < 64);
  CHECK(EncodeFlag(Typical()).size() <= 48);
}

TEST_CASE("a truncated flag is corrupt") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    ForEachTruncation(EncodeFlag(RandomFlag(random)),
                      [](const Bytes& cut) { CHECK(DecodeFlag(cut).status().code() == Code::kCorrupt); });
  }
}

TEST_CASE("a flag with a flipped bit is corrupt or another flag that is itself well formed") {
  std::mt19937_64 random(8);
  for (int round = 0; round < 200; ++round) {
    const auto flag = RandomFlag(random);
    ForEachBitFlip(EncodeFlag(flag), [&](const Bytes& flipped) {
      const auto decoded = DecodeFlag(flipped);
      if (!decoded.ok()) return;
      CHECK_FALSE(*decoded == flag);
      auto again = EncodeFlag(*decoded);
      again.resize(std::max(again.size(), flipped.size()));
      CHECK(again == flipped);  // one form for every flag
    });
  }
}

TEST_CASE("random bytes never harm the decoder") {
  std::mt19937_64 random(9);
  for (int round = 0; round < 100'000; ++round) {
    Bytes bytes(random() % 48);
    for (auto& byte : bytes) byte = static_cast<uint8_t>(random());
    if (!bytes.empty() && round % 2 == 0) bytes[0] = 1;
    if (bytes.size() > 1 && round % 4 == 0) bytes[1] = static_cast<uint8_t>(random() % 4);
    const auto decoded = DecodeFlag(bytes);
    if (!decoded.ok()) CHECK(decoded.status().code() == Code::kCorrupt);
  }
}

Bytes FromHex(std::string_view hex) { return *platform::ParseHex(hex); }

TEST_CASE("what is not in the one right form is refused") {
  CHECK(DecodeFlag(FromHex("010000")).ok());
  CHECK(DecodeFlag(FromHex("0101010000")).ok());  // one open CPP that starts at 1970
  const auto refused = {
      "",          // nothing
      "00000000",  // padding only
      "020000",    // a format to come
      "01010000",  // the accesses are missing
      "010201000100"
      "00",  // CPP twice
      "010201000000"
      "00",  // CPP before LAC
      "010102"
      "0000",  // UCPP without a due date
      "010103"
      "0000",  // no such plan type
      "010141"
      "0000",  // a head bit that means nothing
      "010181"
      "80000000",  // a varint that could be shorter
      "0100011a",  // one access is declared, half of one follows
      "01001a"
      "0001000100010001000100010001000100010001000100010001000100010001000100010001000100010001000100010001",
      "0100ff0000",  // more accesses than bytes
      "01ff",        // more plans than bytes
      "01000001",    // padding that is not zero
      "0100000001",
      "010001"
      "ffffffffffffffffff01"
      "01",  // an access outside all calendars
      "010002"
      "0001"
      "ffffffffffffffffff01"
      "01",  // older than time
      "010001"
      "00"
      "ffffffff1f",  // a viewer past 32 bits
      "010101"
      "ffffffffffffffffff01"
      "00",  // a start outside all calendars
      "010181"
      "00"
      "feffffffffffffffff01"
      "00",  // an end that overflows
  };
  for (const auto* hex : refused) {
    INFO(hex);
    CHECK(DecodeFlag(FromHex(hex)).status().code() == Code::kCorrupt);
  }
}

TEST_CASE("a notice decodes to what was encoded, with padding and never as a flag") {
  for (const Notice notice : {Notice::kWithheld, Notice::kReplaced}) {
    Bytes bytes = EncodeNotice(notice);
    bytes.resize(32);
    REQUIRE(DecodeNotice(bytes).ok());
    CHECK(*DecodeNotice(bytes) == notice);
    CHECK_FALSE(DecodeFlag(bytes).ok());
  }
  CHECK_FALSE(DecodeNotice(EncodeFlag({})).ok());
  CHECK_FALSE(DecodeNotice(Bytes{2, 3}).ok());
  CHECK_FALSE(DecodeNotice(Bytes{2, 1, 0, 1}).ok());
  CHECK_FALSE(DecodeNotice(Bytes{2}).ok());
}

}  // namespace
}  // namespace cpis::sync
