// SPDX-License-Identifier: Apache-2.0
//
// What scripts rely on: exit codes, one line on stderr, the shapes of --json, and daemons that start and stop as promised.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

// One line that holds `quoted`.
bool IsOneLineThatQuotes(const std::string& err, const std::string& quoted) {
  return std::count(err.begin(), err.end(), '\n') == 1 && err.find(quoted) != std::string::npos;
}

Output Plainly(Arguments arguments) {
  arguments[0] = Program(arguments[0]);
  return Run({std::move(arguments), "", {}});
}

void HasKeys(const json::object& object, const Arguments& keys) {
  for (const auto& key : keys) {
    INFO(key);
    CHECK(object.contains(key));
  }
}

}  // namespace

TEST_CASE("a second daemon on a state directory refuses with 78, and the first goes on", "[contract]") {
  Ambulance ambulance;
  const Output edge = Plainly({"cpis-edged", "--state", ambulance.vehicle->state().string(), "--http", "127.0.0.1:0"});
  CHECK(edge.exit_code == 78);
  const Output fleet = Plainly({"cpis-fleetd", "--state", ambulance.fleet.state().string(), "--listen", "127.0.0.1:0",
                                "--enrol-listen", "127.0.0.1:0", "--http", "127.0.0.1:0"});
  CHECK(fleet.exit_code == 78);
  CHECK(ambulance.vehicle->CatchesUp());
}

TEST_CASE("SIGTERM stops both daemons cleanly within five seconds, connected or not", "[contract]") {
  Ambulance ambulance;
  SECTION("connected") {
    CHECK(ambulance.vehicle->Stops() == 0);
    CHECK(ambulance.fleet.Stops() == 0);
  }
  SECTION("the fleet server first") {
    CHECK(ambulance.fleet.Stops() == 0);
    CHECK(ambulance.vehicle->Stops() == 0);
  }
  SECTION("on a link that is held") {
    ambulance.vehicle->link().Hold();
    CHECK(ambulance.vehicle->Stops() == 0);
    CHECK(ambulance.fleet.Stops() == 0);
  }
}

TEST_CASE("a daemon refuses bad configuration with 78 and quotes it", "[contract]") {
  const TemporaryDirectory directory;
  const Path config = directory.path() / "config.toml";
  std::ofstream(config) << "unheard_of = 1\n";
  const std::string program = GENERATE("cpis-edged", "cpis-fleetd");
  CAPTURE(program);
  const std::string state = (directory.path() / "state").string();
  const Output unknown_key = Plainly({program, "--state", state, "--config", config.string()});
  CHECK(unknown_key.exit_code == 78);
  CHECK(unknown_key.err.find("unheard_of") != std::string::npos);
  const Output no_file = Plainly({program, "--state", state, "--config", "/nowhere/config.toml"});
  CHECK(no_file.exit_code == 78);
  CHECK(no_file.err.find("/nowhere/config.toml") != std::string::npos);
}

TEST_CASE("a daemon refuses an address that is none with 78 and quotes it", "[contract]") {
  Ambulance ambulance;
  REQUIRE(ambulance.vehicle->Stops() == 0);
  REQUIRE(ambulance.fleet.Stops() == 0);
  const auto refuses = [](const std::string& program, const Path& state, const std::string& option) {
    const Output refused = Plainly({program, "--state", state.string(), option, "nowhere"});
    CAPTURE(program, option, refused.err);
    CHECK(refused.exit_code == 78);
    CHECK(refused.err.find("\"nowhere\"") != std::string::npos);
  };
  refuses("cpis-edged", ambulance.vehicle->state(), "--http");
  refuses("cpis-edged", ambulance.vehicle->state(), "--key-store");
  for (const std::string option : {"--listen", "--enrol-listen", "--http", "--store", "--key-store"}) {
    refuses("cpis-fleetd", ambulance.fleet.state(), option);
  }
}

TEST_CASE("a fleet server without a fleet says how to make one", "[contract]") {
  const TemporaryDirectory directory;
  const Output output = Plainly({"cpis-fleetd", "--state", directory.path().string(), "--listen", "127.0.0.1:0"});
  CHECK(output.exit_code == 78);
  CHECK(output.err.find("fleet init") != std::string::npos);
}

