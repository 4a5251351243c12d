// SPDX-License-Identifier: Apache-2.0
//
// The time that decides about leases and windows: the fleet server's, carried on by the clock that counts since boot.
// The wall clock is asked only after a reboot with no contact yet, and then never believed below the high-water mark
// (DESIGN §9).
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "platform/bytes.h"
#include "platform/clock.h"
#include "platform/status.h"

namespace cpis::edge {

using platform::Instant;

// What outlives the process.
//   0 format 1 │ 1 server time 8 (Unix ms) │ 9 since boot 8 (ms) │ 17 high water 8 (Unix ms) │ boot id, varint-sized
struct TimeMarks {
  Instant server_time;                   // the last signed one…
  std::chrono::milliseconds since_boot;  // …and when it was heard
  std::string boot_id;
  Instant high_water;  // trusted time has been here
};
platform::Bytes Encode(const TimeMarks& marks);
platform::Result<TimeMarks> DecodeTimeMarks(platform::ByteView bytes);  // kCorrupt

struct TrustedNow {
  Instant at;
  bool trusted = false;  // false: nothing vouches for it; a "no" must not rest on it
};

// Thread-safe.
class TrustedTime {
 public:
  // `keep` makes marks durable, soon; called without locks held, from the thread that asked for the time. `clock` must
  // outlive it.
  using Keep = std::function<void(const TimeMarks&)>;
  TrustedTime(const platform::Clock& clock, std::optional<TimeMarks> stored, Keep keep);

  // A verified manifest said that it is now at least this.
  void Heard(Instant server_time);
  // What the server said of the time counts no more: its key was replaced, and whoever had it may have said anything. Nothing is
  // trusted until it is heard again; that may then be earlier.
  void Distrust();
  // A verified manifest from before this start said that it is at least this: the marks may have been lost with the power.
  void AtLeast(Instant server_time);
  // Never goes back while the process lives, except when the server corrects a wall clock that ran ahead.
  TrustedNow Now();

 private:
  Instant Project() const;  // mutex_ held
  bool SameBoot() const { return marks_ && marks_->boot_id == clock_.BootId(); }

  const platform::Clock& clock_;
  const Keep keep_;

  std::mutex mutex_;
  // Everything below is guarded by mutex_.
  std::optional<TimeMarks> marks_;
  Instant floor_;                                     // no answer was later than this
  std::chrono::milliseconds floor_since_boot_;        // when the floor was true
  std::optional<std::chrono::milliseconds> kept_at_;  // since boot
};

}  // namespace cpis::edge
