// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/admin.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "sync/fleet/audit_methods.h"
#include "sync/fleet/fleet.h"
#include "sync/fleet/key_methods.h"
#include "sync/fleet/method_call.h"
#include "sync/fleet/sensitive_numbers.h"

namespace cpis::sync::fleet {
namespace {

namespace json = boost::json;

constexpr std::string_view kVersion = CPIS_VERSION;

json::array Texts(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

Result<json::value> Import(const Call& call) {
  const json::value* release = call.arguments.if_contains("release");
  const ImportOptions options{release != nullptr && release->is_bool() && release->as_bool(), std::nullopt};
  const auto progress = [&](uint64_t done, uint64_t total) {
    if (call.progress) call.progress("number keys", done, total);
  };
  CPIS_ASSIGN(const ImportReport report, call.fleet.import_desk().Import(call.attachment, progress, options));
  json::array records;
  for (const RecordProblem& problem : report.problems) {
    records.push_back({{"code", problem.code}, {"location", problem.location}, {"detail", problem.detail}});
  }
  json::object answer{{"file_id", report.file_id}, {"code", report.code}};
  if (report.renumbered) {
    answer["replaced"] = report.renumbered->replaced;
    answer["erased"] = report.renumbered->erased;
    answer["unknown"] = report.renumbered->unknown;
  } else {
    answer["loaded"] = report.loaded;
    answer["rejected"] = report.rejected;
  }
  answer["records"] = records;
  answer["ack"] = report.acknowledgement.empty() ? json::value(nullptr) : json::value(report.acknowledgement.string());
  if (report.held) {
    answer["held"] = {{"since", Time(report.held->since)}, {"ending", report.held->ending}, {"flags", report.held->flags}};
  }
  if (!report.detail.empty()) answer["detail"] = report.detail;
  return json::value(answer);
}

Result<json::value> Authorities(const Call& call) {
  json::array list;
  CPIS_TRY(call.fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::vector<AuthorityRow> rows, store.records().Authorities());
    CPIS_ASSIGN(const std::vector<HeldFile> held, store.records().HeldFiles());
    const Instant now = store.clock().Now();
    for (const AuthorityRow& row : rows) {
      const auto age = row.last_file_at ? std::chrono::duration_cast<platform::Seconds>(now - *row.last_file_at).count() : 0;
      const auto first = std::find_if(held.begin(), held.end(),
                                      [&](const HeldFile& one) { return one.authority == row.authority.code; });
      const bool any = first != held.end();
      list.push_back({{"code", row.authority.code},
                      {"name", row.authority.name},
                      {"flags", store.publisher().SizeOf(Topic::Rows(row.authority.code))},
                      {"last_file", row.last_file},
                      {"last_file_at", Time(row.last_file_at)},
                      {"age_seconds", age},
                      {"held_since", any ? Time(first->since) : json::value(nullptr)},
                      {"held_file", any ? json::value(first->file_id) : json::value(nullptr)}});
    }
    return Status::Ok();
  }));
  return json::value(list);
}

Result<NhsNumber> TypedNumber(const Call& call) {
  CPIS_ASSIGN(const std::string text, call.Text("nhs_number"));
  return NhsNumber::Parse(text);
}

Result<json::value> AddSensitive(const Call& call) {
  CPIS_ASSIGN(const NhsNumber number, TypedNumber(call));
  CPIS_TRY(MarkSensitive(call.fleet.store(), number));
  return json::value{{"nhs_number", number.digits()}, {"sensitive", true}};
}

Result<json::value> RemoveSensitive(const Call& call) {
  CPIS_ASSIGN(const NhsNumber number, TypedNumber(call));
  CPIS_TRY(UnmarkSensitive(call.fleet.store(), number));
  return json::value{{"nhs_number", number.digits()}, {"sensitive", false}};
}

Result<json::value> ListSensitive(const Call& call) {
  json::array list;
  CPIS_TRY(call.fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(const auto numbers, store.records().SensitiveNumbers());
    for (const auto& one : numbers) list.push_back({{"nhs_number", one.number.digits()}, {"since", Time(one.since)}});
    return Status::Ok();
  }));
  return json::value(list);
}

