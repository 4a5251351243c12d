// SPDX-License-Identifier: Apache-2.0
#include "sync/node/replicator.h"

#include <catch2/catch.hpp>

#include "tests/sync/keys.h"
#include "tests/sync/node/fake_replica.h"

namespace cpis::sync::node {
namespace {

using platform::Code;
using platform::Instant;

const Instant kNoon = *platform::ParseRfc3339("2026-11-22T12:00:00Z");

struct Vehicle {
  HeldKeys keys{KeySet{1, ContentKey().public_key, FreshnessKey().public_key, PolicyKey().public_key, Bytes(32), RootKey().public_key}};
  FakeReplica replica;
  Replicator replicator{keys, Topic::Node("node-1"), replica};

  Book rows{Topic::Rows("E10000017"), ContentKey()};
  Book other_rows{Topic::Rows("E06000007"), ContentKey()};
  Book directory{Topic::Directory(), ContentKey()};
  Book roster{Topic::Roster(), PolicyKey()};
  Book policy{Topic::Policy(), PolicyKey()};
  Book own{Topic::Node("node-1"), PolicyKey()};

  Result<std::vector<Want>> Hears(std::vector<TopicHead> heads, Instant at = kNoon, uint32_t epoch = 1) {
    return replicator.Hear(EncodeManifest({Epoch{epoch}, at, 0, std::move(heads)}, FreshnessKey()));
  }
  // The manifest of a head, then the segments to it; the topic is held and adopted afterwards.
  void Holds(const Book& book, const std::vector<Bytes>& segments, uint32_t epoch = 1) {
    auto wants = Hears({book.Head()}, kNoon, epoch);
    REQUIRE(wants.ok());
    REQUIRE(wants->size() == 1);
    for (const Bytes& segment : segments) REQUIRE(replicator.Take(wants->front(), segment).ok());
    REQUIRE(*replicator.AdoptIfComplete());
  }
};

// What is refused must leave everything as it was.
template <typename Attempt>
Code Refusal(Vehicle& vehicle, Attempt attempt) {
  const std::string before = vehicle.replica.Picture();
  const Status status = attempt().status();
  CHECK(vehicle.replica.Picture() == before);
  return status.code();
}
Code RefusalOf(Vehicle& vehicle, const Want& want, const Bytes& segment) {
  const std::string before = vehicle.replica.Picture();
  const Status status = vehicle.replicator.Take(want, segment);
  CHECK(vehicle.replica.Picture() == before);
  return status.code();
}

TEST_CASE("a node follows deltas and adopts the manifest once everything it names is held") {
  Vehicle v;
  const Bytes first = v.rows.Write({{7, "a"}});
  auto wants = v.Hears({v.rows.Head(), v.policy.Head()});
  REQUIRE(wants.ok());
  CHECK(wants->size() == 2);
  CHECK_FALSE(*v.replicator.AdoptIfComplete());

  REQUIRE(v.replicator.Take((*wants)[0], v.policy.Snapshot().front()).ok());
  CHECK_FALSE(*v.replicator.AdoptIfComplete());
  CHECK_FALSE(v.replica.adopted());
  REQUIRE(v.replicator.Take((*wants)[1], first).ok());
  CHECK(*v.replicator.AdoptIfComplete());
  CHECK(v.replica.adopted()->server_time == kNoon);

  const Bytes second = v.rows.Write({{7, ""}, {8, "b"}});
  wants = v.Hears({v.rows.Head(), v.policy.Head()});
  REQUIRE(wants->size() == 1);
  CHECK(wants->front().from == Sequence{1});
  REQUIRE(v.replicator.Take(wants->front(), second).ok());
  CHECK(*v.replicator.AdoptIfComplete());
}

TEST_CASE("a manifest that a relay changed, or that another role signed, is refused") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})});
  const Manifest manifest{Epoch{1}, kNoon, 0, {v.rows.Head()}};
  Bytes forged = EncodeManifest(manifest, FreshnessKey());
  forged[8] ^= 1;
  CHECK(Refusal(v, [&] { return v.replicator.Hear(forged); }) == Code::kCorrupt);
  const Bytes by_content = crypto::Sign(ContentKey(), crypto::Role::kContent, "cpis.v1.manifest",
                                        WithoutSignature(EncodeManifest(manifest, FreshnessKey())));
  CHECK(Refusal(v, [&] { return v.replicator.Hear(by_content); }) == Code::kDenied);
}

