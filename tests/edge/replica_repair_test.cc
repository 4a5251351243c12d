// SPDX-License-Identifier: Apache-2.0
//
// What a replica that is not, or not yet, known to be as it was signed does: serve, say so, and be mended.
#include <future>
#include <thread>

#include "replica_stage.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using platform::Code;
using sync::Topic;
using test::At;
using test::kNow;
using test::kRegion;
using test::kRows;
using test::Stage;
using test::TestFleet;

const std::string kOfLancashire = "topic_id = (SELECT id FROM topics WHERE topic = '" + kRows.text() + "')";

// A replica of some eighty rows that was closed cleanly.
struct Fed : Stage {
  Fed() {
    GrowsBy(80);
    auto replica = Open();
    REQUIRE(fleet.Feed(*replica, kNow).ok());
  }
  // One of Lancashire's rows, whose body is then another.
  void Spoils(int row) {
    Tamper("UPDATE entries SET body = substr(body, 1, 20) || x'0000' || substr(body, 23) WHERE rowid = "
           "(SELECT rowid FROM entries WHERE " + kOfLancashire + " LIMIT 1 OFFSET " + std::to_string(row) + ")");
  }
  bool Whole(Replica& replica) {
    const Coverage coverage = replica.CoverageOf(kRegion);
    return coverage.complete && !coverage.damaged && replica.Find(fleet.IndexOf(TestFleet::kChild)).rows.size() == 1;
  }
};

// Holds the verifier up.
struct Gate {
  std::promise<void> opened;
  std::shared_future<void> open = opened.get_future().share();
  std::function<void()> Wait() { return [wait = open] { wait.wait(); }; }
  void Opens() { opened.set_value(); }
};

TEST_CASE("while rows are verified those that are there are served, and nothing vouches for those that are not") {
  Fed stage;
  Gate gate;
  auto replica = stage.OpenUnverified(gate.Wait());
  CHECK(replica->CoverageOf(kRegion).verifying);
  CHECK(replica->CoverageOf(kRegion).complete);
  CHECK_FALSE(replica->WaitVerified(0ms));
  const FoundRows child = replica->Find(stage.fleet.IndexOf(TestFleet::kChild));
  CHECK(child.rows.size() == 1);
  CHECK(child.unverified);
  CHECK_FALSE(child.damaged);
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kUnknown)).unverified);
  CHECK(replica->Get(Topic::Directory(), sync::KeyOf("authority/" + std::string(TestFleet::kLancashire))).ok());
  gate.Opens();
  REQUIRE(replica->WaitVerified(10s));
  CHECK_FALSE(replica->CoverageOf(kRegion).verifying);
  CHECK_FALSE(replica->Find(stage.fleet.IndexOf(TestFleet::kUnknown)).unverified);
  CHECK(stage.Whole(*replica));
}

TEST_CASE("orders change while rows are verified; a change of rows waits for that") {
  Fed stage;
  Gate gate;
  auto replica = stage.OpenUnverified(gate.Wait());
  stage.fleet.Sets("lease_hours", "48");
  CHECK(replica->ApplyDelta(stage.fleet.Delta(Topic::Policy(), 1)).ok());
  stage.fleet.Forgets(TestFleet::kLancashire, TestFleet::kChild);
  auto applied = std::async(std::launch::async, [&] { return replica->ApplyDelta(stage.fleet.Delta(kRows, 82)); });
  CHECK(applied.wait_for(5ms) == std::future_status::timeout);
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.size() == 1);
  gate.Opens();
  CHECK(applied.get().ok());
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.empty());
}

TEST_CASE("a row that is gone from disk is never a no, neither before nor after the rows are verified") {
  Fed stage;
  stage.Tamper("DELETE FROM entries");
  Gate gate;
  auto replica = stage.OpenUnverified(gate.Wait());
  CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).unverified);
  gate.Opens();
  REQUIRE(replica->WaitVerified(10s));
  CHECK(replica->CoverageOf(kRegion).damaged);
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{0});
}

TEST_CASE("a file of the former layout is fetched again") {
  Fed stage;
  stage.Tamper("PRAGMA user_version = 0");
  auto replica = stage.Open();
  CHECK_FALSE(replica->CoverageOf(kRegion).as_of);
  CHECK(stage.fleet.Feed(*replica, kNow).ok());
  CHECK(stage.Whole(*replica));
}

