// SPDX-License-Identifier: Apache-2.0
#include "edge/resolved.h"

#include <algorithm>

namespace cpis::edge {
namespace {

// The server holds all that is known of England, and speaks of now.
Grounds GroundsOf(const sync::ResolveReply& reply) {
  Grounds grounds;
  grounds.enrolled = grounds.unlocked = grounds.clock_trusted = grounds.region_held = true;
  grounds.as_of = grounds.now = reply.server_time;
  grounds.england = England::kNoMatch;
  for (const sync::ResolveEvidence& evidence : reply.evidence) {
    grounds.evidence.push_back({evidence.authority, evidence.flag});
  }
  for (const sync::Viewer& viewer : reply.viewers) grounds.viewers.emplace(viewer.id, viewer);
  return grounds;
}

}  // namespace

bool WorthAsking(const Answer& answer) {
  if (answer.outcome == Outcome::kPossiblyElsewhere) return true;
  if (answer.outcome != Outcome::kCannotSay) return false;
  switch (answer.reason) {
    case Reason::kNeverSynced:
    case Reason::kStale:
    case Reason::kLeaseExpired:
    case Reason::kReplicaDamaged:
    case Reason::kClockNotTrusted:
    case Reason::kNoEnglandIndex:
    case Reason::kVerifying:
      return true;
    default:
      return false;
  }
}

platform::Result<Answer> Resolved(const sync::ResolveReply& reply, const sync::Policy& policy) {
  Answer answer = Judge(GroundsOf(reply), policy);
  if (reply.notice) {
    answer = CannotSay(std::move(answer), *reply.notice == sync::Notice::kWithheld ? Reason::kWithheld : Reason::kReplaced);
  }
  if (answer.outcome != reply.outcome) return platform::Corrupt("the fleet server's reply contradicts itself");
  answer.source = Source::kFleetServer;
  for (const PlanShown& shown : answer.plans) {
    const std::string& code = shown.authority.code;
    if (std::find(answer.region.begin(), answer.region.end(), code) == answer.region.end()) answer.region.push_back(code);
  }
  return answer;
}

}  // namespace cpis::edge
