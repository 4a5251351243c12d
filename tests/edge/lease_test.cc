// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a vehicle whose lease is over: it answers nothing, goes on recording, and a day later its keys are gone.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <random>

#include "edge/enrolled_node.h"
#include "edge/tuning.h"
#include "replica_stage.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using platform::Code;
using sync::KeyOf;
using sync::Topic;
using test::At;
using test::Stage;
using test::TestFleet;

const Instant kNow = At("2026-11-22T02:00:00Z");
const std::string kChild(TestFleet::kChild);

// All bytes of every file in a directory.
std::string EveryByte(const std::filesystem::path& directory) {
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(in), {});
  }
  return bytes;
}

// Any 24 bytes in a row of `secret`, at each 8.
bool Holds(const std::string& bytes, ByteView secret) {
  const std::string text(platform::AsText(secret));
  for (size_t at = 0; at + 24 <= text.size(); at += 8) {
    if (bytes.find(text.substr(at, 24)) != std::string::npos) return true;
  }
  return false;
}

struct Vehicle {
  Vehicle() { fleet.StartsWork(); }

  void Syncs(Instant at) {
    node.reset();
    {
      auto journal = Journal::Open(directory.path() / "journal.db", identity);
      REQUIRE(journal.ok());
      TrustedTime time(clock, std::nullopt, [&](const TimeMarks& marks) { (*journal)->KeepMeta("time", Encode(marks)); });
      time.Heard(at);
      auto replica = Open();
      REQUIRE(fleet.Feed(*replica, at).ok());
    }
    Starts();
  }
  std::unique_ptr<Replica> Open() {
    auto replica =
        Replica::Open({directory.path() / "replica.db", identity.keys.Now()->freshness,
                       crypto::DeriveSecret(identity.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()});
    REQUIRE(replica.ok());
    REQUIRE((*replica)->WaitVerified(10s));
    return *std::move(replica);
  }
  void Starts() {
    node.reset();
    auto opened = EnrolledNode::Open(directory.path(), fleet.Identity(), clock);
    REQUIRE(opened.ok());
    node = *std::move(opened);
  }
  Status SignsIn() {
    auto session = node->keeper().SignIn("crew-1", "135790");
    if (session.ok()) token = session->token;
    return session.status();
  }
  Answer Looks() {
    auto answer = node->Lookup(token, {kChild, "", false});
    REQUIRE(answer.ok());
    return *answer;
  }
  bool HoldsRing() const { return Holds(EveryByte(directory.path()), fleet.wrapped_ring()); }
  uint64_t Waiting() { return node->journal().Count()->attendances_waiting; }

  test::TemporaryDirectory directory;
  TestFleet fleet;
  sync::node::Identity identity = fleet.Identity();
  platform::ManualClock clock{kNow};
  std::unique_ptr<EnrolledNode> node;
  std::string token;
};

TEST_CASE("when the lease is over nothing is answered, people still sign in, and attendances still queue") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  REQUIRE(vehicle.SignsIn().ok());
  CHECK(vehicle.Looks().outcome == sync::Outcome::kFlagged);
  vehicle.clock.Advance(72h);
  REQUIRE(vehicle.SignsIn().ok());
  CHECK(vehicle.Looks().outcome == sync::Outcome::kFlagged);
  vehicle.clock.Advance(1s);
  for (const auto later : {0h, 20h, 10h, 1000h}) {  // before and after the ring is destroyed
    vehicle.clock.Advance(later);
    vehicle.node->Housekeep();
    REQUIRE(vehicle.SignsIn().ok());
    const Answer answer = vehicle.Looks();
    CHECK(answer.outcome == sync::Outcome::kCannotSay);
    CHECK(answer.reason == Reason::kLeaseExpired);
    CHECK(answer.plans.empty());
    const uint64_t before = vehicle.Waiting();
    const auto attended = vehicle.node->Attend(vehicle.token, {kChild, "INC-" + std::to_string(before), std::nullopt});
    REQUIRE(attended.ok());
    CHECK(vehicle.Waiting() == before + 1);
    CHECK(vehicle.node->Alerts(vehicle.token).status().code() == Code::kUnavailable);
  }
}

