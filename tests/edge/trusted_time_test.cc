// SPDX-License-Identifier: Apache-2.0
#include "edge/trusted_time.h"

#include "edge/tuning.h"

#include <catch2/catch.hpp>

#include "fleet_fixture.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using test::At;

const Instant kServer = At("2026-11-22T02:00:00Z");

// A tablet: its clock, what it keeps on disk, and the daemon's time, which ends with the process.
struct Tablet {
  explicit Tablet(Instant wall) : clock(wall) { Start(); }
  void Start() {
    time = std::make_unique<TrustedTime>(clock, kept, [this](const TimeMarks& marks) { kept = marks; });
  }
  void Reboots(Instant wall) {
    clock.Reboot("boot-" + std::to_string(++boots));
    clock.SetWall(wall);
    Start();
  }

  platform::ManualClock clock;
  std::optional<TimeMarks> kept;
  std::unique_ptr<TrustedTime> time;
  int boots = 1;
};

TEST_CASE("time is not trusted before anybody signed for it") {
  Tablet tablet(kServer);
  CHECK(tablet.time->Now().at == kServer);
  CHECK_FALSE(tablet.time->Now().trusted);
}

TEST_CASE("after a manifest the wall clock decides nothing, set forward or back") {
  Tablet tablet(kServer - 5h);
  tablet.time->Heard(kServer);
  CHECK(tablet.time->Now().at == kServer);
  CHECK(tablet.time->Now().trusted);
  tablet.clock.SetWall(kServer - 48h);
  tablet.clock.Advance(10min);
  CHECK(tablet.time->Now().at == kServer + 10min);
  tablet.clock.SetWall(kServer + 480h);
  CHECK(tablet.time->Now().at == kServer + 10min);
  CHECK(tablet.time->Now().trusted);
}

TEST_CASE("an older manifest never takes time back") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.clock.Advance(1h);
  tablet.time->Heard(kServer - 1h);
  tablet.time->Heard(kServer + 1min);
  CHECK(tablet.time->Now().at == kServer + 1h);
}

TEST_CASE("time goes on over a restart of the daemon, whatever the wall clock says") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.clock.Advance(3h);
  tablet.clock.SetWall(kServer - 100h);
  tablet.Start();
  CHECK(tablet.time->Now().at == kServer + 3h);
  CHECK(tablet.time->Now().trusted);
}

TEST_CASE("after a reboot a wall clock behind the high-water mark is not trusted, and time does not go back") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.clock.Advance(5h);
  (void)tablet.time->Now();
  tablet.Reboots(kServer - 1000h);
  CHECK(tablet.time->Now().at == kServer + 5h + kUnknownBeforeBoot);
  CHECK_FALSE(tablet.time->Now().trusted);
  tablet.clock.Advance(2h);
  CHECK(tablet.time->Now().at == kServer + 7h + kUnknownBeforeBoot);
  CHECK_FALSE(tablet.time->Now().trusted);
}

TEST_CASE("after a reboot a wall clock past the high-water mark is believed") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.Reboots(kServer + 30h);
  CHECK(tablet.time->Now().at == kServer + 30h);
  CHECK(tablet.time->Now().trusted);
  tablet.clock.SetWall(kServer + 1h);  // set back while running: nothing gets longer
  CHECK(tablet.time->Now().at == kServer + 30h);
}

TEST_CASE("after a reboot a wall clock past the mark that no time service vouches for is not trusted") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.clock.LoseSynchronisation();
  CHECK(tablet.time->Now().trusted);  // in the boot that heard the server, its time is carried on
  tablet.Reboots(kServer + 1h);
  CHECK_FALSE(tablet.time->Now().trusted);
}

TEST_CASE("after a reboot a manifest that was heard long ago brings no old time back") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.Reboots(kServer - 1000h);
  tablet.time->Heard(kServer - 50h);
  CHECK(tablet.time->Now().at == kServer + kUnknownBeforeBoot);
  CHECK_FALSE(tablet.time->Now().trusted);
}

TEST_CASE("a server corrects a wall clock that ran ahead after a reboot") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.Reboots(kServer + 9000h);
  (void)tablet.time->Now();
  tablet.time->Heard(kServer + 1h);
  CHECK(tablet.time->Now().at == kServer + 1h);
  tablet.Reboots(kServer + 2h);
  CHECK(tablet.time->Now().at == kServer + 2h);
}

TEST_CASE("time is never before what a signed manifest on disk says, though the marks of it were lost") {
  Tablet tablet(kServer - 48h);  // switched off before the marks were written, with a wall that is days behind
  tablet.time->AtLeast(kServer);
  CHECK(tablet.time->Now().at == kServer);
  CHECK_FALSE(tablet.time->Now().trusted);
  tablet.clock.Advance(1h);
  CHECK(tablet.time->Now().at == kServer + 1h);
  tablet.time->AtLeast(kServer - 1h);
  CHECK(tablet.time->Now().at == kServer + 1h);
  REQUIRE(tablet.kept);  // or the next start would begin at the manifest again
  CHECK(tablet.kept->high_water == kServer + 1h);
}

