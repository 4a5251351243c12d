// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/node_history.h"

#include <algorithm>

#include "platform/log.h"
#include "sync/fleet/roll.h"

namespace cpis::sync::fleet {
namespace {

constexpr std::string_view kSilencedPrefix = "silenced.";  // of settings

struct Misfit {
  SecurityKind kind;
  std::string detail;
};

std::string Entry(uint64_t count) { return "audit entry " + std::to_string(count); }

Result<std::optional<Misfit>> MisfitOf(Store& store, const Envelope& envelope) {
  CPIS_ASSIGN(const bool reused, store.audit().SequenceIsOfAnother(envelope));
  if (reused) {
    return std::optional<Misfit>({SecurityKind::kOldImageOrClone, "two different entries, both signed by this node, have the sequence " +
                                                                      std::to_string(envelope.node_sequence)});
  }
  if (envelope.kind != EntryKind::kAudit || !envelope.audit_before) return std::optional<Misfit>();
  const uint64_t before = envelope.audit_before->count;
  CPIS_ASSIGN(const AuditRegister::Place place, store.audit().PlaceOf(envelope));
  if (place.known) return std::optional<Misfit>();
  if (place.forks) {
    return std::optional<Misfit>({SecurityKind::kOldImageOrClone, "two different entries, both signed by this node, follow its " + Entry(before)});
  }
  if (place.continues) return std::optional<Misfit>();
  if (before == 0) {
    return std::optional<Misfit>({SecurityKind::kAuditTruncated, "its audit begins anew: the end of the old chain is gone from its disk"});
  }
  if (place.other_before) {
    return std::optional<Misfit>({SecurityKind::kAuditEdited, Entry(before + 1) + " does not follow the " + Entry(before) + " that came"});
  }
  if (before > place.most) {
    return std::optional<Misfit>({SecurityKind::kAuditGap, "audit entries " + std::to_string(place.most + 1) + " to " +
                                                               std::to_string(before) + " never came"});
  }
  return std::optional<Misfit>();  // late, from a gap that was noticed
}

Status CutOff(Store& store, NodeRow node, OnClone policy) {
  // The name is free again: the vehicle can be enrolled anew under it, while what is left on the old disk still has a row.
  if (policy == OnClone::kReEnrol) node.name += " (was " + node.id + ")";
  platform::LogWarning("security", "node " + node.id + " is taken out of the fleet (policy on_clone)");
  node.state = "REVOKED";
  // Not at once: what the crew was told is queued is on one of the two disks, and goes first (IsHeard).
  return SendAway(store, node, Order::Kind::kWipe);
}

}  // namespace

Result<bool> HoldAgainstHistory(Store& store, const NodeRow& node, const Envelope& envelope) {
  const Instant now = store.clock().Now();
  CPIS_ASSIGN(const std::optional<Misfit> misfit, MisfitOf(store, envelope));
  if (envelope.kind == EntryKind::kAttendance && envelope.audit_before) CPIS_TRY(store.audit().KeepPromise(envelope, now));
  if (!misfit) return false;
  CPIS_TRY(store.security().Raise(misfit->kind, {0, now, now, node.id, node.name, "", misfit->detail}));
  if (misfit->kind != SecurityKind::kOldImageOrClone || node.state != "ENROLLED") return false;
  CPIS_ASSIGN(const Policy policy, store.CurrentPolicy());
  if (policy.on_clone == OnClone::kAlert) return false;
  CPIS_TRY(CutOff(store, node, policy.on_clone));
  return true;
}

Status NoteReport(Store& store, const NodeRow& node, const Event& event) {
  const std::optional<SecurityKind> kind = ReportedBy(event.action);
  if (!kind) return Status::Ok();
  const std::string detail = event.staff.empty() ? "reported by the node" : "reported by the node, of staff " + event.staff;
  return store.security().Raise(*kind, {0, store.clock().Now(), store.clock().Now(), node.id, node.name, "", detail});
}

Result<bool> IsHeard(Store& store, const NodeRow& node) {
  if (node.state == "WAITING") return false;
  CPIS_ASSIGN(const std::vector<Setting> silenced, store.records().Settings(kSilencedPrefix));
  return std::none_of(silenced.begin(), silenced.end(), [&](const Setting& one) { return one.key == node.id; });
}

Status Silence(Store& store, const std::string& node_id) {
  return store.records().PutSetting(std::string(kSilencedPrefix) + node_id, "by order");
}

}  // namespace cpis::sync::fleet
