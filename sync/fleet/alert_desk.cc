// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/alert_desk.h"

#include <algorithm>

#include "platform/log.h"
#include "sync/fleet/access_record.h"

namespace cpis::sync::fleet {
namespace {

constexpr std::chrono::milliseconds kSweepEvery = std::chrono::hours(1);
// A crew has few late alerts in a year. A node that reports looks which nobody made must not have a list for its answer.
constexpr std::chrono::milliseconds kAlertDay = std::chrono::hours(24);
constexpr size_t kMostAlertsADay = 50;

RowIndex KeyOfAlert(const std::string& id) { return KeyOf("alert/" + id); }

// The attendance that the notifications of an event are kept with. A look that belongs to none becomes one.
Result<WatchedEvent> AttendanceFor(Store& store, const WatchedEvent& event) {
  if (event.event.kind == EntryKind::kAttendance) return event;
  CPIS_ASSIGN(std::optional<WatchedEvent> same, store.records().AttendanceLike(event));
  if (same) return *std::move(same);
  CPIS_ASSIGN(const StaffMember staff, StaffOrStranger(store, event.event.staff));
  CPIS_ASSIGN(const std::optional<NodeRow> node, store.records().NodeWithId(event.node_id));
  const AttendanceRow row{event.event, node ? node->name : event.node_id, staff.name, staff.role_name, event.arrived_at,
                          Outcome::kFlagged, {}};
  CPIS_TRY(store.records().KeepAttendance(row, event.node_id, event.node_sequence));
  return event;
}

// Nobody should read "is flagged" of a child who is not: the plan was deleted, or its window is over. What is sensitive never
// leaves the server, and a node that left the fleet holds nothing.
Result<bool> MayHold(Store& store, const std::string& node_id, const std::vector<PlanOnShow>& plans) {
  for (const PlanOnShow& plan : plans) {
    CPIS_ASSIGN(const bool sensitive, store.records().IsSensitive(plan.number));
    if (sensitive) return false;
  }
  CPIS_ASSIGN(const std::optional<NodeRow> node, store.records().NodeWithId(node_id));
  return node && node->state == "ENROLLED" && !plans.empty();
}

Status RaiseAlert(Store& store, const WatchedEvent& watched, const std::vector<PlanOnShow>& plans) {
  CPIS_ASSIGN(const bool may_hold, MayHold(store, watched.node_id, plans));
  if (!may_hold) return Status::Ok();
  CPIS_ASSIGN(const std::optional<NodeRow> node, store.records().NodeWithId(watched.node_id));
  const Instant now = store.clock().Now();
  CPIS_ASSIGN(const size_t raised, store.records().AlertsRaised(watched.node_id, now - kAlertDay));
  if (raised >= kMostAlertsADay) {
    platform::LogWarning("alerts", "node " + watched.node_id + " has had " + std::to_string(raised) +
                                       " alerts in a day and gets no more: is it still ours? (fleet alerts, fleet node revoke)");
    return Status::Ok();
  }
  const Event& event = watched.event;
  Alert alert{crypto::NewUuidV7(now.time_since_epoch().count()), event.id, event.nhs_number, event.staff, event.incident,
              event.occurred_at, event.outcome_at_node, now, {}};
  CPIS_ASSIGN(const std::vector<AuthorityRow> authorities, store.records().Authorities());
  for (const PlanOnShow& plan : plans) {
    const auto authority = std::find_if(authorities.begin(), authorities.end(),
                                        [&](const AuthorityRow& a) { return a.authority.code == plan.row.authority; });
    if (authority != authorities.end()) alert.plans.push_back({authority->authority, plan.row.plan});
  }
  Bytes plain = Encode(alert);
  const Bytes sealed = crypto::SealWith(store.keys().directory_key, "alert", plain);
  crypto::Wipe(std::span<uint8_t>(plain));
  store.PublishEntry(Topic::Node(node->id), KeyOfAlert(alert.id), crypto::SealTo(node->box_key, sealed));
  platform::LogInfo("alerts", "raised for node " + node->id);
  return store.records().PutAlert({alert.id, event.id, node->id, "", event.nhs_number, event.incident, event.occurred_at, now,
                                   true, "", std::nullopt});
}

Status Judge(Store& store, const WatchedEvent& event) {
  CPIS_ASSIGN(const NhsNumber number, NhsNumber::Parse(event.event.nhs_number));
  CPIS_ASSIGN(const std::vector<PlanOnShow> plans, PlansOnShow(store, number));
  if (plans.empty()) return Status::Ok();
  CPIS_ASSIGN(const WatchedEvent attendance, AttendanceFor(store, event));
  CPIS_TRY(RecordAccess(store, attendance, plans));
  CPIS_ASSIGN(const bool told, store.records().WasTold(event));
  return told ? Status::Ok() : RaiseAlert(store, event, plans);
}

Status Close(Store& store, AlertRow alert) {
  if (!alert.open) return Status::Ok();
  alert.open = false;
  store.PublishEntry(Topic::Node(alert.node_id), KeyOfAlert(alert.id), {});
  return store.records().PutAlert(alert);
}

Status CloseIfOver(Store& store, const AlertRow& alert) {
  CPIS_ASSIGN(const NhsNumber number, NhsNumber::Parse(alert.nhs_number));
  CPIS_ASSIGN(const std::vector<PlanOnShow> plans, PlansOnShow(store, number));
  CPIS_ASSIGN(const bool may_hold, MayHold(store, alert.node_id, plans));
  return may_hold ? Status::Ok() : Close(store, alert);
}

}  // namespace

Status WatchAndJudge(Store& store, const WatchedEvent& event) {
  WatchedEvent watched = event;
  const bool wait = event.event.kind == EntryKind::kAudit && event.event.resolving;
  if (wait) watched.due_at = event.arrived_at + kResolveGrace;
  CPIS_TRY(store.records().Watch(watched));
  return wait ? Status::Ok() : Judge(store, watched);
}

Status JudgeAgain(Store& store, const std::set<NhsNumber>& numbers) {
  const Instant since = store.clock().Now() - kJudgedFor;
  for (const NhsNumber& changed : numbers) {
    CPIS_ASSIGN(const std::vector<NhsNumber> known_by, store.records().NumbersOf(changed));
    for (const NhsNumber& number : known_by) {
      CPIS_ASSIGN(const std::vector<WatchedEvent> events, store.records().WatchedOf(number, since));
      for (const WatchedEvent& event : events) CPIS_TRY(Judge(store, event));
      CPIS_ASSIGN(const std::vector<AlertRow> alerts, store.records().OpenAlertsOf(number));
      for (const AlertRow& alert : alerts) CPIS_TRY(CloseIfOver(store, alert));
    }
  }
  return Status::Ok();
}

Status TakeAcknowledgement(Store& store, const std::string& node_id, const Event& event) {
  CPIS_ASSIGN(std::optional<AlertRow> alert, store.records().AlertWithId(event.alert));
  if (!alert || alert->node_id != node_id || alert->acknowledged_at) return Status::Ok();
  alert->acknowledged_by = event.staff;
  alert->acknowledged_at = event.occurred_at;
  CPIS_TRY(store.records().PutAlert(*alert));
  return Close(store, *std::move(alert));
}

Status CloseAlertsOf(Store& store, const std::string& node_id) {
  CPIS_ASSIGN(const std::vector<AlertRow> alerts, store.records().OpenAlerts());
  for (const AlertRow& alert : alerts) {
    if (alert.node_id == node_id) CPIS_TRY(Close(store, alert));
  }
  store.DropHistory(Topic::Node(node_id));
  return Status::Ok();
}

Status ForgetNumber(Store& store, const NhsNumber& number) {
  CPIS_ASSIGN(const std::vector<AlertRow> alerts, store.records().OpenAlertsOf(number));
  for (const AlertRow& alert : alerts) CPIS_TRY(Close(store, alert));
  return store.records().BlankLooks(number);
}

Status AlertDesk::Sweep(Store& store, Instant now) {
  CPIS_TRY(store.records().ForgetWatched(now - kJudgedFor));
  CPIS_ASSIGN(const std::vector<AlertRow> alerts, store.records().OpenAlerts());
  for (const AlertRow& alert : alerts) CPIS_TRY(CloseIfOver(store, alert));
  return Status::Ok();
}

Status AlertDesk::JudgeDue() {
  const Instant now = store_.clock().Now();
  const bool sweep = now - swept_at_ >= kSweepEvery || now < swept_at_;
  std::vector<WatchedEvent> due;
  CPIS_TRY(store_.Read([&](Store& store) -> Status {
    CPIS_ASSIGN(due, store.records().WatchedDue(now, kResolveGrace));
    return Status::Ok();
  }));
  if (due.empty() && !sweep) return Status::Ok();
  // Each by itself: one that cannot be judged holds up no other.
  Status failed;
  for (const WatchedEvent& event : due) {
    Status judged = store_.Change([&](Store& store) -> Status {
      CPIS_TRY(store.records().EndWait(event.event.id));
      return Judge(store, event);
    });
    if (!judged.ok()) failed = std::move(judged);
  }
  if (sweep) {
    CPIS_TRY(store_.Change([&](Store& store) { return Sweep(store, now); }));
    swept_at_ = now;
  }
  CPIS_TRY(mailbox_.WriteQueued());
  return failed;
}

}  // namespace cpis::sync::fleet
