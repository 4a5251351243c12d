// SPDX-License-Identifier: Apache-2.0
//
// Vehicles that are revoked or wiped: what is erased, what stays, and what the fleet server learns of it.
//
// CPIS_WIPE_KILLS says how many wipes are killed (40); CPIS_SEED replays the moments.
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <sys/wait.h>

#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

using Random = std::mt19937_64;

std::string BytesOf(const Path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string EveryByte(const Path& directory) {
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += BytesOf(entry.path());
  }
  return bytes;
}

// Pieces of what must be gone: of the identity, the device secret, and of the replica wherever it looks sealed.
std::set<std::string> Markers(const Path& state) {
  std::set<std::string> markers;
  for (const char* name : {"identity", "key-store-plain", "replica.db", "replica.db-wal"}) {
    const std::string bytes = BytesOf(state / name);
    for (size_t at = 0; at + 24 <= bytes.size(); at += 24) {
      const std::string piece = bytes.substr(at, 24);
      if (std::set<char>(piece.begin(), piece.end()).size() > 18) markers.insert(piece);  // zeros and words do not
    }
  }
  return markers;
}

size_t Hits(const Path& state, const std::set<std::string>& markers) {
  const std::string bytes = EveryByte(state);
  size_t hits = 0;
  for (const std::string& marker : markers) hits += bytes.find(marker) != std::string::npos ? 1 : 0;
  return hits;
}

json::object Row(const Fleet& fleet, const std::string& name) {
  const json::value list = fleet.Does({"node", "list"}).Json();
  for (const auto& row : list.as_array()) {
    if (Text(row.at("name")) == name) return row.as_object();
  }
  return {};
}
std::string StateOf(const Fleet& fleet, const std::string& name) {
  const json::object row = Row(fleet, name);
  return row.empty() ? "" : Text(row.at("state"));
}
bool Erased(const Vehicle& vehicle) {
  const json::object status = vehicle.Status();
  return !status.at("enrolled").as_bool() && status.at("wiped").is_object() && Text(status.at("wiped").at("state")) == "ERASED";
}

void Copy(const Path& from, const Path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::create_directory(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    if (entry.is_regular_file()) std::filesystem::copy_file(entry.path(), to / entry.path().filename());
  }
}

}  // namespace

TEST_CASE("a vehicle that the fleet wipes forwards what waits, erases itself on contact, and proves it", "[wipe]") {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  Vehicle& vehicle = *ambulance.vehicle;
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  REQUIRE(sam.LooksUp(Ambulance::Protected()).outcome() == "FLAGGED");
  const std::set<std::string> markers = Markers(vehicle.state());
  REQUIRE(markers.size() > 50);
  REQUIRE(Hits(vehicle.state(), markers) == markers.size());

  vehicle.LosesLink();
  REQUIRE(sam.Attends(Ambulance::LookedAfter(), "INC-LAST").exit_code == 0);
  CHECK(fleet.Does({"node", "wipe", "nobody"}).exit_code != 0);
  REQUIRE(fleet.Does({"node", "wipe", "A101"}).exit_code == 0);
  CHECK(StateOf(fleet, "A101") == "WIPING");
  CHECK(sam.LooksUp(Ambulance::Protected()).outcome() == "FLAGGED");  // it has not heard
  vehicle.FindsLink();
  CHECK(Eventually([&] { return StateOf(fleet, "A101") == "WIPED"; }, seconds(40)));
  CHECK(Text(Row(fleet, "A101").at("erasure_proof").at("erased")) == "KEYS_AND_ROWS");
  CHECK(fleet.AttendancesOf("INC-LAST").size() == 1);
  CHECK(Eventually([&] { return Erased(vehicle); }));
  CHECK(Eventually([&] { return vehicle.Status().at("wiped").at("told").as_bool(); }));  // it hears that the server has it
  CHECK(vehicle.Waiting() == 0);
  const Said said = sam.LooksUp(Ambulance::Protected());
  CHECK(said.exit_code == 3);
  CHECK(said.reason() == "NOT_ENROLLED");
  CHECK(Hits(vehicle.state(), markers) == 0);

  vehicle.IsKilled();
  vehicle.Starts();
  CHECK(Erased(vehicle));
  CHECK(fleet.Does({"node", "wipe", "A101"}).exit_code == 2);
  // Only a new code brings it back, under its name.
  CHECK(vehicle.Enrols(fleet.IssuesCode("A101", Lancashire().code)).exit_code == 0);
  CHECK(vehicle.CatchesUp());
  CHECK(vehicle.SignsIn(kSam, kSamsPin).LooksUp(Ambulance::Protected()).outcome() == "FLAGGED");
  CHECK(StateOf(fleet, "A101") == "ENROLLED");
}

TEST_CASE("a vehicle that is revoked is listened to no more and erases itself; what it had queued arrives when it is back", "[wipe]") {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  Vehicle& vehicle = *ambulance.vehicle;
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  vehicle.LosesLink();
  REQUIRE(sam.Attends(Ambulance::LookedAfter(), "INC-SEALED").exit_code == 0);
  const std::set<std::string> markers = Markers(vehicle.state());
  REQUIRE(Hits(vehicle.state(), markers) == markers.size());
  REQUIRE(fleet.Does({"node", "revoke", "A101"}).exit_code == 0);
  vehicle.FindsLink();
  CHECK(Eventually([&] { return Erased(vehicle); }, seconds(40)));
  CHECK(Eventually([&] { return Row(fleet, "A101").at("erasure_proof").is_object(); }));
  CHECK(StateOf(fleet, "A101") == "REVOKED");
  CHECK(Hits(vehicle.state(), markers) == 0);
  CHECK(fleet.AttendancesOf("INC-SEALED").empty());
  CHECK(vehicle.Waiting() == 1);  // sealed to the server
  CHECK(vehicle.TriesToSignIn(kSam, kSamsPin).exit_code == 4);

  CHECK(vehicle.Enrols(fleet.IssuesCode("A101", Lancashire().code)).exit_code == 0);
  CHECK(Eventually([&] { return fleet.AttendancesOf("INC-SEALED").size() == 1; }));
  CHECK(Eventually([&] { return vehicle.Waiting() == 0; }));
  CHECK(vehicle.Status().at("wiped").is_null());
}

