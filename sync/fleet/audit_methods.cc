// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/audit_methods.h"

#include <charconv>

#include "sync/fleet/fleet.h"
#include "sync/quote.h"

namespace cpis::sync::fleet {
namespace {

using platform::Invalid;

constexpr size_t kShownInStatus = 5;
constexpr size_t kMostListed = 1000;

json::value ToValue(const AuditRegister::Look& look) {
  const Event& event = look.event;
  return json::object{{"at", platform::Rfc3339(event.occurred_at)},
                      {"received_at", platform::Rfc3339(look.received_at)},
                      {"node", look.node},
                      {"staff", event.staff},
                      {"name", look.staff_name},
                      {"role", look.role},
                      {"action", event.action},
                      {"nhs_number", event.nhs_number},
                      {"incident", event.incident},
                      {"outcome", event.nhs_number.empty() ? json::value(nullptr) : json::value(Name(event.outcome_at_node))},
                      {"reason", event.reason},
                      {"silent", event.silent}};
}

json::value ToValue(const SecurityEvent& event) {
  return json::object{{"id", event.id},         {"at", platform::Rfc3339(event.at)}, {"last", platform::Rfc3339(event.last)},
                      {"node", event.node},     {"node_id", event.node_id},          {"kind", event.kind},
                      {"detail", event.detail}, {"times", event.times},              {"acknowledged_at", Time(event.acknowledged_at)}};
}

Result<AuditRegister::Asked> ReadAsked(Store& store, const Call& call) {
  AuditRegister::Asked asked;
  asked.staff = call.TextOr("staff", "");
  asked.node = call.TextOr("node", "");
  if (const std::string since = call.TextOr("since", ""); !since.empty()) {
    const auto at = platform::ParseRfc3339(since);
    if (!at.ok()) return Invalid(Quoted(since) + " is " + at.status().message());
    asked.since = *at;
  }
  if (const std::string number = call.TextOr("nhs_number", ""); !number.empty()) {
    CPIS_ASSIGN(const NhsNumber typed, NhsNumber::Parse(number));
    CPIS_ASSIGN(asked.numbers, store.records().NumbersOf(typed));
  }
  if (asked.numbers.empty() && asked.staff.empty() && asked.node.empty() && !asked.since) {
    return Invalid("whose looks? (try NUMBER, --staff ID, --node NAME or --since 2026-11-22T00:00:00Z)");
  }
  return asked;
}

}  // namespace

Result<json::value> AskAudit(const Call& call) {
  std::string pin = call.TextOr("pin", "");
  const Status admitted = call.fleet.auditors().Admit(call.TextOr("auditor", ""), pin);
  crypto::Wipe(pin);
  CPIS_TRY(admitted);
  json::array list;
  CPIS_TRY(call.fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(const AuditRegister::Asked asked, ReadAsked(store, call));
    CPIS_ASSIGN(const std::vector<AuditRegister::Look> looks, store.audit().Looks(asked));
    for (const AuditRegister::Look& look : looks) list.push_back(ToValue(look));
    return Status::Ok();
  }));
  return json::value(list);
}

Result<json::value> VerifyAudit(const Call& call) {
  AuditRegister::Verdict verdict;
  json::array outstanding;
  CPIS_TRY(call.fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(verdict, store.audit().Verify());
    for (const auto& one : verdict.outstanding) {
      CPIS_ASSIGN(const std::optional<NodeRow> node, store.records().NodeWithId(one.node_id));
      outstanding.push_back({{"node", node ? node->name : one.node_id},
                             {"promised", one.promised},
                             {"arrived", one.arrived},
                             {"since", platform::Rfc3339(one.since)}});
    }
    return Status::Ok();
  }));
  if (!verdict.broken.empty()) return platform::Corrupt("the audit in fleet.db was changed: " + verdict.broken);
  return json::value{{"good", true}, {"entries", verdict.entries}, {"outstanding", outstanding}};
}

Result<json::value> ListSecurity(const Call& call) {
  json::array list;
  CPIS_TRY(call.fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::vector<SecurityEvent> events, store.security().Latest(kMostListed));
    for (const SecurityEvent& event : events) list.push_back(ToValue(event));
    return Status::Ok();
  }));
  return json::value(list);
}

Result<json::value> AcknowledgeSecurity(const Call& call) {
  const std::string text = call.TextOr("id", "");
  int64_t id = 0;
  const auto* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || stopped != end) return Invalid(Quoted(text) + " is not the id of a security event (a number, see \"fleet security\")");
  CPIS_TRY(call.fleet.store().Change([&](Store& store) { return store.security().Acknowledge(id, store.clock().Now()); }));
  return json::value{{"id", id}, {"acknowledged", true}};
}

Result<json::value> SecurityStatus(Fleet& fleet) {
  SecurityRegister::Counts counts;
  json::array latest;
  CPIS_TRY(fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(counts, store.security().Count());
    CPIS_ASSIGN(const std::vector<SecurityEvent> events, store.security().Latest(kShownInStatus));
    for (const SecurityEvent& event : events) latest.push_back(ToValue(event));
    return Status::Ok();
  }));
  return json::value{{"open", counts.open}, {"total", counts.total}, {"latest", latest}};
}

}  // namespace cpis::sync::fleet