TEST_CASE("wrong use is 2, and says what would be right", "[contract]") {
  CHECK(Plainly({"cpisctl", "nonsense"}).exit_code == 2);
  CHECK(Plainly({"cpisctl", "node", "lookup"}).exit_code == 2);
  CHECK(Plainly({"cpisctl", "fleet", "node", "add"}).exit_code == 2);
  CHECK(Plainly({"cpisctl", "--help"}).exit_code == 0);

  Ambulance ambulance;
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  for (const std::string number : {"9990000019", "999000001", "abc", "99900000188"}) {
    const Said said = sam.LooksUp(number);
    CHECK(said.exit_code == 2);
    CHECK(IsOneLineThatQuotes(said.error, number));
  }
  const Said no_incident = sam.Attends(Ambulance::Protected(), "");
  CHECK(no_incident.exit_code == 2);
  const Said later = sam.Attends(Ambulance::Protected(), "INC-1", {"--at", "2099-01-01T00:00:00Z"});
  CHECK(later.exit_code == 2);
  CHECK(IsOneLineThatQuotes(later.error, "2099-01-01T00:00:00Z"));
  CHECK(ambulance.vehicle->Waiting() == 0);
  const Output policy = ambulance.fleet.Does({"policy", "set", "unheard_of=1"});
  CHECK(policy.exit_code == 2);
  CHECK(IsOneLineThatQuotes(policy.err, "unheard_of"));
}

TEST_CASE("no daemon and no link are 75: try later", "[contract]") {
  const Output nobody = Plainly({"cpisctl", "node", "status", "--state", "/nowhere"});
  CHECK(nobody.exit_code == 75);
  CHECK(IsOneLineThatQuotes(nobody.err, "/nowhere"));

  Ambulance ambulance;
  const auto second = ambulance.fleet.Delivers("A202");
  const std::string code = ambulance.fleet.IssuesCode("A202", Lancashire().code);
  ambulance.fleet.Stops();
  CHECK(second->Enrols(code).exit_code == 75);
  ambulance.vehicle->LosesLink();
  CHECK(ambulance.vehicle->Does({"sync", "--wait"}).exit_code == 75);  // after the minute that it waits for a link
}

TEST_CASE("status, lists and checks have the shapes that scripts read", "[contract]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  HasKeys(vehicle.Status(), {"node", "trust", "version", "enrolled", "locked", "link", "as_of", "age_seconds", "freshness",
                             "region", "england_index", "journal", "lease", "key_store", "alerts"});
  HasKeys(vehicle.Status().at("journal").as_object(), {"attendances_waiting", "audit_waiting", "quarantined"});
  HasKeys(vehicle.Partition(Lancashire().code), {"code", "name", "rows", "sequence"});
  CHECK(vehicle.Partition(Lancashire().code).at("rows") == 4);
  HasKeys(ambulance.fleet.Status(), {"trust", "name", "version", "epoch", "nodes", "partitions", "attendances", "listen",
                                     "enrol_listen", "codes_outstanding"});

  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  const Said answer = sam.LooksUp(Ambulance::Protected(), {"--incident", "INC-1"});
  HasKeys(answer.json, {"nhs_number", "outcome", "as_of", "age_seconds", "stale", "source", "region", "notification", "plans",
                        "pattern", "accesses", "advice"});
  HasKeys(answer.List("plans")[0].as_object(), {"type", "snomed", "start", "end", "state", "subject", "authority"});
  const json::value attended = vehicle.Does({"attend", Ambulance::Protected(), "--incident", "INC-2"}, "", sam.session()).Json();
  HasKeys(attended.as_object(), {"id", "notification", "occurred_at"});

  REQUIRE(vehicle.CatchesUp());
  const json::array attendances = ambulance.fleet.Attendances();
  REQUIRE(attendances.size() == 2);
  HasKeys(attendances[0].as_object(), {"id", "nhs_number", "occurred_at", "received_at", "node", "staff", "role", "incident",
                                       "outcome_at_node", "outcome_now", "notified"});
  CHECK(vehicle.Does({"outbox", "list"}).exit_code == 0);
  CHECK(vehicle.Does({"outbox", "show", "no-such-id"}).exit_code == 1);
  CHECK(vehicle.Does({"audit", "verify"}).exit_code == 0);
  CHECK(vehicle.Verifies());
  const Output doctor = vehicle.Does({"doctor"});
  for (const std::string check : {"link", "clock", "key_store", "memory", "disk", "data_age", "certificate"}) {
    INFO(check);
    CHECK(doctor.out.find("\"" + check + "\"") != std::string::npos);
  }
  CHECK(ambulance.fleet.Does({"node", "list"}).out.find("A101") != std::string::npos);
  CHECK(ambulance.fleet.Does({"staff", "list"}).out.find(kSam) != std::string::npos);
  CHECK(ambulance.fleet.Does({"policy", "show"}).out.find("england_false_positive_one_in") != std::string::npos);
}

TEST_CASE("state is private to its owner", "[contract]") {
  Ambulance ambulance;
  using std::filesystem::perms;
  for (const Path& state : {ambulance.vehicle->state(), ambulance.fleet.state()}) {
    CHECK((std::filesystem::status(state).permissions() & (perms::group_all | perms::others_all)) == perms::none);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(state)) {
      INFO(entry.path().filename().string());
      CHECK((entry.is_directory() || (entry.status().permissions() & perms::others_all) == perms::none));
    }
  }
}

}  // namespace cpis::e2e