TEST_CASE("a vehicle is wiped by hand with no link, and what it was is settled when it is enrolled again", "[wipe]") {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  Vehicle& vehicle = *ambulance.vehicle;
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  vehicle.LosesLink();
  REQUIRE(sam.Attends(Ambulance::LookedAfter(), "INC-A").exit_code == 0);
  REQUIRE(sam.Attends(Ambulance::Protected(), "INC-B").exit_code == 0);
  const std::set<std::string> markers = Markers(vehicle.state());

  const Output refused = vehicle.Does({"wipe"});
  CHECK(refused.exit_code == 2);
  CHECK(refused.err.find("--yes") != std::string::npos);
  CHECK(vehicle.Status().at("enrolled").as_bool());
  const Output wiped = vehicle.Does({"wipe", "--yes"});
  INFO(wiped.err);
  REQUIRE(wiped.exit_code == 0);
  CHECK(Text(wiped.Json().at("wiped").at("order")) == "local");
  CHECK(wiped.Json().at("wiped").at("proof").as_bool());
  CHECK(Erased(vehicle));
  CHECK(Hits(vehicle.state(), markers) == 0);
  CHECK(vehicle.Waiting() == 2);
  CHECK(vehicle.Does({"wipe", "--yes"}).exit_code == 4);
  CHECK(StateOf(fleet, "A101") == "ENROLLED");  // it has not heard
  vehicle.IsKilled();
  vehicle.Starts();
  CHECK(Erased(vehicle));

  vehicle.FindsLink();
  CHECK(vehicle.Enrols(fleet.IssuesCode("A101-again", Lancashire().code)).exit_code == 0);
  for (const char* incident : {"INC-A", "INC-B"}) {
    CHECK(Eventually([&] { return fleet.AttendancesOf(incident).size() == 1; }));
    CHECK(Text(fleet.AttendancesOf(incident).at(0).at("node")) == "A101");
  }
  CHECK(Eventually([&] { return StateOf(fleet, "A101") == "WIPED"; }, seconds(40)));
  CHECK(Eventually([&] { return vehicle.Waiting() == 0; }));
  CHECK(EveryByte(vehicle.state()).find("journal-node") == std::string::npos);
}

TEST_CASE("a wipe that began is finished, however often it is killed, and what was queued stays", "[wipe]") {
  const uint64_t seed = FromEnvironment("CPIS_SEED", std::random_device{}());
  const auto wanted = static_cast<int>(FromEnvironment("CPIS_WIPE_KILLS", 40));
  std::cout << "CPIS_SEED=" << seed << " CPIS_WIPE_KILLS=" << wanted << std::endl;
  Random random(seed);
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();
  REQUIRE(vehicle.SignsIn(kSam, kSamsPin).Attends(Ambulance::LookedAfter(), "INC-KEPT").exit_code == 0);
  const std::set<std::string> markers = Markers(vehicle.state());
  REQUIRE(vehicle.Stops() == 0);
  const Path golden = ambulance.fleet.directory() / "golden";
  Copy(vehicle.state(), golden);

  int before_it_began = 0, half_way = 0, with_proof = 0;
  for (int kill = 0; kill < wanted; ++kill) {
    INFO("kill " << kill);
    Copy(golden, vehicle.state());
    vehicle.Starts();
    std::thread wipe([&] { (void)vehicle.Does({"wipe", "--yes"}); });
    // From when the daemon says that it begins: the command takes longer to start than the wipe to end.
    (void)Eventually([&] { return std::filesystem::exists(vehicle.state() / "wipe"); }, seconds(5));
    // The schedule itself: a wipe takes from 20 to 300 ms, by the machine.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % (1000 << random() % 9)));
    vehicle.IsKilled();
    wipe.join();
    const std::string record = BytesOf(vehicle.state() / "wipe");
    const bool began = !record.empty();
    half_way += began && record.at(1) == 1 ? 1 : 0;  // its state: under way
    if (random() % 3 == 0) {  // and again while it finishes
      auto early = vehicle.Launch();
      std::this_thread::sleep_for(milliseconds(random() % 120));
      early->Kill();
    }
    vehicle.Starts();
    if (!began) {
      ++before_it_began;
      CHECK(vehicle.Does({"wipe", "--yes"}).exit_code == 0);
    }
    const json::object status = vehicle.Status();
    CHECK(Erased(vehicle));
    CHECK(Hits(vehicle.state(), markers) == 0);
    CHECK(vehicle.Waiting() == 1);
    with_proof += status.at("wiped").at("proof").as_bool() ? 1 : 0;
    REQUIRE(vehicle.Stops() == 0);
  }
  std::cout << wanted << " wipes killed: " << before_it_began << " before they began, " << half_way << " half way; " << with_proof
            << " ended with a signed proof" << std::endl;
  CHECK(half_way >= wanted / 8);
}

}  // namespace cpis::e2e
