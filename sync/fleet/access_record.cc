// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/access_record.h"

#include <algorithm>

#include "sync/fleet/mailbox.h"

namespace cpis::sync::fleet {
namespace {

constexpr auto kClockTolerance = std::chrono::minutes(5);

// An access is shown at the time it happened, unless that time cannot be true.
Instant AccessTime(const WatchedEvent& attendance) {
  const Instant occurred_at = attendance.event.occurred_at;
  return occurred_at > attendance.arrived_at + kClockTolerance ? attendance.arrived_at : occurred_at;
}

Result<Viewer> ViewerOf(Store& store, const std::string& staff_id) {
  CPIS_ASSIGN(const StaffMember staff, StaffOrStranger(store, staff_id));
  bool is_new = false;
  CPIS_ASSIGN(Viewer viewer, store.records().ViewerFor(staff, store.trust().code, store.trust().name, &is_new));
  if (is_new) CPIS_TRY(store.PublishDirectory({}, {viewer}));
  return viewer;
}

Status Notify(Store& store, const WatchedEvent& attendance, const PlanOnShow& plan, const AuthorityRow& authority) {
  const Instant now = store.clock().Now();
  const Event& event = attendance.event;
  const std::string& code = authority.authority.code;
  CPIS_ASSIGN(const Viewer viewer, ViewerOf(store, event.staff));
  CPIS_TRY(store.records().AddAccess(code, plan.number, {AccessTime(attendance), viewer.id}, event.id));
  CPIS_TRY(store.PublishFlags(code, {plan.number}));
  const AccessNotification notification{crypto::NewUuidV7(now.time_since_epoch().count()), now, event.id,
                                        AccessTime(attendance), viewer, event.staff, std::string(plan.number.digits()),
                                        plan.row.file_id, authority.authority, authority.organisation_root};
  const std::string name = Mailbox::NameFor(code, event.id, "access", now);
  CPIS_TRY(store.records().QueueFile({name, WriteAccessNotification(notification)}));
  return store.records().KeepNotified(event.id, {code, name});
}

}  // namespace

Result<std::vector<PlanOnShow>> PlansOnShow(Store& store, const NhsNumber& number) {
  const Instant now = store.clock().Now();
  std::vector<PlanOnShow> plans;
  CPIS_ASSIGN(const std::vector<NhsNumber> numbers, store.records().NumbersOf(number));
  for (const NhsNumber& known_by : numbers) {
    CPIS_ASSIGN(const std::vector<PlanRow> rows, store.records().PlansOf(known_by));
    for (const PlanRow& row : rows) {
      if (StateAt(row.plan, now) != PlanState::kGone) plans.push_back({known_by, row});
    }
  }
  return plans;
}

Result<StaffMember> StaffOrStranger(Store& store, const std::string& id) {
  CPIS_ASSIGN(std::optional<StaffMember> known, store.records().StaffWithId(id));
  return known ? *std::move(known) : StaffMember{id, id, "", "", Right::kNotify, false, {}};
}

Status RecordAccess(Store& store, const WatchedEvent& attendance, const std::vector<PlanOnShow>& plans) {
  CPIS_TRY(store.records().MarkFlagged(attendance.event.id));
  std::map<std::string, PlanOnShow> by_authority;
  for (const PlanOnShow& plan : plans) by_authority.insert_or_assign(plan.row.authority, plan);
  CPIS_ASSIGN(const std::vector<AuthorityRow> authorities, store.records().Authorities());
  for (const auto& [code, plan] : by_authority) {
    CPIS_ASSIGN(const bool notified, store.records().WasNotified(code, attendance));
    if (notified) continue;
    const auto authority = std::find_if(authorities.begin(), authorities.end(),
                                        [wanted = &code](const AuthorityRow& a) { return a.authority.code == *wanted; });
    if (authority == authorities.end()) return platform::Internal("a plan is of an authority that is not there");
    CPIS_TRY(Notify(store, attendance, plan, *authority));
  }
  return Status::Ok();
}

}  // namespace cpis::sync::fleet