// Changes bytes of the closed file where `old_bytes` stand for the last time.
void Overwrite(const std::filesystem::path& file, const platform::Bytes& old_bytes, size_t at, uint8_t value, bool last) {
  auto* stream = fopen(file.c_str(), "r+b");
  REQUIRE(stream != nullptr);
  platform::Bytes all(std::filesystem::file_size(file));
  REQUIRE(fread(all.data(), 1, all.size(), stream) == all.size());
  const auto found = last ? std::find_end(all.begin(), all.end(), old_bytes.begin(), old_bytes.end())
                          : std::search(all.begin(), all.end(), old_bytes.begin(), old_bytes.end());
  REQUIRE(found != all.end());
  REQUIRE(fseek(stream, found - all.begin() + static_cast<long>(at), SEEK_SET) == 0);
  REQUIRE(fputc(value, stream) == value);
  fclose(stream);
}

TEST_CASE("an index that hides a row is made again, and nothing is fetched") {
  Fed stage;
  const sync::RowIndex child = stage.fleet.IndexOf(TestFleet::kChild);
  platform::ByteWriter key;
  key.U64(static_cast<uint64_t>(child));
  // The key stands in the table and in the index; which is first depends on the pages, so each is tried on a copy.
  std::filesystem::copy_file(stage.file(), stage.directory.path() / "copy.db");
  const size_t byte = GENERATE(0, 7);  // out of order, and in order but not that row's
  int rebuilt = 0;
  for (const bool last : {false, true}) {
    std::filesystem::copy_file(stage.directory.path() / "copy.db", stage.file(),
                               std::filesystem::copy_options::overwrite_existing);
    Overwrite(stage.file(), key.bytes(), byte, static_cast<uint8_t>(key.bytes()[byte] ^ 1), last);
    auto replica = stage.Open();
    if (replica->CoverageOf(kRegion).damaged) continue;  // it was the table
    ++rebuilt;
    CHECK(stage.Whole(*replica));
    CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{81});
  }
  CHECK(rebuilt == 1);
}

TEST_CASE("a damaged topic is mended by the buckets that differ") {
  Fed stage;
  stage.Spoils(5);
  stage.Spoils(40);
  auto replica = stage.Open();
  REQUIRE(replica->CoverageOf(kRegion).damaged);
  CHECK_FALSE(replica->RepairBasis(Topic::Rows(TestFleet::kCumbria)));
  const auto basis = replica->RepairBasis(kRows);
  REQUIRE(basis);
  const sync::Segment repair = stage.fleet.Repair(kRows, *basis);
  CHECK(repair.buckets.size() == 2);
  CHECK(repair.entries.size() < 10);
  REQUIRE(replica->ApplyRepair(repair).ok());
  CHECK(stage.Whole(*replica));
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{81});
  replica.reset();
  replica = stage.Open();  // on disk too
  CHECK(stage.Whole(*replica));
}

TEST_CASE("rows that were deleted, added or moved are mended too, as is a record that the node did not seal") {
  const std::string tampering = GENERATE(
      as<std::string>{}, "DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries LIMIT 3)",
      "INSERT INTO entries SELECT topic_id, idx + 1, version, body FROM entries WHERE " + kOfLancashire + " LIMIT 1",
      "UPDATE entries SET idx = idx + 72057594037927936 WHERE rowid IN (SELECT rowid FROM entries WHERE " + kOfLancashire +
          " LIMIT 1)",
      "UPDATE topics SET sequence = 900", "UPDATE topics SET digest = zeroblob(32)");
  Fed stage;
  stage.Tamper(tampering);
  auto replica = stage.Open();
  for (const Topic& topic : replica->Topics()) {
    const auto basis = replica->RepairBasis(topic);
    if (basis) CHECK(replica->ApplyRepair(stage.fleet.Repair(topic, *basis)).ok());
  }
  CHECK(stage.Whole(*replica));
  REQUIRE(replica->Verify().ok());
  CHECK(stage.Whole(*replica));
}

TEST_CASE("a repair that does not come out as signed changes nothing") {
  Fed stage;
  stage.Spoils(5);
  stage.Spoils(40);
  auto replica = stage.Open();
  const auto basis = replica->RepairBasis(kRows);
  sync::Segment repair = stage.fleet.Repair(kRows, *basis);
  repair.entries.pop_back();
  CHECK(replica->ApplyRepair(repair).code() == Code::kCorrupt);
  CHECK(replica->RepairBasis(kRows) == basis);
  sync::Segment old = stage.fleet.Repair(kRows, *basis);
  old.to = sync::Sequence{80};
  CHECK(replica->ApplyRepair(old).code() == Code::kInvalid);
  CHECK(replica->ApplyRepair(stage.fleet.Delta(kRows, 1)).code() == Code::kInvalid);
  REQUIRE(replica->ApplyRepair(stage.fleet.Repair(kRows, *basis)).ok());
  CHECK(replica->ApplyRepair(stage.fleet.Repair(kRows, *basis)).code() == Code::kInvalid);  // whole already
}

