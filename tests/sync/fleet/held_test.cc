// SPDX-License-Identifier: Apache-2.0
//
// The mass-change guard: a file that would end or delete too much waits for a person.
#include "tests/sync/fleet/opened_rows.h"

namespace cpis::sync::fleet {
namespace {

using std::chrono::hours;

const Topic kRows = Topic::Rows(kLancashire);
constexpr int kFlags = 100;

std::string Ended(int i, const std::string& end = "202611201200") {
  return sample::Record(sample::Cpp({"202603010900", end, ""}) + sample::Child(Number(i)));
}
std::string Deleted(int i) {
  return sample::Record(sample::Cpp({"202603010900", "", "202611201200"}) + sample::Child(Number(i)));
}

// Lancashire with so many children on a plan.
struct Council : World {
  explicit Council(int flags = kFlags) {
    std::vector<std::string> records;
    for (int i = 0; i < flags; ++i) records.push_back(sample::CppRecord(Number(i)));
    Imports({.file_id = "FIRST", .records = records});
  }

  UploadOf Ending(int count, const std::string& file_id = "MASS", const std::string& created = "20261121020000") {
    std::vector<std::string> records;
    for (int i = 0; i < count; ++i) records.push_back(Ended(i));
    return {.file_id = file_id, .records = records, .created = created};
  }
  ImportReport Releases(const std::string& xml) {
    auto report = import->Import(platform::AsBytes(xml), {}, {.release = true, .taken = std::nullopt});
    REQUIRE(report.ok());
    return *std::move(report);
  }
  std::vector<HeldFile> Held() {
    std::vector<HeldFile> held;
    REQUIRE(store
                ->Read([&](Store& s) -> Status {
                  CPIS_ASSIGN(held, s.records().HeldFiles());
                  return Status::Ok();
                })
                .ok());
    return held;
  }
  bool IsEnded(int i) { return FlagOf(kLancashire, Number(i)).plans.at(0).end.has_value(); }

