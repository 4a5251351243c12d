// SPDX-License-Identifier: Apache-2.0
//
// A crew that was not told hears later, and the authority hears when they really looked.
#include <catch2/catch.hpp>
#include <ctime>
#include <fstream>
#include <sstream>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

const std::string kChild = Ambulance::Unknown();

AuthorityFile NightUpload() {
  AuthorityFile file(Lancashire(), "LANCS-002");
  file.Protects(kChild, Day(-1));
  return file;
}

json::array Alerts(const Vehicle& vehicle, const Crew& crew) {
  const Output listed = vehicle.Does({"alerts"}, "", crew.session());
  return listed.exit_code == 0 ? listed.Json().as_array() : json::array();
}
int64_t Counted(const Vehicle& vehicle) { return vehicle.Status().at("alerts").to_number<int64_t>(); }
json::array Raised(const Fleet& fleet) { return fleet.Does({"alerts"}).Json().as_array(); }

// The access notifications about the child.
std::vector<std::string> Notifications(const Fleet& fleet) {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(fleet.mailbox() / "out")) {
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const bool of_child = text.str().find("extension=\"" + kChild + "\"") != std::string::npos;
    if (of_child && text.str().find("<CP-ISAccessToServiceNotification") != std::string::npos) texts.push_back(text.str());
  }
  return texts;
}

// "2026-11-22T02:15:00Z" as the national messages write it: United Kingdom time.
std::string National(const std::string& rfc3339) {
  std::tm utc{};
  REQUIRE(strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%SZ", &utc) != nullptr);
  const std::time_t at = timegm(&utc);
  const char* before = std::getenv("TZ");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TZ", "GMT0BST,M3.5.0/1,M10.5.0", 1);
  tzset();
  std::tm civil{};
  localtime_r(&at, &civil);
  before == nullptr ? unsetenv("TZ") : setenv("TZ", kept.c_str(), 1);
  tzset();
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%d%H%M%S", &civil)};
}

void WaitsForAnotherSecond() {
  const std::time_t then = std::time(nullptr);
  REQUIRE(Eventually([&] { return std::time(nullptr) > then + 1; }));
}

}  // namespace

TEST_CASE("a child looked up with the link cut, and flagged since, alerts the crew when the link is back", "[alerts]") {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  Vehicle& vehicle = *ambulance.vehicle;
  const auto second = fleet.Equips("A202", Lancashire().code);
  vehicle.LosesLink();
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  const std::string told = sam.LooksUp(kChild, {"--incident", "INC-70"}).outcome();
  CHECK((told == "CANNOT_SAY" || told == "NOT_FLAGGED"));
  CHECK(sam.LooksUp(Ambulance::LookedAfter(), {"--incident", "INC-71", "--silent"}).notification() == "SILENT");
  REQUIRE(fleet.Imports(NightUpload()).exit_code == 0);
  WaitsForAnotherSecond();
  CHECK(Alerts(vehicle, sam).empty());
  CHECK(Raised(fleet).empty());

  vehicle.FindsLink();
  REQUIRE(vehicle.CatchesUp());
  REQUIRE(Eventually([&] { return Counted(vehicle) == 1; }, seconds(2)));
  const json::array alerts = Alerts(vehicle, sam);
  REQUIRE(alerts.size() == 1);
  const json::value& alert = alerts[0];
  CHECK(Text(alert.at("nhs_number")) == kChild);
  CHECK(alert.at("staff") == kSam);
  CHECK(alert.at("incident") == "INC-70");
  CHECK(Text(alert.at("outcome_at_node")) == told);
  CHECK(alert.at("acknowledged_at").is_null());
  REQUIRE(alert.at("plans").as_array().size() == 1);
  CHECK(alert.at("plans").at(0).at("type") == "CPP");
  CHECK(Text(alert.at("plans").at(0).at("authority").at("emergency_duty_tel")) == Lancashire().emergency_tel);
  CHECK(Counted(*second) == 0);
  const std::string at = Text(alert.at("occurred_at"));

  const json::array looked = fleet.AttendancesOf("INC-70");
  REQUIRE(looked.size() == 1);
  CHECK(looked[0].at("kind") == "LOOKED");
  CHECK(looked[0].at("outcome_now") == "FLAGGED");
  CHECK(Text(looked[0].at("occurred_at")) == at);
  CHECK(Text(looked[0].at("received_at")) > at);
  const auto notifications = Notifications(fleet);
  REQUIRE(notifications.size() == 1);
  CHECK(notifications[0].find("<effectiveTime value=\"" + National(at) + "\"") != std::string::npos);

  const std::string bearer = "Bearer " + sam.session();
  const HttpReply over_http = Ask(vehicle.http(), {"GET", "/alerts", {{"Authorization", bearer}}, ""});
  CHECK(over_http.status == 200);
  CHECK(over_http.Json() == json::value(alerts));
  CHECK(Ask(vehicle.http(), {"GET", "/alerts", {}, ""}).status == 401);
  CHECK(vehicle.Does({"alerts"}, "", "no-such-session").exit_code == 4);

  const std::string id = Text(alert.at("id"));
  CHECK(vehicle.Does({"alerts", "--acknowledge", "no-such-alert"}, "", sam.session()).exit_code == 1);
  const Output acknowledged = vehicle.Does({"alerts", "--acknowledge", id}, "", sam.session());
  REQUIRE(acknowledged.exit_code == 0);
  CHECK(acknowledged.Json().at("acknowledged_by") == kSam);
  CHECK(Counted(vehicle) == 0);
  REQUIRE(vehicle.CatchesUp());
  CHECK(Eventually([&] { return Alerts(vehicle, sam).empty(); }, seconds(2)));
  const json::array raised = Raised(fleet);
  REQUIRE(raised.size() == 1);
  CHECK(Text(raised[0].at("id")) == id);
  CHECK(raised[0].at("node") == "A101");
  CHECK(raised[0].at("acknowledged_by") == kSam);
  CHECK(raised[0].at("acknowledged_at") == acknowledged.Json().at("acknowledged_at"));
}

