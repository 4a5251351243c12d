// SPDX-License-Identifier: Apache-2.0
//
// Locked means that what opens records is not in memory: the running daemon's is searched for the real keys, which the test has
// from the fleet's own files, and for what the crew typed.
#include "tests/e2e/memory_search.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "crypto/key_stores.h"
#include "sync/fleet/keys.h"
#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

constexpr const char* kLongPin = "860417593302";
constexpr const char* kCrewWithLongPin = "730051994226";

std::string Plain(platform::ByteView bytes) { return std::string(platform::AsText(bytes)); }

// Everything that opens rows of this vehicle.
std::vector<Needle> RecordKeys(const Fleet& fleet) {
  auto store = crypto::OpenKeyStore("plain", fleet.state());
  REQUIRE(store.ok());
  const auto keys = sync::fleet::LoadFleetKeys(fleet.state(), **store);
  REQUIRE(keys.ok());
  std::vector<Needle> needles;
  const auto add = [&](const std::string& name, const crypto::Secret& key) { needles.push_back({name, Plain(key.Reveal())}); };
  add("ring key", keys->ring_key);
  add("index key", keys->index_key);
  add("pepper", keys->pepper);
  add("England key", keys->england_key);
  add("directory key", keys->directory_key);
  for (const std::string& partition : {Lancashire().code, Halton().code, std::string("notices")}) {
    add("epoch key of " + partition, keys->EpochKey(partition, crypto::Epoch{1}));
  }
  return needles;
}

// What a crew types, does and gets; by the command line and over HTTP.
std::vector<Needle> Works(const Vehicle& vehicle) {
  const Crew crew = vehicle.SignsIn(kCrewWithLongPin, kLongPin);
  std::vector<Needle> needles{{"PIN", kLongPin}, {"session token", crew.session()}};
  const auto note = [&](const std::string& number) { needles.push_back({"number " + number.substr(7), number}); };
  CHECK(crew.LooksUp(Ambulance::Protected(), {"--incident", "INC-OKAPI-77810"}).outcome() == "FLAGGED");
  note(Ambulance::Protected());
  CHECK(crew.LooksUp(NhsNumber(4711), {"--local"}).exit_code == 0);
  note(NhsNumber(4711));
  CHECK(crew.Attends(Ambulance::LookedAfter(), "INC-OKAPI-77810").exit_code == 0);
  note(Ambulance::LookedAfter());
  needles.push_back({"incident", "OKAPI-77810"});
  const HttpReply session = Ask(vehicle.http(), {"POST", "/session", {}, std::string("{\"staff\":\"") + kCrewWithLongPin + "\",\"pin\":\"" +
                                                                              kLongPin + "\"}"});
  REQUIRE(session.status == 200);
  const std::string token = Text(session.Json().at("token"));
  needles.push_back({"token over HTTP", token});
  const std::string target = "/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C" + NhsNumber(4712);
  CHECK(Ask(vehicle.http(), {"GET", target, {{"Authorization", "Bearer " + token}}, ""}).status == 200);
  note(NhsNumber(4712));
  CHECK(Ask(vehicle.http(), {"DELETE", "/session", {{"Authorization", "Bearer " + token}}, ""}).status == 204);
  CHECK_FALSE(vehicle.Status().at("locked").as_bool());
  return needles;
}

// A client that keeps its connection, as browsers and ePCR applications do. The socket, after one answer.
int AsksAndStays(const Vehicle& vehicle, const std::string& token, const std::string& number) {
  const int socket = Connect(PortOf(vehicle.http()));
  REQUIRE(socket >= 0);
  const std::string request = "GET /cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C" + number +
                              " HTTP/1.1\r\nHost: " + vehicle.http() + "\r\nAuthorization: Bearer " + token + "\r\n\r\n";
  REQUIRE(::send(socket, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()));
  char first = 0;
  REQUIRE(::recv(socket, &first, 1, 0) == 1);
  return socket;
}

