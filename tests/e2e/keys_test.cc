// SPDX-License-Identifier: Apache-2.0
//
// Keys are replaced and epochs begin while vehicles are at work; a fleet server comes back from a backup.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

namespace fs = std::filesystem;

// Root's key, away from the server.
Path MovesRootAway(const Fleet& fleet) {
  const Path away = fleet.directory() / "usb-root.key";
  fs::rename(fleet.state() / "root.key", away);
  return away;
}

int64_t EpochOf(const Fleet& fleet) { return fleet.Status().at("epoch").to_number<int64_t>(); }

bool Flagged(const Crew& crew, const std::string& number) {
  return crew.LooksUp(number, {"--silent", "--local"}).outcome() == "FLAGGED";
}

std::string LogOf(const Path& log) {
  std::ifstream in(log.string() + ".err");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a fleet runs without its root key, and says so while it has it", "[keys]") {
  Fleet fleet;
  CHECK(fleet.Status().at("root_key_on_server").as_bool());
  CHECK(LogOf(fleet.directory() / "fleet-server").find("root.key lies in the state directory") != std::string::npos);
  MovesRootAway(fleet);
  CHECK_FALSE(fleet.Status().at("root_key_on_server").as_bool());
  fleet.Stops();
  fleet.Starts();
  const json::value shown = fleet.Does({"keys", "show"}).Json();
  CHECK_FALSE(shown.at("root_key_on_server").as_bool());
  CHECK(shown.at("version") == 1);
  CHECK(shown.at("keys").as_array().size() == 5);
  const Output without = fleet.Does({"keys", "rotate", "content", "--root", (fleet.state() / "root.key").string()});
  CHECK(without.exit_code == 1);
  CHECK(without.err.find("root.key") != std::string::npos);
}

TEST_CASE("every key is replaced while a crew works, and what changes afterwards still reaches the vehicle", "[keys]") {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  const Path root = MovesRootAway(fleet);
  const Path second_root = fleet.directory() / "usb-root-2.key";
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  int version = 1;
  const auto replaces = [&](const std::string& key, const Arguments& more) {
    Arguments words{"keys", "rotate", key};
    words.insert(words.end(), more.begin(), more.end());
    const Output rotated = fleet.Does(words);
    INFO(key << ": " << rotated.err);
    REQUIRE(rotated.exit_code == 0);
    CHECK(rotated.Json().at("version") == ++version);
  };
  int file = 2;
  const auto reaches = [&] {
    const std::string child = NhsNumber(200 + static_cast<size_t>(file));
    REQUIRE(fleet.Imports(AuthorityFile(Lancashire(), "LANCS-00" + std::to_string(file++)).Protects(child, Day(-1))).exit_code == 0);
    REQUIRE(ambulance.vehicle->CatchesUp());
    CHECK(Flagged(sam, child));
    CHECK(Flagged(sam, Ambulance::Protected()));
    CHECK(sam.LooksUp(Ambulance::Unknown(), {"--silent", "--local"}).outcome() == "NOT_FLAGGED");
  };
  for (const char* key : {"content", "freshness", "policy", "box"}) {
    replaces(key, {"--root", root.string()});
    reaches();
    CHECK(sam.Attends(Ambulance::Protected(), std::string("INC-") + key).exit_code == 0);
    REQUIRE(ambulance.vehicle->CatchesUp());
    CHECK(fleet.AttendancesOf(std::string("INC-") + key).size() == 1);
  }
  ambulance.vehicle->LosesLink();
  CHECK(sam.Attends(Ambulance::LookedAfter(), "INC-offline").exit_code == 0);  // sealed to a box that is replaced meanwhile
  replaces("box", {"--root", root.string()});
  replaces("root", {"--root", root.string(), "--new-root", second_root.string()});
  CHECK(fleet.Does({"keys", "rotate", "content", "--root", root.string()}).exit_code == 4);  // not root any more
  replaces("content", {"--root", second_root.string()});
  ambulance.vehicle->FindsLink();
  reaches();
  CHECK(fleet.AttendancesOf("INC-offline").size() == 1);
  CHECK(EpochOf(fleet) == 5);  // content, freshness, policy, content

  // The vehicle has them durably.
  ambulance.vehicle->IsKilled();
  ambulance.vehicle->Starts();
  const Crew again = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  CHECK(Flagged(again, Ambulance::Protected()));
  REQUIRE(ambulance.vehicle->CatchesUp());
  // Who joins now gets the newest.
  const auto joined = fleet.Equips("A102", Lancashire().code);
  CHECK(Flagged(joined->SignsIn(kSam, kSamsPin), Ambulance::Protected()));
}