Result<json::value> AddNode(const Call& call) {
  CPIS_ASSIGN(const std::string name, call.Text("name"));
  CPIS_ASSIGN(const std::vector<std::string> region, call.Texts("region"));
  CPIS_ASSIGN(const NodeAdded added, call.fleet.roll().AddNode(name, region));
  CPIS_TRY(call.fleet.NodesChanged());
  return json::value{{"name", name}, {"node_id", added.id}, {"code", added.code}, {"expires", Time(added.expires)},
                     {"enrol_listen", call.fleet.enrolment_desk().Address()}};
}

Result<json::value> ListNodes(const Call& call) {
  CPIS_ASSIGN(const std::vector<NodeRow> nodes, call.fleet.roll().Nodes());
  std::map<std::string, ErasureRow> erasures;
  CPIS_TRY(call.fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(erasures, store.records().Erasures());
    return Status::Ok();
  }));
  json::array list;
  for (const NodeRow& node : nodes) {
    const auto found = erasures.find(node.id);
    json::value proof = nullptr;
    if (found != erasures.end()) {
      const Erasure& erasure = found->second.erasure;
      proof = {{"order", erasure.order}, {"erased", erasure.erased == Erasure::What::kKeys ? "KEYS" : "KEYS_AND_ROWS"},
               {"at", Time(erasure.erased_at)}, {"received_at", Time(found->second.received_at)}};
    }
    list.push_back({{"name", node.name},
                    {"node_id", node.id},
                    {"region", Texts(node.region)},
                    {"state", node.state},
                    {"enrolled_at", Time(node.enrolled_at)},
                    {"last_seen", Time(call.fleet.hub().LastSeen(node.id))},
                    {"connected", call.fleet.hub().IsConnected(node.id)},
                    {"erasure_proof", proof}});
  }
  return json::value(list);
}

Result<json::value> SetRegion(const Call& call) {
  CPIS_ASSIGN(const std::string name, call.Text("name"));
  CPIS_ASSIGN(const std::vector<std::string> region, call.Texts("region"));
  CPIS_TRY(call.fleet.roll().SetRegion(name, region));
  CPIS_TRY(call.fleet.NodesChanged());
  return json::value{{"name", name}, {"region", Texts(region)}};
}

Result<json::value> Revoke(const Call& call) {
  CPIS_ASSIGN(const std::string name, call.Text("name"));
  CPIS_TRY(call.fleet.roll().Revoke(name));
  CPIS_TRY(call.fleet.NodesChanged());
  return json::value{{"name", name}, {"state", "REVOKED"}};
}

Result<json::value> Wipe(const Call& call) {
  CPIS_ASSIGN(const std::string name, call.Text("name"));
  CPIS_TRY(call.fleet.roll().Wipe(name));
  CPIS_TRY(call.fleet.NodesChanged());
  return json::value{{"name", name}, {"state", "WIPING"}};
}

Result<json::value> AddStaff(const Call& call) {
  Roll::NewStaff staff;
  CPIS_ASSIGN(staff.id, call.Text("id"));
  CPIS_ASSIGN(staff.name, call.Text("name"));
  CPIS_ASSIGN(staff.role, call.Text("role"));
  CPIS_ASSIGN(staff.pin, call.Text("pin"));
  staff.right = call.TextOr("right", "");
  staff.duty = call.TextOr("duty", "");
  const Status put = call.fleet.roll().PutStaff(staff);
  crypto::Wipe(staff.pin);
  CPIS_TRY(put);
  return json::value{{"id", staff.id}};
}

Result<json::value> ListStaff(const Call& call) {
  CPIS_ASSIGN(const std::vector<StaffMember> staff, call.fleet.roll().Staff());
  json::array list;
  for (const StaffMember& member : staff) {
    list.push_back({{"id", member.id},
                    {"name", member.name},
                    {"role", member.role_code},
                    {"right", ActivityCode(member.right)},
                    {"duty", Name(member.duty)},
                    {"disabled", member.disabled}});
  }
  return json::value(list);
}