TEST_CASE("an alert comes by itself when the authority's file does, and is counted while nobody is signed in", "[alerts]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();  // so that nobody is asked about the child at once
  {
    const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
    CHECK(sam.LooksUp(kChild).outcome() != "FLAGGED");
    CHECK(vehicle.Does({"sign-out"}, "", sam.session()).exit_code == 0);
  }
  vehicle.FindsLink();
  REQUIRE(vehicle.CatchesUp());
  REQUIRE(ambulance.fleet.Imports(NightUpload()).exit_code == 0);
  CHECK(Eventually([&] { return Counted(vehicle) == 1; }, seconds(2)));
  CHECK(vehicle.Status().at("locked") == true);
  CHECK(Alerts(vehicle, vehicle.SignsIn(kSam, kSamsPin)).size() == 1);
}

TEST_CASE("a look, its alert and its acknowledgement survive kills of both ends, and notify once", "[alerts]") {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();
  CHECK(vehicle.SignsIn(kSam, kSamsPin).LooksUp(kChild, {"--incident", "INC-72"}).outcome() != "FLAGGED");
  vehicle.IsKilled();
  vehicle.Starts();
  vehicle.FindsLink();
  REQUIRE(vehicle.CatchesUp());
  fleet.IsKilled();
  fleet.Starts();
  REQUIRE(fleet.Imports(NightUpload()).exit_code == 0);
  fleet.IsKilled();
  vehicle.IsKilled();
  fleet.Starts();
  vehicle.Starts();
  REQUIRE(vehicle.CatchesUp());
  REQUIRE(Eventually([&] { return Counted(vehicle) == 1; }));

  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  const json::array alerts = Alerts(vehicle, sam);
  REQUIRE(alerts.size() == 1);
  vehicle.LosesLink();
  REQUIRE(vehicle.Does({"alerts", "--acknowledge", Text(alerts[0].at("id"))}, "", sam.session()).exit_code == 0);
  vehicle.IsKilled();
  vehicle.Starts();
  CHECK(Counted(vehicle) == 0);
  const Crew again = vehicle.SignsIn(kSam, kSamsPin);
  CHECK(Alerts(vehicle, again).at(0).at("acknowledged_by") == kSam);
  vehicle.FindsLink();
  REQUIRE(vehicle.CatchesUp());
  REQUIRE(Eventually([&] { return Alerts(vehicle, again).empty(); }));
  fleet.IsKilled();
  fleet.Starts();
  const json::array raised = Raised(fleet);
  REQUIRE(raised.size() == 1);
  CHECK(raised[0].at("acknowledged_by") == kSam);
  CHECK(fleet.AttendancesOf("INC-72").size() == 1);
  CHECK(Notifications(fleet).size() == 1);
}

}  // namespace cpis::e2e
