// SPDX-License-Identifier: Apache-2.0
#include "edge/local_methods.h"

#include <array>
#include <boost/json.hpp>

#include "edge/json.h"
#include "edge/lan.h"
#include "edge/place.h"

namespace cpis::edge {
namespace {

namespace json = boost::json;

// A vehicle at a depot gets its first region in seconds; on a bad link enrolment stands and sync goes on by itself.
constexpr int64_t kFirstSyncSeconds = 30;
constexpr int64_t kSyncSeconds = 60;
constexpr int64_t kMaxWaitSeconds = 3600;

// Takes arguments out one by one; the first failure stays, and what is left over at the end is one.
class Arguments {
 public:
  static Result<Arguments> Parse(const std::string& text) {
    json::error_code error;
    json::value value = json::parse(text.empty() ? "{}" : text, error);
    if (error || !value.is_object()) return platform::Invalid("the arguments are not a JSON object");
    return Arguments(std::move(value.as_object()));
  }

  std::string Text(const char* key) {
    const json::value value = Take(key);
    if (value.is_null()) return "";
    if (!value.is_string()) return Fail(key, "a string"), "";
    return std::string(value.as_string());
  }
  // Of a session that began at this machine.
  std::string Token() { return TokenAt("", Text("token")); }
  bool Flag(const char* key) {
    const json::value value = Take(key);
    if (value.is_null()) return false;
    if (!value.is_bool()) return Fail(key, "true or false"), false;
    return value.as_bool();
  }
  int64_t Number(const char* key, int64_t otherwise) {
    const json::value value = Take(key);
    if (value.is_null()) return otherwise;
    if (!value.is_int64() || value.as_int64() < 0 || value.as_int64() > kMaxWaitSeconds) {
      return Fail(key, "a whole number from 0 to 3600"), otherwise;
    }
    return value.as_int64();
  }
  std::optional<Instant> Time(const char* key) {
    if (!object_.contains(key)) return std::nullopt;
    const std::string text = Text(key);
    const Result<Instant> at = platform::ParseRfc3339(text);
    if (at.ok()) return *at;
    if (failure_.ok()) failure_ = platform::Invalid("\"" + text + "\" is " + at.status().message());
    return std::nullopt;
  }
  Status Done() {
    if (!failure_.ok()) return failure_;
    if (object_.empty()) return Status::Ok();
    return platform::Invalid("unknown argument \"" + std::string(object_.begin()->key()) + "\"");
  }

 private:
  explicit Arguments(json::object object) : object_(std::move(object)) {}
  json::value Take(const char* key) {
    const auto found = object_.find(key);
    if (found == object_.end()) return nullptr;
    json::value value = std::move(found->value());
    object_.erase(found);
    return value;
  }
  void Fail(const char* key, const char* wanted) {
    if (failure_.ok()) failure_ = platform::Invalid("argument \"" + std::string(key) + "\" must be " + wanted);
  }

  json::object object_;
  Status failure_;
};

Node::Progress BytesTo(const sync::LocalProgress& progress) {
  return [&progress](uint64_t done, uint64_t total) {
    if (progress) progress("bytes", done, total);
  };
}

Result<std::string> Enrol(Node& node, Arguments& arguments, const sync::LocalProgress& progress) {
  const std::string server = arguments.Text("server");
  const std::string code = arguments.Text("code");
  const int64_t wait = arguments.Number("wait_seconds", kFirstSyncSeconds);
  CPIS_TRY(arguments.Done());
  CPIS_TRY(node.Enrol(server, code));
  // A first sync that is not over yet is no failure of the enrolment: the answer's freshness says how far it got.
  if (wait > 0) (void)node.SyncNow(std::chrono::seconds(wait), BytesTo(progress));
  return ToJson(node.GetStatus());
}

Result<std::string> SignIn(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string staff = arguments.Text("staff");
  const std::string pin = arguments.Text("pin");
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const SessionInfo session, node.SignIn(staff, pin));
  return ToJson(session);
}

Result<std::string> SignOut(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string token = arguments.Token();
  CPIS_TRY(arguments.Done());
  CPIS_TRY(node.SignOut(token));
  return std::string("{}");
}

Result<std::string> Lookup(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string token = arguments.Token();
  const LookupRequest request{arguments.Text("nhs_number"), arguments.Text("incident"), arguments.Flag("silent"),
                              arguments.Flag("local")};
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const Answer answer, node.Lookup(token, request));
  return ToJson(answer);
}

Result<std::string> Resolve(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string token = arguments.Token();
  const LookupRequest request{arguments.Text("nhs_number"), arguments.Text("incident"), arguments.Flag("silent")};
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const Answer answer, node.Resolve(token, request));
  return ToJson(answer);
}

Result<std::string> Attend(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string token = arguments.Token();
  const AttendRequest request{arguments.Text("nhs_number"), arguments.Text("incident"), arguments.Time("at")};
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const AttendReply reply, node.Attend(token, request));
  return ToJson(reply);
}

Result<std::string> ShowAlerts(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string token = arguments.Token();
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const std::vector<AlertShown> alerts, node.Alerts(token));
  return ToJson(alerts);
}

