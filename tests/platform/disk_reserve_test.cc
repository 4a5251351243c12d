// SPDX-License-Identifier: Apache-2.0
#include "platform/disk_reserve.h"

#include <catch2/catch.hpp>

#include "tests/scratch.h"
#include "tests/platform/small_disk.h"

namespace cpis::platform {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

TEST_CASE("a reserve frees a full disk step by step, and is made whole again when there is room") {
  ScratchDirectory scratch;
  const SmallDisk disk(scratch.path(), 8);
  if (!disk.mounted()) {
    WARN("not allowed to mount a file system: not tested here");
    return;
  }
  const DiskReserve::Options options{disk.path() / "reserve", 3 * kMiB, kMiB, kMiB};
  {
    DiskReserve reserve(options);
    REQUIRE(reserve.whole());
    disk.FillsUp();
    REQUIRE(disk.free() == 0);
    REQUIRE(reserve.Release());
    CHECK(disk.free() == kMiB);
    CHECK(reserve.left() == 2 * kMiB);
    CHECK_FALSE(reserve.whole());
    reserve.Refill();  // no room beside it
    CHECK(reserve.left() == 2 * kMiB);
  }
  DiskReserve reserve(options);  // the next process
  CHECK(reserve.left() == 2 * kMiB);
  CHECK(reserve.Release());
  CHECK(reserve.Release());
  CHECK_FALSE(reserve.Release());
  CHECK(disk.free() == 3 * kMiB);
  disk.IsTidied();
  reserve.Refill();
  CHECK(reserve.whole());
  CHECK(disk.free() <= 5 * kMiB);
}

TEST_CASE("a reserve is not made where it would take what must stay free") {
  ScratchDirectory scratch;
  const SmallDisk disk(scratch.path(), 4);
  if (!disk.mounted()) {
    WARN("not allowed to mount a file system: not tested here");
    return;
  }
  DiskReserve reserve({disk.path() / "reserve", 3 * kMiB, kMiB, 2 * kMiB});
  CHECK(reserve.left() == 0);
  CHECK_FALSE(reserve.Release());
  CHECK(disk.free() == 4 * kMiB);
}

}  // namespace
}  // namespace cpis::platform
