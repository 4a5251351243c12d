// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/alert_desk.h"
#include "sync/fleet/sensitive_numbers.h"

#include "tests/sync/fleet/night.h"

namespace cpis::sync::fleet {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a look at a child found flagged an hour later notifies with the true time, and alerts that vehicle") {
  Night w;
  const Instant at = kNoon - hours(9);
  w.Arrives(w.Look(at, Outcome::kNotFlagged));
  CHECK(w.Raised().empty());
  CHECK(w.Attendances().empty());
  w.clock.Advance(hours(1));
  w.Protects();

  const auto raised = w.Raised();
  REQUIRE(raised.size() == 1);
  CHECK(raised[0].node == "NWAS-A101");
  CHECK(raised[0].occurred_at == at);
  CHECK(raised[0].raised_at == kNoon + hours(1));
  const Alert alert = w.Opens(raised[0]);
  CHECK(alert.nhs_number == kChild);
  CHECK(alert.staff == kCrew);
  CHECK(alert.incident == "INC-1");
  CHECK(alert.outcome_at_node == Outcome::kNotFlagged);
  CHECK(alert.occurred_at == at);
  REQUIRE(alert.plans.size() == 1);
  CHECK(alert.plans[0].authority.code == kLancashire);
  CHECK_FALSE(alert.plans[0].authority.emergency_duty_tel.empty());

  const auto shown = w.Attendances();
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].event.id == alert.event);
  CHECK(shown[0].event.kind == EntryKind::kAudit);
  CHECK(shown[0].outcome_now == Outcome::kFlagged);
  REQUIRE(shown[0].notified.size() == 1);
  CHECK(w.TextOf(w.mailbox->out() / shown[0].notified[0].file).find(platform::UkSecond(at)) != std::string::npos);
  const Flag flag = w.FlagOf(kLancashire, kChild);
  REQUIRE(flag.accesses.size() == 1);
  CHECK(flag.accesses[0].at == at);
}

TEST_CASE("a child who is flagged when the look arrives raises the alert at once") {
  Night w;
  w.Protects();
  w.Arrives(w.Look(kNoon - minutes(5)));
  CHECK(w.Raised().size() == 1);
  CHECK(w.Notifications().size() == 1);
}

TEST_CASE("an attendance that was not flagged when it came is notified when the authority's file comes") {
  Night w;
  const Instant at = kNoon - hours(2);
  w.Arrives(w.Attendance(at));
  CHECK(w.Attendances().at(0).outcome_now == Outcome::kNotFlagged);
  w.clock.Advance(days(2));
  w.Protects();
  const auto shown = w.Attendances();
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].event.kind == EntryKind::kAttendance);
  CHECK(shown[0].outcome_now == Outcome::kFlagged);
  CHECK(shown[0].notified.size() == 1);
  CHECK(w.FlagOf(kLancashire, kChild).accesses.at(0).at == at);
  CHECK(w.Raised().size() == 1);
}

TEST_CASE("a crew who was told gets no alert, and the authority is notified all the same") {
  Night w;
  w.Protects();
  SECTION("by the event itself") { w.Arrives(w.Attendance(kNoon, Outcome::kFlagged)); }
  SECTION("by a resolve of the same incident that came before") {
    Event resolve = w.Look(kNoon, Outcome::kFlagged);
    resolve.action = "resolve";
    w.Arrives(resolve);
    w.Arrives(w.Look(kNoon - seconds(3)));
  }
  SECTION("by an attendance of the same incident, whose look comes after it") {
    w.Arrives(w.Attendance(kNoon, Outcome::kFlagged));
    w.Arrives(w.Look(kNoon - minutes(20), Outcome::kNotFlagged));
    w.Arrives(w.Look(kNoon, Outcome::kFlagged));
  }
  SECTION("by a look without an incident, within two hours") {
    w.Arrives(w.Attendance(kNoon - hours(2), Outcome::kFlagged, ""));
    w.Arrives(w.Look(kNoon, Outcome::kCannotSay, ""));
  }
  CHECK(w.Raised().empty());
  CHECK(w.OnVehicle() == 0);
  CHECK(w.Notifications().size() == 1);
  CHECK(w.Attendances().size() == 1);
}

TEST_CASE("what another crew was told, or this one of another case, is not what this one was told") {
  Night w;
  w.Protects();
  const Node second = w.Enrols("NWAS-A102", {kLancashire});
  w.Arrives(w.Attendance(kNoon, Outcome::kFlagged), second);
  w.Arrives(w.Attendance(kNoon, Outcome::kFlagged, "INC-2"));
  w.Arrives(w.Attendance(kNoon - hours(3), Outcome::kFlagged, ""));
  CHECK(w.Raised().empty());
  w.Arrives(w.Look(kNoon));
  CHECK(w.Raised().size() == 1);
  CHECK(w.OnVehicle() == 1);
  CHECK(w.OnVehicle(second) == 0);
  CHECK(w.Notifications().size() == 4);
}

