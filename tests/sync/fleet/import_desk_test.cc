// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/import_desk.h"

#include "tests/sync/fleet/opened_rows.h"

namespace cpis::sync::fleet {
namespace {

const Topic kRows = Topic::Rows(kLancashire);
const std::string kChild = Number(1);
const std::string kOther = Number(2);

TEST_CASE("a file becomes rows, a directory entry and an acknowledgement") {
  World w;
  const ImportReport report = w.Imports({.records = {sample::CppRecord(kChild), sample::CppRecord(kOther)}});
  CHECK(report.code == "CPF02");
  CHECK(report.loaded == 2);
  CHECK(report.rejected == 0);
  CHECK(w.SizeOf(kRows) == 2);
  CHECK(w.SequenceOf(kRows) == 1);
  CHECK(w.SizeOf(Topic::Directory()) == 1);
  CHECK(RowOf(w, kLancashire, kChild) == w.FlagOf(kLancashire, kChild));
  CHECK(w.FlagOf(kLancashire, kChild).plans.size() == 1);
  const std::string ack = w.TextOf(report.acknowledgement);
  CHECK(ack.find("CPF02") != std::string::npos);
  CHECK(ack.find("LANCS-20261120-001") != std::string::npos);
}

TEST_CASE("the same file again changes nothing that a node could see") {
  World w;
  const UploadOf upload{.records = {sample::CppRecord(kChild)}};
  w.Imports(upload);
  const TopicHead rows = w.HeadOf(kRows);
  const TopicHead directory = w.HeadOf(Topic::Directory());
  CHECK(w.Imports(upload).code == "CPF02");
  CHECK(w.HeadOf(kRows) == rows);
  CHECK(w.HeadOf(Topic::Directory()) == directory);
  CHECK(w.FilesInOut().size() == 2);  // it is acknowledged all the same
}

TEST_CASE("a file that comes late takes nothing back of what a newer one said") {
  World w;
  const UploadOf monday{.file_id = "MON", .records = {sample::CppRecord(kChild), sample::CppRecord(kOther)},
                        .created = "20261120020000"};
  const std::string ended = sample::Record(sample::Cpp({"202603010900", "202611201630", ""}) + sample::Child(kChild));
  const UploadOf tuesday{.file_id = "TUE", .records = {ended}, .created = "20261121020000"};
  w.Imports(monday);
  w.Imports(tuesday);
  REQUIRE(w.FlagOf(kLancashire, kChild).plans.at(0).end.has_value());
  const uint64_t before = w.SequenceOf(kRows);
  CHECK(w.Imports(monday).code == "CPF02");
  CHECK(w.FlagOf(kLancashire, kChild).plans.at(0).end.has_value());
  CHECK(w.SequenceOf(kRows) == before);
}

TEST_CASE("a record replaces the plan of its type and leaves the others") {
  World w;
  w.Imports({.records = {sample::CppRecord(kChild), sample::CppRecord(kOther)}});
  w.Imports({.file_id = "LANCS-2",
             .records = {sample::Record(sample::Lac({"202605010900", "", ""}) + sample::Child(kChild))}});
  CHECK(w.FlagOf(kLancashire, kChild).plans.size() == 2);
  w.Imports({.file_id = "LANCS-3",
             .records = {sample::Record(sample::Cpp({"202603010900", "202611010900", ""}) + sample::Child(kChild))}});
  const Flag flag = w.FlagOf(kLancashire, kChild);
  REQUIRE(flag.plans.size() == 2);
  CHECK(flag.plans[0].type == PlanType::kLac);
  CHECK(flag.plans[1].end == *platform::ParseUkMinute("202611010900", platform::Overlap::kEarlier));
  CHECK(w.SequenceOf(kRows) == 3);
  CHECK(w.FlagOf(kLancashire, kOther).plans.size() == 1);  // silence in a file is not an end
}

TEST_CASE("a delete date removes the plan, and the last one removes the row with its history") {
  World w;
  w.Imports({.records = {sample::CppRecord(kChild), sample::CppRecord(kOther)}});
  REQUIRE(w.store
              ->Change([&](Store& s) {
                return s.records().AddAccess(kLancashire, Subject(kChild), {kNoon, PersonId{1}}, "A");
              })
              .ok());
  w.Imports({.file_id = "LANCS-2",
             .records = {sample::Record(sample::Cpp({"202603010900", "", "202611010900"}) + sample::Child(kChild))}});
  CHECK(w.SizeOf(kRows) == 1);
  CHECK(w.FlagOf(kLancashire, kChild) == Flag{});
  CHECK_FALSE(RowOf(w, kLancashire, kChild));
  CHECK(RowOf(w, kLancashire, kOther));
}

TEST_CASE("an authority writes its own partition only, and a child can be known to two") {
  World w;
  w.Imports({.records = {sample::CppRecord(kChild)}});
  w.Imports({.authority = kWarrington,
             .file_id = "WARR-1",
             .records = {sample::Record(sample::Lac({"202605010900", "", ""}) + sample::Child(kChild))}});
  const TopicHead lancashire = w.HeadOf(kRows);
  CHECK(RowOf(w, kLancashire, kChild)->plans[0].type == PlanType::kCpp);
  CHECK(RowOf(w, kWarrington, kChild)->plans[0].type == PlanType::kLac);

  w.Imports({.authority = kWarrington,
             .file_id = "WARR-2",
             .records = {sample::Record(sample::Cpp({"202603010900", "", "202611010900"}) + sample::Child(kChild))}});
  CHECK(w.HeadOf(kRows) == lancashire);
  CHECK(RowOf(w, kLancashire, kChild)->plans.size() == 1);
}

TEST_CASE("a bad record stops nothing but itself, a bad file everything") {
  World w;
  const ImportReport partly = w.Imports({.records = {sample::CppRecord(kChild), sample::CppRecord("9990000019")}});
  CHECK(partly.code == "CPF03");
  CHECK(partly.loaded == 1);
  CHECK(partly.rejected == 1);
  CHECK(w.SizeOf(kRows) == 1);

  const ImportReport all = w.Imports({.file_id = "LANCS-2", .records = {sample::CppRecord("9990000019")}});
  CHECK(all.code == "CPF04");
  CHECK(w.SequenceOf(kRows) == 1);
  const ImportReport none = w.ImportsXml("<File");
  CHECK(none.code == "CPF01");
  CHECK_FALSE(none.detail.empty());
  CHECK(w.SequenceOf(kRows) == 1);
  CHECK(w.FilesInOut().size() == 3);
}

TEST_CASE("progress counts number keys, and only of numbers that are new") {
  World w;
  std::vector<uint64_t> totals;
  const auto listen = [&](uint64_t, uint64_t total) { totals.push_back(total); };
  const std::string xml = UploadOf{.records = {sample::CppRecord(kChild), sample::CppRecord(kOther)}}.Xml();
  REQUIRE(w.import->Import(platform::AsBytes(xml), listen).ok());
  CHECK(totals.back() == 2);
  totals.clear();
  REQUIRE(w.import->Import(platform::AsBytes(xml), listen).ok());
  CHECK(totals.back() == 0);
}

TEST_CASE("an acknowledgement that a kill left unwritten is written by the next start, whole and once") {
  World w;
  REQUIRE(w.store->Change([&](Store& s) { return s.records().QueueFile({"kept.ack.xml", "<FileResponse/>"}); }).ok());
  w.Restart();
  CHECK(w.FilesInOut().empty());
  REQUIRE(w.mailbox->WriteQueued().ok());
  CHECK(w.TextOf(w.mailbox->out() / "kept.ack.xml") == "<FileResponse/>");
  std::filesystem::remove(w.mailbox->out() / "kept.ack.xml");  // the MESH client took it
  REQUIRE(w.mailbox->WriteQueued().ok());
  CHECK(w.FilesInOut().empty());
}

TEST_CASE("a file stays queued while the mailbox cannot be written to") {
  World w;
  std::filesystem::remove(w.mailbox->out());
  CHECK_FALSE(w.import->Import(platform::AsBytes(UploadOf{.records = {sample::CppRecord(kChild)}}.Xml()), {}).ok());
  CHECK(w.SizeOf(kRows) == 1);
  std::filesystem::create_directory(w.mailbox->out());
  REQUIRE(w.mailbox->WriteQueued().ok());
  CHECK(w.FilesInOut().size() == 1);
}

TEST_CASE("a server that stops takes in nothing more") {
  World w;
  w.import->Stop();
  const auto report = w.import->Import(platform::AsBytes(UploadOf{.records = {sample::CppRecord(kChild)}}.Xml()), {});
  CHECK(report.status().code() == Code::kUnavailable);
  CHECK(w.SizeOf(kRows) == 0);
  CHECK(w.FilesInOut().empty());
}

TEST_CASE("what an authority chose cannot lead a file out of its folder") {
  const std::string name = Mailbox::NameFor("../E1", "a/b\n<c>", "ack", kNoon);
  CHECK(name.substr(0, name.size() - 12) == "_._E1-a_b__c_-20261122T120000Z-");
  CHECK(name.ends_with(".ack.xml"));
  CHECK(Mailbox::NameFor(std::string(5000, 'x'), std::string(5000, 'y'), "access", kNoon).size() < 255);
}

TEST_CASE("a file in the mailbox is taken when it has stopped growing, and kept when it was taken") {
  World w;
  const auto in = w.state / "mailbox" / "in";
  const auto write = [&](const std::string& name, const std::string& text) {
    REQUIRE(platform::WriteFileDurably(in / name, platform::AsBytes(text)).ok());
  };
  std::vector<std::string> taken;
  const auto collect = [&](bool take) {
    taken.clear();
    w.mailbox->Collect([&](const std::filesystem::path& file) {
      taken.push_back(file.filename());
      return take ? Mailbox::Folder::kDone : Mailbox::Folder::kIn;
    });
  };
  write("a.xml", "1");
  write("b.tmp", "1");
  write(".c.xml", "1");
  collect(true);
  CHECK(taken.empty());
  write("a.xml", "12");
  collect(true);
  CHECK(taken.empty());
  collect(false);
  CHECK(taken == std::vector<std::string>{"a.xml"});
  collect(true);
  CHECK(taken == std::vector<std::string>{"a.xml"});
  CHECK_FALSE(std::filesystem::exists(in / "a.xml"));
  CHECK(std::filesystem::exists(w.state / "mailbox" / "done" / "a.xml"));

  write("a.xml", "again");
  collect(true);
  collect(true);
  CHECK(w.TextOf(w.state / "mailbox" / "done" / "a.xml") == "12");
  CHECK(w.TextOf(w.state / "mailbox" / "done" / "a.xml.20261122T120000Z") == "again");
}

}  // namespace
}  // namespace cpis::sync::fleet