TEST_CASE("an old copy cannot pass as new: sequence, epoch and time never go back") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}}), v.rows.Write({{8, "b"}})});
  const TopicHead newest = v.rows.Head();

  CHECK(Refusal(v, [&] { return v.Hears({{newest.topic, Sequence{1}, {}}}); }) == Code::kDenied);
  CHECK(Refusal(v, [&] { return v.Hears({newest}, kNoon, 0); }) == Code::kDenied);
  CHECK(Refusal(v, [&] { return v.Hears({newest}, kNoon - std::chrono::milliseconds(1)); }) == Code::kDenied);
  CHECK(*v.replicator.heard_at() == kNoon);
  CHECK(v.Hears({newest}).ok());
}

TEST_CASE("a region's manifest may be older than the node's own: one is signed for many") {
  Vehicle v;
  REQUIRE(v.Hears({v.own.Head()}, kNoon + std::chrono::seconds(30)).ok());
  CHECK(v.Hears({v.rows.Head()}).ok());
  CHECK(*v.replicator.heard_at() == kNoon + std::chrono::seconds(30));
  CHECK(v.Hears({v.own.Head()}, kNoon + std::chrono::seconds(29)).status().code() == Code::kDenied);
}

TEST_CASE("a jump of more than a million changes is refused, one of a million is not") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})});
  CHECK(Refusal(v, [&] { return v.Hears({{v.rows.Head().topic, Sequence{1'000'002}, {}}}); }) == Code::kDenied);
  CHECK(v.Hears({{v.rows.Head().topic, Sequence{1'000'001}, {}}}).ok());
}

TEST_CASE("a manifest that names another node's topic is refused") {
  Vehicle v;
  const TopicHead foreign{Topic::Node("node-2"), Sequence{1}, {}};
  CHECK(Refusal(v, [&] { return v.Hears({foreign}); }) == Code::kDenied);
  CHECK(Refusal(v, [&] { return v.Hears({foreign, v.policy.Head()}); }) == Code::kDenied);
}

TEST_CASE("what decides about access is fetched first and rows last") {
  Vehicle v;
  auto wants =
      v.Hears({v.rows.Head(), v.other_rows.Head(), v.directory.Head(), v.roster.Head(), v.policy.Head(), v.own.Head()});
  REQUIRE(wants.ok());
  std::vector<std::string> order;
  for (const Want& want : *wants) order.push_back(want.head.topic.text());
  CHECK(order ==
        std::vector<std::string>{"node/node-1", "policy", "roster", "directory", "rows/E06000007", "rows/E10000017"});
}

TEST_CASE("segments of another role, topic or place are refused") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})});
  const Bytes skipped = v.rows.Write({{8, "b"}});
  const Bytes beyond = v.rows.Write({{9, "c"}});
  const auto wants = v.Hears({v.rows.Head()});
  REQUIRE(wants.ok());
  const Want want = wants->front();

  CHECK(RefusalOf(v, want, beyond) == Code::kCorrupt);  // a gap
  CHECK(RefusalOf(v, want, v.other_rows.Write({{7, "x"}})) == Code::kDenied);
  const Bytes by_policy =
      crypto::Sign(PolicyKey(), crypto::Role::kPolicy, "cpis.v1.segment", WithoutSignature(skipped));
  CHECK(RefusalOf(v, want, by_policy) == Code::kDenied);
  const Bytes by_stranger =
      crypto::Sign(NodeKey(), crypto::Role::kContent, "cpis.v1.segment", WithoutSignature(skipped));
  CHECK(RefusalOf(v, want, by_stranger) == Code::kCorrupt);
  CHECK(RefusalOf(v, want, {}) == Code::kCorrupt);

  REQUIRE(v.replicator.Take(want, skipped).ok());
  CHECK(RefusalOf(v, want, skipped) == Code::kCorrupt);  // again
  REQUIRE(v.replicator.Take(want, beyond).ok());
  CHECK(*v.replicator.AdoptIfComplete());
}

TEST_CASE("rows in a roster segment signed by content are refused: a topic says who signs it") {
  Vehicle v;
  Book forged(Topic::Roster(), ContentKey());
  const Bytes segment = crypto::Sign(ContentKey(), crypto::Role::kContent, "cpis.v1.segment",
                                     WithoutSignature(forged.Write({{1, "staff"}})));
  const auto wants = v.Hears({v.roster.Head()});
  REQUIRE(wants.ok());
  CHECK(RefusalOf(v, wants->front(), segment) == Code::kDenied);
}