TEST_CASE("what a stolen key said of the future ends with the key, also when the node restarts in between") {
  const bool restarts = GENERATE(false, true);
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.time->Heard(At("2090-01-01T00:00:00Z"));
  tablet.time->Heard(kServer + 1min);
  REQUIRE(tablet.time->Now().at >= At("2090-01-01T00:00:00Z"));  // nothing but the key says that it is wrong

  tablet.time->Distrust();
  CHECK_FALSE(tablet.time->Now().trusted);
  if (restarts) tablet.Start();
  CHECK_FALSE(tablet.time->Now().trusted);
  CHECK(tablet.time->Now().at >= At("2090-01-01T00:00:00Z"));  // no lease grows longer before the server has spoken
  tablet.time->Heard(kServer + 2min);
  CHECK(tablet.time->Now().at == kServer + 2min);
  CHECK(tablet.time->Now().trusted);
  tablet.Start();
  CHECK(tablet.time->Now().at == kServer + 2min);
}

TEST_CASE("time that is in use is kept at least each minute") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  for (int minute = 0; minute < 10; ++minute) {
    tablet.clock.Advance(1min);
    (void)tablet.time->Now();
  }
  REQUIRE(tablet.kept);
  CHECK(tablet.kept->high_water >= kServer + 9min);
}

TEST_CASE("time marks of before the high water had a boot are read") {
  platform::ByteWriter old;
  old.U8(1);
  for (const Instant at : {kServer, Instant(5h), kServer + 2h}) old.U64(static_cast<uint64_t>(at.time_since_epoch().count()));
  old.Sized(std::string_view("boot-1"));
  const auto read = DecodeTimeMarks(std::move(old).Take());
  REQUIRE(read.ok());
  CHECK(read->server_time == kServer);
  CHECK(read->since_boot == 5h);
  CHECK(read->high_water == kServer + 2h);
  CHECK(read->boot_id == "boot-1");
  CHECK(read->high_boot_id.empty());
}

TEST_CASE("time marks of before it was known what reboots had cost are read") {
  platform::ByteWriter old;
  old.U8(2);
  for (const Instant at : {kServer, Instant(5h), kServer + 2h, Instant(6h)}) {
    old.U64(static_cast<uint64_t>(at.time_since_epoch().count()));
  }
  old.Sized(std::string_view("boot-1"));
  old.Sized(std::string_view("boot-2"));
  const auto read = DecodeTimeMarks(std::move(old).Take());
  REQUIRE(read.ok());
  CHECK(read->high_since_boot == 6h);
  CHECK(read->boot_id == "boot-1");
  CHECK(read->high_boot_id == "boot-2");
  CHECK(read->added == kUnknownBeforeBoot);
}

TEST_CASE("reboots in quick succession do not make a clock that a time service vouches for one that is behind") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.clock.Advance(10min);
  (void)tablet.time->Now();
  for (int boot = 1; boot <= 5; ++boot) {
    tablet.Reboots(kServer + 10min + boot * 20s);
    CHECK(tablet.time->Now().trusted);
    tablet.Start();  // the daemon alone costs nothing, and forgets nothing
    CHECK(tablet.time->Now().trusted);
    CHECK(tablet.time->Now().at >= kServer + 10min + boot * kUnknownBeforeBoot);  // leases still pay for each
  }
  tablet.Reboots(kServer + 9min);  // but no guess excuses a clock that is behind what was known
  CHECK_FALSE(tablet.time->Now().trusted);
  tablet.Reboots(kServer + 2h);
  CHECK(tablet.time->Now().trusted);
  tablet.Reboots(kServer + 1h);  // nor what reboots cost before the clock had caught up
  CHECK_FALSE(tablet.time->Now().trusted);
}

TEST_CASE("a plug that is pulled each minute does not stop time") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  for (int cuts = 0; cuts < 100; ++cuts) {
    tablet.clock.Advance(59s);
    tablet.Reboots(kServer - 1000h);  // its wall clock has no battery
  }
  CHECK(tablet.time->Now().at >= kServer + 100 * 59s);
  CHECK(tablet.time->Now().at <= kServer + 100 * kUnknownBeforeBoot);
}

TEST_CASE("a daemon that is killed before the server is heard loses no time, and pays for it once a boot") {
  Tablet tablet(kServer);
  tablet.time->Heard(kServer);
  tablet.Reboots(kServer - 1000h);
  for (int kills = 0; kills < 20; ++kills) {
    tablet.clock.Advance(50s);
    tablet.Start();
  }
  CHECK(tablet.time->Now().at == kServer + kUnknownBeforeBoot + 20 * 50s);
}

TEST_CASE("time marks read as they were written, and foreign bytes are refused") {
  const TimeMarks marks{kServer, 5h, "boot-1", kServer + 2h, 6h, "boot-2", 260s};
  const platform::Bytes bytes = Encode(marks);
  CHECK(platform::Hex(bytes).substr(0, 2) == "03");
  CHECK(bytes.size() == 41 + 2 * (1 + 6));
  const auto read = DecodeTimeMarks(bytes);
  REQUIRE(read.ok());
  CHECK(read->server_time == marks.server_time);
  CHECK(read->since_boot == marks.since_boot);
  CHECK(read->boot_id == marks.boot_id);
  CHECK(read->high_water == marks.high_water);
  CHECK(read->high_since_boot == marks.high_since_boot);
  CHECK(read->high_boot_id == marks.high_boot_id);
  CHECK(read->added == marks.added);
  CHECK_FALSE(DecodeTimeMarks(platform::ByteView(bytes).first(20)).ok());
}

}  // namespace
}  // namespace cpis::edge