TEST_CASE("a day after the lease no byte of the key ring is on the disk, over every restart, and nothing is called damaged") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  REQUIRE(vehicle.SignsIn().ok());
  vehicle.clock.Advance(96h);
  vehicle.node->Housekeep();
  CHECK(vehicle.HoldsRing());
  vehicle.clock.Advance(1s);
  vehicle.node->Housekeep();
  CHECK_FALSE(vehicle.HoldsRing());
  CHECK(vehicle.node->keeper().Ring() == nullptr);
  CHECK(vehicle.node->keeper().Locked());
  for (int start = 0; start < 3; ++start) {
    vehicle.Starts();
    vehicle.node->Housekeep();
    CHECK_FALSE(vehicle.HoldsRing());
    REQUIRE(vehicle.SignsIn().ok());
    CHECK(vehicle.node->keeper().Ring() == nullptr);
    const auto verdicts = vehicle.node->Verify(false);
    REQUIRE(verdicts.ok());
    for (const TopicVerdict& verdict : *verdicts) {
      INFO(verdict.topic);
      CHECK(verdict.matches);
    }
    CHECK(vehicle.Looks().reason == Reason::kLeaseExpired);
  }
}

TEST_CASE("on contact one small bundle brings everything back: the node's own topic, and no row") {
  Vehicle vehicle;
  sync::Flag flag;
  flag.plans = {{sync::PlanType::kLac, At("2026-01-01T00:00:00Z"), std::nullopt}};
  for (int i = 0; i < 300; ++i) {
    flag.accesses.assign(5, {At("2026-11-20T10:00:00Z"), TestFleet::kCrew});
    vehicle.fleet.Knows(TestFleet::kLancashire, "998" + std::to_string(1000000 + i), flag);
  }
  vehicle.Syncs(kNow);
  vehicle.clock.Advance(100h);
  vehicle.node->Housekeep();
  REQUIRE_FALSE(vehicle.HoldsRing());
  vehicle.node.reset();
  {
    auto replica = vehicle.Open();
    size_t fetched = 0, all = 0;
    for (const TopicState& state : replica->States()) {
      const bool own = state.topic.kind() == Topic::Kind::kNode;
      CHECK((replica->CursorOf(state.topic).sequence == sync::Sequence{0}) == own);
      for (const sync::Segment& part : vehicle.fleet.Snapshot(state.topic, 100)) {
        const size_t bytes = sync::EncodeSegment(part, crypto::NewSigningKey()).size();
        all += bytes;
        if (own) fetched += bytes;
      }
    }
    WARN("the bundle is " << fetched << " bytes; everything is " << all);
    CHECK(fetched < 1500);
    CHECK(all > 10 * fetched);
  }
  vehicle.Syncs(kNow + 100h);
  REQUIRE(vehicle.SignsIn().ok());
  CHECK(vehicle.Looks().outcome == sync::Outcome::kFlagged);
}

TEST_CASE("a crew that signed in after the ring was destroyed need not sign in again when it comes back") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.clock.Advance(100h);
  vehicle.node->Housekeep();
  REQUIRE(vehicle.SignsIn().ok());
  vehicle.node->Housekeep();
  CHECK(vehicle.node->keeper().Ring() == nullptr);
  CHECK_FALSE(vehicle.node->keeper().Locked());  // the PIN's share is in memory, and opens nothing that is here
}

