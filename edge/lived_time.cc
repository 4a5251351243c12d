// SPDX-License-Identifier: Apache-2.0
#include "edge/lived_time.h"

#include <algorithm>

namespace cpis::edge {
namespace {

using std::chrono::milliseconds;

constexpr uint8_t kFormat = 1;

uint64_t Stored(milliseconds value) { return static_cast<uint64_t>(value.count()); }
milliseconds Read(uint64_t value) { return milliseconds(static_cast<int64_t>(value)); }

}  // namespace

platform::Bytes Encode(const LivedMarks& marks) {
  platform::ByteWriter out;
  out.U8(kFormat);
  out.U64(Stored(marks.lived));
  out.U64(Stored(marks.since_boot));
  out.U64(marks.server_time ? Stored(marks.server_time->time_since_epoch()) : 0);
  out.U64(Stored(marks.lived_then));
  out.Sized(marks.boot_id);
  return std::move(out).Take();
}

platform::Result<LivedMarks> DecodeLivedMarks(platform::ByteView bytes) {
  platform::ByteReader in(bytes);
  const bool known = in.U8() == kFormat;
  LivedMarks marks;
  marks.lived = Read(in.U64());
  marks.since_boot = Read(in.U64());
  if (const uint64_t server_time = in.U64(); server_time != 0) marks.server_time = Instant(Read(server_time));
  marks.lived_then = Read(in.U64());
  marks.boot_id = in.SizedText();
  if (!known || !in.AtEnd() || marks.lived < Lived{}) return platform::Corrupt("the stored lived time is not ours");
  return marks;
}

LivedTime::LivedTime(const platform::Clock& clock, std::optional<LivedMarks> stored) : clock_(clock) {
  const std::string boot_id = clock.BootId();
  const milliseconds since_boot = clock.SinceBoot();
  if (stored) {
    marks_ = *std::move(stored);
    // How long it was off is not known here; that it has been on since this boot is.
    marks_.lived += marks_.boot_id == boot_id ? std::max(milliseconds{}, since_boot - marks_.since_boot) : since_boot;
  }
  marks_.since_boot = since_boot;
  marks_.boot_id = boot_id;
}

LivedMarks LivedTime::Now(std::optional<Instant> server_time) {
  const std::lock_guard lock(mutex_);
  const milliseconds since_boot = clock_.SinceBoot();
  marks_.lived += std::max(milliseconds{}, since_boot - marks_.since_boot);
  marks_.since_boot = std::max(marks_.since_boot, since_boot);
  if (!server_time) return marks_;
  if (marks_.server_time) {
    if (*server_time < *marks_.server_time) return marks_;
    marks_.lived = std::max(marks_.lived, marks_.lived_then + (*server_time - *marks_.server_time));
  }
  marks_.server_time = server_time;
  marks_.lived_then = marks_.lived;
  return marks_;
}

}  // namespace cpis::edge