void Forgets(Vehicle& vehicle, const std::vector<Needle>& needles) {
  std::vector<std::string> left;
  const bool gone = Eventually(
      [&] {
        left = FindInMemory(vehicle.daemon().pid(), needles);
        return left.empty();
      },
      seconds(4));
  for (const std::string& what : left) FAIL_CHECK(what);
  CHECK(gone);
}

}  // namespace

TEST_CASE("while somebody is signed in the search finds the keys; when they sign out it finds neither keys nor what was typed",
          "[memory]") {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  Vehicle& vehicle = *ambulance.vehicle;
  fleet.Hires(kCrewWithLongPin, "Ms Edith Quaggamarker", kLongPin);
  REQUIRE(vehicle.CatchesUp());
  const std::vector<Needle> keys = RecordKeys(fleet);
  Forgets(vehicle, keys);  // nobody has been signed in yet

  std::vector<Needle> all = Works(vehicle);
  CHECK(FindInMemory(vehicle.daemon().pid(), keys).size() == keys.size());  // the control: each is where it can be found
  Forgets(vehicle, {{"PIN", kLongPin}});                                      // it opened what it opens, and is gone
  const std::string token = all.at(1).bytes;
  const int stays = AsksAndStays(vehicle, token, NhsNumber(4713));
  all.push_back({"number on a connection that stays", NhsNumber(4713)});
  all.insert(all.end(), keys.begin(), keys.end());

  SECTION("by signing out") { CHECK(vehicle.Does({"sign-out"}, "", token).exit_code == 0); }
  SECTION("by being struck off the roll") { REQUIRE(fleet.Does({"staff", "disable", kCrewWithLongPin}).exit_code == 0); }
  REQUIRE(Eventually([&] { return vehicle.Status().at("locked").as_bool(); }, seconds(8)));
  Forgets(vehicle, all);
  ::close(stays);

  // Locked it goes on with its work, and that brings no key back.
  AuthorityFile file(Lancashire(), "LANCS-002");
  file.Protects(Ambulance::Protected(), Day(-200)).Protects(NhsNumber(77), Day(-3));
  const int64_t before = vehicle.SequenceOf(Lancashire().code);
  REQUIRE(fleet.Imports(file).exit_code == 0);
  REQUIRE(Eventually([&] { return vehicle.SequenceOf(Lancashire().code) > before; }, seconds(8)));
  CHECK(vehicle.CatchesUp());
  CHECK(fleet.AttendancesOf("INC-OKAPI-77810").size() == 2);
  Forgets(vehicle, all);
}

TEST_CASE("who may not look brings no key into memory by signing in", "[memory]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  for (const auto& [id, duty] : {std::pair{"730051994301", "event-only"}, std::pair{"730051994302", "engineer"}}) {
    REQUIRE(ambulance.fleet.Does({"staff", "add", "--id", id, "--name", "Mx Other", "--role", "R1070", "--duty", duty, "--pin-stdin"},
                                 "246813579\n")
                .exit_code == 0);
  }
  REQUIRE(vehicle.CatchesUp());
  const Crew driver = vehicle.SignsIn("730051994301", "246813579");
  const Crew engineer = vehicle.SignsIn("730051994302", "246813579");
  CHECK(vehicle.Status().at("locked").as_bool());
  const Said attended = driver.Attends(Ambulance::Protected(), "INC-9");
  CHECK(attended.exit_code == 0);
  CHECK(attended.json.at("outcome").is_null());
  for (const Crew* person : {&driver, &engineer}) {
    const Said refused = person->LooksUp(Ambulance::Protected());
    CHECK(refused.exit_code == 4);
    CHECK(refused.error.find("your duty is") != std::string::npos);
    const std::string target = "/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C" + Ambulance::Protected();
    const HttpReply denied = Ask(vehicle.http(), {"GET", target, {{"Authorization", "Bearer " + person->session()}}, ""});
    CHECK(denied.status == 403);
    CHECK(Text(denied.Json().at_pointer("/issue/0/details/coding/0/code")) == "ACCESS_DENIED");
  }
  CHECK(engineer.Attends(Ambulance::Protected(), "INC-9").exit_code == 4);
  Forgets(vehicle, RecordKeys(ambulance.fleet));
}

}  // namespace cpis::e2e
