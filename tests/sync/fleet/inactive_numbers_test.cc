// SPDX-License-Identifier: Apache-2.0
//
// Messages of inactive numbers, from the file to what nodes hold.
#include "sync/fleet/inactive_numbers.h"

#include "sync/fleet/sensitive_numbers.h"
#include "tests/sync/fleet/inactive_sample.h"
#include "tests/sync/fleet/opened_rows.h"

namespace cpis::sync::fleet {
namespace {

using sample::ErasedNumber;
using sample::InactiveOf;
using sample::ReplacedNumber;

const Topic kRows = Topic::Rows(kLancashire);
const std::string kA = Number(1);
const std::string kB = Number(2);
const std::string kC = Number(3);
const std::string kOther = Number(4);

std::string LacRecord(const std::string& number) {
  return sample::Record(sample::Lac({"202605010900", "", ""}) + sample::Child(number));
}

struct Desk : World {
  Desk() : vehicle(Enrols("NWAS-A101", {kLancashire})) {
    Imports({.records = {sample::CppRecord(kA), sample::CppRecord(kOther)}});
  }

  Renumbering Hears(const std::vector<std::string>& subjects, const std::string& effective = "20261121020000",
                    const std::string& authority = kLancashire) {
    const ImportReport report =
        ImportsXml(InactiveOf{.subjects = subjects, .authority = authority, .effective = effective}.Xml());
    REQUIRE(report.code == "APPLIED");
    CHECK(report.acknowledgement.empty());
    REQUIRE(report.renumbered);
    return *report.renumbered;
  }
  void Attends(const std::string& number, Instant at = kNoon, EntryKind kind = EntryKind::kAttendance) {
    Event event;
    event.id = crypto::NewUuidV7(at.time_since_epoch().count());
    event.kind = kind;
    event.action = kind == EntryKind::kAudit ? "lookup" : "";
    event.nhs_number = number;
    event.occurred_at = event.recorded_at = at;
    event.staff = "555021935107";
    const Envelope envelope{vehicle.id, ++sequence, event.kind, event.id,
                            crypto::SealTo(keys.box.public_key, EncodeEvent(event))};
    REQUIRE(desk->Deliver(vehicle.id, EncodeEnvelope(envelope, vehicle.signing)).ok());
  }
  std::string RefusalOf(const std::string& number, const std::string& authority = kLancashire) {
    const ImportReport report = Imports({.authority = authority,
                                         .file_id = "AGAIN",
                                         .records = {sample::CppRecord(number), sample::CppRecord(Number(50))},
                                         .created = "20261121030000"});
    if (report.problems.empty()) return "";
    CHECK(report.code == "CPF03");
    CHECK(report.problems[0].location == "/File/record[1]/CP-ISRecord/subject[1]");
    CHECK(report.problems[0].detail.find(number) == std::string::npos);
    CHECK(TextOf(report.acknowledgement).find(report.problems[0].code) != std::string::npos);
    return report.problems[0].code;
  }
  // Whether the ten digits are in a byte of the database or its log.
  bool OnDisk(const std::string& number) {
    for (const char* name : {"fleet.db", "fleet.db-wal"}) {
      const auto bytes = platform::ReadFile(state / name, 1 << 28);
      if (bytes.ok() && platform::AsText(*bytes).find(number) != std::string_view::npos) return true;
    }
    return false;
  }

