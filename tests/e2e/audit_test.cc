// SPDX-License-Identifier: Apache-2.0
//
// What the fleet server notices of vehicles whose disk was changed, put back or copied, who looked, and a disk that is full.
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <random>

#include "platform/sqlite.h"
#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"
#include "tests/platform/small_disk.h"

namespace cpis::e2e {
namespace {

// The disk of a vehicle that does not run.
void CopyDisk(const Path& from, const Path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    if (entry.is_regular_file() || entry.is_directory()) {
      std::filesystem::copy(entry.path(), to / entry.path().filename(), std::filesystem::copy_options::recursive);
    }
  }
}

void Tamper(const Path& file, std::string_view sql) {
  auto database = platform::Database::Open(file);
  REQUIRE(database.ok());
  REQUIRE(database->Run(sql).ok());
}

struct Watched : Ambulance {
  bool Noticed(const std::string& kind) const {
    const json::array events = fleet.Does({"security"}).Json().as_array();
    for (const auto& event : events) {
      if (event.at("kind").as_string() == kind) return true;
    }
    return false;
  }
  bool NoticesSoon(const std::string& kind) const {
    return Eventually([&] { return Noticed(kind); });
  }
  int64_t NoticedEver() const { return fleet.Status().at("security").at("total").to_number<int64_t>(); }
  std::string StateOfVehicle() const { return Text(fleet.Does({"node", "list"}).Json().as_array().at(0).at("state")); }
  bool Arrives(const std::string& incident) const {
    return Eventually([&] { return fleet.AttendancesOf(incident).size() == 1; });
  }
  bool RecordIsWhole() const { return fleet.Does({"audit", "verify"}).exit_code == 0; }
};

}  // namespace

TEST_CASE("two vehicles from one disk are noticed at their next contact and revoked, and no acknowledged attendance is lost", "[audit]") {
  Watched w;
  Vehicle& vehicle = *w.vehicle;
  REQUIRE(w.NoticedEver() == 0);
  REQUIRE(vehicle.Stops() == 0);
  Vehicle clone(w.fleet, "A101-clone", std::make_unique<Relay>([] { return uint16_t{0}; }));
  CopyDisk(vehicle.state(), clone.state());
  vehicle.LosesLink();  // the clone's too: it dials where its image says
  vehicle.Starts();
  clone.Starts();
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  const Crew thief = clone.SignsIn(kSam, kSamsPin);
  REQUIRE(sam.Attends(Ambulance::Protected(), "INC-1").exit_code == 0);
  REQUIRE(thief.Attends(Ambulance::LookedAfter(), "INC-2").exit_code == 0);
  REQUIRE(sam.Attends(Ambulance::LookedAfter(), "INC-3").exit_code == 0);
  vehicle.FindsLink();

  CHECK(w.NoticesSoon("OLD_IMAGE_OR_CLONE"));
  CHECK(Eventually([&] { return w.StateOfVehicle() == "REVOKED"; }));
  for (const char* incident : {"INC-1", "INC-2", "INC-3"}) CHECK(w.Arrives(incident));
  CHECK(Eventually([&] { return sam.LooksUp(Ambulance::Protected()).exit_code != 0; }));  // keys are gone
  CHECK(w.RecordIsWhole());
  const json::object security = w.fleet.Status().at("security").as_object();
  CHECK(security.at("open").to_number<int64_t>() == 1);
  const std::string id = Text(security.at("latest").as_array().at(0).at("id"));
  REQUIRE(w.fleet.Does({"security", "acknowledge", id}).exit_code == 0);
}

TEST_CASE("two vehicles from one disk are noticed though nobody does anything in either", "[audit]") {
  Watched w;
  Vehicle& vehicle = *w.vehicle;
  REQUIRE(vehicle.Stops() == 0);
  Vehicle clone(w.fleet, "A101-clone", std::make_unique<Relay>([] { return uint16_t{0}; }));
  CopyDisk(vehicle.state(), clone.state());
  clone.Starts();
  REQUIRE(clone.CatchesUp());
  CHECK(w.NoticedEver() == 0);  // one of them is as good as the other
  vehicle.Starts();
  CHECK(w.NoticesSoon("OLD_IMAGE_OR_CLONE"));
  const HttpReply metrics = Ask(Text(w.fleet.daemon().ready().at("http")), {"GET", "/metrics", {}, {}});
  CHECK(metrics.body.find("cpis_fleet_security_events_open 1\n") != std::string::npos);
  CHECK(metrics.body.find("cpis_fleet_security_events_total 1\n") != std::string::npos);
}

