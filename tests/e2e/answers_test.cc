// SPDX-License-Identifier: Apache-2.0
//
// From an authority's file to an answer in a vehicle with no link.
#include <catch2/catch.hpp>
#include <set>

#include "tests/e2e/world.h"

namespace cpis::e2e {

TEST_CASE("an authority's file reaches a vehicle and is answered with the link cut", "[answers]") {
  Ambulance ambulance;
  ambulance.vehicle->LosesLink();
  REQUIRE(Eventually([&] { return ambulance.vehicle->Status().at("link").at("state") == "OFFLINE"; }));
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);

  SECTION("a child on a plan is flagged, with whom to phone") {
    const Said answer = sam.LooksUp(Ambulance::Protected(), {"--incident", "INC-1"});
    REQUIRE(answer.exit_code == 0);
    CHECK(answer.outcome() == "FLAGGED");
    CHECK(answer.Text("nhs_number") == Ambulance::Protected());
    CHECK(answer.Text("source") == "REPLICA");
    CHECK_FALSE(answer.json.at("stale").as_bool());
    REQUIRE(answer.List("plans").size() == 1);
    const json::value& plan = answer.List("plans")[0];
    CHECK(plan.at("type") == "CPP");
    CHECK(plan.at("snomed") == "342191000000101");
    CHECK(plan.at("state") == "CURRENT");
    CHECK(plan.at("subject") == "CHILD");
    CHECK(plan.at("end").is_null());
    CHECK(Text(plan.at("authority").at("code")) == Lancashire().code);
    CHECK(Text(plan.at("authority").at("name")) == Lancashire().name);
    CHECK(Text(plan.at("authority").at("emergency_duty_tel")) == Lancashire().emergency_tel);
    CHECK(Text(plan.at("authority").at("office_hours_tel")) == Lancashire().office_tel);
  }
  SECTION("a plan that ended within a year is shown as ended") {
    const Said answer = sam.LooksUp(Ambulance::Ended());
    CHECK(answer.exit_code == 0);
    REQUIRE(answer.outcome() == "FLAGGED");
    CHECK(answer.List("plans")[0].at("state") == "ENDED");
    CHECK(answer.List("plans")[0].at("end").is_string());
  }
  SECTION("an expectant mother is flagged for her unborn child") {
    const Said answer = sam.LooksUp(Ambulance::Expecting());
    REQUIRE(answer.outcome() == "FLAGGED");
    CHECK(answer.List("plans")[0].at("type") == "UCPP");
    CHECK(answer.List("plans")[0].at("snomed") == "818901000000100");
    CHECK(answer.List("plans")[0].at("subject") == "MOTHER_OF_UNBORN");
  }
  SECTION("a child known to two authorities shows both") {
    const Said answer = sam.LooksUp(Ambulance::InTwoFiles());
    REQUIRE(answer.outcome() == "FLAGGED");
    std::set<std::string> authorities;
    for (const auto& plan : answer.List("plans")) authorities.insert(Text(plan.at("authority").at("code")));
    CHECK(authorities == std::set<std::string>{Lancashire().code, Halton().code});
  }
  SECTION("a number that is flagged elsewhere in England is possibly flagged, with what to do") {
    const std::string elsewhere = NhsNumber(200);
    REQUIRE(ambulance.fleet.Imports(AuthorityFile(Cumbria(), "CUMB-1").Protects(elsewhere, Day(-30))).exit_code == 0);
    ambulance.vehicle->FindsLink();
    REQUIRE(ambulance.vehicle->CatchesUp());
    ambulance.vehicle->LosesLink();
    const Said answer = sam.LooksUp(elsewhere, {"--local"});
    CHECK(answer.exit_code == 3);
    CHECK(answer.outcome() == "POSSIBLY_FLAGGED_ELSEWHERE");
    CHECK_FALSE(answer.List("advice").empty());
    CHECK(answer.List("plans").empty());
  }
}

TEST_CASE("a number that is flagged nowhere in England is not flagged, with the link cut too", "[answers]") {
  Ambulance ambulance;
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  CHECK(Eventually([&] { return sam.LooksUp(Ambulance::Unknown(), {"--local"}).outcome() == "NOT_FLAGGED"; }));
  ambulance.vehicle->LosesLink();
  const Said answer = sam.LooksUp(Ambulance::Unknown());
  CHECK(answer.outcome() == "NOT_FLAGGED");
  CHECK(answer.exit_code == 0);
  CHECK(answer.Text("as_of").size() == 20);
}

TEST_CASE("an authority that never sent a file vouches for nobody", "[answers]") {
  Ambulance ambulance;
  const auto vehicle = ambulance.fleet.Equips("A103", "E10000017,E99999999");
  const Crew sam = vehicle->SignsIn(kSam, kSamsPin);
  const Said answer = sam.LooksUp(Ambulance::Unknown(), {"--local"});
  CHECK(answer.outcome() == "CANNOT_SAY");
  CHECK(answer.exit_code == 3);
  CHECK(sam.LooksUp(Ambulance::Protected()).outcome() == "FLAGGED");
}

TEST_CASE("a vehicle that is started with another key store refuses, and keeps what it is", "[answers]") {
  Ambulance ambulance;
  REQUIRE(ambulance.vehicle->Stops() == 0);
  std::filesystem::rename(ambulance.vehicle->state() / "key-store-plain", ambulance.vehicle->state() / "elsewhere");
  auto daemon = ambulance.vehicle->Launch();
  CHECK(daemon->ExitWithin(seconds(10)) == 78);
  std::filesystem::rename(ambulance.vehicle->state() / "elsewhere", ambulance.vehicle->state() / "key-store-plain");
  ambulance.vehicle->Starts();
  CHECK(ambulance.vehicle->Status().at("enrolled").as_bool());
}

TEST_CASE("before it is enrolled and before it has synced a vehicle cannot say", "[answers]") {
  Fleet fleet;
  Vehicle vehicle(fleet, "A102", std::make_unique<Relay>([] { return uint16_t{0}; }));
  vehicle.Starts();
  const json::object status = vehicle.Status();
  CHECK_FALSE(status.at("enrolled").as_bool());
  CHECK(status.at("freshness") == "NEVER");
  CHECK(vehicle.TriesToSignIn(kSam, kSamsPin).exit_code == 4);
  const Output looked = vehicle.Does({"lookup", Ambulance::Protected()});
  CHECK(looked.exit_code == 3);
  CHECK(looked.Json().at("reason") == "NOT_ENROLLED");
}

TEST_CASE("a vehicle answers after it is switched off and on again with no link", "[answers]") {
  Ambulance ambulance;
  ambulance.vehicle->LosesLink();
  REQUIRE(ambulance.vehicle->Stops() == 0);
  ambulance.vehicle->Starts();
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  CHECK(sam.LooksUp(Ambulance::Protected()).outcome() == "FLAGGED");
  CHECK(sam.LooksUp(Ambulance::LookedAfter()).outcome() == "FLAGGED");
}

}  // namespace cpis::e2e