  Node vehicle;
  uint64_t sequence = 0;
};

}  // namespace

TEST_CASE(
    "a replaced number's plans and history are found under the new one, and the old one says that it is replaced") {
  Desk w;
  w.Attends(kA);
  const Flag before = w.FlagOf(kLancashire, kA);
  REQUIRE(before.accesses.size() == 1);
  const Renumbering done = w.Hears({ReplacedNumber(kA, kB)});
  CHECK(done.replaced == 1);
  CHECK(done.unknown == 0);
  CHECK(RowOf(w, kLancashire, kB) == before);
  CHECK_FALSE(RowOf(w, kLancashire, kA));
  CHECK(NoticeOf(w, kA) == Notice::kReplaced);
  CHECK_FALSE(NoticeOf(w, kB));
  CHECK(w.FlagOf(kLancashire, kA) == Flag{});
  CHECK(w.Attendances().at(0).event.nhs_number == kA);  // as it was told
  REQUIRE(w.store
              ->Read([&](Store& s) -> Status {
                CHECK(*s.records().CurrentNumber(Subject(kA)) == Subject(kB));
                CHECK(*s.records().FormerNumbers(Subject(kB)) == std::set<NhsNumber>{Subject(kA)});
                return Status::Ok();
              })
              .ok());
  const TopicHead rows = w.HeadOf(kRows);
  const TopicHead notices = w.HeadOf(Topic::Rows(kNotices));
  CHECK(w.Hears({ReplacedNumber(kA, kB)}).unknown == 1);  // once more
  CHECK(w.HeadOf(kRows) == rows);
  CHECK(w.HeadOf(Topic::Rows(kNotices)) == notices);
}

TEST_CASE("of two plans of a type the one that lasts longer stands, whichever was said later, and accesses are united") {
  const std::string ended = sample::Record(sample::Cpp({"202602010900", "202611190900", ""}) + sample::Child(kB));
  Desk w;
  SECTION("the old number's was said later") {
    w.Imports({.file_id = "B", .records = {ended, LacRecord(kB)}, .created = "20261119020000"});
  }
  SECTION("the new number's was said later") {
    w.Imports({.file_id = "B", .records = {ended, LacRecord(kB)}, .created = "20261121020000"});
  }
  w.Attends(kA, kNoon - std::chrono::hours(2));
  w.Attends(kB, kNoon - std::chrono::hours(1));
  w.Hears({ReplacedNumber(kA, kB)});
  const auto row = RowOf(w, kLancashire, kB);
  REQUIRE(row);
  REQUIRE(row->plans.size() == 2);
  CHECK(row->plans[0].type == PlanType::kLac);
  CHECK_FALSE(row->plans[1].end.has_value());
  CHECK(row->accesses.size() == 2);
}

TEST_CASE("a chain of replacements leads to its end, in whichever order it is told") {
  Desk w;
  SECTION("in one message") { CHECK(w.Hears({ReplacedNumber(kA, kB), ReplacedNumber(kB, kC)}).replaced == 2); }
  SECTION("from its end") {
    CHECK(w.Hears({ReplacedNumber(kB, kC)}).unknown == 1);
    CHECK(w.Hears({ReplacedNumber(kA, kB)}).replaced == 1);
  }
  SECTION("on two days") {
    w.Hears({ReplacedNumber(kA, kB)});
    w.Hears({ReplacedNumber(kB, kC)}, "20261122020000");
  }
  CHECK(RowOf(w, kLancashire, kC));
  CHECK_FALSE(RowOf(w, kLancashire, kA));
  CHECK_FALSE(RowOf(w, kLancashire, kB));
  CHECK(NoticeOf(w, kA) == Notice::kReplaced);
  CHECK(NoticeOf(w, kB) == Notice::kReplaced);
  CHECK_FALSE(NoticeOf(w, kC));
  CHECK(w.RefusalOf(kA) == "CPR05");
  CHECK(w.RefusalOf(kB) == "CPR05");
}

TEST_CASE("a number replaced by itself, or in a circle, takes nobody's plan away") {
  Desk w;
  CHECK(w.Hears({ReplacedNumber(kA, kA)}).unknown == 1);
  CHECK(RowOf(w, kLancashire, kA));
  CHECK_FALSE(NoticeOf(w, kA));

  const Renumbering circle = w.Hears({ReplacedNumber(kA, kB), ReplacedNumber(kB, kC), ReplacedNumber(kC, kA)});
  CHECK(circle.replaced == 2);
  CHECK(circle.unknown == 1);
  CHECK(RowOf(w, kLancashire, kC));
  CHECK_FALSE(NoticeOf(w, kC));
}

TEST_CASE("a replacement that a later message takes back puts the old number in use again") {
  Desk w;
  w.Hears({ReplacedNumber(kA, kB)});
  CHECK(w.Hears({ReplacedNumber(kB, kA)}, "20261120020000").unknown == 1);  // an older word
  CHECK(RowOf(w, kLancashire, kB));
  CHECK(w.Hears({ReplacedNumber(kB, kA)}, "20261122020000").replaced == 1);
  CHECK(RowOf(w, kLancashire, kA));
  CHECK_FALSE(NoticeOf(w, kA));
  CHECK(NoticeOf(w, kB) == Notice::kReplaced);
  CHECK(w.RefusalOf(kA).empty());
  CHECK(w.RefusalOf(kB) == "CPR05");
}

TEST_CASE("an old number that nobody holds is remembered") {
  Desk w;
  CHECK(w.Hears({ReplacedNumber(kB, kC)}).unknown == 1);
  CHECK(NoticeOf(w, kB) == Notice::kReplaced);
  w.Restart();
  CHECK(w.RefusalOf(kB) == "CPR05");
  CHECK(w.FlagOf(kLancashire, kB) == Flag{});
}

TEST_CASE("a number is replaced under every authority, by a message to one that holds it and to no other") {
  Desk w;
  w.Imports({.authority = kWarrington, .file_id = "WARR-1", .records = {LacRecord(kA)}});
  CHECK(w.Hears({ReplacedNumber(kA, kB)}, "20261121020000", "E08000012").unknown == 1);
  CHECK(w.RefusalOf(kA).empty());
  CHECK(RowOf(w, kWarrington, kA));
  CHECK(w.Hears({ReplacedNumber(kA, kB)}).replaced == 1);
  CHECK(RowOf(w, kLancashire, kB));
  CHECK(RowOf(w, kWarrington, kB));
  CHECK_FALSE(RowOf(w, kWarrington, kA));
  CHECK(NoticeOf(w, kA) == Notice::kReplaced);
}

TEST_CASE("a record with a bad number is refused whole, the other subject of it too") {
  Desk w;
  w.Hears({ReplacedNumber(kB, kC)});
  const std::string both =
      sample::Record(sample::Cpp({"202603010900", "", ""}) + sample::Ucpp({"202609010900", "202701150000", ""}) +
                     sample::Child(Number(20)) + sample::Mother(kB));
  const ImportReport report = w.Imports({.file_id = "BOTH", .records = {both}});
  CHECK(report.code == "CPF04");
  CHECK(report.problems.at(0).code == "CPR05");
  CHECK(report.problems.at(0).location == "/File/record[1]/CP-ISRecord/subject[2]");
  CHECK(w.FlagOf(kLancashire, Number(20)) == Flag{});
}

TEST_CASE("a sensitive child stays sensitive under the new number") {
  Desk w;
  REQUIRE(MarkSensitive(*w.store, Subject(kA)).ok());
  w.Imports({.file_id = "B", .records = {LacRecord(kB)}});
  REQUIRE(RowOf(w, kLancashire, kB));
  w.Hears({ReplacedNumber(kA, kB)});
  CHECK_FALSE(RowOf(w, kLancashire, kB));
  CHECK(NoticeOf(w, kA) == Notice::kWithheld);
  CHECK(NoticeOf(w, kB) == Notice::kWithheld);
  CHECK(w.FlagOf(kLancashire, kB).plans.size() == 2);
}

TEST_CASE("an erased number is in no byte of the database, and nothing says what it became") {
  Desk w;
  std::vector<std::string> records;
  for (int i = 100; i < 400; ++i) records.push_back(sample::CppRecord(Number(i)));  // so that pages fill and split
  w.Imports({.file_id = "MANY", .records = records});
  const std::string child = Number(250);
  w.Attends(child);
  w.Attends(child, kNoon, EntryKind::kAudit);
  REQUIRE(w.store->Change([&](Store& s) {
                   return s.records().QueueFile({"x.access.xml", "<id>" + child + "</id>"});
                 })
              .ok());
  REQUIRE(w.OnDisk(child));
  const Renumbering done = w.Hears({ErasedNumber(child)});
  CHECK(done.erased == 1);
  CHECK_FALSE(w.OnDisk(child));
  CHECK_FALSE(RowOf(w, kLancashire, child));
  CHECK_FALSE(NoticeOf(w, child));
  REQUIRE(w.Attendances().size() == 1);
  CHECK(w.Attendances()[0].event.nhs_number.empty());
  CHECK(w.OnDisk(Number(251)));

  w.Restart();
  CHECK(w.RefusalOf(child) == "CPR01");
  CHECK(w.RefusalOf(child, kWarrington) == "CPR01");
  CHECK(w.Hears({ErasedNumber(child)}).unknown == 1);
  CHECK(w.Hears({ReplacedNumber(child, kB)}).unknown == 1);
  CHECK_FALSE(w.OnDisk(child));
}

TEST_CASE("numbers that were replaced by an erased one are the same child's, and go with it") {
  Desk w;
  w.Attends(kA);
  w.Hears({ReplacedNumber(kA, kB)});
  w.Hears({ErasedNumber(kB)}, "20261122020000");
  CHECK_FALSE(w.OnDisk(kA));
  CHECK_FALSE(w.OnDisk(kB));
  CHECK_FALSE(NoticeOf(w, kA));
  CHECK(w.RefusalOf(kA) == "CPR01");
}

TEST_CASE("a number is erased under every authority, by a message to one that holds it and to no other") {
  Desk w;
  w.Imports({.authority = kWarrington, .file_id = "WARR-1", .records = {LacRecord(kA)}});
  w.Attends(kA);
  CHECK(w.Hears({ErasedNumber(kA)}, "20261121020000", "E08000012").unknown == 1);
  REQUIRE(RowOf(w, kLancashire, kA));
  CHECK(w.RefusalOf(kA).empty());
  CHECK(w.Hears({ErasedNumber(kA)}).erased == 1);
  CHECK_FALSE(RowOf(w, kLancashire, kA));
  CHECK_FALSE(RowOf(w, kWarrington, kA));
  CHECK(w.RefusalOf(kA) == "CPR01");
  CHECK(w.RefusalOf(kA, kWarrington) == "CPR01");
  CHECK_FALSE(w.OnDisk(kA));
}

TEST_CASE("two numbers of one child merge without ending the protection of either") {
  Desk w;
  w.Imports({.file_id = "B", .records = {sample::CppRecord(kB)}, .created = "20261119020000"});
  w.Imports({.file_id = "B2",
             .records = {sample::Record(sample::Cpp({"202603010900", "", "202611200900"}) + sample::Child(kB))},
             .created = "20261121020000"});
  REQUIRE_FALSE(RowOf(w, kLancashire, kB));
  w.Hears({ReplacedNumber(kA, kB)});
  REQUIRE(RowOf(w, kLancashire, kB));
  REQUIRE(RowOf(w, kLancashire, kB)->plans.size() == 1);
  CHECK(RowOf(w, kLancashire, kB)->plans[0].type == PlanType::kCpp);
  CHECK_FALSE(RowOf(w, kLancashire, kB)->plans[0].end);
}

TEST_CASE("a file older than what was said of a replaced number takes nothing from the new one") {
  Desk w;
  REQUIRE(w.Hears({ReplacedNumber(kA, kB)}).replaced == 1);
  w.Imports({.file_id = "LATE",
             .records = {sample::Record(sample::Cpp({"202603010900", "", "202611180900"}) + sample::Child(kB))},
             .created = "20261119020000"});
  CHECK(RowOf(w, kLancashire, kB));
}

TEST_CASE("a number that is erased and stands for another in one message is no message") {
  Desk w;
  const ImportReport report = w.ImportsXml(InactiveOf{.subjects = {ErasedNumber(kB), ReplacedNumber(kA, kB)}}.Xml());
  CHECK(report.code == "REFUSED");
  CHECK(report.detail.find(kA) == std::string::npos);
  CHECK(RowOf(w, kLancashire, kA));
}

TEST_CASE("a message that would erase too much of a partition is held like any other file") {
  Desk w;
  std::vector<std::string> records, subjects;
  for (int i = 100; i < 140; ++i) records.push_back(sample::CppRecord(Number(i)));
  for (int i = 100; i < 112; ++i) subjects.push_back(ErasedNumber(Number(i)));
  w.Imports({.file_id = "MANY", .records = records});
  const std::string xml = InactiveOf{.subjects = subjects}.Xml();
  const ImportReport report = w.ImportsXml(xml);
  CHECK(report.code == "HELD");
  CHECK(report.held->ending == 12);
  CHECK(RowOf(w, kLancashire, Number(100)));
  w.Imports({.file_id = "NEXT", .records = {sample::CppRecord(Number(1000))}, .created = "20261122020000"});
  const auto released = w.import->Import(platform::AsBytes(xml), {}, {.release = true, .taken = std::nullopt});
  REQUIRE(released.ok());
  CHECK(released->renumbered->erased == 12);
  CHECK_FALSE(RowOf(w, kLancashire, Number(100)));
}

TEST_CASE("a message that cannot be read changes nothing and says why") {
  Desk w;
  const TopicHead before = w.HeadOf(kRows);
  const ImportReport report =
      w.ImportsXml(InactiveOf{.subjects = {ErasedNumber(kA), ErasedNumber("9990000019")}}.Xml());
  CHECK(report.code == "REFUSED");
  CHECK(report.detail.find("subject[2]") != std::string::npos);
  CHECK(report.acknowledgement.empty());
  CHECK(w.HeadOf(kRows) == before);
  CHECK(w.RefusalOf(kA).empty());
}

}  // namespace cpis::sync::fleet
