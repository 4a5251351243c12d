// SPDX-License-Identifier: Apache-2.0
//
// The time that decides about leases and windows: the fleet server's, carried on by the clock that counts since boot.
// The wall clock is asked only after a reboot with no contact yet, and then never believed below the high-water mark
// (DESIGN §9).
//
// What is promised: time never stands behind what any clock of this machine could tell since the server was heard. Each second that
// it was on, or suspended and woken, counts: kills lose nothing, and a reboot costs kUnknownBeforeBoot, which is more than the
// last mark on disk can have missed. While it is off only the wall clock goes on, and counts if it is ahead. One that was set
// back, or stood still, hides at most by how much it is behind, and never more than the time that the machine was off. One
// that was set forward makes leases shorter, until the server is heard.
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
//   0 format 3 │ 1 server time 8 (Unix ms) │ 9 since boot 8 (ms) │ 17 high water 8 (Unix ms) │ 25 high water since boot 8 (ms) │
//   33 added 8 (ms) │ 41 boot id, varint-sized │ boot id of the high water, varint-sized
//   Format 2, without what was added, and format 1, without both fields of the high water's boot too, are still read.
struct TimeMarks {
  Instant server_time;                   // the last signed one…
  std::chrono::milliseconds since_boot;  // …and when it was heard
  std::string boot_id;
  Instant high_water;  // trusted time has been here…
  std::chrono::milliseconds high_since_boot{};  // …then…
  std::string high_boot_id{};                   // …in that boot
  std::chrono::milliseconds added{};            // of which so much is a guess: what reboots have cost since a clock was there
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
  // The last signed time; nothing before the first.
  std::optional<Instant> HeardAt();
  // Never goes back while the process lives, except when the server corrects a wall clock that ran ahead.
  TrustedNow Now();
  // What the server has signed in this boot, carried on since; nothing before it was heard.
  std::optional<Instant> Vouched();

 private:
  Instant Project() const;  // mutex_ held
  void Mark(Instant now);          // mutex_ held; there are marks
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
