// SPDX-License-Identifier: Apache-2.0
#include "edge/replica.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "platform/sqlite.h"
#include "replica_stage.h"

namespace cpis::edge {
namespace {

using platform::Code;
using sync::Topic;
using test::At;
using test::TestFleet;

using test::kNow;
using test::kRegion;
using test::kRows;
using test::Stage;

TEST_CASE("a replica that was fed finds rows and says as of when") {
  Stage stage;
  auto replica = stage.Open();
  CHECK_FALSE(replica->CoverageOf(kRegion).as_of);
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  const FoundRows found = replica->Find(stage.fleet.IndexOf(TestFleet::kChild));
  REQUIRE(found.rows.size() == 1);
  CHECK(found.rows.front().partition == TestFleet::kLancashire);
  CHECK_FALSE(found.damaged);
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kUnknown)).rows.empty());
  const Coverage coverage = replica->CoverageOf(kRegion);
  CHECK(coverage.as_of == kNow);
  CHECK(coverage.complete);
  CHECK_FALSE(coverage.damaged);
}

TEST_CASE("a partition that no manifest promised, or no partition at all, vouches for nothing") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  CHECK_FALSE(replica->CoverageOf({"E99999999"}).complete);
  CHECK_FALSE(replica->CoverageOf({}).complete);
  REQUIRE(replica->Drop(kRows).ok());
  CHECK_FALSE(replica->CoverageOf(kRegion).complete);
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.empty());
}

TEST_CASE("what was applied is there after a restart") {
  Stage stage;
  {
    auto replica = stage.Open();
    REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  }
  auto replica = stage.Open();
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.size() == 1);
  CHECK(replica->CoverageOf(kRegion).as_of == kNow);
  CHECK(replica->CoverageOf(kRegion).complete);
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{1});
}

TEST_CASE("a delta that removes a row removes it, on disk too") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  stage.fleet.Forgets(TestFleet::kLancashire, TestFleet::kChild);
  REQUIRE(stage.fleet.Feed(*replica, kNow + std::chrono::hours(1)).ok());
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.empty());
  replica.reset();
  replica = stage.Open();
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.empty());
  CHECK(replica->CoverageOf(kRegion).complete);
}

TEST_CASE("a delta whose digest does not come out changes nothing, and the old rows go on serving") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  stage.fleet.Forgets(TestFleet::kLancashire, TestFleet::kChild);
  sync::Segment delta = stage.fleet.Delta(kRows, 2);
  delta.digest[0] ^= 1;
  CHECK(replica->ApplyDelta(delta).code() == Code::kCorrupt);
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{1});
  const FoundRows found = replica->Find(stage.fleet.IndexOf(TestFleet::kChild));
  CHECK(found.rows.size() == 1);
  CHECK_FALSE(found.damaged);
  CHECK(replica->ApplyDelta(stage.fleet.Delta(kRows, 2)).ok());
}

TEST_CASE("gaps, repetitions, older epochs and snapshots that go back are refused") {
  Stage stage;
  auto replica = stage.Open();
  stage.GrowsBy(3);
  CHECK(replica->ApplyDelta(stage.fleet.Delta(kRows, 2)).code() == Code::kInvalid);
  REQUIRE(replica->ApplyDelta(stage.fleet.Delta(kRows, 1)).ok());
  CHECK(replica->ApplyDelta(stage.fleet.Delta(kRows, 1)).code() == Code::kInvalid);
  sync::Segment old_epoch = stage.fleet.Delta(kRows, 2);
  old_epoch.epoch = crypto::Epoch{0};
  CHECK(replica->ApplyDelta(old_epoch).code() == Code::kInvalid);
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  sync::Segment back = stage.fleet.Snapshot(kRows, 100).front();
  back.to = sync::Sequence{1};
  CHECK(replica->StageSnapshotPart(back).code() == Code::kInvalid);
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{4});
}

