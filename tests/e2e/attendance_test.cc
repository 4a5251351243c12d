// SPDX-License-Identifier: Apache-2.0
//
// An attendance reaches the authority, once, whenever it was made.
#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>
#include <fstream>
#include <sstream>

#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

std::string TextOf(const Path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// A moment so many minutes ago, by the clock of a zone (POSIX form, so that no zone files are needed).
std::string MinutesAgo(int minutes, const char* form, const char* zone) {
  const char* before = std::getenv("TZ");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TZ", zone, 1);
  const std::time_t at = std::time(nullptr) - minutes * 60;
  std::tm civil{};
  tzset();
  localtime_r(&at, &civil);
  before == nullptr ? unsetenv("TZ") : setenv("TZ", kept.c_str(), 1);
  tzset();
  char text[32];
  return {text, std::strftime(text, sizeof text, form, &civil)};
}
constexpr const char* kUnitedKingdom = "GMT0BST,M3.5.0/1,M10.5.0";

// The notification files of an attendance.
std::vector<Path> NotificationsOf(const Fleet& fleet, const json::value& attendance) {
  std::vector<Path> files;
  for (const auto& sent : attendance.at("notified").as_array()) {
    const Path file(Text(sent.at("file")));
    files.push_back(file.is_absolute() ? file : fleet.mailbox() / "out" / file.filename());
  }
  return files;
}

}  // namespace

TEST_CASE("an attendance made with the link cut reaches the authority when the link is back", "[attendance]") {
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  const auto second = fleet.Equips("A202", Lancashire().code);
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  const std::string at = MinutesAgo(7, "%Y-%m-%dT%H:%M:00Z", "UTC0");
  const std::string national = MinutesAgo(7, "%Y%m%d%H%M00", kUnitedKingdom);

  const Said attended = sam.Attends(Ambulance::Protected(), "INC-20", {"--at", at});
  REQUIRE(attended.exit_code == 0);
  CHECK(attended.notification() == "QUEUED");
  const std::string id = attended.Text("id");
  CHECK(vehicle.Waiting() == 1);
  CHECK(fleet.Attendances().empty());
  const Output waiting = vehicle.Does({"outbox", "show", id});
  CHECK(waiting.Json().at("state") == "WAITING");

  vehicle.FindsLink();
  REQUIRE(vehicle.CatchesUp());
  CHECK(vehicle.Waiting() == 0);
  const Output receipt = vehicle.Does({"outbox", "show", id});
  CHECK(receipt.exit_code == 0);
  CHECK(receipt.Json().at("state") == "FORWARDED");
  CHECK(receipt.Json().at("receipt_at").is_string());

  const json::array arrived = fleet.AttendancesOf("INC-20");
  REQUIRE(arrived.size() == 1);
  CHECK(Text(arrived[0].at("id")) == id);
  CHECK(Text(arrived[0].at("nhs_number")) == Ambulance::Protected());
  CHECK(Text(arrived[0].at("occurred_at")) == at);
  CHECK(arrived[0].at("node") == "A101");
  CHECK(arrived[0].at("staff") == kSam);
  CHECK(arrived[0].at("outcome_at_node") == "FLAGGED");
  CHECK(arrived[0].at("outcome_now") == "FLAGGED");
  REQUIRE(arrived[0].at("notified").as_array().size() == 1);
  CHECK(Text(arrived[0].at("notified").at(0).at("authority")) == Lancashire().code);

  const std::string notification = TextOf(NotificationsOf(fleet, arrived[0]).at(0));
  CHECK(notification.find("<CP-ISAccessToServiceNotification") != std::string::npos);
  CHECK(notification.find("extension=\"" + Ambulance::Protected() + "\"") != std::string::npos);
  CHECK(notification.find("<effectiveTime value=\"" + national + "\"") != std::string::npos);
  CHECK(notification.find("LANCS-001") != std::string::npos);

  // The access is in everybody's history within seconds.
  const Crew other = second->SignsIn(kAlex, kAlexsPin);
  REQUIRE(Eventually([&] { return other.LooksUp(Ambulance::Protected()).List("accesses").size() == 1; }));
  const Said seen = other.LooksUp(Ambulance::Protected());
  const json::value access = seen.List("accesses")[0];
  CHECK(Text(access.at("at")) == at);
  CHECK(access.at("viewer") == "Ms Sam Crew");
  CHECK(access.at("organisation") == "North West Ambulance Service NHS Trust");
  CHECK(seen.json.at("pattern").at("accesses_90_days") == 1);
}