TEST_CASE("however often files come, one case is one alert on the vehicle, and one notification for each authority") {
  Night w;
  w.Arrives(w.Look(kNoon - minutes(30)));
  w.Arrives(w.Look(kNoon - minutes(20)));
  w.Arrives(w.Attendance(kNoon - minutes(10)));
  for (int i = 0; i < 3; ++i) {
    w.Protects();
    w.Deletes();
  }
  w.Protects();
  w.Protects(kWarrington);
  w.Arrives(w.Look(kNoon));
  CHECK(w.OnVehicle() == 1);
  CHECK(w.Notifications().size() == 2);
  const auto shown = w.Attendances();
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].notified.size() == 2);
}

TEST_CASE("an attendance that comes after the look of its case was notified is kept, and notifies nobody again") {
  Night w;
  w.Protects();
  w.Arrives(w.Look(kNoon - minutes(5)));
  w.Arrives(w.Attendance(kNoon));
  const auto shown = w.Attendances();
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].outcome_now == Outcome::kFlagged);
  CHECK(shown[1].outcome_now == Outcome::kFlagged);
  CHECK(w.Notifications().size() == 1);
  CHECK(w.FlagOf(kLancashire, kChild).accesses.size() == 1);
}

TEST_CASE("silent looks and lines that are no look are never judged") {
  Night w;
  Event silent = w.Look(kNoon);
  silent.silent = true;
  w.Arrives(silent);
  for (const char* action : {"attend", "sign-in"}) {
    Event event = w.Look(kNoon);
    event.action = action;
    w.Arrives(event);
  }
  Event nobody = w.Look(kNoon);
  nobody.nhs_number.clear();
  w.Arrives(nobody);
  w.Protects();
  CHECK(w.Raised().empty());
  CHECK(w.Attendances().empty());
  CHECK(w.Notifications().empty());
}

TEST_CASE("a vehicle that reports looks without end gets no list, and one that is revoked gets no alert") {
  Night w;
  UploadOf file{.file_id = "MANY", .records = {}, .created = "20261121030000"};
  for (int i = 100; i < 170; ++i) file.records.push_back(sample::CppRecord(Number(i)));
  w.Imports(file);
  for (int i = 100; i < 170; ++i) {
    Event look = w.Look(kNoon);
    look.nhs_number = Number(i);
    w.Arrives(look);
  }
  CHECK(w.Raised().size() == 50);
  CHECK(w.OnVehicle() == 50);
  REQUIRE(w.roll->Revoke(w.vehicle.name).ok());
  CHECK(w.OnVehicle() == 0);
}

TEST_CASE("a sensitive child raises no alert, and the authority is told all the same") {
  Night w;
  REQUIRE(MarkSensitive(*w.store, Subject(kChild)).ok());
  w.Arrives(w.Look(kNoon));
  w.Protects();
  CHECK(w.OnVehicle() == 0);
  CHECK(w.Notifications().size() == 1);
}

TEST_CASE("a no that the server itself gave is judged again like one of the vehicle's") {
  Night w;
  Event asked = w.Look(kNoon);
  asked.action = "resolve";
  w.Arrives(asked);
  CHECK(w.Raised().empty());
  w.Protects();
  CHECK(w.Raised().size() == 1);
}

TEST_CASE("events are judged for seven days from their arrival, to the minute") {
  Night w;
  w.Arrives(w.Look(kNoon - days(3)));
  const bool late = GENERATE(false, true);
  w.clock.Advance(days(7) + (late ? minutes(1) : minutes(0)));
  REQUIRE(w.alerts().JudgeDue().ok());
  w.Protects();
  CHECK(w.Raised().size() == (late ? 0 : 1));
  CHECK(w.Notifications().size() == (late ? 0 : 1));
}

TEST_CASE("a look that is being resolved is judged ten seconds after it came, also across a restart") {
  Night w;
  Event look = w.Look(kNoon);
  look.resolving = true;
  w.Protects();
  w.Arrives(look);
  w.Deletes();
  w.Protects();  // a file that comes in between does not judge it either
  w.clock.Advance(seconds(9));
  REQUIRE(w.alerts().JudgeDue().ok());
  CHECK(w.Raised().empty());
  CHECK(w.Notifications().empty());
  const bool resolved = GENERATE(false, true);
  if (resolved) {
    Event resolve = w.Look(kNoon + seconds(2), Outcome::kFlagged);
    resolve.action = "resolve";
    w.Arrives(resolve);
  }
  w.Restart();
  w.clock.Advance(seconds(1));
  REQUIRE(w.alerts().JudgeDue().ok());
  REQUIRE(w.alerts().JudgeDue().ok());
  CHECK(w.OnVehicle() == (resolved ? 0 : 1));
  CHECK(w.Notifications().size() == 1);
  w.Deletes();
  w.Protects();
  CHECK(w.OnVehicle() == (resolved ? 0 : 1));
}

