// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/sensitive_numbers.h"

#include "tests/sync/fleet/inactive_sample.h"
#include "tests/sync/fleet/opened_rows.h"

namespace cpis::sync::fleet {
namespace {

const Topic kRows = Topic::Rows(kLancashire);
const Topic kNoticeRows = Topic::Rows(kNotices);
const std::string kChild = Number(1);
const std::string kOther = Number(2);

struct Council : World {
  Council() { Imports({.records = {sample::CppRecord(kChild), sample::CppRecord(kOther)}}); }
  void Marks(const std::string& number) { REQUIRE(MarkSensitive(*store, Subject(number)).ok()); }
  void Unmarks(const std::string& number) { REQUIRE(UnmarkSensitive(*store, Subject(number)).ok()); }
};

}  // namespace

TEST_CASE("marking takes the rows of every authority away and leaves a notice that nothing may be said") {
  Council w;
  w.Imports({.authority = kWarrington, .file_id = "WARR-1", .records = {sample::CppRecord(kChild)}});
  w.Marks(kChild);
  CHECK_FALSE(RowOf(w, kLancashire, kChild));
  CHECK_FALSE(RowOf(w, kWarrington, kChild));
  CHECK(RowOf(w, kLancashire, kOther));
  CHECK(NoticeOf(w, kChild) == Notice::kWithheld);
  CHECK_FALSE(NoticeOf(w, kOther));
  CHECK(w.FlagOf(kLancashire, kChild).plans.size() == 1);  // kept on the server

  const TopicHead rows = w.HeadOf(kRows);
  const TopicHead notices = w.HeadOf(kNoticeRows);
  w.Marks(kChild);
  CHECK(w.HeadOf(kRows) == rows);
  CHECK(w.HeadOf(kNoticeRows) == notices);
}

TEST_CASE("a person is sensitive under every number that they have had") {
  Council w;
  REQUIRE(w.ImportsXml(sample::InactiveOf{.subjects = {sample::ReplacedNumber(kChild, Number(9))}}.Xml()).code == "APPLIED");
  REQUIRE(RowOf(w, kLancashire, Number(9)));
  w.Marks(kChild);  // by the number that the person who marks knows
  CHECK_FALSE(RowOf(w, kLancashire, Number(9)));
  CHECK(NoticeOf(w, kChild) == Notice::kWithheld);
  CHECK(NoticeOf(w, Number(9)) == Notice::kWithheld);
}

TEST_CASE("no node gets the row of a sensitive number any more, not one that is behind, nor one that begins") {
  Council w;
  UploadOf many{.file_id = "MANY", .records = {}, .created = "20261120030000"};
  for (int i = 100; i < 160; ++i) many.records.push_back(sample::CppRecord(Number(i)));
  w.Imports(many);
  const Sequence before = w.HeadOf(kRows).sequence;
  const auto key = crypto::NumberKeys(w.keys.pepper.Clone(), w.store->hardness()).Derive(kChild);
  const RowIndex index = crypto::IndexOf(w.keys.index_key, *key);
  const auto sent = [&](Sequence from) {  // how often its row is in what a node there is sent
    std::vector<SharedBytes> segments;
    REQUIRE(w.store->Read([&](Store& s) -> Status {
      CPIS_ASSIGN(segments, s.publisher().Since(kRows, {from, Sequence{0}, 0}));
      return Status::Ok();
    }).ok());
    int rows = 0;
    for (const SharedBytes& bytes : segments) {
      const auto segment = DecodeSegment(platform::AsBytes(*bytes), w.keys.content.public_key);
      REQUIRE(segment.ok());
      for (const EntryView& entry : segment->entries) rows += entry.index == index && !entry.body.empty() ? 1 : 0;
    }
    return rows;
  };
  REQUIRE(sent(Sequence{0}) == 1);  // and the snapshot is kept
  w.Imports({.file_id = "LANCS-2",
             .records = {sample::Record(sample::Lac({"202605010900", "", ""}) + sample::Child(kChild))},
             .created = "20261121020000"});
  REQUIRE(sent(before) == 1);
  w.Marks(kChild);
  CHECK(sent(Sequence{0}) == 0);
  CHECK(sent(before) == 0);
  w.Restart();
  CHECK(sent(Sequence{0}) == 0);
}

TEST_CASE("uploads of a sensitive number load and reach no node, not even as a change") {
  Council w;
  w.Marks(kChild);
  const TopicHead rows = w.HeadOf(kRows);
  const TopicHead notices = w.HeadOf(kNoticeRows);
  const ImportReport report =
      w.Imports({.file_id = "LANCS-2",
                 .records = {sample::Record(sample::Lac({"202605010900", "", ""}) + sample::Child(kChild))}});
  CHECK(report.code == "CPF02");
  CHECK(w.FlagOf(kLancashire, kChild).plans.size() == 2);
  CHECK(w.HeadOf(kRows) == rows);
  CHECK(w.HeadOf(kNoticeRows) == notices);
  w.Imports({.authority = kWarrington, .file_id = "WARR-1", .records = {sample::CppRecord(kChild)}});
  CHECK(w.SizeOf(Topic::Rows(kWarrington)) == 0);
  w.Restart();
  w.Imports({.file_id = "LANCS-3",
             .records = {sample::Record(sample::Lac({"202605020900", "", ""}) + sample::Child(kChild))}});
  CHECK_FALSE(RowOf(w, kLancashire, kChild));
}

TEST_CASE("a number can be marked before any authority speaks of it") {
  Council w;
  const std::string later = Number(9);
  w.Marks(later);
  CHECK(NoticeOf(w, later) == Notice::kWithheld);
  w.Imports({.file_id = "LANCS-2", .records = {sample::CppRecord(later)}});
  CHECK_FALSE(RowOf(w, kLancashire, later));
  CHECK(w.FlagOf(kLancashire, later).plans.size() == 1);
}

TEST_CASE("unmarking gives the rows as they are now and takes the notice away") {
  Council w;
  w.Marks(kChild);
  w.Imports({.file_id = "LANCS-2",
             .records = {sample::Record(sample::Lac({"202605010900", "", ""}) + sample::Child(kChild))}});
  w.Unmarks(kChild);
  CHECK_FALSE(NoticeOf(w, kChild));
  REQUIRE(RowOf(w, kLancashire, kChild));
  CHECK(RowOf(w, kLancashire, kChild)->plans.size() == 2);
  CHECK(UnmarkSensitive(*w.store, Subject(kChild)).code() == Code::kNotFound);
}

TEST_CASE("an attendance of a sensitive child is told to the authority and shown to no node") {
  Council w;
  const Node vehicle = w.Enrols("NWAS-A101", {kLancashire});
  w.Marks(kChild);
  const size_t files = w.FilesInOut().size();
  const TopicHead rows = w.HeadOf(kRows);
  Event event;
  event.id = crypto::NewUuidV7(1);
  event.nhs_number = kChild;
  event.occurred_at = event.recorded_at = kNoon;
  event.staff = "555021935107";
  const Envelope envelope{vehicle.id, 1, event.kind, event.id,
                          crypto::SealTo(w.keys.box.public_key, EncodeEvent(event))};
  REQUIRE(w.desk->Deliver(vehicle.id, EncodeEnvelope(envelope, vehicle.signing)).ok());
  CHECK(w.FilesInOut().size() == files + 1);
  CHECK(w.Attendances().at(0).notified.size() == 1);
  CHECK(w.FlagOf(kLancashire, kChild).accesses.size() == 1);
  CHECK(w.HeadOf(kRows) == rows);
}

}  // namespace cpis::sync::fleet
