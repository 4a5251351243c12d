// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/audit_register.h"

#include "tests/sync/fleet/chain.h"

namespace cpis::sync::fleet {
namespace {

// Five looks that came and are in order.
struct Kept : Watch {
  Kept() {
    for (int i = 0; i < 5; ++i) Takes(node.Looks(*this));
    REQUIRE(Verified().broken.empty());
    REQUIRE(Verified().entries == 5);
  }
  Chain node;
};

TEST_CASE("whatever is changed in the kept audit is found") {
  const char* fault = GENERATE("UPDATE audit SET nhs_number = '9990000026' WHERE node_sequence = 2",
                               "UPDATE audit SET nhs_number = '' WHERE node_sequence = 2", "UPDATE audit SET staff = 'x' WHERE node_sequence = 3",
                               "UPDATE audit SET occurred_ms = occurred_ms + 1 WHERE node_sequence = 3",
                               "UPDATE audit SET outcome = 2 WHERE node_sequence = 3", "UPDATE audit SET silent = 1 WHERE node_sequence = 3",
                               "UPDATE audit SET node_id = 'other' WHERE node_sequence = 3", "DELETE FROM audit WHERE node_sequence = 4",
                               "DELETE FROM audit_record WHERE position = 2",
                               "DELETE FROM audit_record WHERE position = 5; DELETE FROM audit WHERE node_sequence = 5",
                               "DELETE FROM audit_record WHERE position = 5; DELETE FROM audit WHERE node_sequence = 5;"
                               " UPDATE audit_head SET position = 4, seal = (SELECT seal FROM audit_record WHERE position = 4)",
                               "DELETE FROM audit_record WHERE position > 2; DELETE FROM audit WHERE node_sequence > 2; DELETE FROM audit_head",
                               "UPDATE audit_record SET position = 9 WHERE position = 2; UPDATE audit_record SET position = 2 WHERE position = 3;"
                               " UPDATE audit_record SET position = 3 WHERE position = 9",
                               "UPDATE audit SET id = 'y' WHERE node_sequence = 1; UPDATE audit SET id = (SELECT event FROM audit_record WHERE"
                               " position = 1) WHERE node_sequence = 2",
                               "INSERT INTO audit SELECT 'new', node_id, 99, action, nhs_number, occurred_ms, received_ms, staff, incident,"
                               " outcome, reason, silent FROM audit WHERE node_sequence = 1",
                               "UPDATE audit_record SET salt = x'' WHERE position = 2", "UPDATE audit_record SET readable = 0 WHERE position = 2");
  CAPTURE(fault);
  Kept w;
  w.Tamper(fault);
  CHECK_FALSE(w.Verified().broken.empty());
  w.Takes(w.node.Looks(w));  // what comes later does not make it look whole
  CHECK_FALSE(w.Verified().broken.empty());
}

TEST_CASE("a number that is erased leaves the audit, which stays whole otherwise") {
  Kept w;
  const NhsNumber child = Subject(kChild);
  REQUIRE(w.Asks({.numbers = {child}}).size() == 5);
  REQUIRE(w.store->Change([&](Store& s) { return s.records().BlankNumber(child); }).ok());
  CHECK(w.Asks({.numbers = {child}}).empty());
  CHECK(w.Asks({.staff = kCrew}).size() == 5);
  CHECK(w.Verified().broken.empty());
  w.Takes(w.node.Looks(w));
  CHECK(w.Verified().broken.empty());
}

TEST_CASE("what a node signed for and did not bring is outstanding") {
  Watch w;
  Chain node;
  w.Takes(node.Looks(w));
  const Envelope audit = node.Looks(w);
  w.Takes(node.Attends(w));
  const auto outstanding = w.Verified().outstanding;
  REQUIRE(outstanding.size() == 1);
  CHECK(outstanding[0].node_id == w.vehicle.id);
  CHECK(outstanding[0].promised == 2);
  CHECK(outstanding[0].arrived == 1);
  w.Takes(audit);
  CHECK(w.Verified().outstanding.empty());
}

TEST_CASE("looks are found by number, person, vehicle and time, newest first") {
  Watch w;
  const Node other = w.Enrols("NWAS-A102", {kLancashire});
  REQUIRE(w.roll->PutStaff({"555021935118", "Mr Alex Quiet", "R8000", "B0170", "2468"}).ok());
  Chain node;
  Event first = w.Look(kNoon - std::chrono::hours(3), Outcome::kFlagged, "INC-7");
  Event second = w.Look(kNoon - std::chrono::hours(1));
  second.staff = "555021935118";
  second.silent = true;
  Event third = w.Look(kNoon - std::chrono::hours(2));
  third.nhs_number = kOther;
  for (const Event& event : {first, second, third}) w.Takes(node.Writes(w, event));

  const auto by_number = w.Asks({.numbers = {Subject(kChild)}});
  REQUIRE(by_number.size() == 2);
  CHECK(by_number[0].event.id == second.id);
  CHECK(by_number[0].staff_name == "Mr Alex Quiet");
  CHECK(by_number[0].event.silent);
  CHECK(by_number[1].event.id == first.id);
  CHECK(by_number[1].staff_name == "Ms Sam Crew");
  CHECK(by_number[1].role == "Paramedic");
  CHECK(by_number[1].node == "NWAS-A101");
  CHECK(by_number[1].event.incident == "INC-7");
  CHECK(by_number[1].received_at == kNoon);
  CHECK(by_number[1].event.outcome_at_node == Outcome::kFlagged);
  CHECK(w.Asks({.staff = kCrew}).size() == 2);
  CHECK(w.Asks({.numbers = {Subject(kChild)}, .staff = kCrew}).size() == 1);
  CHECK(w.Asks({.node = "NWAS-A101"}).size() == 3);
  CHECK(w.Asks({.node = "NWAS-A102"}).empty());
  CHECK(w.Asks({.since = kNoon - std::chrono::minutes(90)}).size() == 1);
  CHECK(w.Asks({.staff = "nobody"}).empty());
}

TEST_CASE("who looked up a number is found under the number that replaced it") {
  Watch w;
  Chain node;
  w.Takes(node.Looks(w));
  REQUIRE(w.store->Change([&](Store& s) { return s.records().PutReplacement(Subject(kChild), {Subject(kOther), kNoon}); }).ok());
  std::vector<NhsNumber> numbers;
  REQUIRE(w.store->Read([&](Store& s) -> Status {
                   CPIS_ASSIGN(numbers, s.records().NumbersOf(Subject(kOther)));
                   return Status::Ok();
                 }).ok());
  CHECK(w.Asks({.numbers = numbers}).size() == 1);
  CHECK(w.Asks({.numbers = {Subject(kOther)}}).empty());
}

}  // namespace
}  // namespace cpis::sync::fleet
