// SPDX-License-Identifier: Apache-2.0
#include "edge/json.h"

#include <boost/json.hpp>

namespace cpis::edge {
namespace {

namespace json = boost::json;

json::value Time(const std::optional<Instant>& at) {
  if (!at) return nullptr;
  return json::string(platform::Rfc3339(*at));
}

json::value TextOrNull(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::string(text);
}

// No age without a time to count from: 0 would read as "just now".
json::value Age(const std::optional<Instant>& as_of, std::chrono::seconds age) {
  if (!as_of) return nullptr;
  return json::value(static_cast<int64_t>(age.count()));
}

json::value ToValue(const sync::Authority& authority) {
  return json::object{{"code", authority.code},
                      {"name", authority.name},
                      {"emergency_duty_tel", TextOrNull(authority.emergency_duty_tel)},
                      {"office_hours_tel", TextOrNull(authority.office_hours_tel)}};
}

json::value ToValue(const PlanShown& shown) {
  const sync::Plan& plan = shown.plan;
  return json::object{{"type", sync::Name(plan.type)},
                      {"snomed", sync::Snomed(plan.type)},
                      {"start", Time(plan.start)},
                      {"end", Time(plan.end)},
                      {"state", shown.state == sync::PlanState::kCurrent ? "CURRENT" : "ENDED"},
                      {"subject", plan.type == sync::PlanType::kUcpp ? "MOTHER_OF_UNBORN" : "CHILD"},
                      {"authority", ToValue(shown.authority)}};
}

json::value ToValue(const AccessShown& access) {
  return json::object{{"at", Time(access.at)},
                      {"viewer", access.viewer.name},
                      {"role", access.viewer.role_name},
                      {"organisation", access.viewer.organisation_name}};
}

json::value ToValue(const Pattern& pattern) {
  return json::object{{"accesses_90_days", pattern.accesses_90_days},
                      {"organisations_90_days", pattern.organisations_90_days},
                      {"frequent", pattern.frequent}};
}

json::value ToValue(const PartitionStatus& partition) {
  return json::object{{"code", partition.code},
                      {"name", TextOrNull(partition.name)},
                      {"rows", partition.rows},
                      {"sequence", partition.sequence}};
}

json::value ToValue(const OutboxItem& item) {
  return json::object{{"id", item.id},
                      {"sequence", item.sequence},
                      {"kind", item.kind},
                      {"state", item.state},
                      {"queued_at", Time(item.queued_at)},
                      {"reason", TextOrNull(item.reason)},
                      {"receipt_at", Time(item.receipt_at)},
                      {"bytes", static_cast<uint64_t>(item.bytes)}};
}

json::value ToValue(const TopicVerdict& verdict) {
  return json::object{{"topic", verdict.topic}, {"entries", verdict.entries}, {"matches", verdict.matches}};
}

json::value ToValue(const Finding& finding) {
  return json::object{{"check", finding.check},
                      {"good", finding.good},
                      {"detail", finding.detail},
                      {"advice", TextOrNull(finding.advice)}};
}

template <typename T>
json::array ToArray(const std::vector<T>& items);

json::value ToValue(const AlertShown& alert) {
  return json::object{{"id", alert.id},
                      {"nhs_number", alert.nhs_number},
                      {"staff", alert.staff},
                      {"incident", alert.incident},
                      {"occurred_at", Time(alert.occurred_at)},
                      {"raised_at", Time(alert.raised_at)},
                      {"outcome_at_node", sync::Name(alert.outcome_at_node)},
                      {"plans", ToArray(alert.plans)},
                      {"acknowledged_by", TextOrNull(alert.acknowledged_by)},
                      {"acknowledged_at", Time(alert.acknowledged_at)}};
}

json::value ToValue(const std::string& text) { return json::string(text); }

template <typename T>
json::array ToArray(const std::vector<T>& items) {
  json::array array;
  for (const T& item : items) array.push_back(ToValue(item));
  return array;
}

// A link that never was up or down has no time since.
json::value LinkToValue(const NodeStatus& status) {
  json::value since = nullptr;
  if (status.link_since != Instant{}) since = Time(status.link_since);
  return json::object{
      {"state", status.online ? "ONLINE" : "OFFLINE"}, {"since", since}, {"error", TextOrNull(status.link_error)}};
}

json::object EnglandToValue(const NodeStatus& status) {
  json::value rate = nullptr;
  if (status.england_false_positives) rate = *status.england_false_positives;
  return {{"prefixes", status.england_prefixes}, {"false_positive_rate", rate}, {"as_of", Time(status.england_as_of)}};
}

json::value LanToValue(const NodeStatus& status) {
  if (!status.lan) return nullptr;
  return json::object{{"open", status.lan->open}, {"detail", status.lan->detail}, {"certificate_expires", Time(status.lan->expires)}};
}

json::value WipedToValue(const NodeStatus& status) {
  if (!status.wiped) return nullptr;
  return json::object{{"state", status.wiped->under_way ? "UNDER_WAY" : "ERASED"},
                      {"order", status.wiped->order},
                      {"at", Time(status.wiped->at)},
                      {"proof", status.wiped->proof},
                      {"told", status.wiped->told}};
}

}  // namespace

std::string ToJson(const Answer& answer) {
  json::object object{{"nhs_number", answer.nhs_number}, {"outcome", sync::Name(answer.outcome)}};
  if (answer.outcome == Outcome::kCannotSay) object["reason"] = Name(answer.reason);
  object["as_of"] = Time(answer.as_of);
  object["age_seconds"] = Age(answer.as_of, answer.age);
  object["stale"] = answer.stale;
  object["source"] = Name(answer.source);
  object["region"] = ToArray(answer.region);
  object["notification"] = Name(answer.notification);
  object["plans"] = ToArray(answer.plans);
  object["pattern"] = ToValue(answer.pattern);
  object["accesses"] = ToArray(answer.accesses);
  object["advice"] = ToArray(answer.advice);
  if (answer.wait.count() > 0) object["retry_after_seconds"] = answer.wait.count();
  object["resolvable"] = answer.resolvable;
  return json::serialize(object);
}

std::string ToJson(const SessionInfo& session) {
  return json::serialize(json::object{{"token", session.token}, {"expires", Time(session.expires)}});
}

std::string ToJson(const SessionShown& session) {
  return json::serialize(json::object{{"staff", session.staff},
                                      {"duty", sync::Name(session.duty)},
                                      {"right", sync::ActivityCode(session.right)},
                                      {"idle_limit_seconds", session.idle_limit.count()},
                                      {"idle_left_seconds", session.idle_left.count()},
                                      {"shift_left_seconds", session.shift_left.count()}});
}

std::string ToJson(const AttendReply& reply) {
  json::value outcome = nullptr;
  if (reply.outcome) outcome = sync::Name(*reply.outcome);
  return json::serialize(json::object{{"id", reply.id},
                                      {"notification", Name(reply.notification)},
                                      {"occurred_at", Time(reply.occurred_at)},
                                      {"outcome", outcome}});
}

std::string ToJson(const NodeStatus& status) {
  const json::object object{
      {"node", TextOrNull(status.node)},
      {"node_id", TextOrNull(status.node_id)},
      {"trust", TextOrNull(status.trust)},
      {"version", status.version},
      {"enrolled", status.enrolled},
      {"locked", status.locked},
      {"link", LinkToValue(status)},
      {"as_of", Time(status.as_of)},
      {"age_seconds", Age(status.as_of, status.age)},
      {"freshness", Name(status.freshness)},
      {"region", ToArray(status.region)},
      {"england_index", EnglandToValue(status)},
      {"journal", json::object{{"attendances_waiting", status.attendances_waiting},
                               {"audit_waiting", status.audit_waiting},
                               {"quarantined", status.quarantined}}},
      {"lease", json::object{{"expires", Time(status.lease_expires)}}},
      {"key_store", json::object{{"kind", status.key_store_kind}, {"hardware_bound", status.hardware_bound}}},
      {"wiped", WipedToValue(status)},
      {"alerts", status.alerts},
      {"lan", LanToValue(status)}};
  return json::serialize(object);
}

std::string ToJson(const AlertShown& alert) { return json::serialize(ToValue(alert)); }
std::string ToJson(const std::vector<AlertShown>& alerts) { return json::serialize(ToArray(alerts)); }
std::string ToJson(const OutboxItem& item) { return json::serialize(ToValue(item)); }
std::string ToJson(const std::vector<OutboxItem>& items) { return json::serialize(ToArray(items)); }
std::string ToJson(const std::vector<TopicVerdict>& verdicts) { return json::serialize(ToArray(verdicts)); }
std::string ToJson(const std::vector<Finding>& findings) { return json::serialize(ToArray(findings)); }

}  // namespace cpis::edge
