// SPDX-License-Identifier: Apache-2.0
//
// A thief with a PIN and a script, and the real programs.
#include <catch2/catch.hpp>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

constexpr int kAllowed = 12;
constexpr int kRestarts = 12;

HttpReply Searches(const Vehicle& vehicle, const std::string& token, const std::string& number) {
  const std::string target = "/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C" + number;
  return Ask(vehicle.http(), {"GET", target, {{"Authorization", "Bearer " + token}}, ""});
}

}  // namespace

TEST_CASE("a script with a valid PIN that kills the daemon again and again gets no more looks than the policy allows", "[limits]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  ambulance.fleet.Sets("looks_per_hour_person=" + std::to_string(kAllowed));
  REQUIRE(vehicle.CatchesUp());
  vehicle.LosesLink();
  int answered = 0;
  int held = 0;
  for (int restart = 0; restart < kRestarts; ++restart) {
    const Crew thief = vehicle.SignsIn(kSam, kSamsPin);
    for (int look = 0; look < 4; ++look) {
      const HttpReply reply = Searches(vehicle, thief.session(), NhsNumber(static_cast<size_t>(1000 + restart * 10 + look)));
      answered += reply.status == 200 || reply.status == 503 ? 1 : 0;
      held += reply.status == 429 ? 1 : 0;
      if (reply.status == 429) {
        CHECK(Text(reply.Json().at_pointer("/issue/0/details/coding/0/code")) == "RATE_LIMITED");
        CHECK(std::stoi(reply.headers.at("retry-after")) > 0);
      }
    }
    vehicle.IsKilled();
    vehicle.Starts();
  }
  CHECK(answered == kAllowed);
  CHECK(held == kRestarts * 4 - kAllowed);
  const Crew again = vehicle.SignsIn(kSam, kSamsPin);
  const Said said = again.LooksUp(NhsNumber(5000));
  CHECK(said.exit_code == 3);
  CHECK(said.reason() == "RATE_LIMITED");
  CHECK(said.json.at("retry_after_seconds").to_number<int>() > 0);
  CHECK(again.Attends(Ambulance::Protected(), "INC-1").exit_code == 0);  // never refused
}

TEST_CASE("what an event-only crew was not told, a clinician of the vehicle hears as an alert", "[limits]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  REQUIRE(ambulance.fleet.Does({"staff", "add", "--id", "730051994301", "--name", "Mx Driver", "--role", "R1070", "--duty", "event-only",
                                "--pin-stdin"},
                               "246813579\n")
              .exit_code == 0);
  REQUIRE(vehicle.CatchesUp());
  const Crew driver = vehicle.SignsIn("730051994301", "246813579");
  const Said attended = driver.Attends(Ambulance::Protected(), "INC-77");
  REQUIRE(attended.exit_code == 0);
  CHECK(attended.json.at("outcome").is_null());
  REQUIRE(Eventually([&] { return vehicle.Status().at("alerts").to_number<int>() == 1; }, seconds(8)));
  CHECK(vehicle.Does({"alerts"}, "", driver.session()).exit_code == 4);
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  const Output alerts = vehicle.Does({"alerts"}, "", sam.session());
  REQUIRE(alerts.exit_code == 0);
  REQUIRE(alerts.Json().as_array().size() == 1);
  CHECK(Text(alerts.Json().at(0).at("nhs_number")) == Ambulance::Protected());
  CHECK(Text(ambulance.fleet.AttendancesOf("INC-77").at(0).at("outcome_at_node")) == "CANNOT_SAY");
}

TEST_CASE("a wait after wrong PINs is not over sooner because the daemon is killed and started", "[limits]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  // Nobody can wait here for an hour, so the first five are all that can be tried: what follows is refused unseen.
  for (int i = 0; i < 5; ++i) CHECK(vehicle.TriesToSignIn(kSam, "000000").exit_code == 4);
  for (int i = 0; i < 6; ++i) {
    vehicle.IsKilled();
    vehicle.Starts();
    const Output refused = vehicle.TriesToSignIn(kSam, kSamsPin);
    CHECK(refused.exit_code == 4);
    CHECK(refused.err.find("wait") != std::string::npos);
  }
  CHECK(vehicle.TriesToSignIn(kAlex, kAlexsPin).exit_code == 0);
}

}  // namespace cpis::e2e
