// SPDX-License-Identifier: Apache-2.0
//
// What a lookup says. Silence never reads as "no flag": every answer is one of four outcomes (DESIGN §5).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "sync/attendance.h"
#include "sync/flag.h"
#include "sync/records.h"

namespace cpis::edge {

using platform::Instant;
using sync::Outcome;

// Why CANNOT_SAY; kNone otherwise. Names are those of the contract.
enum class Reason {
  kNone, kNotEnrolled, kNeverSynced, kStale, kLeaseExpired, kReplicaDamaged, kLocked, kClockNotTrusted,
  kAuditUnavailable, kRateLimited,
  kNoEnglandIndex,  // in no row of the region, and nothing here knows the rest of England
  kVerifying,       // the rows on disk are being compared with what was signed
  kWithheld,        // the record is sensitive and never leaves the server
  kReplaced,        // the NHS number is no longer in use
};
std::string_view Name(Reason reason);      // "NEVER_SYNCED"; empty for kNone
std::string_view Advice(Reason reason);    // what to do, in plain words for a crew

// What the England index says about a number; kUnknown while this node holds none that is as the last manifest says.
enum class England { kUnknown, kNoMatch, kMatch };

enum class Source { kReplica, kFleetServer };
std::string_view Name(Source source);

enum class Notification { kQueued, kAlreadyQueued, kNotNeeded, kSilent };
std::string_view Name(Notification notification);

struct PlanShown {
  sync::Plan plan;
  sync::PlanState state;      // kCurrent or kEnded
  sync::Authority authority;
};

struct AccessShown {
  Instant at;
  sync::Viewer viewer;
};

// Frequent attendance can point to neglect. Counted from the accesses that the answer shows.
struct Pattern {
  int accesses_90_days = 0;
  int organisations_90_days = 0;
  bool frequent = false;
};

struct Answer {
  std::string nhs_number;
  Outcome outcome = Outcome::kCannotSay;
  Reason reason = Reason::kNone;
  std::optional<Instant> as_of;       // server time of the last manifest fully applied
  std::chrono::seconds age{0};
  bool stale = false;                 // older than fresh_for
  Source source = Source::kReplica;
  std::vector<std::string> region;
  Notification notification = Notification::kNotNeeded;
  std::vector<PlanShown> plans;       // current first, then by authority name
  Pattern pattern;
  std::vector<AccessShown> accesses;  // newest first, at most 25
  std::vector<std::string> advice;
  std::chrono::seconds wait{0};       // of RATE_LIMITED: how long no more are answered
  bool resolvable = false;            // there is a link, and the fleet server may know more: ask with Node::Resolve
};

}  // namespace cpis::edge
