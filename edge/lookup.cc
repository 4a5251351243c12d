// SPDX-License-Identifier: Apache-2.0
#include "edge/lookup.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

using std::chrono::seconds;

constexpr std::string_view kCheckByPhone =
    "Do not read this as \"no plan\": phone the emergency duty team of the child's local authority, or have the "
    "national "
    "CP-IS checked.";
constexpr std::chrono::hours kPatternWindow{90 * 24};

std::vector<PlanShown> PlansOf(const Grounds& grounds) {
  std::vector<PlanShown> plans;
  for (const Evidence& evidence : grounds.evidence) {
    for (const sync::Plan& plan : evidence.flag.plans) plans.push_back({plan, sync::PlanState::kGone, evidence.authority});
  }
  return ShownAt(std::move(plans), grounds.now);
}

bool Newer(const sync::Access& a, const sync::Access& b) { return a.at != b.at ? a.at > b.at : a.viewer < b.viewer; }

// The server tells every authority that knows the child of the same look: it is one access. Two looks of one person in one
// second stand twice under each authority, and stay two.
std::vector<AccessShown> AccessesOf(const Grounds& grounds) {
  std::vector<sync::Access> merged;
  for (const Evidence& evidence : grounds.evidence) {
    std::vector<sync::Access> sorted = evidence.flag.accesses;
    std::sort(sorted.begin(), sorted.end(), Newer);
    std::vector<sync::Access> both;
    std::set_union(merged.begin(), merged.end(), sorted.begin(), sorted.end(), std::back_inserter(both), Newer);
    merged = std::move(both);
  }
  if (merged.size() > sync::kMaxAccesses) merged.resize(sync::kMaxAccesses);
  std::vector<AccessShown> shown;
  for (const sync::Access& access : merged) {
    const auto viewer = grounds.viewers.find(access.viewer);
    AccessShown& line = shown.emplace_back();
    line.at = access.at;
    line.viewer.id = access.viewer;
    if (viewer != grounds.viewers.end()) line.viewer = viewer->second;
  }
  return shown;
}

Pattern PatternOf(const std::vector<AccessShown>& accesses, Instant now, const sync::Policy& policy) {
  Pattern pattern;
  std::set<std::string> organisations;
  for (const AccessShown& access : accesses) {
    if (access.at < now - kPatternWindow) continue;
    ++pattern.accesses_90_days;
    const sync::Viewer& viewer = access.viewer;
    const std::string& organisation =
        viewer.organisation_code.empty() ? viewer.organisation_name : viewer.organisation_code;
    if (!organisation.empty()) organisations.insert(organisation);
  }
  pattern.organisations_90_days = static_cast<int>(organisations.size());
  pattern.frequent = pattern.accesses_90_days >= policy.frequent_accesses;
  return pattern;
}

std::vector<std::string> WhomToPhone(const Answer& answer, const Grounds& grounds) {
  std::vector<std::string> advice;
  std::set<std::string> named;
  for (const PlanShown& plan : answer.plans) {
    const sync::Authority& authority = plan.authority;
    if (!named.insert(authority.code).second) continue;
    if (authority.emergency_duty_tel.empty()) {
      advice.push_back("Phone the emergency duty team of " + authority.name + ".");
      continue;
    }
    std::string line = "Phone " + authority.name + ": emergency duty team " + authority.emergency_duty_tel;
    if (!authority.office_hours_tel.empty()) line += ", in office hours " + authority.office_hours_tel;
    advice.push_back(line + ".");
  }
  if (answer.stale) {
    advice.push_back("This is as known " + std::to_string(std::chrono::floor<std::chrono::hours>(answer.age).count()) +
                     " hours ago: ask by phone what has changed.");
  }
  if (grounds.unreadable_row || grounds.region_damaged) {
    advice.emplace_back("Part of the list is damaged: another authority may know this person too.");
  }
  return advice;
}

// Why nothing negative can be said when no row shows a plan; kNone when it can.
Reason WhyNoNegative(const Grounds& grounds, const Answer& answer) {
  if (grounds.notice) return *grounds.notice == sync::Notice::kWithheld ? Reason::kWithheld : Reason::kReplaced;
  if (!grounds.unlocked) return Reason::kLocked;
  if (grounds.unreadable_row || grounds.region_damaged) return Reason::kReplicaDamaged;
  if (!grounds.region_held) return Reason::kNeverSynced;
  if (grounds.verifying) return Reason::kVerifying;
  if (grounds.england == England::kMatch) return Reason::kNone;
  if (answer.stale) return Reason::kStale;
  if (!grounds.clock_trusted) return Reason::kClockNotTrusted;
  if (grounds.england == England::kUnknown) return Reason::kNoEnglandIndex;
  return Reason::kNone;
}

}  // namespace

std::vector<PlanShown> ShownAt(std::vector<PlanShown> plans, Instant now) {
  for (PlanShown& shown : plans) shown.state = sync::StateAt(shown.plan, now);
  std::erase_if(plans, [](const PlanShown& shown) { return shown.state == sync::PlanState::kGone; });
  std::stable_sort(plans.begin(), plans.end(), [](const PlanShown& a, const PlanShown& b) {
    if (a.state != b.state) return a.state == sync::PlanState::kCurrent;
    return a.authority.name < b.authority.name;
  });
  return plans;
}

Answer CannotSay(Answer answer, Reason reason) {
  answer.outcome = Outcome::kCannotSay;
  answer.reason = reason;
  answer.plans.clear();
  answer.accesses.clear();
  answer.pattern = {};
  answer.advice = {std::string(Advice(reason)), std::string(kCheckByPhone)};
  return answer;
}

Answer Judge(const Grounds& grounds, const sync::Policy& policy) {
  Answer answer;
  if (!grounds.enrolled) return CannotSay(std::move(answer), Reason::kNotEnrolled);
  answer.as_of = grounds.as_of;
  if (grounds.as_of) answer.age = std::max(seconds(0), std::chrono::floor<seconds>(grounds.now - *grounds.as_of));
  answer.stale = grounds.as_of && answer.age > policy.fresh_for;
  if (grounds.revoked) return CannotSay(std::move(answer), Reason::kLeaseExpired);
  if (!grounds.as_of) return CannotSay(std::move(answer), Reason::kNeverSynced);
  if (answer.age > policy.lease) return CannotSay(std::move(answer), Reason::kLeaseExpired);
  // Said by somebody who lied about the time: nothing is known of its age.
  if (*grounds.as_of > grounds.now + kAheadOfTime) return CannotSay(std::move(answer), Reason::kLeaseExpired);

  answer.plans = PlansOf(grounds);
  if (!answer.plans.empty()) {
    answer.outcome = Outcome::kFlagged;
    answer.accesses = AccessesOf(grounds);
    answer.pattern = PatternOf(answer.accesses, grounds.now, policy);
    answer.advice = WhomToPhone(answer, grounds);
    return answer;
  }
  const Reason why_not = WhyNoNegative(grounds, answer);
  if (why_not != Reason::kNone) return CannotSay(std::move(answer), why_not);
  if (grounds.england == England::kMatch) {
    answer.outcome = Outcome::kPossiblyElsewhere;
    answer.advice = {"There may be a plan in another part of England.", std::string(kCheckByPhone)};
  } else {
    answer.outcome = Outcome::kNotFlagged;
  }
  return answer;
}

}  // namespace cpis::edge