TEST_CASE("after the freshness key was replaced a vehicle without a link answers from what it holds", "[keys]") {
  Ambulance ambulance;
  const Path root = MovesRootAway(ambulance.fleet);
  REQUIRE(ambulance.fleet.Does({"keys", "rotate", "freshness", "--root", root.string()}).exit_code == 0);
  REQUIRE(ambulance.vehicle->CatchesUp());
  ambulance.vehicle->LosesLink();
  ambulance.vehicle->IsKilled();
  ambulance.vehicle->Starts();
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  CHECK(Flagged(sam, Ambulance::Protected()));
  CHECK(sam.LooksUp(Ambulance::Unknown(), {"--silent", "--local"}).outcome() == "NOT_FLAGGED");
}

TEST_CASE("a new epoch goes on where the old one was", "[keys]") {
  Ambulance ambulance;
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  const Output rotated = ambulance.fleet.Does({"rotate"});
  REQUIRE(rotated.exit_code == 0);
  CHECK(rotated.Json().at("epoch") == 2);
  REQUIRE(ambulance.vehicle->CatchesUp());
  CHECK(Flagged(sam, Ambulance::Protected()));  // sealed in epoch 1
  const std::string child = NhsNumber(50);
  REQUIRE(ambulance.fleet.Imports(AuthorityFile(Lancashire(), "LANCS-002").Protects(child, Day(-1))).exit_code == 0);
  REQUIRE(ambulance.vehicle->CatchesUp());
  CHECK(Flagged(sam, child));  // sealed in epoch 2
  CHECK(ambulance.vehicle->Verifies());
  CHECK(ambulance.fleet.Does({"rotate", "--past", "4096"}).exit_code == 2);
}

TEST_CASE("a fleet server put back from a backup begins a new epoch by itself, and vehicles follow it there", "[keys]") {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  fleet.Stops();
  const Path backup = fleet.directory() / "backup";
  fs::copy(fleet.state(), backup, fs::copy_options::recursive);
  fleet.Starts();
  const std::string lost = NhsNumber(60), kept = NhsNumber(61);
  REQUIRE(fleet.Imports(AuthorityFile(Lancashire(), "LANCS-002").Protects(lost, Day(-1))).exit_code == 0);
  REQUIRE(ambulance.vehicle->CatchesUp());
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  REQUIRE(Flagged(sam, lost));

  fleet.Stops();
  fs::remove_all(fleet.state());
  fs::rename(backup, fleet.state());
  fleet.Starts();
  CHECK(Eventually([&] { return EpochOf(fleet) == 2; }, seconds(30)));
  CHECK_FALSE(fleet.Status().at("came_back_from_backup").is_null());
  CHECK(LogOf(fleet.directory() / "fleet-server").find("came back from a backup") != std::string::npos);
  REQUIRE(fleet.Imports(AuthorityFile(Lancashire(), "LANCS-003").Protects(kept, Day(-1))).exit_code == 0);
  REQUIRE(ambulance.vehicle->CatchesUp());
  CHECK(Flagged(sam, kept));
  CHECK(Flagged(sam, Ambulance::Protected()));
  CHECK_FALSE(Flagged(sam, lost));  // the server does not know it any more, and says so openly
  CHECK(ambulance.vehicle->Verifies());
  CHECK(EpochOf(fleet) == 2);
}

}  // namespace cpis::e2e