Result<json::value> DisableStaff(const Call& call) {
  CPIS_ASSIGN(const std::string id, call.Text("id"));
  CPIS_TRY(call.fleet.roll().DisableStaff(id));
  return json::value{{"id", id}, {"disabled", true}};
}

Result<json::value> Attendances(const Call& call) {
  std::optional<Instant> since;
  if (const std::string text = call.TextOr("since", ""); !text.empty()) {
    const auto parsed = platform::ParseRfc3339(text);
    if (!parsed.ok()) return platform::Invalid("\"" + text + "\" is " + parsed.status().message());
    since = *parsed;
  }
  json::array list;
  CPIS_TRY(call.fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::vector<AttendanceRow> rows, store.records().Attendances(since));
    for (const AttendanceRow& row : rows) {
      json::array notified;
      for (const auto& one : row.notified) notified.push_back({{"authority", one.authority}, {"file", one.file}});
      list.push_back({{"id", row.event.id},
                      {"kind", row.event.kind == EntryKind::kAttendance ? "ATTENDED" : "LOOKED"},
                      {"nhs_number", row.event.nhs_number},
                      {"occurred_at", Time(row.event.occurred_at)},
                      {"received_at", Time(row.received_at)},
                      {"node", row.node},
                      {"staff", row.event.staff},
                      {"role", row.role},
                      {"incident", row.event.incident},
                      {"outcome_at_node", Name(row.event.outcome_at_node)},
                      {"outcome_now", Name(row.outcome_now)},
                      {"notified", notified}});
    }
    return Status::Ok();
  }));
  return json::value(list);
}

Result<json::value> Alerts(const Call& call) {
  json::array list;
  CPIS_TRY(call.fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::vector<AlertRow> rows, store.records().Alerts());
    for (const AlertRow& row : rows) {
      list.push_back({{"id", row.id},
                      {"node", row.node},
                      {"nhs_number", row.nhs_number},
                      {"incident", row.incident},
                      {"occurred_at", Time(row.occurred_at)},
                      {"raised_at", Time(row.raised_at)},
                      {"acknowledged_by", row.acknowledged_by.empty() ? json::value(nullptr) : json::value(row.acknowledged_by)},
                      {"acknowledged_at", Time(row.acknowledged_at)},
                      {"open", row.open}});
    }
    return Status::Ok();
  }));
  return json::value(list);
}

Result<json::value> FleetStatus(const Call& call) {
  CPIS_ASSIGN(const std::vector<NodeRow> nodes, call.fleet.roll().Nodes());
  CPIS_ASSIGN(const int codes, call.fleet.roll().CodesOutstanding());
  int enrolled = 0;
  for (const NodeRow& node : nodes) enrolled += node.state == "ENROLLED" ? 1 : 0;
  json::array partitions, holds, refused;
  uint64_t attendances = 0;
  CPIS_TRY(call.fleet.store().Read([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::vector<AuthorityRow> rows, store.records().Authorities());
    for (const AuthorityRow& row : rows) {
      const Topic topic = Topic::Rows(row.authority.code);
      const TopicHead head = store.publisher().HeadOf(topic);
      partitions.push_back({{"code", row.authority.code},
                            {"name", row.authority.name},
                            {"flags", store.publisher().SizeOf(topic)},
                            {"sequence", static_cast<uint64_t>(head.sequence)},
                            {"digest", platform::Hex(head.digest)}});
    }
    CPIS_ASSIGN(attendances, store.records().CountAttendances());
    CPIS_ASSIGN(const std::vector<HeldFile> held, store.records().HeldFiles());
    for (const HeldFile& one : held) {
      holds.push_back({{"authority", one.authority}, {"file_id", one.file_id}, {"since", Time(one.since)},
                       {"ending", one.ending}, {"flags", one.flags}, {"mailbox_file", one.mailbox_file}});
    }
    CPIS_ASSIGN(const std::vector<RefusedMessage> messages, store.records().RefusedMessages());
    for (const RefusedMessage& one : messages) {
      refused.push_back({{"mailbox_file", one.mailbox_file}, {"since", Time(one.since)}, {"reason", one.reason}});
    }
    return Status::Ok();
  }));
  CPIS_ASSIGN(const json::value security, SecurityStatus(call.fleet));
  CPIS_ASSIGN(const json::object epoch, EpochStatus(call.fleet));
  const EnrolmentDesk& desk = call.fleet.enrolment_desk();
  return json::value{{"trust", call.fleet.store().trust().code},
                     {"name", call.fleet.store().trust().name},
                     {"version", kVersion},
                     {"epoch", epoch.at("epoch")},
                     {"came_back_from_backup", epoch.at("came_back_from_backup")},
                     {"root_key_on_server", epoch.at("root_key_on_server")},
                     {"nodes", {{"enrolled", enrolled}, {"connected", call.fleet.hub().Connected()}}},
                     {"partitions", partitions},
                     {"attendances", attendances},
                     {"held", holds.size()},
                     {"holds", holds},
                     {"refused_messages", refused},
                     {"security", security},
                     {"listen", call.fleet.link().Address()},
                     {"enrol_listen", desk.Listening() ? json::value(desk.Address()) : json::value(nullptr)},
                     {"codes_outstanding", codes}};
}

