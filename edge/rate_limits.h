// SPDX-License-Identifier: Apache-2.0
//
// How fast numbers may be looked up; apart from anything that reads or writes. Looks are counted by the minute of lived time, so
// neither a clock set forward nor a restart makes room.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "edge/lived_time.h"
#include "sync/records.h"

namespace cpis::edge {

enum class Limit : uint8_t { kPersonHour = 1, kPersonDay = 2, kNodeHour = 3, kNodeDay = 4, kMisses = 5, kLost = 6 };
std::string_view Name(Limit limit);  // "looks_per_hour_person", as the policy calls it; "lost" when the book was

class LookBook {
 public:
  // Keyed hash of a staff id, never 0.
  using Who = uint64_t;

  struct Verdict {
    std::optional<Limit> over;         // nothing: the look is counted, and may be answered
    std::chrono::milliseconds wait{};  // until the hold ends
    bool began = false;                // this look began the hold: the fleet is told
  };
  // Counts one look before it is answered. What goes over a limit begins a hold of kLookHold: of the person, or of everybody.
  Verdict Take(Who who, const sync::Policy& policy, Lived now);
  // The look that was counted last for this person found no plan. The hold that it began, if it did.
  std::optional<Limit> Missed(Who who, const sync::Policy& policy, Lived now);
  // Nobody knows what was counted: everybody is held for as long as an hour's looks take.
  void Lost(Lived now);

  // 0 format 1 │ varint number of minutes │ for each: minute 4 │ who 8 │ varint looks │ varint misses │ varint number of holds │
  // for each: who 8 (0: everybody) │ limit 1 │ until, lived 8 (ms)
  platform::Bytes Encode() const;
  static platform::Result<LookBook> Decode(platform::ByteView bytes);  // kCorrupt

 private:
  struct Minute {
    uint32_t minute = 0;
    Who who = 0;
    uint64_t looks = 0;
    uint64_t misses = 0;
  };
  struct Hold {
    Who who = 0;
    Limit limit{};
    Lived until{};
  };
  struct Counts {
    uint64_t looks = 0;
    uint64_t misses = 0;
  };
  Counts Within(std::chrono::minutes window, std::optional<Who> who, Lived now) const;
  std::optional<Limit> LimitReached(Who who, const sync::Policy& policy, Lived now) const;
  const Hold* HoldOf(Who who, Lived now) const;
  void Begin(Who who, Limit limit, Lived until);
  Minute& ThisMinute(Who who, Lived now);

  std::vector<Minute> minutes_;  // of the last day
  std::vector<Hold> holds_;
};

}  // namespace cpis::edge