  // As the daemon does.
  void Collects() {
    for (int poll = 0; poll < 2; ++poll) {
      mailbox->Collect([&](const std::filesystem::path& file) {
        ++taken;
        const auto incoming = Mailbox::Read(file);
        REQUIRE(incoming.ok());
        const auto report = import->Import(incoming->content, {}, {.release = false, .taken = incoming->file});
        if (!report.ok()) return Mailbox::Folder::kIn;
        return report->code == "HELD" || report->code == "REFUSED" ? Mailbox::Folder::kHeld : Mailbox::Folder::kDone;
      });
    }
  }
  void Arrives(const std::string& name, const std::string& xml) {
    REQUIRE(platform::WriteFileDurably(state / "mailbox" / "in" / name, platform::AsBytes(xml)).ok());
  }
  bool Has(const std::string& file) { return std::filesystem::exists(state / "mailbox" / file); }
  int taken = 0;
};

}  // namespace

TEST_CASE("a file that ends more than 5 flags and more than 5 % of them is held, and nothing of it is applied") {
  Council w;
  const TopicHead before = w.HeadOf(kRows);
  const TopicHead directory = w.HeadOf(Topic::Directory());
  const size_t files = w.FilesInOut().size();
  const ImportReport report = w.Imports(w.Ending(6));
  CHECK(report.code == "HELD");
  CHECK(report.loaded == 0);
  CHECK(report.acknowledgement.empty());
  REQUIRE(report.held);
  CHECK(report.held->ending == 6);
  CHECK(report.held->flags == 100);
  CHECK(report.held->since == kNoon);
  CHECK(report.detail ==
        "\"MASS\" would end 6 of 100 flags of E10000017; held: check it with the authority, then import it "
        "again with --release");
  CHECK(w.HeadOf(kRows) == before);
  CHECK(w.HeadOf(Topic::Directory()) == directory);
  CHECK(w.FilesInOut().size() == files);
  CHECK_FALSE(w.IsEnded(0));
}

TEST_CASE("exactly 5 % passes, and so do 5 flags of however few") {
  Council large;
  CHECK(large.Imports(large.Ending(5)).code == "CPF02");
  CHECK(large.IsEnded(4));
  Council small(6);
  CHECK(small.Imports(small.Ending(5)).code == "CPF02");
  CHECK(small.Imports(small.Ending(6, "MORE", "20261122020000")).code == "CPF02");  // five have ended before
}

TEST_CASE("what counts: deleted, ended where there was no end, ended sooner than known") {
  std::vector<std::string> first, then;
  bool counts = true;
  SECTION("deleted") {
    for (int i = 0; i < 8; ++i) then.push_back(Deleted(i));
  }
  SECTION("an end that lies ahead") {
    for (int i = 0; i < 8; ++i) then.push_back(Ended(i, "202701010900"));
  }
  SECTION("sooner than known") {
    for (int i = 0; i < 8; ++i) first.push_back(Ended(i, "202706010900")), then.push_back(Ended(i, "202701010900"));
  }
  SECTION("so far back that the window is over") {
    for (int i = 0; i < 8; ++i) then.push_back(Ended(i, "202604010900"));
  }
  SECTION("an unborn child's plan deleted") {
    for (int i = 0; i < 8; ++i) {
      first.push_back(
          sample::Record(sample::Ucpp({"202609010900", "202701150000", ""}) + sample::Mother(Number(200 + i))));
      then.push_back(sample::Record(sample::Ucpp({"202609010900", "202701150000", "202611210900"}) +
                                    sample::Mother(Number(200 + i))));
    }
  }
  SECTION("not later than known") {
    counts = false;
    for (int i = 0; i < 8; ++i) first.push_back(Ended(i, "202706010900")), then.push_back(Ended(i, "202708010900"));
  }
  SECTION("not what had ended already") {
    counts = false;
    for (int i = 0; i < 8; ++i) first.push_back(Ended(i)), then.push_back(Deleted(i));
  }
  SECTION("not a due date that moves") {
    counts = false;
    for (int i = 0; i < 8; ++i) {
      first.push_back(
          sample::Record(sample::Ucpp({"202609010900", "202701150000", ""}) + sample::Mother(Number(200 + i))));
      then.push_back(
          sample::Record(sample::Ucpp({"202609010900", "202612150000", ""}) + sample::Mother(Number(200 + i))));
    }
  }
  Council w;
  if (!first.empty())
    REQUIRE(w.Releases(UploadOf{.file_id = "BEFORE", .records = first, .created = "20261120030000"}.Xml()).code ==
            "CPF02");
  CHECK((w.Imports({.file_id = "THEN", .records = then, .created = "20261121020000"}).code == "HELD") == counts);
}

TEST_CASE("a child with two plans that both end is one flag") {
  std::vector<std::string> first, then;
  for (int i = 0; i < 5; ++i) {
    first.push_back(sample::Record(sample::Lac({"202603010900", "", ""}) + sample::Child(Number(i))));
    then.push_back(sample::Record(sample::Cpp({"202603010900", "202611201200", ""}) +
                                  sample::Lac({"202603010900", "202611201200", ""}) + sample::Child(Number(i))));
  }
  Council w;
  w.Imports({.file_id = "LAC", .records = first});
  CHECK(w.Imports({.file_id = "BOTH", .records = then, .created = "20261121020000"}).code == "CPF02");
}

TEST_CASE("the same file again is held since the first time, also after a restart, and others are not in its way") {
  Council w;
  REQUIRE(w.Imports(w.Ending(20)).code == "HELD");
  w.Restart();
  w.clock.Advance(hours(5));
  const ImportReport again = w.Imports(w.Ending(20));
  REQUIRE(again.held);
  CHECK(again.held->since == kNoon);
  CHECK(w.Held().size() == 1);
  CHECK(w.Imports({.authority = kWarrington, .file_id = "WARR-1", .records = {sample::CppRecord(Number(1))}}).code ==
        "CPF02");
  CHECK(w.Held().size() == 1);
}

TEST_CASE("a release lets the file through, acknowledges it and ends the hold") {
  Council w;
  const UploadOf mass = w.Ending(20);
  REQUIRE(w.Imports(mass).code == "HELD");
  const size_t files = w.FilesInOut().size();
  const ImportReport report = w.Releases(mass.Xml());
  CHECK(report.code == "CPF02");
  CHECK(report.loaded == 20);
  CHECK(w.FilesInOut().size() == files + 1);
  CHECK(w.IsEnded(0));
  CHECK(w.Held().empty());
}

TEST_CASE("a later file of the authority does not end the hold, for it says nothing of those whom it does not name") {
  Council w;
  REQUIRE(w.Imports(w.Ending(20)).code == "HELD");
  w.Imports({.file_id = "GOOD", .records = {sample::CppRecord(Number(501))}, .created = "20261121030000"});
  CHECK(w.Held().size() == 1);
  CHECK(w.Releases(w.Ending(20).Xml()).code == "CPF02");
  CHECK(w.Held().empty());
}

TEST_CASE("a held file of the mailbox waits in mailbox/held, and goes to done when it is released") {
  Council w;
  const UploadOf mass = w.Ending(20);
  w.Arrives("mass.xml", mass.Xml());
  w.Arrives("warrington.xml", UploadOf{.authority = kWarrington, .records = {sample::CppRecord(Number(1))}}.Xml());
  w.Collects();
  CHECK(w.taken == 2);
  CHECK(w.Has("held/mass.xml"));
  CHECK(w.Has("done/warrington.xml"));
  REQUIRE(w.Held().size() == 1);
  CHECK(w.Held()[0].mailbox_file == "mass.xml");
  w.Restart();
  CHECK(w.Releases(mass.Xml()).code == "CPF02");
  CHECK_FALSE(w.Has("held/mass.xml"));
  CHECK(w.Has("done/mass.xml"));
}

TEST_CASE("a file that was taken and cannot be moved is not taken again, not after a restart either") {
  Council w;
  const auto done = w.state / "mailbox" / "done";
  std::filesystem::remove(done);  // what a full or damaged disk does
  const std::string xml = UploadOf{.file_id = "NEW", .records = {sample::CppRecord(Number(300))}}.Xml();
  w.Arrives("new.xml", xml);
  const size_t files = w.FilesInOut().size();
  w.Collects();
  w.Collects();
  w.Restart();
  std::filesystem::remove(done);
  w.Collects();
  CHECK(w.taken == 1);
  CHECK(w.Has("in/new.xml"));
  CHECK(w.FilesInOut().size() == files + 1);

  std::filesystem::create_directory(done);
  w.Collects();
  CHECK(w.taken == 1);
  CHECK(w.Has("done/new.xml"));
  CHECK_FALSE(w.Has("in/new.xml"));
  w.Arrives("new.xml", xml);  // sent once more: answered once more
  w.Collects();
  CHECK(w.taken == 2);
  CHECK(w.Has("done/new.xml.20261122T120000Z"));
}

TEST_CASE("another file under the name of one that is stuck is taken") {
  Council w;
  std::filesystem::remove(w.state / "mailbox" / "done");
  w.Arrives("new.xml", UploadOf{.file_id = "A", .records = {sample::CppRecord(Number(300))}}.Xml());
  w.Collects();
  w.Arrives("new.xml", UploadOf{.file_id = "B", .records = {sample::CppRecord(Number(301))}}.Xml());
  w.Collects();
  CHECK(w.taken == 2);
  CHECK(RowOf(w, kLancashire, Number(301)));
}

TEST_CASE("a refused message is dealt with when its file has left mailbox/held") {
  World w;
  const auto file = w.state / "mailbox" / "held" / "a.xml";
  REQUIRE(platform::WriteFileDurably(file, platform::AsBytes("x")).ok());
  REQUIRE(w.store->Change([&](Store& s) { return s.records().PutRefused({"a.xml", "no subject", kNoon}); }).ok());
  const auto count = [&] {
    size_t messages = 0;
    REQUIRE(w.mailbox->ForgetMissing().ok());
    REQUIRE(w.store
                ->Read([&](Store& s) -> Status {
                  messages = s.records().RefusedMessages()->size();
                  return Status::Ok();
                })
                .ok());
    return messages;
  };
  CHECK(count() == 1);
  std::filesystem::remove(file);
  CHECK(count() == 0);
}

TEST_CASE("a taken file that somebody moved by hand is forgotten, and taken when it comes again") {
  Council w;
  const std::string xml = UploadOf{.file_id = "A", .records = {sample::CppRecord(Number(300))}}.Xml();
  std::filesystem::remove(w.state / "mailbox" / "done");
  w.Arrives("new.xml", xml);
  w.Collects();
  std::filesystem::remove(w.state / "mailbox" / "in" / "new.xml");
  std::filesystem::create_directory(w.state / "mailbox" / "done");
  REQUIRE(w.mailbox->ForgetMissing().ok());
  w.Arrives("new.xml", xml);
  w.Collects();
  CHECK(w.taken == 2);
}

}  // namespace cpis::sync::fleet