TEST_CASE("a snapshot that is interrupted by a restart goes on at the part that is due") {
  Stage stage;
  stage.GrowsBy(20);
  const auto parts = stage.fleet.Snapshot(kRows, 5);
  REQUIRE(parts.size() == 5);
  auto replica = stage.Open();
  REQUIRE(replica->StageSnapshotPart(parts[0]).ok());
  REQUIRE(replica->StageSnapshotPart(parts[1]).ok());
  replica.reset();
  replica = stage.Open();
  REQUIRE(replica->StagedSnapshot(kRows));
  CHECK(replica->StagedSnapshot(kRows)->next_part == 2);
  CHECK(replica->StageSnapshotPart(parts[3]).code() == Code::kInvalid);
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{0});
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.empty());
  for (size_t part = 2; part < parts.size(); ++part) REQUIRE(replica->StageSnapshotPart(parts[part]).ok());
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{21});
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.size() == 1);
  CHECK_FALSE(replica->StagedSnapshot(kRows));
}

TEST_CASE("a snapshot replaces what was there, and leaves nothing of it on disk") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  stage.fleet.Forgets(TestFleet::kLancashire, TestFleet::kChild);
  stage.GrowsBy(12);
  REQUIRE(stage.fleet.Feed(*replica, kNow, 4).ok());
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.empty());
  replica.reset();
  auto database = platform::Database::Open(stage.directory.path() / "replica.db");
  REQUIRE(database.ok());
  auto count = database->Prepare("SELECT count(*) FROM entries WHERE topic_id NOT IN (SELECT id FROM topics)");
  REQUIRE(count.ok());
  REQUIRE(*count->Step());
  CHECK(count->Int(0) == 0);
}

TEST_CASE("a snapshot whose digest does not come out is dropped, and the old rows go on serving") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  stage.GrowsBy(6);
  auto parts = stage.fleet.Snapshot(kRows, 4);
  parts.back().entries.pop_back();
  REQUIRE(replica->StageSnapshotPart(parts[0]).ok());
  CHECK(replica->StageSnapshotPart(parts[1]).code() == Code::kCorrupt);
  CHECK_FALSE(replica->StagedSnapshot(kRows));
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{1});
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.size() == 1);
}

TEST_CASE("rows that were changed, deleted, added or vouched for behind the node's back make the topic damaged") {
  const char* tampering =
      GENERATE("UPDATE entries SET body = substr(body, 1, 20) || iif(substr(body, 21, 1) = x'00', x'01', x'00') || substr(body, 22)",
               "DELETE FROM entries WHERE topic_id IN (SELECT id FROM topics WHERE topic LIKE 'rows/%')",
               "UPDATE topics SET sequence = 9", "UPDATE topics SET digest = zeroblob(32)");
  Stage stage;
  {
    auto replica = stage.Open();
    REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  }
  stage.Tamper(tampering);
  auto replica = stage.Open();
  CHECK(replica->CoverageOf(kRegion).damaged);
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{0});  // the link fetches it again
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  CHECK_FALSE(replica->CoverageOf(kRegion).damaged);
  CHECK(replica->CoverageOf(kRegion).complete);
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.size() == 1);
}

TEST_CASE("rows and digest changed together behind the node's back are damage, for the node did not seal them") {
  Stage stage;
  {
    auto replica = stage.Open();
    REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  }
  const crypto::Digest empty = sync::TopicSet().DigestAt(kRows, sync::Sequence{1});
  stage.Tamper("DELETE FROM entries WHERE topic_id = (SELECT id FROM topics WHERE topic = '" + kRows.text() + "')");
  stage.Tamper("UPDATE topics SET digest = x'" + platform::Hex(empty) + "' WHERE topic = '" + kRows.text() + "'");
  CHECK(stage.Open()->CoverageOf(kRegion).damaged);
}