TEST_CASE("a server's clock that is set back does not hold what waits") {
  Night w;
  Event look = w.Look(kNoon);
  look.resolving = true;
  w.Protects();
  w.Arrives(look);
  w.clock.SetWall(kNoon - days(1));
  REQUIRE(w.alerts().JudgeDue().ok());
  CHECK(w.Raised().size() == 1);
}

TEST_CASE("a revoked vehicle gets no alert, and what it had is taken from it") {
  Night w;
  w.Arrives(w.Look(kNoon));
  w.Protects();
  CHECK(w.OnVehicle() == 1);
  w.Arrives(w.Look(kNoon, Outcome::kCannotSay, "INC-2"));
  CHECK(w.OnVehicle() == 2);
  REQUIRE(w.roll->Revoke("NWAS-A101").ok());
  REQUIRE(w.alerts().JudgeDue().ok());
  CHECK(w.OnVehicle() == 0);

  Night other;
  other.Arrives(other.Look(kNoon));
  REQUIRE(other.roll->Revoke("NWAS-A101").ok());
  other.Protects();
  CHECK(other.Raised().empty());
  CHECK(other.Notifications().size() == 1);
}

TEST_CASE("an alert goes when the vehicle acknowledges it, and who and when stay known") {
  Night w;
  w.Arrives(w.Look(kNoon));
  w.Protects();
  const std::string id = w.Raised().at(0).id;
  Event acknowledged;
  acknowledged.kind = EntryKind::kAudit;
  acknowledged.action = "acknowledge-alert";
  acknowledged.alert = id;
  acknowledged.staff = "someone-else";
  acknowledged.occurred_at = acknowledged.recorded_at = kNoon + minutes(3);
  const auto again = [&] {
    acknowledged.id = crypto::NewUuidV7(1);
    return acknowledged;
  };
  const Node second = w.Enrols("NWAS-A102", {kLancashire});
  w.Arrives(again(), second);  // not its alert
  CHECK(w.OnVehicle() == 1);
  CHECK_FALSE(w.Raised().at(0).acknowledged_at.has_value());

  w.Arrives(again());
  CHECK(w.OnVehicle() == 0);
  acknowledged.staff = "too-late";
  w.Arrives(again());
  acknowledged.alert = "no-such-alert";
  w.Arrives(again());
  w.Restart();
  const AlertRow row = w.Raised().at(0);
  CHECK(row.acknowledged_by == "someone-else");
  CHECK(row.acknowledged_at == kNoon + minutes(3));
  CHECK_FALSE(row.open);
  w.Deletes();
  w.Protects();
  CHECK(w.OnVehicle() == 0);
}

TEST_CASE("an alert is taken back when the plan was a mistake, or its window is over") {
  Night w;
  w.Arrives(w.Look(kNoon));
  SECTION("deleted") {
    w.Protects();
    CHECK(w.OnVehicle() == 1);
    w.Deletes();
  }
  SECTION("over") {
    w.Says(kLancashire, sample::Record(sample::Lac({"202001010900", "202511231200", ""}) + sample::Child(kChild)));
    CHECK(w.OnVehicle() == 1);
    w.clock.Advance(days(2));
    REQUIRE(w.alerts().JudgeDue().ok());
  }
  CHECK(w.OnVehicle() == 0);
  CHECK_FALSE(w.Raised().at(0).open);
}

TEST_CASE("an alert taken back before anybody read it is raised anew when the plan is back after all") {
  Night w;
  w.Arrives(w.Look(kNoon));
  w.Protects();
  w.Deletes();
  CHECK(w.OnVehicle() == 0);
  w.Protects();
  CHECK(w.OnVehicle() == 1);
  CHECK(w.Raised().size() == 2);
  CHECK(w.Notifications().size() == 1);
}

TEST_CASE("of a number that is erased no alert stays, and no look is judged again") {
  Night w;
  w.Arrives(w.Look(kNoon));
  w.Protects();
  CHECK(w.OnVehicle() == 1);
  REQUIRE(w.store->Change([](Store& store) { return ForgetNumber(store, Subject(kChild)); }).ok());
  CHECK(w.OnVehicle() == 0);
  CHECK(w.Raised().at(0).nhs_number.empty());
  w.Deletes();
  w.Protects();
  w.clock.Advance(hours(2));
  REQUIRE(w.alerts().JudgeDue().ok());
  CHECK(w.OnVehicle() == 0);
  CHECK(w.Raised().size() == 1);
}

TEST_CASE("several alerts of one vehicle are raised by one file") {
  Night w;
  w.Arrives(w.Look(kNoon));
  w.Arrives(w.Look(kNoon, Outcome::kNotFlagged, "INC-2"));
  w.Protects();
  CHECK(w.Raised().size() == 2);
  CHECK(w.OnVehicle() == 2);
}

}  // namespace
}  // namespace cpis::sync::fleet
