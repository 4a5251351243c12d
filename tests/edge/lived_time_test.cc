// SPDX-License-Identifier: Apache-2.0
#include "edge/lived_time.h"

#include <catch2/catch.hpp>

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;

const Instant kNow = *platform::ParseRfc3339("2026-11-22T02:00:00Z");

TEST_CASE("lived time counts what the machine was on for, whatever its clock says, and over restarts") {
  platform::ManualClock clock(kNow);
  clock.Advance(5min);
  LivedTime first(clock, std::nullopt);
  clock.Advance(10min);
  clock.SetWall(kNow + 10'000h);
  const LivedMarks marks = first.Now(std::nullopt);
  CHECK(marks.lived == 10min);
  clock.Advance(20min);
  LivedTime restarted(clock, marks);
  CHECK(restarted.Now(std::nullopt).lived == 30min);
  clock.Reboot("boot-2");
  clock.SetWall(kNow + 20'000h);
  clock.Advance(1min);
  LivedTime rebooted(clock, restarted.Now(std::nullopt));
  // The kernel of a rebooted machine counts from nothing: only that minute is sure.
  CHECK(rebooted.Now(std::nullopt).lived == 31min);
}

TEST_CASE("a thousand reboots add no more than the time between them") {
  platform::ManualClock clock(kNow);
  std::optional<LivedMarks> marks;
  for (int i = 0; i < 1000; ++i) {
    clock.Reboot("boot-" + std::to_string(i));
    clock.SetWall(kNow + i * 24h);
    clock.Advance(1s);
    LivedTime time(clock, marks);
    marks = time.Now(std::nullopt);
  }
  CHECK(marks->lived <= 1000s);
}

TEST_CASE("what the fleet server vouches for counts, also while the machine was off, and never twice or backwards") {
  platform::ManualClock clock(kNow);
  LivedTime first(clock, std::nullopt);
  CHECK(first.Now(kNow).lived == 0s);
  clock.Advance(1h);
  CHECK(first.Now(kNow + 1h).lived == 1h);
  clock.Reboot("boot-2");
  LivedTime second(clock, first.Now(kNow + 1h));
  CHECK(second.Now(std::nullopt).lived == 1h);
  CHECK(second.Now(kNow + 25h).lived == 25h);
  CHECK(second.Now(kNow + 2h).lived == 25h);
  clock.Advance(1h);
  CHECK(second.Now(kNow + 26h).lived == 26h);
}

TEST_CASE("lived marks are kept as they are, in the bytes of the table, and nothing else is taken for them") {
  const LivedMarks marks{3s, 4s, kNow, 2s, "boot-9"};
  const platform::Bytes bytes = Encode(marks);
  CHECK(platform::Hex(bytes) ==
        "01" "0000000000000bb8" "0000000000000fa0" "000001a200fb5100" "00000000000007d0" "06626f6f742d39");
  const auto read = DecodeLivedMarks(bytes);
  REQUIRE(read.ok());
  CHECK(Encode(*read) == bytes);
  for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(DecodeLivedMarks(platform::ByteView(bytes).first(size)).ok());
}

}  // namespace
}  // namespace cpis::edge
