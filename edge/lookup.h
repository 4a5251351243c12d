// SPDX-License-Identifier: Apache-2.0
//
// The judgement behind every answer, apart from anything that reads or writes: same grounds, same answer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edge/answer.h"

namespace cpis::edge {

// What one authority knows about the number.
struct Evidence {
  sync::Authority authority;
  sync::Flag flag;
};

struct Grounds {
  bool enrolled = false;
  bool unlocked = false;  // the keys that open rows are in memory
  bool revoked = false;
  std::optional<Instant> as_of;
  Instant now;  // trusted time
  bool clock_trusted = false;
  bool region_held = false;        // every partition of the region is held as the last manifest promised
  bool region_damaged = false;     // some of it is not what was signed
  bool verifying = false;          // some of it is still being compared with what was signed
  bool unreadable_row = false;     // there is a row for this number that does not open
  std::optional<sync::Notice> notice;  // why nothing is to be said of this number
  std::vector<Evidence> evidence;  // of the rows that opened
  std::map<sync::PersonId, sync::Viewer> viewers;
  England england = England::kUnknown;
};

// The outcomes of DESIGN §5; the first rule that applies decides:
//
//   not enrolled │ never synced │ lease over or revoked → CANNOT_SAY, whatever the rows say
//   a row opens with a plan current or in its window   → FLAGGED, stale past fresh_for
//   there is a notice about the number                 → CANNOT_SAY
//   locked │ a row that does not open │ region damaged → CANNOT_SAY
//   region not held │ not yet verified                 → CANNOT_SAY
//   the England index matches                          → POSSIBLY_FLAGGED_ELSEWHERE
//   past fresh_for │ clock untrusted │ no index        → CANNOT_SAY
//   in no row, nor in the England index                → NOT_FLAGGED
//
// Number, region, source and notification are the caller's to fill in.
Answer Judge(const Grounds& grounds, const sync::Policy& policy);

// Of these plans those that may be shown at `now`, with their state: current first, then by the authority's name.
std::vector<PlanShown> ShownAt(std::vector<PlanShown> plans, Instant now);

// Takes everything back that a CANNOT_SAY must not show, and says why and what to do.
Answer CannotSay(Answer answer, Reason reason);

}  // namespace cpis::edge
