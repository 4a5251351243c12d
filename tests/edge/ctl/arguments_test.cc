// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/arguments.h"

#include <catch2/catch.hpp>

namespace cpis::edge::ctl {
namespace {

Command Good(const std::vector<std::string>& words) {
  Parsed parsed = ParseArguments(words);
  INFO(parsed.text);
  REQUIRE(parsed.command.has_value());
  return *parsed.command;
}

std::string ArgumentsOf(const std::vector<std::string>& words) { return boost::json::serialize(Good(words).arguments); }

}  // namespace

TEST_CASE("--state and --json may stand before, between and after the words") {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"--state", "/s", "--json", "node", "lookup", "9990000018"},
                                             {"node", "--state", "/s", "--json", "lookup", "9990000018"},
                                             {"node", "lookup", "9990000018", "--state", "/s", "--json"},
                                             {"node", "lookup", "--json", "--state=/s", "9990000018"}}) {
    const Command command = Good(words);
    CHECK(command.method == "node.lookup");
    CHECK(command.state == "/s");
    CHECK(command.Socket() == "/s/edged.sock");
    CHECK(command.json);
    CHECK(boost::json::serialize(command.arguments) == R"({"nhs_number":"9990000018"})");
  }
  const Command deep = Good({"fleet", "node", "add", "amb-1", "--region", "E1,E2", "--state", "/f", "--json"});
  CHECK(deep.Socket() == "/f/fleetd.sock");
  CHECK(deep.json);
}

TEST_CASE("each daemon has its own default directory") {
  CHECK(Good({"node", "status"}).state == "/var/lib/cpis-edge");
  CHECK(Good({"fleet", "status"}).state == "/var/lib/cpis-fleet");
}

TEST_CASE("an auditor asks by number, person, vehicle or time, and walks the record") {
  const Command asked = Good({"fleet", "audit", "9990000018", "--since", "2026-11-22T00:00:00Z", "--json"});
  CHECK(asked.method == "fleet.audit");
  CHECK(boost::json::serialize(asked.arguments) == R"({"nhs_number":"9990000018","since":"2026-11-22T00:00:00Z"})");
  CHECK(ArgumentsOf({"fleet", "audit", "--number", "9990000018"}) == R"({"nhs_number":"9990000018"})");
  const Command person = Good({"fleet", "audit", "--staff", "crew1", "--node", "A101", "--auditor", "aud1", "--pin-stdin"});
  CHECK(boost::json::serialize(person.arguments) == R"({"staff":"crew1","node":"A101","auditor":"aud1"})");
  CHECK(person.pin_from_stdin);
  CHECK(Good({"fleet", "audit", "verify", "--state", "/f"}).method == "fleet.audit.verify");
  CHECK(Good({"fleet", "audit", "verify"}).arguments.empty());
  CHECK(Good({"fleet", "security"}).method == "fleet.security");
  CHECK(Good({"fleet", "security", "list", "--json"}).method == "fleet.security");
  CHECK(Good({"fleet", "security", "acknowledge", "3"}).method == "fleet.security.acknowledge");
  CHECK(ArgumentsOf({"fleet", "security", "acknowledge", "3"}) == R"({"id":"3"})");
}

TEST_CASE("every command of the node calls its method") {
  CHECK(ArgumentsOf({"node", "enrol", "--server", "h:7444", "--code", "AB-CD"}) ==
        R"({"server":"h:7444","code":"AB-CD"})");
  CHECK(ArgumentsOf({"node", "lookup", "999 000 0018", "--incident", "I", "--silent"}) ==
        R"({"nhs_number":"999 000 0018","incident":"I","silent":true})");
  CHECK(ArgumentsOf({"node", "attend", "9990000018", "--incident", "I", "--at", "2026-11-22T02:15:00Z"}) ==
        R"({"nhs_number":"9990000018","incident":"I","at":"2026-11-22T02:15:00Z"})");
  CHECK(Good({"node", "sign-in", "--staff", "crew1", "--pin-stdin"}).pin_from_stdin);
  CHECK(Good({"node", "sign-out", "--session", "t"}).session == "t");
  CHECK(Good({"node", "--session", "t", "sign-out"}).method == "node.sign-out");
  CHECK(ArgumentsOf({"node", "sync", "--wait"}) == R"({"wait":true})");
  CHECK(Good({"node", "outbox"}).method == "node.outbox.list");
  CHECK(Good({"node", "outbox", "list"}).method == "node.outbox.list");
  CHECK(Good({"node", "outbox", "show", "0193"}).method == "node.outbox.show");
  CHECK(ArgumentsOf({"node", "outbox", "restore", "0193"}) == R"({"id":"0193"})");
  CHECK(ArgumentsOf({"node", "verify", "--repair"}) == R"({"repair":true})");
  CHECK(Good({"node", "audit", "verify"}).method == "node.audit.verify");
  CHECK(Good({"node", "doctor"}).method == "node.doctor");
  CHECK(Good({"node", "alerts"}).method == "node.alerts");
  CHECK(Good({"node", "alerts", "--acknowledge", "a-1"}).method == "node.alerts.acknowledge");
  CHECK(ArgumentsOf({"node", "alerts", "--acknowledge", "a-1"}) == R"({"id":"a-1"})");
}

