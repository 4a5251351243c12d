// SPDX-License-Identifier: Apache-2.0
//
// Time that has surely passed for this vehicle: while it was switched on, and what the fleet server vouches for. What limits
// tries and looks is counted in it, for whoever holds the vehicle can set its clock and switch it off and on.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "platform/bytes.h"
#include "platform/clock.h"
#include "platform/status.h"

namespace cpis::edge {

using platform::Instant;

// Since the journal of this node was begun.
using Lived = std::chrono::milliseconds;

// Where it stood, and by what that was measured.
//   0 format 1 │ 1 lived 8 (ms) │ 9 since boot 8 (ms) │ 17 server time 8 (Unix ms; 0: none) │ 25 lived then 8 (ms) │
//   boot id, varint-sized
struct LivedMarks {
  Lived lived{};
  std::chrono::milliseconds since_boot{};
  std::optional<Instant> server_time;  // the last signed one…
  Lived lived_then{};                  // …and where lived time stood
  std::string boot_id;
};
platform::Bytes Encode(const LivedMarks& marks);
platform::Result<LivedMarks> DecodeLivedMarks(platform::ByteView bytes);  // kCorrupt

// Thread-safe.
class LivedTime {
 public:
  // `clock` must outlive it.
  LivedTime(const platform::Clock& clock, std::optional<LivedMarks> stored);

  // Where it stands. `server_time`: what the fleet server has signed in this boot, carried on since; none before it has.
  // Never goes back.
  LivedMarks Now(std::optional<Instant> server_time);

 private:
  const platform::Clock& clock_;
  std::mutex mutex_;
  LivedMarks marks_;  // guarded by mutex_
};

}  // namespace cpis::edge