TEST_CASE("a child known to two authorities: both are told of one attendance", "[attendance]") {
  Ambulance ambulance;
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  REQUIRE(sam.Attends(Ambulance::InTwoFiles(), "INC-21").exit_code == 0);
  REQUIRE(Eventually([&] { return ambulance.fleet.AttendancesOf("INC-21").size() == 1; }));
  const json::value attendance = ambulance.fleet.AttendancesOf("INC-21")[0];
  const auto files = NotificationsOf(ambulance.fleet, attendance);
  REQUIRE(files.size() == 2);
  CHECK(files[0] != files[1]);
  for (const auto& file : files) CHECK(TextOf(file).find(Ambulance::InTwoFiles()) != std::string::npos);
}

TEST_CASE("however often a crew presses, one attendance is queued for a child and an incident", "[attendance]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  CHECK(sam.LooksUp(Ambulance::Protected(), {"--incident", "INC-30"}).notification() == "QUEUED");
  CHECK(sam.LooksUp(Ambulance::Protected(), {"--incident", "INC-30"}).notification() == "ALREADY_QUEUED");
  const Said again = sam.Attends(Ambulance::Protected(), "INC-30");
  CHECK(again.exit_code == 0);
  CHECK(again.notification() == "ALREADY_QUEUED");
  CHECK(vehicle.Waiting() == 1);
  CHECK(sam.Attends(Ambulance::Protected(), "INC-31").notification() == "QUEUED");
  CHECK(sam.Attends(Ambulance::LookedAfter(), "INC-30").notification() == "QUEUED");
  CHECK(vehicle.Waiting() == 3);

  vehicle.FindsLink();
  REQUIRE(vehicle.CatchesUp());
  CHECK(ambulance.fleet.Attendances().size() == 3);
  CHECK(sam.Attends(Ambulance::Protected(), "INC-30").notification() == "ALREADY_QUEUED");
  REQUIRE(vehicle.CatchesUp());
  CHECK(ambulance.fleet.Attendances().size() == 3);
}

TEST_CASE("silent looks, and staff who only look silently, queue no attendance", "[attendance]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  const Crew alex = vehicle.SignsIn(kAlex, kAlexsPin);
  CHECK(sam.LooksUp(Ambulance::Protected(), {"--silent"}).notification() == "SILENT");
  CHECK(alex.LooksUp(Ambulance::Protected(), {"--incident", "INC-40"}).notification() == "SILENT");
  CHECK(sam.LooksUp(Ambulance::Unknown(), {"--incident", "INC-40"}).notification() == "NOT_NEEDED");
  CHECK(alex.Attends(Ambulance::Protected(), "INC-40").exit_code == 4);
  CHECK(vehicle.Waiting() == 0);
  vehicle.FindsLink();
  REQUIRE(vehicle.CatchesUp());
  CHECK(ambulance.fleet.Attendances().empty());
}

TEST_CASE("an attendance of a child who is in no row is kept too, and tells no authority", "[attendance]") {
  Ambulance ambulance;
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  REQUIRE(sam.Attends(Ambulance::Unknown(), "INC-50").exit_code == 0);
  REQUIRE(Eventually([&] { return ambulance.fleet.AttendancesOf("INC-50").size() == 1; }));
  const json::value attendance = ambulance.fleet.AttendancesOf("INC-50")[0];
  CHECK(attendance.at("outcome_at_node") == "NOT_FLAGGED");
  CHECK(attendance.at("notified").as_array().empty());
}

}  // namespace cpis::e2e