TEST_CASE("a disk put back from an old image is noticed at the next contact, and what it brings is kept", "[audit]") {
  Watched w;
  Vehicle& vehicle = *w.vehicle;
  w.fleet.Sets("on_clone=re-enrol");
  REQUIRE(vehicle.Stops() == 0);
  const Path image = w.fleet.directory() / "image";
  CopyDisk(vehicle.state(), image);
  vehicle.Starts();
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  REQUIRE(sam.Attends(Ambulance::Protected(), "INC-1").exit_code == 0);
  REQUIRE(vehicle.CatchesUp());
  REQUIRE(vehicle.Stops() == 0);
  CopyDisk(image, vehicle.state());
  vehicle.LosesLink();
  vehicle.Starts();
  REQUIRE(vehicle.SignsIn(kSam, kSamsPin).Attends(Ambulance::Protected(), "INC-2").exit_code == 0);
  CHECK(w.NoticedEver() == 0);
  vehicle.FindsLink();
  CHECK(w.NoticesSoon("OLD_IMAGE_OR_CLONE"));
  CHECK(w.Arrives("INC-1"));
  CHECK(w.Arrives("INC-2"));
  CHECK(w.fleet.Does({"node", "add", "A101", "--region", Lancashire().code}).exit_code == 0);  // the name is free
  CHECK(w.RecordIsWhole());
}

TEST_CASE("an audit that is changed on a vehicle's disk is noticed there and on the server, and revokes nobody", "[audit]") {
  struct Fault {
    const char* sql;
    const char* kind;
  };
  const Fault fault = GENERATE(Fault{"DELETE FROM entries WHERE seq = (SELECT max(seq) - 1 FROM entries WHERE kind = 2)", "AUDIT_GAP"},
                               Fault{"DELETE FROM meta WHERE key = 'audit.head'", "AUDIT_TRUNCATED"});
  Watched w;
  Vehicle& vehicle = *w.vehicle;
  vehicle.LosesLink();
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  for (int i = 0; i < 4; ++i) sam.LooksUp(Ambulance::Unknown());
  CHECK(vehicle.Does({"audit", "verify"}).exit_code == 0);
  REQUIRE(vehicle.Stops() == 0);
  Tamper(vehicle.state() / "journal.db", fault.sql);
  vehicle.Starts();
  CHECK(vehicle.Does({"audit", "verify"}).exit_code != 0);
  vehicle.FindsLink();
  CHECK(w.NoticesSoon(fault.kind));
  CHECK_FALSE(w.Noticed("OLD_IMAGE_OR_CLONE"));
  CHECK(w.StateOfVehicle() == "ENROLLED");
  CHECK(vehicle.CatchesUp());
}

TEST_CASE("a vehicle that lost its whole journal is noticed, and not cut off for it", "[audit]") {
  Watched w;
  Vehicle& vehicle = *w.vehicle;
  REQUIRE(vehicle.CatchesUp());
  REQUIRE(vehicle.Stops() == 0);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(vehicle.state() / (std::string("journal.db") + suffix));
  vehicle.Starts();
  CHECK(w.NoticesSoon("AUDIT_TRUNCATED"));
  CHECK_FALSE(w.Noticed("OLD_IMAGE_OR_CLONE"));
  CHECK(w.StateOfVehicle() == "ENROLLED");
  CHECK(vehicle.CatchesUp());
}

TEST_CASE("a vehicle that is killed while it forwards raises no alarm", "[audit]") {
  Watched w;
  Vehicle& vehicle = *w.vehicle;
  const uint64_t seed = FromEnvironment("CPIS_SEED", std::random_device{}());
  std::cout << "CPIS_SEED=" << seed << std::endl;
  w.fleet.WidensLimits();
  REQUIRE(vehicle.CatchesUp());
  std::mt19937_64 random(seed);
  for (int kill = 0; kill < 30; ++kill) {
    vehicle.LosesLink();
    const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
    const std::string incident = "INC-" + std::to_string(kill);
    REQUIRE(sam.Attends(Ambulance::Protected(), incident).exit_code == 0);
    sam.LooksUp(Ambulance::Unknown());
    vehicle.FindsLink();
    if (kill % 3 == 0) vehicle.link().BreakAfter(random() % 6000);  // receipts are lost
    // The schedule itself, not a wait for something: a link comes back within a second or so.
    std::this_thread::sleep_for(milliseconds(random() % 1200));
    vehicle.IsKilled();
    vehicle.Starts();
  }
  REQUIRE(vehicle.CatchesUp());
  for (int kill = 0; kill < 30; ++kill) CHECK(w.fleet.AttendancesOf("INC-" + std::to_string(kill)).size() == 1);
  CHECK(w.NoticedEver() == 0);
  CHECK(w.StateOfVehicle() == "ENROLLED");
  CHECK(w.RecordIsWhole());
  CHECK(w.fleet.Does({"audit", "verify"}).Json().at("outstanding").as_array().empty());
  CHECK(vehicle.Does({"audit", "verify"}).exit_code == 0);
}