TEST_CASE("whoever heard of the server keeps its ring, though not all of the data has come") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.clock.Advance(100h);
  {
    vehicle.node.reset();
    auto journal = Journal::Open(vehicle.directory.path() / "journal.db", vehicle.identity);
    TrustedTime time(vehicle.clock, std::nullopt, [&](const TimeMarks& m) { (*journal)->KeepMeta("time", Encode(m)); });
    time.Heard(kNow + 99h);
  }
  vehicle.Starts();
  vehicle.node->Housekeep();
  CHECK(vehicle.HoldsRing());
  REQUIRE(vehicle.SignsIn().ok());
  CHECK(vehicle.Looks().reason == Reason::kLeaseExpired);
}

TEST_CASE("what is erased of a topic is in no file, whatever its entries were before, and the rest of it serves") {
  const uint64_t seed = std::random_device{}();
  std::mt19937_64 random(seed);
  INFO("seed " << seed);
  const Topic own = Topic::Node(TestFleet().Identity().node_id);
  for (int round = 0; round < 40; ++round) {
    Stage stage;
    auto replica = stage.Open();
    sync::Alert alert;
    std::vector<Bytes> rings;
    int alerts = 0;
    for (int change = 0; change < 30; ++change) {
      alert.id = "alert-" + std::to_string(alerts);
      alert.incident = std::string(random() % 300, 'x');
      switch (random() % 4) {
        case 0: stage.fleet.Grants({std::string(TestFleet::kLancashire)}); break;
        case 1: if (alerts > 0) alert.id = "alert-" + std::to_string(--alerts), stage.fleet.TakesBack(alert); break;
        default: stage.fleet.Raises(alert), ++alerts;
      }
      rings.push_back(stage.fleet.wrapped_ring());
      if (random() % 3 == 0) REQUIRE(stage.fleet.Feed(*replica, test::kNow + std::chrono::seconds(change), random() % 2 ? 0 : 3).ok());
    }
    REQUIRE(stage.fleet.Feed(*replica, test::kNow + 1h).ok());
    if (round == 0) REQUIRE(Holds(EveryByte(stage.directory.path()), rings.back()));
    const size_t before = replica->All(own)->size();
    REQUIRE(replica->Erase(own, KeyOf(sync::kRingEntry)).ok());
    const std::string bytes = EveryByte(stage.directory.path());
    for (const Bytes& ring : rings) CHECK_FALSE(Holds(bytes, ring));
    CHECK(replica->All(own)->size() == before - 1);
    CHECK(replica->Get(own, KeyOf(sync::kGrantEntry)).ok());
    CHECK(replica->Get(own, KeyOf(sync::kRingEntry)).status().code() == Code::kNotFound);
    REQUIRE(stage.fleet.Feed(*replica, test::kNow + 2h, round % 2 ? 0 : 3).ok());
    CHECK(replica->All(own)->size() == before);
  }
}

TEST_CASE("erasing vouches for nothing that was damaged, and drops what was half fetched") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, test::kNow).ok());
  const Topic own = Topic::Node(stage.fleet.Identity().node_id);
  replica.reset();
  stage.Tamper("UPDATE orders SET version = version + 1 WHERE topic_id = (SELECT id FROM topics WHERE topic LIKE 'node/%')");
  replica = stage.Open();
  REQUIRE(replica->Erase(own, KeyOf(sync::kRingEntry)).ok());
  replica = stage.Open();
  for (const TopicState& state : replica->States()) {
    if (state.topic == own) CHECK(state.damaged);
  }
  CHECK_FALSE(Holds(EveryByte(stage.directory.path()), stage.fleet.wrapped_ring()));

  Stage half;
  replica = half.Open();
  const auto parts = half.fleet.Snapshot(own, 1);
  REQUIRE(parts.size() > 1);
  for (size_t i = 0; i + 1 < parts.size(); ++i) REQUIRE(replica->StageSnapshotPart(parts[i]).ok());
  REQUIRE(replica->Erase(own, KeyOf(sync::kRingEntry)).ok());
  CHECK_FALSE(replica->StagedSnapshot(own));
  CHECK_FALSE(Holds(EveryByte(half.directory.path()), half.fleet.wrapped_ring()));
}

}  // namespace
}  // namespace cpis::edge
