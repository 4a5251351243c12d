// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/expiry.h"

#include "tests/sync/fleet/opened_rows.h"

namespace cpis::sync::fleet {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

const Topic kRows = Topic::Rows(kLancashire);
const std::string kChild = Number(1);
const std::string kMother = Number(2);
const std::string kOther = Number(3);

Instant Uk(const std::string& minute) { return *platform::ParseUkMinute(minute, platform::Overlap::kLater); }

std::string EndedCpp(const std::string& number, const std::string& end) {
  return sample::Record(sample::Cpp({"202001010900", end, ""}) + sample::Child(number));
}
std::string Due(const std::string& number, const std::string& end) {
  return sample::Record(sample::Ucpp({"202601010900", end, ""}) + sample::Mother(number));
}

void Expires(World& w) { REQUIRE(RemoveGonePlans(*w.store).ok()); }

}  // namespace

TEST_CASE("a plan goes with the minute in which its window is over, 365 days or 28 days after its end") {
  World w;
  w.Imports({.records = {EndedCpp(kChild, "202611201200"), Due(kMother, "202611201200"), sample::CppRecord(kOther)}});
  const Instant end = Uk("202611201200");

  w.clock.SetWall(end + days(28) - seconds(1));
  Expires(w);
  CHECK(w.SizeOf(kRows) == 3);
  w.clock.SetWall(end + days(28));
  Expires(w);
  CHECK(w.SizeOf(kRows) == 2);
  CHECK_FALSE(RowOf(w, kLancashire, kMother));
  CHECK(w.FlagOf(kLancashire, kMother).plans.empty());

  w.clock.SetWall(end + days(365) - seconds(1));
  Expires(w);
  CHECK(RowOf(w, kLancashire, kChild));
  w.clock.SetWall(end + days(365));
  Expires(w);
  CHECK_FALSE(RowOf(w, kLancashire, kChild));
  CHECK(RowOf(w, kLancashire, kOther));
}

TEST_CASE("with nothing due, nothing is published or written") {
  World w;
  w.Imports({.records = {EndedCpp(kChild, "202611201200")}});
  const TopicHead before = w.HeadOf(kRows);
  Expires(w);
  CHECK(w.HeadOf(kRows) == before);
}

TEST_CASE("of two plans the one that is over goes and the other stays in the row") {
  World w;
  w.Imports({.records = {sample::Record(sample::Cpp({"202001010900", "202611201200", ""}) +
                                        sample::Lac({"202001010900", "", ""}) + sample::Child(kChild))}});
  w.clock.SetWall(Uk("202611201200") + days(366));
  Expires(w);
  REQUIRE(RowOf(w, kLancashire, kChild));
  CHECK(RowOf(w, kLancashire, kChild)->plans.size() == 1);
  CHECK(RowOf(w, kLancashire, kChild)->plans[0].type == PlanType::kLac);
}

TEST_CASE("who has no plan left has no accesses left") {
  World w;
  w.Imports({.records = {EndedCpp(kChild, "202611201200")}});
  REQUIRE(w.store
              ->Change([&](Store& s) {
                return s.records().AddAccess(kLancashire, Subject(kChild), {kNoon, PersonId{1}}, "A");
              })
              .ok());
  w.clock.SetWall(Uk("202611201200") + days(365));
  Expires(w);
  CHECK(w.FlagOf(kLancashire, kChild) == Flag{});
}

TEST_CASE("an old file brings nothing back that time has taken") {
  World w;
  const UploadOf open{.file_id = "MON", .records = {sample::CppRecord(kChild)}, .created = "20261119020000"};
  w.Imports(open);
  w.Imports({.file_id = "TUE", .records = {EndedCpp(kChild, "202611201200")}});
  w.clock.SetWall(Uk("202611201200") + days(365));
  Expires(w);
  const TopicHead before = w.HeadOf(kRows);
  CHECK(w.Imports(open).code == "CPF02");
  CHECK(w.HeadOf(kRows) == before);
  CHECK(w.SizeOf(kRows) == 0);
}

TEST_CASE("a plan that is gone already when its file comes is loaded and shown to nobody") {
  World w;
  w.Imports({.records = {sample::CppRecord(kChild), sample::CppRecord(kOther)}});
  const ImportReport report = w.Imports(
      {.file_id = "LANCS-2",
       .records = {EndedCpp(kChild, "202511010900"), EndedCpp(Number(7), "202511010900"), Due(kMother, "202610010900")},
       .created = "20261121020000"});
  CHECK(report.code == "CPF02");
  CHECK(report.loaded == 3);
  CHECK(w.SizeOf(kRows) == 1);
  CHECK(w.FlagOf(kLancashire, kChild).plans.empty());
  // It was said: an older file does not bring the child back.
  w.Imports({.file_id = "LANCS-0", .records = {sample::CppRecord(kChild)}, .created = "20261119020000"});
  CHECK_FALSE(RowOf(w, kLancashire, kChild));
}

}  // namespace cpis::sync::fleet