TEST_CASE("who looked up a number is told, with sign-ins, and a change in the server's own copy is found", "[audit]") {
  Watched w;
  Vehicle& vehicle = *w.vehicle;
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  sam.LooksUp(Ambulance::Protected(), {"--incident", "INC-1"});
  sam.LooksUp(Ambulance::Protected(), {"--incident", "INC-2", "--silent"});
  sam.LooksUp(Ambulance::LookedAfter(), {"--incident", "INC-3"});
  vehicle.TriesToSignIn(kSam, "000000");
  REQUIRE(vehicle.CatchesUp());

  const json::array looks = w.fleet.Does({"audit", Ambulance::Protected()}).Json().as_array();
  REQUIRE(looks.size() == 2);
  for (const char* key : {"at", "received_at", "node", "staff", "name", "role", "action", "nhs_number", "incident", "outcome", "reason", "silent"}) {
    INFO(key);
    CHECK(looks[0].as_object().contains(key));
  }
  CHECK(Text(looks[0].at("incident")) == "INC-2");
  CHECK(looks[0].at("silent").as_bool());
  CHECK(Text(looks[1].at("name")) == "Ms Sam Crew");
  CHECK(Text(looks[1].at("node")) == "A101");
  CHECK(w.fleet.Does({"audit", "--number", Ambulance::Protected(), "--node", "A101"}).Json().as_array().size() == 2);
  std::vector<std::string> actions;
  const json::array of_sam = w.fleet.Does({"audit", "--staff", kSam}).Json().as_array();
  for (const auto& look : of_sam) actions.push_back(Text(look.at("action")));
  CHECK(actions == std::vector<std::string>{"sign-in-refused", "lookup", "lookup", "lookup", "sign-in"});
  CHECK(w.fleet.Does({"audit"}).exit_code == 2);
  CHECK(w.fleet.Does({"audit", "9990000019"}).exit_code == 2);
  CHECK(w.fleet.Does({"audit", "--staff", kSam, "--auditor", "nobody", "--pin-stdin"}, "1234\n").exit_code == 4);

  REQUIRE(w.RecordIsWhole());
  REQUIRE(w.fleet.Stops() == 0);
  Tamper(w.fleet.state() / "fleet.db", "UPDATE audit SET staff = 'somebody-else' WHERE incident = 'INC-2'");
  w.fleet.Starts();
  const Output found = w.fleet.Does({"audit", "verify"});
  CHECK(found.exit_code == 1);
  CHECK(found.err.find("is not what was kept") != std::string::npos);
}

TEST_CASE("a vehicle whose disk is full goes on attending and forwarding from its reserve, and says so", "[audit]") {
  Fleet fleet;
  const Path state = fleet.directory() / "A101";
  std::filesystem::create_directories(state);
  const platform::SmallDisk disk(state, 64);
  if (!disk.mounted()) {
    WARN("not allowed to mount a file system: not tested here");
    return;
  }
  REQUIRE(fleet.Imports(AuthorityFile(Lancashire(), "LANCS-001").Protects(NhsNumber(0), Day(-100))).exit_code == 0);
  fleet.Hires(kSam, "Ms Sam Crew", kSamsPin);
  const auto vehicle = fleet.Equips("A101", Lancashire().code);
  disk.FillsUp();
  const Crew sam = vehicle->SignsIn(kSam, kSamsPin);
  vehicle->LosesLink();
  for (int i = 0; i < 60; ++i) {
    REQUIRE(sam.Attends(NhsNumber(0), "INC-" + std::to_string(i)).exit_code == 0);
  }
  CHECK(sam.LooksUp(NhsNumber(0)).outcome() == "FLAGGED");
  CHECK(vehicle->Does({"doctor"}).out.find("disk full: attendances and audit go on from their reserve") != std::string::npos);
  // What is large waits: the region grows on the server, and the node stays where it is, and goes on forwarding.
  const int64_t held = vehicle->SequenceOf(Lancashire().code);
  REQUIRE(fleet.Imports(AuthorityFile(Lancashire(), "LANCS-002").Protects(NhsNumber(1), Day(-100))).exit_code == 0);
  vehicle->IsKilled();
  disk.FillsUp();
  vehicle->Starts();
  vehicle->FindsLink();
  CHECK(Eventually([&] { return fleet.Attendances().size() == 60; }, seconds(60)));
  CHECK(vehicle->SequenceOf(Lancashire().code) == held);
  disk.IsTidied();
  CHECK(vehicle->CatchesUp());
  CHECK(vehicle->SequenceOf(Lancashire().code) > held);
  CHECK(fleet.Status().at("security").at("total").to_number<int64_t>() == 0);
}

}  // namespace cpis::e2e
