// SPDX-License-Identifier: Apache-2.0
//
// What somebody can do who has a tablet and a PIN, or guesses one: restarts, other clocks, copies of the journal put back.
#include "edge/limits.h"

#include <filesystem>

#include "edge/tuning.h"
#include "platform/sqlite.h"
#include "tablet.h"

namespace cpis::edge {
namespace {

using platform::Code;
using test::Tablet;
using test::TestFleet;

constexpr const char* kWrong = "000000";

// Waits for as long as it is told to wait at most, and guesses.
Status Guesses(Tablet& tablet, const std::string& staff = "crew-1") {
  tablet.clock.Advance(1h);
  return tablet.Tries(staff, kWrong).status();
}

void Copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::create_directory(to);
  for (const auto& file : std::filesystem::directory_iterator(from)) {
    if (file.path().filename().string().starts_with("journal.db")) std::filesystem::copy(file.path(), to / file.path().filename());
  }
}

TEST_CASE("a script with a valid PIN and 1,000 restarts never gets more looks than the limits, whatever it does to the clock") {
  test::TemporaryDirectory directory;
  TestFleet fleet;
  const sync::node::Identity identity = fleet.Identity();
  platform::ManualClock clock(test::kTabletTime);
  const sync::Policy policy;
  int answered = 0;
  int number = 0;
  for (int restart = 0; restart < 1000; ++restart) {
    if (restart % 3 == 0) {
      clock.Reboot("boot-" + std::to_string(restart));
      clock.SetWall(test::kTabletTime + restart * 48h);
    }
    clock.Advance(1s);
    auto journal = Journal::Open(directory.path() / "journal.db", identity);
    REQUIRE(journal.ok());
    TrustedTime time(clock, std::nullopt, {});
    auto limits = Limits::Open({**journal, time, clock, identity.journal_key});
    REQUIRE(limits.ok());
    for (int look = 0; look < 3; ++look) {
      if ((*limits)->Take("crew-1", std::to_string(number++), policy).over) continue;
      Journal::Record record;
      record.audit.action = "lookup";
      record.audit.recorded_at = record.audit.occurred_at = clock.Now();
      record.marks = (*limits)->Looks();
      REQUIRE((*journal)->Append(std::move(record)).ok());
      ++answered;
    }
  }
  // All of it is within 1,000 s of being switched on.
  CHECK(answered == policy.looks_per_hour_person);
}

TEST_CASE("looks over the limit are CANNOT_SAY, are recorded, and are told to the fleet once a hold") {
  Tablet tablet;
  tablet.fleet.Sets("looks_per_hour_person", "2");
  tablet.Syncs();
  const std::string token = tablet.SignsIn();
  const auto looks = [&](std::string_view number) { return *tablet.node->Lookup(token, {std::string(number), "INC-1"}); };
  CHECK(looks(TestFleet::kChild).outcome == Outcome::kFlagged);
  CHECK(looks(TestFleet::kUnknown).outcome == Outcome::kNotFlagged);
  const Answer over = looks(TestFleet::kElsewhere);
  CHECK(over.outcome == Outcome::kCannotSay);
  CHECK(over.reason == Reason::kRateLimited);
  CHECK(over.wait == 15min);
  CHECK(over.advice.size() == 2);
  CHECK_FALSE(over.resolvable);
  CHECK(looks(TestFleet::kWithheld).reason == Reason::kRateLimited);
  CHECK(tablet.Reported("rate-hold") == std::vector<std::string>{"crew-1"});
  CHECK(tablet.Reported("lookup").size() == 4);
  // What was answered a moment ago may be looked at again: it says nothing new.
  CHECK(looks(TestFleet::kChild).outcome == Outcome::kFlagged);
  tablet.Starts();
  const std::string after = tablet.SignsIn();
  CHECK(tablet.node->Lookup(after, {std::string(TestFleet::kElsewhere)})->reason == Reason::kRateLimited);
  CHECK(tablet.Reported("rate-hold").size() == 1);
}

TEST_CASE("numbers without a plan are held sooner than numbers with one, and the fleet is told at once") {
  Tablet tablet;
  tablet.fleet.Sets("misses_per_hour_person", "2");
  tablet.Syncs();
  const std::string token = tablet.SignsIn();
  const auto looks = [&](std::string_view number) { return *tablet.node->Lookup(token, {std::string(number), "INC-1"}); };
  CHECK(looks(TestFleet::kChild).outcome == Outcome::kFlagged);
  CHECK(looks("9990000034").outcome == Outcome::kFlagged);
  CHECK(looks(TestFleet::kUnknown).outcome == Outcome::kNotFlagged);
  CHECK(tablet.Reported("rate-hold").empty());
  CHECK(looks(TestFleet::kElsewhere).outcome == Outcome::kPossiblyElsewhere);
  CHECK(tablet.Reported("rate-hold") == std::vector<std::string>{"crew-1"});
  CHECK(looks(TestFleet::kWithheld).reason == Reason::kRateLimited);
}

TEST_CASE("a try is counted before the PIN is looked at: pulling the plug in between wins no further one") {
  test::TemporaryDirectory directory;
  const TestFleet fleet;
  const sync::node::Identity identity = fleet.Identity();
  platform::ManualClock clock(test::kTabletTime);
  const Bytes record{1, 2, 3};
  int tries = 0;
  for (int i = 0; i < 20; ++i) {
    auto journal = Journal::Open(directory.path() / "journal.db", identity);
    REQUIRE(journal.ok());
    TrustedTime time(clock, std::nullopt, {});
    auto limits = Limits::Open({**journal, time, clock, identity.journal_key});
    REQUIRE(limits.ok());
    if (!(*limits)->MayTry({"crew-1", record}).ok()) continue;
    REQUIRE((*limits)->Count({"crew-1", record}).ok());
    ++tries;  // and the power goes
  }
  CHECK(tries == 5);
}

TEST_CASE("an attendance is kept over the limit too, and its outcome counts as a look") {
  Tablet tablet;
  tablet.fleet.Sets("looks_per_hour_person", "1");
  tablet.Syncs();
  const std::string token = tablet.SignsIn();
  const auto attends = [&](std::string_view number) { return *tablet.node->Attend(token, {std::string(number), "INC-1", {}}); };
  CHECK(attends(TestFleet::kUnknown).outcome == Outcome::kNotFlagged);
  const AttendReply over = attends(TestFleet::kChild);
  CHECK(over.notification == Notification::kQueued);
  CHECK(over.outcome == Outcome::kCannotSay);
  CHECK(tablet.node->Lookup(token, {"9990000034", "INC-1"})->reason == Reason::kRateLimited);
}

TEST_CASE("asking the fleet server is held by the same limits, before it is asked") {
  Tablet tablet;
  tablet.fleet.Sets("looks_per_hour_person", "1");
  tablet.Syncs();
  const std::string token = tablet.SignsIn();
  CHECK(tablet.node->Resolve(token, {std::string(TestFleet::kUnknown)}).status().code() == Code::kUnavailable);
  CHECK(tablet.node->Resolve(token, {std::string(TestFleet::kChild)})->reason == Reason::kRateLimited);
}

TEST_CASE("limits that were taken out of the journal, or changed there, let nobody in and answer nothing for a while") {
  const char* tampering = GENERATE("DELETE FROM meta WHERE key LIKE 'limits.%'",
                                   "UPDATE meta SET value = zeroblob(length(value)) WHERE key LIKE 'limits.%'",
                                   "DELETE FROM meta WHERE key = 'limits.attempts' OR key = 'limits.looks'");
  Tablet tablet;
  tablet.Syncs();
  const std::string token = tablet.SignsIn();
  REQUIRE(tablet.node->Lookup(token, {std::string(TestFleet::kChild)}).ok());
  tablet.SwitchesOff();
  {
    auto database = platform::Database::Open(tablet.directory.path() / "journal.db");
    REQUIRE(database.ok());
    REQUIRE(database->Run(tampering).ok());
  }
  tablet.Starts();
  const Status refused = tablet.Tries("crew-1", "135790").status();
  CHECK(refused.code() == Code::kDenied);
  CHECK(refused.message().find("24 hours") != std::string::npos);
  sync::Policy policy;
  CHECK(tablet.node->limits().Take("crew-1", "9990000018", policy).over == Limit::kLost);
  tablet.clock.Advance(24h + 1s);
  CHECK(tablet.Tries("crew-1", "135790").ok());
}

TEST_CASE("a journal that was taken away as a whole lets nobody in and answers nothing for a while, though no key store counts") {
  Tablet tablet;
  tablet.Syncs();
  REQUIRE(tablet.Tries("crew-1", "135790").ok());  // just enrolled: nothing was counted, and nothing is missing
  tablet.SwitchesOff();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(tablet.directory.path() / (std::string("journal.db") + suffix));
  tablet.store.count = 0;
  tablet.Starts();
  const Status refused = tablet.Tries("crew-1", "135790").status();
  CHECK(refused.code() == Code::kDenied);
  CHECK(refused.message().find("24 hours") != std::string::npos);
  CHECK(tablet.node->limits().Take("crew-1", "9990000018", sync::Policy()).over == Limit::kLost);
  tablet.clock.Advance(24h + 1s);
  CHECK(tablet.Tries("crew-1", "135790").ok());
}

TEST_CASE("ten wrong PINs lock that person here, over restarts, reboots and clocks set forward, until the fleet gives a new PIN") {
  Tablet tablet;
  tablet.Syncs();
  for (int i = 0; i < 10; ++i) CHECK_FALSE(Guesses(tablet).ok());
  CHECK(tablet.Reported("person-locked") == std::vector<std::string>{"crew-1"});
  tablet.SwitchesOff();
  tablet.clock.Reboot("boot-2");
  tablet.clock.SetWall(test::kTabletTime + 10'000h);
  tablet.Starts();
  const Status locked = tablet.Tries("crew-1", "135790").status();
  CHECK(locked.code() == Code::kDenied);
  CHECK(locked.message().find("new PIN") != std::string::npos);
  CHECK(tablet.Tries("quiet-1", "246802").ok());
  tablet.fleet.Employs("crew-1", "135791", sync::Right::kNotify);
  tablet.Syncs();
  CHECK(tablet.Tries("crew-1", "135791").ok());
}

TEST_CASE("a wait is not over sooner because the clock was set forward, or the tablet was switched off and on") {
  Tablet tablet;
  tablet.Syncs();
  for (int i = 0; i < 8; ++i) CHECK_FALSE(Guesses(tablet).ok());
  tablet.SwitchesOff();
  tablet.clock.Reboot("boot-2");
  tablet.clock.SetWall(test::kTabletTime + 10'000h);
  tablet.Starts();
  CHECK(tablet.Tries("crew-1", "135790").status().message().find("wait") != std::string::npos);
  tablet.clock.Advance(59min);
  CHECK_FALSE(tablet.Tries("crew-1", "135790").ok());
  tablet.clock.Advance(1min);
  CHECK(tablet.Tries("crew-1", "135790").ok());
}

TEST_CASE("thirty wrong PINs a day lock the vehicle for everybody; it still syncs, and an attendance of who is signed in is kept") {
  Tablet tablet;
  tablet.Syncs();
  const std::string token = tablet.SignsIn("quiet-1", "246802");
  const std::string driver = tablet.SignsIn("driver-1", "864202");
  for (int i = 0; i < 30; ++i) {
    CHECK(tablet.Tries("nobody-" + std::to_string(i), kWrong).status().message() == "staff id or PIN is wrong");
  }
  const Status locked = tablet.Tries("crew-1", "135790").status();
  CHECK(locked.code() == Code::kDenied);
  CHECK(locked.message().find("nobody can sign in for 24 hours") != std::string::npos);
  CHECK(tablet.Reported("node-locked") == std::vector<std::string>{""});
  CHECK(tablet.node->Attend(driver, {std::string(TestFleet::kUnknown), "INC-1", {}}).ok());
  tablet.clock.Advance(24h - 1s);
  CHECK_FALSE(tablet.Tries("crew-1", "135790").ok());
  tablet.clock.Advance(1s);
  CHECK(tablet.Tries("crew-1", "135790").ok());
}

TEST_CASE("a journal put back before every try wins nobody more tries: the key store remembers") {
  Tablet tablet;
  tablet.Syncs();
  CHECK_FALSE(Guesses(tablet).ok());
  tablet.SwitchesOff();
  test::TemporaryDirectory image;
  const std::filesystem::path copy = image.path() / "copy";
  Copy(tablet.directory.path(), copy);
  int looked_at = 0;
  for (int i = 0; i < 40; ++i) {
    tablet.SwitchesOff();
    std::filesystem::remove(tablet.directory.path() / "journal.db-wal");
    std::filesystem::remove(tablet.directory.path() / "journal.db-shm");
    for (const auto& file : std::filesystem::directory_iterator(copy)) {
      std::filesystem::copy(file.path(), tablet.directory.path() / file.path().filename(),
                            std::filesystem::copy_options::overwrite_existing);
    }
    tablet.Starts();
    looked_at += Guesses(tablet).message() == "staff id or PIN is wrong" ? 1 : 0;
  }
  CHECK(looked_at <= 9);
  CHECK_FALSE(tablet.Tries("crew-1", "135790").ok());
  CHECK_FALSE(tablet.Tries("quiet-1", kWrong).ok());  // of ten tries nine are missing: this was their last
  CHECK_FALSE(tablet.Tries("quiet-1", "246802").ok());
  CHECK_FALSE(tablet.Reported("node-locked").empty());
}

TEST_CASE("a try that the key store did not count is not held against anybody: the PIN was not looked at") {
  Tablet tablet;
  tablet.Syncs();
  tablet.store.worn = true;
  for (int i = 0; i < 2 * kWrongLocksPerson; ++i) {
    CHECK(tablet.Tries("crew-1", i % 2 ? "135790" : "000000").status().code() == Code::kUnavailable);
  }
  tablet.store.worn = false;
  CHECK(tablet.Tries("crew-1", "135790").ok());
}

TEST_CASE("what a key store has counted before the vehicle was enrolled locks nobody; what it counts behind the journal's back does") {
  AttemptBook book;
  book.BeginAt(412);
  CHECK(book.Reconcile(412, 0s) == 0);
  CHECK(book.Reconcile(422, 0s) == 9);
}

TEST_CASE("a key store that cannot count lets nobody try; one that counts nothing is no obstacle") {
  Tablet tablet;
  tablet.Syncs();
  tablet.store.broken = true;
  CHECK(tablet.Tries("crew-1", "135790").status().code() == Code::kUnavailable);
  tablet.store.broken = false;
  CHECK(tablet.Tries("crew-1", "135790").ok());
  CHECK(tablet.store.count == 1);
}

}  // namespace
}  // namespace cpis::edge
