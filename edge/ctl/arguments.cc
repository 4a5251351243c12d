// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/arguments.h"

#include <CLI/CLI.hpp>

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

// What CLI11 writes into while it parses.
struct Typed {
  Command command;
  std::string state;
};

json::array Split(const std::string& text) {
  json::array parts;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    if (comma > begin) parts.emplace_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

// One command with the method it calls. Options write straight into the arguments.
class Verb {
 public:
  Verb(CLI::App* group, Typed& typed, const std::string& words, const std::string& method, const std::string& about)
      : typed_(typed), app_(group->add_subcommand(words, about)) {
    app_->callback([&typed, method] { typed.command.method = method; });
  }

  Verb& Text(const std::string& flag, const std::string& key, const std::string& about, bool required) {
    auto option = app_->add_option_function<std::string>(
        flag, [&arguments = typed_.command.arguments, key](const std::string& value) { arguments[key] = value; },
        about);
    option->required(required);
    return *this;
  }
  Verb& List(const std::string& flag, const std::string& key, const std::string& about) {
    auto option = app_->add_option_function<std::string>(
        flag, [&arguments = typed_.command.arguments, key](const std::string& value) { arguments[key] = Split(value); },
        about);
    option->required();
    return *this;
  }
  Verb& Many(const std::string& flag, const std::string& key, const std::string& about) {
    auto option = app_->add_option_function<std::vector<std::string>>(
        flag,
        [&arguments = typed_.command.arguments, key](const std::vector<std::string>& values) {
          arguments[key] = json::array(values.begin(), values.end());
        },
        about);
    option->required();
    return *this;
  }
  Verb& Flag(const std::string& flag, const std::string& key, const std::string& about) {
    app_->add_flag_callback(
        flag, [&arguments = typed_.command.arguments, key] { arguments[key] = true; }, about);
    return *this;
  }
  Verb& Pin() {
    app_->add_flag("--pin-stdin", typed_.command.pin_from_stdin, "read the PIN from the first line of stdin");
    return *this;
  }
  Verb& Files() {
    app_->add_option("FILE", typed_.command.files,
                     "national messages: uploads (REPC_MT000002GB01), inactive numbers (REPC_MT000005GB01)")
        ->required();
    return *this;
  }

 private:
  Typed& typed_;
  CLI::App* app_;
};

CLI::App* Group(CLI::App* parent, const std::string& word, const std::string& about) {
  CLI::App* group = parent->add_subcommand(word, about);
  group->require_subcommand(1);
  return group;
}

// A word that is a question by itself, or followed by one of its verbs.
CLI::App* GroupOrVerb(CLI::App* parent, Typed& typed, const std::string& words, const std::string& method, const std::string& about) {
  CLI::App* group = parent->add_subcommand(words, about)->require_subcommand(0, 1);
  group->callback([&typed, method] {
    if (typed.command.method.empty()) typed.command.method = method;
  });
  return group;
}

// An auditor's questions, and what the server noticed by itself.
void DefineAudit(CLI::App* fleet, Typed& typed) {
  CLI::App* audit = GroupOrVerb(fleet, typed, "audit", "fleet.audit", "who looked up a number, or what a person looked up");
  const auto text = [&](const char* flag, const char* key, const char* about) {
    audit->add_option_function<std::string>(
        flag, [&arguments = typed.command.arguments, key](const std::string& value) { arguments[key] = value; }, about);
  };
  text("NUMBER,--number", "nhs_number", "NHS number");
  text("--staff", "staff", "staff id");
  text("--node", "node", "name of a vehicle");
  text("--since", "since", "only from this time on, like 2026-11-22T00:00:00Z");
  text("--auditor", "auditor", "your staff id; needed once the fleet has an auditor; asks for the PIN");
  audit->add_flag("--pin-stdin", typed.command.pin_from_stdin, "read the PIN from the first line of stdin");
  Verb(audit, typed, "verify", "fleet.audit.verify", "walk the audit in fleet.db: was it changed since it came?");

  CLI::App* security =
      GroupOrVerb(fleet, typed, "security", "fleet.security", "what the server noticed: changed or copied vehicles, wrong PINs");
  Verb(security, typed, "list", "fleet.security", "every event, newest first");
  Verb(security, typed, "acknowledge", "fleet.security.acknowledge", "somebody has looked into it")
      .Text("ID", "id", "of the event", true);
}

void DefineFleet(CLI::App& app, Typed& typed) {
  CLI::App* fleet = Group(&app, "fleet", "the fleet server");
  Verb(fleet, typed, "init", "fleet.init", "make the state directory of a new fleet")
      .Text("--trust", "trust", "ODS code of the ambulance trust", true)
      .Text("--name", "name", "its name", true)
      .Text("--key-store", "key_store", "where its keys rest: auto (default), tpm2, systemd-creds, passphrase-file:PATH or plain", false);
  Verb(fleet, typed, "import", "fleet.import", "load authority files")
      .Files()
      .Flag("--release", "release", "let a held file through");
  Verb(fleet, typed, "authorities", "fleet.authorities", "what is held of each authority");
  Verb(fleet, typed, "attendances", "fleet.attendances", "what the vehicles reported")
      .Text("--since", "since", "only from this time on, like 2026-11-22T00:00:00Z", false);
  Verb(fleet, typed, "alerts", "fleet.alerts", "late alerts: what turned out after a crew had looked, and who has read it");
  Verb(fleet, typed, "lan-ca", "fleet.lan-ca", "the certificate for tablets to trust, so that they know their vehicle on its LAN");
  Verb(fleet, typed, "status", "fleet.status", "how the fleet server is");
  Verb(fleet, typed, "rotate", "fleet.rotate", "begin a new key epoch")
      .Flag("--restored", "restored", "the server was put back from a backup")
      .Text("--past", "past", "and leave this epoch behind too", false);

  CLI::App* keys = Group(fleet, "keys", "the keys that sign for the fleet, and its box");
  Verb(keys, typed, "show", "fleet.keys.show", "versions, fingerprints and ages");
  Verb(keys, typed, "rotate", "fleet.keys.rotate", "replace a key: content, freshness, policy, box or root")
      .Text("KEY", "key", "which", true)
      .Text("--root", "root_file", "file with the root's secret key; it is read here and sent nowhere", true)
      .Text("--new-root", "new_root_file", "for root: where to write its new secret key", false);

  CLI::App* node = Group(fleet, "node", "vehicles");
  Verb(node, typed, "add", "fleet.node.add", "print a one-time enrolment code")
      .Text("NAME", "name", "name of the vehicle", true)
      .List("--region", "region", "authority codes, CODE[,CODE…]");
  Verb(node, typed, "list", "fleet.node.list", "every vehicle");
  Verb(node, typed, "region", "fleet.node.region", "change what a vehicle holds")
      .Text("NAME", "name", "name of the vehicle", true)
      .List("--set", "region", "authority codes, CODE[,CODE…]");
  Verb(node, typed, "revoke", "fleet.node.revoke", "take a vehicle out of the fleet: it is listened to no more, and erased on contact")
      .Text("NAME", "name", "name of the vehicle", true);
  Verb(node, typed, "wipe", "fleet.node.wipe", "have a vehicle forward what waits, erase itself and prove it")
      .Text("NAME", "name", "name of the vehicle", true);

  CLI::App* staff = Group(fleet, "staff", "people who may sign in");
  Verb(staff, typed, "add", "fleet.staff.add", "add a person; asks for the PIN")
      .Text("--id", "id", "identifier to sign in with", true)
      .Text("--name", "name", "name as histories show it", true)
      .Text("--role", "role", "national job role code, like R1070", true)
      .Text("--right", "right", "B0107: looks notify (default); B0170: looks never do", false)
      .Text("--duty", "duty", "clinician (default), event-only, engineer or auditor", false)
      .Pin();
  Verb(staff, typed, "list", "fleet.staff.list", "everybody");
  Verb(staff, typed, "disable", "fleet.staff.disable", "stop a person from signing in")
      .Text("ID", "id", "their identifier", true);

  CLI::App* sensitive = Group(fleet, "sensitive", "people whose record never leaves the server");
  Verb(sensitive, typed, "add", "fleet.sensitive.add", "vehicles are told that the record is withheld")
      .Text("NUMBER", "nhs_number", "NHS number", true);
  Verb(sensitive, typed, "remove", "fleet.sensitive.remove", "vehicles hold the record again")
      .Text("NUMBER", "nhs_number", "NHS number", true);
  Verb(sensitive, typed, "list", "fleet.sensitive.list", "every number that is marked");

  DefineAudit(fleet, typed);
  CLI::App* acts = GroupOrVerb(fleet, typed, "acts", "fleet.acts", "what people did at this server, as recorded");
  acts->add_option_function<std::string>(
      "--since", [&typed](const std::string& time) { typed.command.arguments["since"] = time; }, "only from this time on");
  Verb(acts, typed, "verify", "fleet.acts.verify", "walk the record: was it changed, or cut short?");

  CLI::App* policy = Group(fleet, "policy", "limits for the whole fleet");
  Verb(policy, typed, "show", "fleet.policy.show", "every setting");
  Verb(policy, typed, "set", "fleet.policy.set", "change settings")
      .Many("SETTING", "settings", "KEY=VALUE, one or more");
}

void DefineNode(CLI::App& app, Typed& typed) {
  CLI::App* node = Group(&app, "node", "the node in this vehicle");
  node->add_option("--session", typed.command.session, "session token (or CPIS_SESSION)");
  Verb(node, typed, "enrol", "node.enrol", "join a fleet")
      .Text("--server", "server", "HOST:PORT of the fleet server's enrolment listener", true)
      .Text("--code", "code", "as `fleet node add` printed it", true);
  Verb(node, typed, "sign-in", "node.sign-in", "begin a session; asks for the PIN")
      .Text("--staff", "staff", "your identifier", true)
      .Pin();
  Verb(node, typed, "sign-out", "node.sign-out", "end the session");
  Verb(node, typed, "lookup", "node.lookup", "is this person on a plan?")
      .Text("NUMBER", "nhs_number", "NHS number", true)
      .Text("--incident", "incident", "incident reference", false)
      .Flag("--silent", "silent", "scheduled care: notify nobody")
      .Flag("--local", "local", "what this vehicle knows: never ask the fleet server");
  Verb(node, typed, "attend", "node.attend", "record that a crew attended this person")
      .Text("NUMBER", "nhs_number", "NHS number", true)
      .Text("--incident", "incident", "incident reference", true)
      .Text("--at", "at", "when, like 2026-11-22T02:15:00Z (now when absent)", false);
  CLI::App* alerts = node->add_subcommand("alerts", "children found to be on a plan after somebody here had looked");
  alerts->add_option_function<std::string>(
      "--acknowledge", [&typed](const std::string& id) { typed.command.arguments["id"] = id; }, "id of an alert that you have read");
  alerts->callback([&typed] {
    typed.command.method = typed.command.arguments.contains("id") ? "node.alerts.acknowledge" : "node.alerts";
  });
  Verb(node, typed, "status", "node.status", "how the node is");
  Verb(node, typed, "wipe", "node.wipe", "erase keys and rows of this vehicle; what it queued stays, sealed to the fleet server")
      .Flag("--yes", "yes", "do it: only a new enrolment code brings this vehicle back");
  Verb(node, typed, "sync", "node.sync", "try the link now")
      .Flag("--wait", "wait", "wait until everything is exchanged");
  Verb(node, typed, "verify", "node.verify", "compare the rows on disk with what was signed")
      .Flag("--repair", "repair", "fetch again what does not match");
  Verb(node, typed, "doctor", "node.doctor", "what is wrong, and what to do about it");

  CLI::App* tablet = GroupOrVerb(node, typed, "tablet", "node.tablet.list", "tablets and applications on the vehicle's LAN");
  Verb(tablet, typed, "list", "node.tablet.list", "those that may come in");
  Verb(tablet, typed, "add", "node.tablet.add", "print a one-time code that lets one more in")
      .Text("NAME", "name", "what to call it, like \"saloon\"", true);
  Verb(tablet, typed, "remove", "node.tablet.remove", "let it in no more, and end the sessions that began there")
      .Text("NAME", "name", "as in the list", true);

  CLI::App* outbox = GroupOrVerb(node, typed, "outbox", "node.outbox.list", "what waits for the fleet server");
  Verb(outbox, typed, "list", "node.outbox.list", "everything that waits");
  Verb(outbox, typed, "show", "node.outbox.show", "one entry, also after its receipt")
      .Text("ID", "id", "of the entry", true);
  Verb(outbox, typed, "restore", "node.outbox.restore", "let a quarantined entry wait again")
      .Text("ID", "id", "of the entry", true);
  Verb(Group(node, "audit", "the audit chain"), typed, "verify", "node.audit.verify", "check every link of the chain");
}

const CLI::App* Deepest(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

// CLI11's message, as one line of ours that says where the right form is described.
std::string UsageError(const CLI::Error& error, const CLI::App* app) {
  std::string message = error.what();
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  std::string place;
  for (const CLI::App* at = Deepest(app); at; at = at->get_parent()) {
    place = at->get_name() + (place.empty() ? "" : " ") + place;
  }
  return message + " (see " + place + " --help)";
}

}  // namespace

Parsed ParseArguments(const std::vector<std::string>& words) {
  CLI::App app{"Command line for the CP-IS fleet server and the nodes in its vehicles.", "cpisctl"};
  Typed typed;
  app.set_version_flag("--version", std::string("cpisctl ") + CPIS_VERSION);
  app.fallthrough();  // inherited: --state and --json may stand after the words too
  app.require_subcommand(1);
  app.add_option("--state", typed.state, "state directory of the daemon (/var/lib/cpis-edge, /var/lib/cpis-fleet)");
  app.add_flag("--json", typed.command.json, "print the daemon's JSON");
  DefineFleet(app, typed);
  DefineNode(app, typed);

  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them last first
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, 0, Deepest(&app)->help()};
  } catch (const CLI::CallForVersion&) {
    return {std::nullopt, 0, std::string("cpisctl ") + CPIS_VERSION + "\n"};
  } catch (const CLI::Error& error) {
    return {std::nullopt, 2, UsageError(error, &app)};
  }
  Command command = std::move(typed.command);
  command.state = typed.state;
  if (typed.state.empty()) command.state = command.ForFleet() ? "/var/lib/cpis-fleet" : "/var/lib/cpis-edge";
  return {std::move(command), 0, ""};
}

}  // namespace cpis::edge::ctl
