// SPDX-License-Identifier: Apache-2.0
//
// Staff sign in with no link, and a stolen tablet is not a guessing machine.
#include <catch2/catch.hpp>

#include "tests/e2e/world.h"

namespace cpis::e2e {

TEST_CASE("staff sign in with the link cut, and out again", "[sign-in]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();
  CHECK(vehicle.Status().at("locked").as_bool());
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  CHECK_FALSE(vehicle.Status().at("locked").as_bool());
  CHECK(sam.LooksUp(Ambulance::Protected()).exit_code == 0);
  CHECK(vehicle.Does({"sign-out"}, "", sam.session()).exit_code == 0);
  CHECK(sam.LooksUp(Ambulance::Protected()).exit_code == 4);
  CHECK(vehicle.Status().at("locked").as_bool());
}

TEST_CASE("nobody who is not signed in gets an answer", "[sign-in]") {
  Ambulance ambulance;
  CHECK(Crew(*ambulance.vehicle, "made-up").LooksUp(Ambulance::Protected()).exit_code == 4);
  CHECK(Crew(*ambulance.vehicle, "made-up").Attends(Ambulance::Protected(), "INC-1").exit_code == 4);
  CHECK(ambulance.vehicle->Waiting() == 0);
}

TEST_CASE("an unknown person and a wrong PIN are refused in the same words", "[sign-in]") {
  Ambulance ambulance;
  const Output wrong = ambulance.vehicle->TriesToSignIn(kSam, "000000");
  const Output unknown = ambulance.vehicle->TriesToSignIn("555000000000", "000000");
  CHECK(wrong.exit_code == 4);
  CHECK(unknown.exit_code == 4);
  CHECK(wrong.err == unknown.err);
  CHECK(wrong.err.find("000000") == std::string::npos);
}

TEST_CASE("five wrong PINs start a delay that a restart does not end", "[sign-in]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  for (int tries = 0; tries < 4; ++tries) CHECK(vehicle.TriesToSignIn(kSam, "1111").exit_code == 4);
  CHECK(vehicle.TriesToSignIn(kSam, kSamsPin).exit_code == 0);
  for (int tries = 0; tries < 5; ++tries) CHECK(vehicle.TriesToSignIn(kSam, "1111").exit_code == 4);
  CHECK(vehicle.TriesToSignIn(kSam, kSamsPin).exit_code == 4);

  SECTION("by a stop") {
    CHECK(vehicle.Stops() == 0);
    vehicle.Starts();
  }
  SECTION("by a kill") {
    vehicle.IsKilled();
    vehicle.Starts();
  }
  const Output refused = vehicle.TriesToSignIn(kSam, kSamsPin);
  CHECK(refused.exit_code == 4);
  INFO(refused.err);
  CHECK(refused.err.find(" s") != std::string::npos);
  CHECK(vehicle.TriesToSignIn(kAlex, kAlexsPin).exit_code == 0);
}

TEST_CASE("staff who join or are disabled are known to the vehicles at once", "[sign-in]") {
  Ambulance ambulance;
  ambulance.fleet.Hires("555021935129", "Dr New Here", "90210");
  CHECK(Eventually([&] { return ambulance.vehicle->TriesToSignIn("555021935129", "90210").exit_code == 0; }, seconds(4)));
  REQUIRE(ambulance.fleet.Does({"staff", "disable", kSam}).exit_code == 0);
  CHECK(Eventually([&] { return ambulance.vehicle->TriesToSignIn(kSam, kSamsPin).exit_code == 4; }, seconds(4)));
}

}  // namespace cpis::e2e
