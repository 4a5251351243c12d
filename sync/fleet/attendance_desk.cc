// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/attendance_desk.h"

#include <algorithm>

#include "platform/log.h"

namespace cpis::sync::fleet {
namespace {

constexpr auto kClockTolerance = std::chrono::minutes(5);

Result<Event> OpenEvent(const FleetKeys& keys, const Envelope& envelope) {
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenBox(keys.box, envelope.sealed_event));
  CPIS_ASSIGN(Event event, DecodeEvent(plain.Reveal()));
  if (event.id != envelope.id || event.kind != envelope.kind) {
    return platform::Corrupt("the sealed event is not the one its envelope names");
  }
  if (event.kind == EntryKind::kAttendance && !NhsNumber::Parse(event.nhs_number).ok()) {
    return platform::Corrupt("the sealed event has no NHS number");
  }
  return event;
}

// An access is shown at the time it happened, unless that time cannot be true.
Instant AccessTime(const Event& event, Instant received_at) {
  return event.occurred_at > received_at + kClockTolerance ? received_at : event.occurred_at;
}

// By authority, what is on show now.
std::map<std::string, std::string> FilesOnShow(const std::vector<PlanRow>& plans, Instant now) {
  std::map<std::string, std::string> files;
  for (const PlanRow& row : plans) {
    if (StateAt(row.plan, now) != PlanState::kGone) files[row.authority] = row.file_id;
  }
  return files;
}

}  // namespace

Result<Bytes> AttendanceDesk::Deliver(const std::string& node_id, ByteView bytes) {
  Receipt receipt;
  CPIS_TRY(store_.Change([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::optional<NodeRow> node, store.records().NodeWithId(node_id));
    if (!node || node->state != "ENROLLED") return platform::Denied("this node is not enrolled");
    const auto envelope = DecodeEnvelope(bytes, node->signing_key);
    if (!envelope.ok()) return platform::Denied("the envelope is not signed by this node");
    if (envelope->node != node_id) return platform::Denied("the envelope is of another node");
    CPIS_ASSIGN(receipt, Keep(store, *node, *envelope));
    return Status::Ok();
  }));
  // The notification is durable already; if its file cannot be written now, the next call writes it.
  if (Status written = mailbox_.WriteQueued(); !written.ok()) platform::LogError("mailbox", written.message());
  return EncodeReceipt(receipt, store_.keys().freshness);
}

Result<Receipt> AttendanceDesk::Keep(Store& store, const NodeRow& node, const Envelope& envelope) {
  Receipt receipt{node.id, envelope.node_sequence, envelope.id, Verdict::kAccepted, store.clock().Now(), ""};
  CPIS_ASSIGN(const bool known, store.records().Knows(envelope.id));
  if (known) {
    receipt.verdict = Verdict::kDuplicate;
    return receipt;
  }
  auto event = OpenEvent(store.keys(), envelope);
  if (!event.ok()) {
    receipt.verdict = Verdict::kQuarantined;
    receipt.reason = event.status().message();
    platform::LogWarning("attendance", "an envelope of " + node.id + " cannot be read: " + receipt.reason);
    return receipt;
  }
  if (event->kind == EntryKind::kAudit) {
    CPIS_TRY(store.records().KeepAudit(*event, node.id, envelope.node_sequence, receipt.server_time));
  } else {
    CPIS_TRY(KeepAttendance(store, node, envelope, *event));
  }
  return receipt;
}

Status AttendanceDesk::KeepAttendance(Store& store, const NodeRow& node, const Envelope& envelope, const Event& event) {
  const Instant now = store.clock().Now();
  CPIS_ASSIGN(const NhsNumber number, NhsNumber::Parse(event.nhs_number));
  CPIS_ASSIGN(const std::optional<StaffMember> known_staff, store.records().StaffWithId(event.staff));
  StaffMember staff = known_staff.value_or(StaffMember{event.staff, event.staff, "", "", Right::kNotify, false, {}});

  AttendanceRow row{event, node.name, staff.name, staff.role_name, now, Outcome::kNotFlagged, {}};
  CPIS_ASSIGN(const std::vector<PlanRow> plans, store.records().PlansOf(number));
  const std::map<std::string, std::string> files = FilesOnShow(plans, now);
  if (!files.empty()) {
    row.outcome_now = Outcome::kFlagged;
    bool new_viewer = false;
    CPIS_ASSIGN(const Viewer viewer, store.records().ViewerFor(staff, store.trust().code, store.trust().name, &new_viewer));
    if (new_viewer) CPIS_TRY(store.PublishDirectory({}, {viewer}));
    CPIS_ASSIGN(const std::vector<AuthorityRow> authorities, store.records().Authorities());
    for (const auto& [code, file_id] : files) {
      CPIS_TRY(store.records().AddAccess(code, number, {AccessTime(event, now), viewer.id}, event.id));
      CPIS_TRY(store.PublishFlags(code, {number}));
      const auto authority = std::find_if(authorities.begin(), authorities.end(),
                                          [&](const AuthorityRow& a) { return a.authority.code == code; });
      if (authority == authorities.end()) return platform::Internal("a plan is of an authority that is not there");
      const AccessNotification notification{crypto::NewUuidV7(now.time_since_epoch().count()), now, event.id,
                                            AccessTime(event, now), viewer, event.staff, event.nhs_number, file_id,
                                            authority->authority, authority->organisation_root};
      const std::string name = Mailbox::NameFor(code, event.id, "access", now);
      CPIS_TRY(store.records().QueueFile({name, WriteAccessNotification(notification)}));
      row.notified.push_back({code, name});
    }
  }
  return store.records().KeepAttendance(row, node.id, envelope.node_sequence);
}

}  // namespace cpis::sync::fleet