Result<std::string> Acknowledge(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string token = arguments.Token();
  const std::string id = arguments.Text("id");
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const AlertShown alert, node.AcknowledgeAlert(token, id));
  return ToJson(alert);
}

Result<std::string> ShowStatus(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  CPIS_TRY(arguments.Done());
  return ToJson(node.GetStatus());
}

Result<std::string> Sync(Node& node, Arguments& arguments, const sync::LocalProgress& progress) {
  const bool wait = arguments.Flag("wait");
  const int64_t seconds = arguments.Number("wait_seconds", kSyncSeconds);
  CPIS_TRY(arguments.Done());
  CPIS_TRY(node.SyncNow(std::chrono::seconds(wait ? seconds : 0), BytesTo(progress)));
  return ToJson(node.GetStatus());
}

Result<std::string> ListOutbox(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const std::vector<OutboxItem> items, node.ListOutbox());
  return ToJson(items);
}

Result<std::string> ShowOutbox(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string id = arguments.Text("id");
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const OutboxItem item, node.ShowOutbox(id));
  return ToJson(item);
}

Result<std::string> RestoreOutbox(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string id = arguments.Text("id");
  CPIS_TRY(arguments.Done());
  CPIS_TRY(node.RestoreOutbox(id));
  CPIS_ASSIGN(const OutboxItem item, node.ShowOutbox(id));
  return ToJson(item);
}

Result<std::string> Verify(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const bool repair = arguments.Flag("repair");
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const std::vector<TopicVerdict> verdicts, node.Verify(repair));
  return ToJson(verdicts);
}

Result<std::string> VerifyAudit(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const std::string detail, node.VerifyAudit());
  return json::serialize(json::object{{"good", true}, {"detail", detail}});
}

Result<std::string> Wipe(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const bool yes = arguments.Flag("yes");
  CPIS_TRY(arguments.Done());
  if (!yes) return platform::Invalid("wiping erases this vehicle's keys and rows for good (to do it: cpisctl node wipe --yes)");
  CPIS_TRY(node.Wipe());
  return ToJson(node.GetStatus());
}

Result<std::string> Doctor(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  CPIS_TRY(arguments.Done());
  return ToJson(node.Doctor());
}

Lan& LanOf(Node& node) { return *node.lan(); }  // HandleLocal has seen that there is one

Result<std::string> AddTablet(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string name = arguments.Text("name");
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const PairingCode code, LanOf(node).AddTablet(name));
  return json::serialize(json::object{{"name", code.name}, {"code", code.code}, {"expires", platform::Rfc3339(code.expires)}});
}

Result<std::string> ListTablets(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  CPIS_TRY(arguments.Done());
  CPIS_ASSIGN(const std::vector<TabletShown> tablets, LanOf(node).Tablets());
  json::array list;
  for (const TabletShown& tablet : tablets) {
    list.push_back({{"name", tablet.name}, {"id", tablet.id}, {"paired_at", platform::Rfc3339(tablet.paired_at)}});
  }
  return json::serialize(list);
}

Result<std::string> RemoveTablet(Node& node, Arguments& arguments, const sync::LocalProgress&) {
  const std::string name = arguments.Text("name");
  CPIS_TRY(arguments.Done());
  CPIS_TRY(LanOf(node).RemoveTablet(name));
  return std::string("{}");
}

struct Method {
  std::string_view name;
  Result<std::string> (*run)(Node&, Arguments&, const sync::LocalProgress&);
};
constexpr std::array kMethods{
    Method{"node.enrol", Enrol},
    Method{"node.sign-in", SignIn},
    Method{"node.sign-out", SignOut},
    Method{"node.lookup", Lookup},
    Method{"node.resolve", Resolve},
    Method{"node.attend", Attend},
    Method{"node.alerts", ShowAlerts},
    Method{"node.alerts.acknowledge", Acknowledge},
    Method{"node.status", ShowStatus},
    Method{"node.sync", Sync},
    Method{"node.outbox.list", ListOutbox},
    Method{"node.outbox.show", ShowOutbox},
    Method{"node.outbox.restore", RestoreOutbox},
    Method{"node.verify", Verify},
    Method{"node.audit.verify", VerifyAudit},
    Method{"node.doctor", Doctor},
    Method{"node.wipe", Wipe},
    Method{"node.tablet.add", AddTablet},
    Method{"node.tablet.list", ListTablets},
    Method{"node.tablet.remove", RemoveTablet},
};

}  // namespace

Result<std::string> HandleLocal(Node& node, const sync::LocalCall& call, const sync::LocalProgress& progress) {
  for (const Method& method : kMethods) {
    if (method.name != call.method) continue;
    if (call.method.starts_with("node.tablet.") && node.lan() == nullptr) return platform::Denied("this node serves no LAN");
    CPIS_ASSIGN(Arguments arguments, Arguments::Parse(call.json));
    return method.run(node, arguments, progress);
  }
  return platform::Invalid("this node has no method \"" + call.method + "\" (is cpisctl of the same version?)");
}

}  // namespace cpis::edge