TEST_CASE("a repair brings a topic past where it stood, and drops a snapshot that was under way") {
  Fed stage;
  stage.Spoils(5);
  auto replica = stage.Open();
  stage.GrowsBy(1);
  REQUIRE(replica->StageSnapshotPart(stage.fleet.Snapshot(kRows, 40).front()).ok());
  const auto basis = replica->RepairBasis(kRows);
  REQUIRE(replica->ApplyRepair(stage.fleet.Repair(kRows, *basis)).ok());
  CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{82});
  CHECK_FALSE(replica->StagedSnapshot(kRows));
  CHECK(stage.Whole(*replica));
}

TEST_CASE("a snapshot goes on after a break at any part, and the old data is served until it is whole") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  const sync::RowIndex child = stage.fleet.IndexOf(TestFleet::kChild);
  const platform::Bytes before = replica->Find(child).rows.front().sealed;
  sync::Flag flag;
  flag.plans = {{sync::PlanType::kLac, At("2026-01-01T00:00:00Z"), std::nullopt}};
  stage.fleet.Knows(TestFleet::kLancashire, TestFleet::kChild, flag);
  stage.GrowsBy(20);
  const auto parts = stage.fleet.Snapshot(kRows, 4);
  REQUIRE(parts.size() == 6);
  replica.reset();
  std::filesystem::copy_file(stage.file(), stage.directory.path() / "copy.db");
  for (size_t breaks_before = 0; breaks_before <= parts.size(); ++breaks_before) {
    std::filesystem::copy_file(stage.directory.path() / "copy.db", stage.file(),
                               std::filesystem::copy_options::overwrite_existing);
    replica = stage.Open();
    for (size_t part = 0; part < parts.size(); ++part) {
      if (part == breaks_before) {
        replica.reset();
        replica = stage.Open();
        if (part > 0) CHECK(replica->StagedSnapshot(kRows)->next_part == part);
      }
      const FoundRows found = replica->Find(child);
      REQUIRE(found.rows.size() == 1);
      CHECK(found.rows.front().sealed == before);
      CHECK_FALSE(found.damaged);
      CHECK(replica->CoverageOf(kRegion).complete);
      REQUIRE(replica->StageSnapshotPart(parts[part]).ok());
    }
    if (breaks_before == parts.size()) replica.reset(), replica = stage.Open();
    const FoundRows found = replica->Find(child);
    REQUIRE(found.rows.size() == 1);
    CHECK(found.rows.front().sealed != before);
    CHECK_FALSE(found.damaged);
    CHECK_FALSE(replica->StagedSnapshot(kRows));
    CHECK(replica->CursorOf(kRows).sequence == sync::Sequence{22});
    replica.reset();
  }
}

TEST_CASE("a topic of which only a part of a snapshot is here is a topic that can be dropped") {
  Stage stage;
  stage.GrowsBy(20);
  auto replica = stage.Open();
  REQUIRE(replica->StageSnapshotPart(stage.fleet.Snapshot(kRows, 5).front()).ok());
  CHECK(replica->Topics() == std::vector<Topic>{kRows});
  REQUIRE(replica->Drop(kRows).ok());
  CHECK(replica->Topics().empty());
  CHECK_FALSE(replica->StagedSnapshot(kRows));
}

TEST_CASE("all entries of an order topic are given, or none once one is not as it was") {
  Stage stage;
  auto replica = stage.Open();
  CHECK(replica->All(Topic::Directory())->empty());
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  const auto all = replica->All(Topic::Directory());
  REQUIRE(all.ok());
  CHECK(all->size() == 3);
  for (const auto& [key, body] : *all) CHECK(*replica->Get(Topic::Directory(), key) == body);
  stage.Tamper("DELETE FROM orders WHERE rowid = (SELECT max(rowid) FROM orders WHERE topic_id = "
               "(SELECT id FROM topics WHERE topic = 'directory'))");
  CHECK(replica->All(Topic::Directory()).status().code() == Code::kCorrupt);
  CHECK(replica->CursorOf(Topic::Directory()).sequence == sync::Sequence{0});
  CHECK(replica->All(Topic::Roster()).ok());
}

}  // namespace
}  // namespace cpis::edge