TEST_CASE("a delta that does not lead to the digest it states changes nothing") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})});
  Segment lying{SegmentKind::kDelta, Topic::Rows("E10000017"), Epoch{1}, Sequence{1}, Sequence{2}, 0, 1, {}, {}};
  const auto wants = v.Hears({{lying.topic, Sequence{2}, {}}});
  REQUIRE(wants.ok());
  CHECK(RefusalOf(v, wants->front(), EncodeSegment(lying, ContentKey())) == Code::kCorrupt);
}

TEST_CASE("a topic whose delta does not fit is fetched whole: one of the two came back from a backup") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})});
  Book other{Topic::Rows("E10000017"), ContentKey()};
  other.Write({{7, "b"}});  // another history of the same length
  const Bytes second = other.Write({{8, "c"}});
  auto wants = v.Hears({other.Head()});
  REQUIRE(wants.ok());
  REQUIRE(wants->size() == 1);
  CHECK(wants->front().from == Sequence{1});
  CHECK(RefusalOf(v, wants->front(), second) == Code::kCorrupt);
  wants = v.Hears({other.Head()}, kNoon + std::chrono::seconds(1));
  REQUIRE(wants.ok());
  CHECK(wants->front().from == Sequence{0});
}

TEST_CASE("a snapshot that goes back, in sequence or epoch, is refused") {
  Vehicle v;
  const Bytes first = v.rows.Write({{7, "a"}});
  const Bytes old_snapshot = v.rows.Snapshot().front();
  v.Holds(v.rows, {first, v.rows.Write({{8, "b"}})});
  const Want want{v.rows.Head()};
  CHECK(RefusalOf(v, want, old_snapshot) == Code::kDenied);
  v.rows.epoch = Epoch{0};
  CHECK(RefusalOf(v, want, v.rows.Snapshot().front()) == Code::kDenied);
}

TEST_CASE("a snapshot that was interrupted goes on at the part that is due") {
  Vehicle v;
  v.rows.Write({{7, "a"}, {8, "b"}, {9, "c"}});
  const std::vector<Bytes> parts = v.rows.Snapshot();
  REQUIRE(parts.size() == 3);
  auto wants = v.Hears({v.rows.Head()});
  REQUIRE(v.replicator.Take(wants->front(), parts[0]).ok());
  REQUIRE(v.replicator.Take(wants->front(), parts[1]).ok());
  CHECK_FALSE(*v.replicator.AdoptIfComplete());

  Replicator restarted(v.keys, Topic::Node("node-1"), v.replica);
  wants = restarted.Hear(EncodeManifest({Epoch{1}, kNoon, 0, {v.rows.Head()}}, FreshnessKey()));
  REQUIRE(wants.ok());
  CHECK(wants->front().snapshot_to == Sequence{1});
  CHECK(wants->front().next_part == 2);
  REQUIRE(restarted.Take(wants->front(), parts[2]).ok());
  CHECK(*restarted.AdoptIfComplete());
  CHECK(v.replica.SizeOf(Topic::Rows("E10000017")) == 3);
}

TEST_CASE("the same sequence with another digest is fetched whole") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}}), v.rows.Write({{8, "b"}})});
  v.replica.Damage(Topic::Rows("E10000017"));
  const auto wants = v.Hears({v.rows.Head()});
  REQUIRE(wants->size() == 1);
  CHECK(wants->front().from == Sequence{0});
  CHECK(v.replicator.AdoptIfComplete().status().code() == Code::kCorrupt);
  for (const Bytes& part : v.rows.Snapshot()) REQUIRE(v.replicator.Take(wants->front(), part).ok());
  CHECK(*v.replicator.AdoptIfComplete());
}

TEST_CASE("a new epoch alone fetches nothing, and there is no way back from it, also after a restart") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})});
  const auto wants = v.Hears({v.rows.Head()}, kNoon, 2);
  REQUIRE(wants.ok());
  CHECK(wants->empty());
  CHECK(*v.replicator.AdoptIfComplete());
  CHECK(v.replica.CursorOf(v.rows.Head().topic).epoch == Epoch{2});
  CHECK(Refusal(v, [&] { return v.Hears({v.rows.Head()}, kNoon, 1); }) == Code::kDenied);
  CHECK(Refusal(v, [&] { return v.Hears({v.policy.Head()}, kNoon, 1); }) == Code::kDenied);  // a topic not held
  Replicator restarted(v.keys, Topic::Node("node-1"), v.replica);
  const Bytes old = EncodeManifest({Epoch{1}, kNoon + std::chrono::hours(1), 0, {v.policy.Head()}}, FreshnessKey());
  CHECK(restarted.Hear(old).status().code() == Code::kDenied);
}