TEST_CASE("every command of the fleet calls its method") {
  CHECK(ArgumentsOf({"fleet", "init", "--trust", "RX7", "--name", "North West"}) ==
        R"({"trust":"RX7","name":"North West"})");
  CHECK(ArgumentsOf({"fleet", "init", "--trust", "RX7", "--name", "N", "--key-store", "tpm2"}) ==
        R"({"trust":"RX7","name":"N","key_store":"tpm2"})");
  const Command import = Good({"fleet", "import", "a.xml", "b.xml", "--release"});
  CHECK(import.files == std::vector<std::string>{"a.xml", "b.xml"});
  CHECK(boost::json::serialize(import.arguments) == R"({"release":true})");
  CHECK(Good({"fleet", "authorities"}).method == "fleet.authorities");
  CHECK(ArgumentsOf({"fleet", "node", "add", "amb-1", "--region", "E1,E2"}) ==
        R"({"name":"amb-1","region":["E1","E2"]})");
  CHECK(Good({"fleet", "node", "list"}).method == "fleet.node.list");
  CHECK(ArgumentsOf({"fleet", "node", "region", "amb-1", "--set", "E1"}) == R"({"name":"amb-1","region":["E1"]})");
  CHECK(Good({"fleet", "node", "revoke", "amb-1"}).method == "fleet.node.revoke");
  CHECK(Good({"fleet", "node", "wipe", "amb-1"}).method == "fleet.node.wipe");
  CHECK_FALSE(Good({"node", "wipe"}).arguments.contains("yes"));
  CHECK(Good({"node", "wipe", "--yes"}).arguments.at("yes").as_bool());
  CHECK(ArgumentsOf({"fleet", "staff", "add", "--id", "c1", "--name", "Ms Sam Crew", "--role", "R1070", "--right",
                     "B0170", "--pin-stdin"}) == R"({"id":"c1","name":"Ms Sam Crew","role":"R1070","right":"B0170"})");
  CHECK(ArgumentsOf({"fleet", "staff", "add", "--id", "c1", "--name", "A", "--role", "R1070", "--duty", "event-only", "--pin-stdin"}) ==
        R"({"id":"c1","name":"A","role":"R1070","duty":"event-only"})");
  CHECK(Good({"fleet", "staff", "list"}).method == "fleet.staff.list");
  CHECK(ArgumentsOf({"fleet", "staff", "disable", "c1"}) == R"({"id":"c1"})");
  CHECK(ArgumentsOf({"fleet", "attendances", "--since", "2026-11-22T00:00:00Z"}) ==
        R"({"since":"2026-11-22T00:00:00Z"})");
  CHECK(Good({"fleet", "alerts"}).method == "fleet.alerts");
  CHECK(Good({"fleet", "sensitive", "list"}).method == "fleet.sensitive.list");
  CHECK(Good({"fleet", "sensitive", "remove", "9990000018"}).method == "fleet.sensitive.remove");
  CHECK(ArgumentsOf({"fleet", "sensitive", "add", "999 000 0018"}) == R"({"nhs_number":"999 000 0018"})");
  CHECK(Good({"fleet", "rotate"}).method == "fleet.rotate");
  CHECK(Good({"fleet", "policy", "show"}).method == "fleet.policy.show");
  CHECK(ArgumentsOf({"fleet", "policy", "set", "a=1", "b=2"}) == R"({"settings":["a=1","b=2"]})");
}

TEST_CASE("a wrong command line is one line that says where the right one is described") {
  for (const auto& words : std::vector<std::vector<std::string>>{{},
                                                                 {"node"},
                                                                 {"vehicle"},
                                                                 {"node", "lookup"},
                                                                 {"node", "attend", "9990000018"},
                                                                 {"node", "status", "--frobnicate"},
                                                                 {"node", "status", "extra"},
                                                                 {"node", "alerts", "--acknowledge"},
                                                                 {"fleet", "policy", "set"},
                                                                 {"fleet", "node", "add", "amb-1"}}) {
    const Parsed parsed = ParseArguments(words);
    CHECK_FALSE(parsed.command.has_value());
    CHECK(parsed.exit_code == 2);
    CHECK(parsed.text.find('\n') == std::string::npos);
    CHECK(parsed.text.find("--help)") != std::string::npos);
  }
  CHECK(ParseArguments({"node", "status", "--frobnicate"}).text.find("--frobnicate") != std::string::npos);
  CHECK(ParseArguments({"node", "attend", "9990000018"}).text.find("(see cpisctl node attend --help)") !=
        std::string::npos);
}

TEST_CASE("help is no error and is about the command it was asked of") {
  const Parsed parsed = ParseArguments({"node", "lookup", "--help"});
  CHECK_FALSE(parsed.command.has_value());
  CHECK(parsed.exit_code == 0);
  CHECK(parsed.text.find("--silent") != std::string::npos);
}

}  // namespace cpis::edge::ctl
