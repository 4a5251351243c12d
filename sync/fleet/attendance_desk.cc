// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/attendance_desk.h"

#include "platform/log.h"
#include "sync/fleet/access_record.h"
#include "sync/fleet/alert_desk.h"
#include "sync/fleet/node_history.h"
#include "sync/order.h"

namespace cpis::sync::fleet {
namespace {

Result<Event> OpenEvent(const FleetKeys& keys, const Envelope& envelope) {
  CPIS_ASSIGN(const crypto::Secret plain, keys.OpenSealed(envelope.sealed_event));
  CPIS_ASSIGN(Event event, DecodeEvent(plain.Reveal()));
  if (event.id != envelope.id || event.kind != envelope.kind) {
    return platform::Corrupt("the sealed event is not the one its envelope names");
  }
  if (event.kind == EntryKind::kAttendance && !NhsNumber::Parse(event.nhs_number).ok()) {
    return platform::Corrupt("the sealed event has no NHS number");
  }
  return event;
}

// A silent look must have no consequences, and an audit line about nobody is no look. What the server said itself is judged again
// if it was a "no"; a yes brings its attendance.
bool IsUnscheduledLook(const Event& event) {
  const bool looked = event.action == "lookup" || (event.action == "resolve" && event.outcome_at_node != Outcome::kFlagged);
  return looked && !event.silent && !event.nhs_number.empty();
}

}  // namespace

Result<Bytes> AttendanceDesk::Deliver(const std::string& node_id, ByteView bytes) {
  Receipt receipt;
  bool cut_off = false;
  CPIS_TRY(store_.Change([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::optional<NodeRow> peer, store.records().NodeWithId(node_id));
    if (!peer) return platform::Denied("this node is not enrolled");
    CPIS_ASSIGN(const bool heard, IsHeard(store, *peer));
    if (!heard) return platform::Denied("this node is not enrolled");
    if (peer->state == "WIPED") {
      const Instant now = store.clock().Now();
      CPIS_TRY(store.security().Raise(SecurityKind::kOldImageOrClone, {0, now, now, peer->id, peer->name, "",
                                                                       "it signed that it was erased: a copy of its disk is in use"}));
    }
    const auto sender = PeekSender(bytes);
    CPIS_ASSIGN(const std::optional<NodeRow> node, store.records().NodeWithId(sender.ok() ? *sender : node_id));
    const bool former = node && node->id != node_id && (node->state == "WIPED" || node->state == "WIPING" || node->state == "REVOKED");
    if (!node || (node->id != node_id && !former)) return platform::Denied("the envelope is of another node");
    const auto envelope = DecodeEnvelope(bytes, node->signing_key);
    if (!envelope.ok()) return platform::Denied("the envelope is not signed by " + std::string(former ? "that" : "this") + " node");
    if (former) platform::LogWarning("forward", node_id + " brings what " + node->id + " left when it was erased");
    CPIS_ASSIGN(receipt, Keep(store, *node, *envelope, &cut_off));
    return Status::Ok();
  }));
  if (cut_off && on_cut_off_) on_cut_off_();
  // The notification is durable already; if its file cannot be written now, the next call writes it.
  if (Status written = mailbox_.WriteQueued(); !written.ok()) platform::LogError("mailbox", written.message());
  return EncodeReceipt(receipt, store_.keys().freshness);
}

Result<Receipt> AttendanceDesk::Keep(Store& store, const NodeRow& node, const Envelope& envelope, bool* cut_off) {
  Receipt receipt{node.id, envelope.node_sequence, envelope.id, Verdict::kAccepted, store.clock().Now(), ""};
  CPIS_ASSIGN(const bool known, store.records().Knows(envelope.id));
  if (known) {  // says nothing new, whoever sends it again
    receipt.verdict = Verdict::kDuplicate;
    return receipt;
  }
  CPIS_ASSIGN(*cut_off, HoldAgainstHistory(store, node, envelope));
  auto event = OpenEvent(store.keys(), envelope);
  if (!event.ok()) {
    receipt.verdict = Verdict::kQuarantined;
    receipt.reason = event.status().message();
    platform::LogWarning("attendance", "an envelope of " + node.id + " cannot be read: " + receipt.reason);
    // Its place in the node's chain is known, though nobody can read it: what follows it is no gap.
    if (envelope.kind == EntryKind::kAudit) CPIS_TRY(store.audit().Append(envelope, nullptr, receipt.server_time));
    return receipt;
  }
  const WatchedEvent arrived{*event, node.id, envelope.node_sequence, receipt.server_time, std::nullopt};
  if (event->kind == EntryKind::kAttendance) {
    CPIS_TRY(KeepAttendance(store, node, arrived));
  } else {
    CPIS_TRY(KeepAudit(store, node, arrived, envelope));
  }
  return receipt;
}

Status AttendanceDesk::KeepAudit(Store& store, const NodeRow& node, const WatchedEvent& arrived, const Envelope& envelope) {
  const Event& event = arrived.event;
  CPIS_TRY(store.records().KeepAudit(event, node.id, arrived.node_sequence, arrived.arrived_at));
  CPIS_TRY(store.audit().Append(envelope, &event, arrived.arrived_at));
  CPIS_TRY(NoteReport(store, node, event));
  if (IsUnscheduledLook(event)) CPIS_TRY(WatchAndJudge(store, arrived));
  return event.action == "acknowledge-alert" ? TakeAcknowledgement(store, node.id, event) : Status::Ok();
}

Status AttendanceDesk::KeepAttendance(Store& store, const NodeRow& node, const WatchedEvent& arrived) {
  CPIS_ASSIGN(const StaffMember staff, StaffOrStranger(store, arrived.event.staff));
  const AttendanceRow row{arrived.event, node.name, staff.name, staff.role_name, arrived.arrived_at, Outcome::kNotFlagged, {}};
  CPIS_TRY(store.records().KeepAttendance(row, node.id, arrived.node_sequence));
  return WatchAndJudge(store, arrived);
}

}  // namespace cpis::sync::fleet