TEST_CASE("changes of several epochs are taken as deltas") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})});
  const Bytes last_of_first = v.rows.Write({{8, "b"}});
  v.rows.epoch = Epoch{4};
  const Bytes first_of_fourth = v.rows.Write({{9, "c"}});
  const auto wants = v.Hears({v.rows.Head()}, kNoon, 4);
  REQUIRE(wants.ok());
  CHECK(wants->front().from == Sequence{1});
  REQUIRE(v.replicator.Take(wants->front(), last_of_first).ok());
  CHECK_FALSE(*v.replicator.AdoptIfComplete());
  REQUIRE(v.replicator.Take(wants->front(), first_of_fourth).ok());
  CHECK(*v.replicator.AdoptIfComplete());
}

TEST_CASE("a new epoch may lead to another history: shorter, of the same length or longer, it is fetched whole") {
  const auto length = GENERATE(1, 2, 3);
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}}), v.rows.Write({{8, "b"}})});
  Book other{Topic::Rows("E10000017"), ContentKey()};
  for (int i = 0; i + 1 < length; ++i) other.Write({{7, "x" + std::to_string(i)}});
  other.epoch = Epoch{2};
  const Bytes last = other.Write({{9, "y"}});
  CHECK((length > 1 || Refusal(v, [&] { return v.Hears({other.Head()}, kNoon, 1); }) == Code::kDenied));
  auto wants = v.Hears({other.Head()}, kNoon, 2);
  REQUIRE(wants.ok());
  if (length == 3) {
    CHECK(RefusalOf(v, wants->front(), last) == Code::kCorrupt);
    wants = v.Hears({other.Head()}, kNoon, 2);
  }
  CHECK(wants->front().from == Sequence{0});
  const auto too_early = v.replicator.AdoptIfComplete();
  CHECK_FALSE((too_early.ok() && *too_early));
  for (const Bytes& part : other.Snapshot()) REQUIRE(v.replicator.Take(wants->front(), part).ok());
  CHECK(*v.replicator.AdoptIfComplete());
  CHECK(v.replica.CursorOf(other.Head().topic).epoch == Epoch{2});
}

TEST_CASE("deltas of an epoch that was left are refused, and then the topic is asked for whole") {
  Vehicle v;
  v.rows.epoch = Epoch{2};
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})}, 2);
  Book other{Topic::Rows("E10000017"), ContentKey()};  // of a server that was put back, and wrote on before it knew
  other.Write({{7, "x"}});
  const Bytes of_the_old = other.Write({{8, "y"}});
  other.epoch = Epoch{3};
  const auto wants = v.Hears({other.Head()}, kNoon, 3);
  REQUIRE(wants.ok());
  REQUIRE(wants->front().from == Sequence{1});
  CHECK(RefusalOf(v, wants->front(), of_the_old) == Code::kDenied);
  CHECK(v.Hears({other.Head()}, kNoon, 3)->front().from == Sequence{0});
}

TEST_CASE("an epoch far ahead is refused, and so are segments of one that no manifest has named") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})});
  CHECK(Refusal(v, [&] { return v.Hears({v.rows.Head()}, kNoon, 1 + kMaxEpochJump + 1); }) == Code::kDenied);
  CHECK(Refusal(v, [&] { return v.Hears({v.rows.Head()}, kNoon, 0); }) == Code::kDenied);
  v.rows.epoch = Epoch{3};
  const Bytes ahead = v.rows.Write({{8, "b"}});
  const auto wants = v.Hears({v.rows.Head()});
  CHECK(RefusalOf(v, wants->front(), ahead) == Code::kDenied);
  v.rows.epoch = Epoch{2};
  CHECK(v.replicator.Take(wants->front(), v.rows.Snapshot().front()).ok());  // it began after the manifest
  Vehicle fresh;
  CHECK(fresh.Hears({fresh.rows.Head()}, kNoon, 4097).status().code() == Code::kDenied);
  CHECK(fresh.Hears({fresh.rows.Head()}, kNoon, 4096).ok());
}