Result<json::value> ShowPolicy(const Call& call) {
  CPIS_ASSIGN(const Policy policy, call.fleet.roll().CurrentPolicy());
  json::object settings;
  for (const auto& [key, value] : policy.Settings()) settings[key] = value;
  return json::value(settings);
}

Result<json::value> SetPolicy(const Call& call) {
  CPIS_ASSIGN(const std::vector<std::string> settings, call.Texts("settings"));
  CPIS_TRY(call.fleet.roll().SetPolicy(settings));
  return ShowPolicy(call);
}

using Method = Result<json::value> (*)(const Call&);

const std::map<std::string_view, Method>& Methods() {
  static const std::map<std::string_view, Method> kMethods{
      {"fleet.import", Import},           {"fleet.authorities", Authorities},  {"fleet.node.add", AddNode},
      {"fleet.node.list", ListNodes},     {"fleet.node.region", SetRegion},    {"fleet.node.revoke", Revoke},
      {"fleet.staff.add", AddStaff},      {"fleet.staff.list", ListStaff},     {"fleet.staff.disable", DisableStaff},
      {"fleet.attendances", Attendances}, {"fleet.status", FleetStatus},       {"fleet.policy.show", ShowPolicy},
      {"fleet.policy.set", SetPolicy},    {"fleet.alerts", Alerts},
      {"fleet.node.wipe", Wipe},
      {"fleet.sensitive.add", AddSensitive},
      {"fleet.sensitive.remove", RemoveSensitive},
      {"fleet.sensitive.list", ListSensitive},
      {"fleet.audit", AskAudit},
      {"fleet.audit.verify", VerifyAudit},
      {"fleet.security", ListSecurity},
      {"fleet.security.acknowledge", AcknowledgeSecurity},
      {"fleet.rotate", BeginEpochByOrder},
      {"fleet.keys.show", ShowKeys},
      {"fleet.keys.propose", ProposeKeySet},
      {"fleet.keys.adopt", AdoptKeySet},
      {"fleet.lan-ca", ShowLanAuthority},
  };
  return kMethods;
}

}  // namespace

LocalHandler AdminMethods(Fleet& fleet) {
  return [&fleet](const LocalCall& call, const LocalProgress& progress) -> Result<std::string> {
    const auto method = Methods().find(call.method);
    if (method == Methods().end()) {
      return platform::Invalid("\"" + call.method + "\" is not known to this cpis-fleetd (is cpisctl of the same version?)");
    }
    boost::system::error_code failed;
    const json::value arguments = json::parse(call.json.empty() ? "{}" : call.json, failed);
    if (failed || !arguments.is_object()) return platform::Invalid("the arguments are not a JSON object");
    CPIS_ASSIGN(const json::value answer, method->second({fleet, arguments.as_object(), call.attachment, progress}));
    return json::serialize(answer);
  };
}

}  // namespace cpis::sync::fleet