TEST_CASE("a damaged topic that comes again by deltas vouches for nothing before the last of them") {
  Stage stage;
  stage.GrowsBy(1);
  {
    auto replica = stage.Open();
    REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  }
  stage.Tamper("DELETE FROM entries");
  auto replica = stage.Open();
  REQUIRE(replica->ApplyDelta(stage.fleet.Delta(Topic::Rows(TestFleet::kCumbria), 1)).ok());
  REQUIRE(replica->ApplyDelta(stage.fleet.Delta(kRows, 1)).ok());
  CHECK_FALSE(replica->CoverageOf(kRegion).damaged);
  CHECK_FALSE(replica->CoverageOf(kRegion).complete);
  REQUIRE(replica->ApplyDelta(stage.fleet.Delta(kRows, 2)).ok());
  CHECK(replica->CoverageOf(kRegion).complete);
}

TEST_CASE("a row that vanishes from disk while the node runs is damage, not a no, and is told of once") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  int told = 0;
  replica->OnDamage([&] { ++told; });
  stage.Tamper("DELETE FROM entries");
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).damaged);
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).damaged);
  CHECK(told == 1);
  CHECK(replica->CoverageOf(kRegion).damaged);
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{0});
}

TEST_CASE("verifying finds a changed row that nobody asks for") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  REQUIRE(replica->Verify().ok());
  CHECK_FALSE(replica->CoverageOf(kRegion).damaged);
  stage.Tamper("UPDATE entries SET version = version + 1");
  REQUIRE(replica->Verify().ok());
  CHECK(replica->CoverageOf(kRegion).damaged);
}

TEST_CASE("a file that is no database is replaced by an empty one") {
  Stage stage;
  {
    auto replica = stage.Open();
    REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  }
  std::filesystem::resize_file(stage.directory.path() / "replica.db", 3000);
  auto replica = stage.Open();
  CHECK_FALSE(replica->CoverageOf(kRegion).as_of);
  CHECK(stage.fleet.Feed(*replica, kNow).ok());
}

TEST_CASE("no bit of the file's header keeps a node from starting") {
  Stage stage;
  for (int bit = 0; bit < 100 * 8; ++bit) {
    {
      auto replica = stage.Open();
      if (!replica->CoverageOf(kRegion).as_of) REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
    }
    std::fstream file(stage.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(bit / 8);
    const int byte = file.get();
    file.seekp(bit / 8);
    file.put(static_cast<char>(byte ^ (1 << bit % 8)));
    file.close();
    INFO("bit " << bit);
    CHECK(stage.Open() != nullptr);
  }
}

TEST_CASE("a manifest that is older, or promises what is not held, does not move as_of") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  CHECK(stage.fleet.Adopt(*replica, kNow - std::chrono::hours(1)).ok());
  CHECK(replica->CoverageOf(kRegion).as_of == kNow);
  stage.fleet.Forgets(TestFleet::kLancashire, TestFleet::kChild);
  CHECK(stage.fleet.Adopt(*replica, kNow + std::chrono::hours(1)).code() == Code::kInvalid);
  CHECK(replica->CoverageOf(kRegion).as_of == kNow);
}

TEST_CASE("a manifest on disk that the freshness role did not sign counts as none") {
  Stage stage;
  {
    auto replica = stage.Open();
    REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  }
  stage.Tamper(
      "UPDATE meta SET value = substr(value, 1, 8) || x'7f' || substr(value, 10) WHERE key = 'manifest.region'");
  CHECK_FALSE(stage.Open()->CoverageOf(kRegion).as_of);
}

TEST_CASE("lookups beside changes never see damage that is not there") {
  Stage stage;
  stage.GrowsBy(60);
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  const sync::RowIndex child = stage.fleet.IndexOf(TestFleet::kChild);
  sync::Flag flag;
  flag.plans = {{sync::PlanType::kCpp, At("2026-03-01T09:00:00Z"), std::nullopt}};
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::thread crew([&] {
    while (!done) {
      const FoundRows found = replica->Find(child);
      if (found.damaged || found.rows.size() != 1) ++wrong;
    }
  });
  for (int round = 0; round < 40; ++round) {
    stage.fleet.Knows(TestFleet::kLancashire, TestFleet::kChild, flag);
    CHECK(stage.fleet.Feed(*replica, kNow, round % 2 == 0 ? 0 : 16).ok());
  }
  done = true;
  crew.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace cpis::edge