TEST_CASE("a snapshot of an older epoch is no way to go on with") {
  Vehicle v;
  v.rows.Write({{7, "a"}, {8, "b"}});
  const Bytes first_part = v.rows.Snapshot().front();
  auto wants = v.Hears({v.rows.Head()});
  REQUIRE(v.replicator.Take(wants->front(), first_part).ok());
  wants = v.Hears({v.rows.Head()}, kNoon, 2);
  CHECK(wants->front().snapshot_to == Sequence{0});
  CHECK(RefusalOf(v, wants->front(), v.rows.Snapshot().back()) == Code::kDenied);
}

TEST_CASE("topics that the region no longer names are dropped, the node's own is not") {
  Vehicle v;
  const Bytes grant = v.own.Write({{1, "grant"}});
  REQUIRE(v.replicator.Take(v.Hears({v.own.Head()})->front(), grant).ok());
  auto wants = v.Hears({v.rows.Head(), v.other_rows.Head()});
  for (const Want& want : *wants) {
    REQUIRE(v.replicator.Take(want, (want.head.topic == v.rows.Head().topic ? v.rows : v.other_rows).Snapshot().front())
                .ok());
  }
  REQUIRE(*v.replicator.AdoptIfComplete());
  REQUIRE(v.Hears({v.own.Head()}).ok());
  CHECK(v.replica.Topics().size() == 3);

  REQUIRE(v.Hears({v.rows.Head()}).ok());
  CHECK(v.replica.Topics() == std::vector<Topic>{Topic::Rows("E10000017"), Topic::Node("node-1")});
}

TEST_CASE("a damaged topic is wanted with its buckets, and a repair makes it whole") {
  Vehicle v;
  constexpr uint64_t kFar = uint64_t{9} << 56;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}, {kFar, "b"}})});
  v.replica.Spoils(v.rows.Head().topic, RowIndex{kFar});
  const auto wants = v.Hears({v.rows.Head()});
  REQUIRE(wants->size() == 1);
  REQUIRE(wants->front().basis.size() == TopicSet::kBuckets);
  CHECK_FALSE(*v.replicator.AdoptIfComplete());

  CHECK(RefusalOf(v, wants->front(), v.rows.Repair({0})) == Code::kCorrupt);  // not what differs
  REQUIRE(v.replicator.Take(wants->front(), v.rows.Repair({9})).ok());
  CHECK(*v.replicator.AdoptIfComplete());
  CHECK(v.Hears({v.rows.Head()})->empty());
}

TEST_CASE("a repair that was not asked for, that goes back, or that another role signed is refused") {
  Vehicle v;
  v.Holds(v.rows, {v.rows.Write({{7, "a"}})});
  const Bytes old = v.rows.Repair({0});
  const Bytes second = v.rows.Write({{7, "c"}});
  const auto healthy = v.Hears({v.rows.Head()});
  CHECK(RefusalOf(v, healthy->front(), v.rows.Repair({0})) == Code::kDenied);
  REQUIRE(v.replicator.Take(healthy->front(), second).ok());

  v.replica.Spoils(v.rows.Head().topic, RowIndex{7});
  const auto wants = v.Hears({v.rows.Head()});
  CHECK(RefusalOf(v, wants->front(), old) == Code::kDenied);
  const Bytes by_policy =
      crypto::Sign(PolicyKey(), crypto::Role::kPolicy, "cpis.v1.segment", WithoutSignature(v.rows.Repair({0})));
  CHECK(RefusalOf(v, wants->front(), by_policy) == Code::kDenied);
  CHECK(v.replicator.Take(wants->front(), v.rows.Snapshot().front()).ok());  // the whole is taken as well
}

TEST_CASE("a partition that left the region while its snapshot was under way is dropped") {
  Vehicle v;
  v.rows.Write({{7, "a"}, {8, "b"}});
  const auto wants = v.Hears({v.rows.Head(), v.policy.Head()});
  REQUIRE(v.replicator.Take(wants->back(), v.rows.Snapshot().front()).ok());
  REQUIRE(v.replica.StagedSnapshot(v.rows.Head().topic));
  REQUIRE(v.Hears({v.policy.Head()}).ok());
  CHECK_FALSE(v.replica.StagedSnapshot(v.rows.Head().topic));
}

}  // namespace
}  // namespace cpis::sync::node
