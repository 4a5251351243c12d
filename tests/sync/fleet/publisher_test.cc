// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/publisher.h"

#include <algorithm>
#include <array>

#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

const Topic kRows = Topic::Rows(kLancashire);

// What a node makes of segments: it takes each only where it fits.
struct Follower {
  const FleetKeys& keys;
  Topic topic;
  Sequence sequence{0};
  TopicSet set;
  TopicSet staged;

  void Take(const SharedBytes& bytes) {
    const auto segment = DecodeSegment(platform::AsBytes(*bytes), keys.SignerOf(topic).public_key);
    REQUIRE(segment.ok());
    REQUIRE(segment->topic == topic);
    const bool snapshot = segment->kind == SegmentKind::kSnapshot;
    if (snapshot && segment->part == 0) staged.Clear();
    if (!snapshot) REQUIRE(segment->from == sequence);
    TopicSet& target = snapshot ? staged : set;
    for (const EntryView& entry : segment->entries) {
      entry.body.empty() ? target.Remove(entry.index)
                         : target.Put(entry.index, HashEntry(entry.index, entry.version, entry.body));
    }
    if (snapshot && segment->part + 1 < segment->parts) return;
    if (snapshot) set = staged;
    sequence = segment->to;
    REQUIRE(set.DigestAt(topic, sequence) == segment->digest);
  }
  void Take(const std::vector<SharedBytes>& run) {
    for (const SharedBytes& bytes : run) Take(bytes);
  }
  TopicHead Head() const { return {topic, sequence, set.DigestAt(topic, sequence)}; }
};

std::vector<Change> Rows(uint64_t first, uint64_t count, size_t size = 100) {
  std::vector<Change> changes;
  for (uint64_t i = first; i < first + count; ++i) {
    changes.push_back({RowIndex{i * 0x9E3779B97F4A7C15ull}, Bytes(size, static_cast<uint8_t>(i))});
  }
  return changes;
}

struct Press : World {
  Status Publishes(std::vector<Change> changes, const Topic& topic = kRows) {
    return store->Change([&](Store& s) { return s.publisher().Publish(topic, std::move(changes)); });
  }
  std::vector<SharedBytes> Since(Publisher::Position position, const Topic& topic = kRows) {
    std::vector<SharedBytes> bytes;
    REQUIRE(store
                ->Read([&](Store& s) -> Status {
                  CPIS_ASSIGN(bytes, s.publisher().Since(topic, position));
                  return Status::Ok();
                })
                .ok());
    return bytes;
  }
  SegmentKind KindOf(const SharedBytes& bytes) {
    return DecodeSegment(platform::AsBytes(*bytes), keys.content.public_key)->kind;
  }
};

TEST_CASE("from every position a node is led to the head, with the head's digest") {
  Press w;
  std::vector<Follower> followers;
  followers.push_back({w.keys, kRows, {}, {}, {}});
  for (uint64_t step = 1; step <= 12; ++step) {
    std::vector<Change> changes = Rows(step * 50, 40);
    if (step > 1) {
      for (const Change& old : Rows((step - 1) * 50, 10)) changes.push_back({old.index, {}});        // removed
      for (const Change& old : Rows((step - 1) * 50 + 10, 10)) changes.push_back({old.index, {7}});  // changed
    }
    REQUIRE(w.Publishes(std::move(changes)).ok());
    Follower here = followers.back();
    here.Take(w.Since({here.sequence, {}, 0}));
    CHECK(here.Head() == w.HeadOf(kRows));
    followers.push_back(std::move(here));
  }
  for (Follower& follower : followers) {
    if (follower.sequence == Sequence{12}) continue;
    follower.Take(w.Since({follower.sequence, {}, 0}));
    CHECK(follower.Head() == w.HeadOf(kRows));
  }
}

TEST_CASE("a topic that was never published is an empty snapshot at sequence 0") {
  Press w;
  Follower follower{w.keys, kRows, Sequence{9}, {}, {}};
  follower.Take(w.Since({}));
  CHECK(follower.Head() == w.HeadOf(kRows));
  CHECK(follower.sequence == Sequence{0});
}

TEST_CASE("a large topic travels in parts, and is served as it was until the deltas after it weigh a quarter") {
  Press w;
  REQUIRE(w.Publishes(Rows(1, 6000)).ok());
  const auto first = w.Since({});
  REQUIRE(first.size() >= 5);
  for (const SharedBytes& part : first) {
    CHECK(w.KindOf(part) == SegmentKind::kSnapshot);
    CHECK(part->size() < 160 * 1024);
  }
  REQUIRE(w.Publishes(Rows(7000, 10)).ok());
  const auto second = w.Since({});
  REQUIRE(second.size() == first.size() + 1);
  CHECK(std::equal(first.begin(), first.end(), second.begin()));  // the same bytes, not made again
  CHECK(w.KindOf(second.back()) == SegmentKind::kDelta);
  Follower follower{w.keys, kRows, {}, {}, {}};
  follower.Take(second);
  CHECK(follower.Head() == w.HeadOf(kRows));

  REQUIRE(w.Publishes(Rows(8000, 3000)).ok());
  const auto third = w.Since({});
  CHECK(third.front() != first.front());
  CHECK(w.KindOf(third.back()) == SegmentKind::kSnapshot);
}

TEST_CASE("two nodes are served the same bytes, deltas and snapshots") {
  Press w;
  REQUIRE(w.Publishes(Rows(1, 3000)).ok());
  REQUIRE(w.Publishes(Rows(4000, 5)).ok());
  CHECK(w.Since({}) == w.Since({}));
  const auto one = w.Since({Sequence{1}, {}, 0});
  const auto other = w.Since({Sequence{1}, {}, 0});
  REQUIRE(one.size() == 1);
  CHECK(one == other);
}

TEST_CASE("a node that is far behind gets the whole instead of deltas that weigh more") {
  Press w;
  REQUIRE(w.Publishes(Rows(1, 100)).ok());
  for (int i = 0; i < 5; ++i) REQUIRE(w.Publishes(Rows(1, 100)).ok());
  (void)w.Since({});
  const auto behind = w.Since({Sequence{1}, {}, 0});
  CHECK(w.KindOf(behind.front()) == SegmentKind::kSnapshot);
  const auto near = w.Since({Sequence{5}, {}, 0});
  REQUIRE(near.size() == 1);
  CHECK(w.KindOf(near.front()) == SegmentKind::kDelta);
}

TEST_CASE("a snapshot goes on at the part that is due, and starts over when it is not the same any more") {
  Press w;
  REQUIRE(w.Publishes(Rows(1, 6000)).ok());
  const auto whole = w.Since({});
  Follower follower{w.keys, kRows, {}, {}, {}};
  follower.Take(whole[0]);
  follower.Take(whole[1]);
  const auto rest = w.Since({Sequence{0}, Sequence{1}, 2});
  CHECK(rest.size() == whole.size() - 2);
  follower.Take(rest);
  CHECK(follower.Head() == w.HeadOf(kRows));

  CHECK(w.Since({Sequence{0}, Sequence{77}, 2}).size() == whole.size());
  CHECK(w.Since({Sequence{0}, Sequence{1}, 99}).size() == whole.size());
  REQUIRE(w.Publishes(Rows(8000, 4000)).ok());
  Follower late{w.keys, kRows, {}, {}, {}};
  late.Take(w.Since({Sequence{0}, Sequence{1}, 2}));
  CHECK(late.Head() == w.HeadOf(kRows));
}

TEST_CASE("a server that was stopped goes on serving the same snapshot parts") {
  Press w;
  REQUIRE(w.Publishes(Rows(1, 6000)).ok());
  const TopicHead head = w.HeadOf(kRows);
  const auto before = w.Since({});
  w.Restart();
  CHECK(w.HeadOf(kRows) == head);
  const auto after = w.Since({});
  REQUIRE(after.size() == before.size());
  for (size_t i = 0; i < before.size(); ++i) CHECK(*before[i] == *after[i]);
}

TEST_CASE("a server whose rows are not those it published refuses to serve them") {
  Press w;
  REQUIRE(w.Publishes(Rows(1, 5)).ok());
  w.store.reset();
  {
    auto database = platform::Database::Open(w.state.path() / "fleet.db");
    REQUIRE(database.ok());
    REQUIRE(database->Run("DELETE FROM entries WHERE rowid = (SELECT max(rowid) FROM entries)").ok());
  }
  CHECK(Store::Open(w.state.path(), w.keys, w.clock).status().code() == Code::kCorrupt);
}

TEST_CASE("a delta that a slow link would never finish gives way to parts that it can go on with") {
  Press w;
  REQUIRE(w.Publishes(Rows(0, 20'000)).ok());
  Follower follower{w.keys, kRows, {}, {}, {}};
  follower.Take(w.Since({}));
  REQUIRE(w.Publishes(Rows(0, 3'000, 101)).ok());  // some 350 KB, of 2.3 MB
  const std::vector<SharedBytes> bytes = w.Since({follower.sequence});
  for (const SharedBytes& one : bytes) CHECK(one->size() < 64 * 1024);
  follower.Take(bytes);
  CHECK(follower.Head() == w.HeadOf(kRows));
  REQUIRE(w.Publishes(Rows(0, 100, 102)).ok());  // and a small one is a delta as ever
  CHECK(w.Since({follower.sequence}).size() == 1);
}

TEST_CASE("a change too large for one delta reaches nodes as a snapshot") {
  Press w;
  REQUIRE(w.Publishes(Rows(1, 10)).ok());
  REQUIRE(w.Publishes(Rows(100, 60, 50'000)).ok());
  REQUIRE(w.Publishes(Rows(500, 1)).ok());
  Follower follower{w.keys, kRows, {}, {}, {}};
  follower.Take(w.Since({Sequence{1}, {}, 0}));
  CHECK(follower.Head() == w.HeadOf(kRows));
}

TEST_CASE("a transaction that fails leaves database, sequence and digest as they were") {
  Press w;
  REQUIRE(w.Publishes(Rows(1, 10)).ok());
  const TopicHead head = w.HeadOf(kRows);
  int told = 0;
  w.store->OnPublished([&](const std::vector<TopicHead>&) { ++told; });
  const Status failed = w.store->Change([&](Store& s) -> Status {
    CPIS_TRY(s.publisher().Publish(kRows, Rows(1, 5, 7)));
    CPIS_TRY(s.publisher().Publish(Topic::Rows(kWarrington), Rows(1, 5)));
    CPIS_TRY(s.records().PutSetting("a", "b"));
    return platform::Internal("the disk is full");
  });
  CHECK(failed.code() == Code::kInternal);
  CHECK(told == 0);
  CHECK(w.HeadOf(kRows) == head);
  CHECK(w.SequenceOf(Topic::Rows(kWarrington)) == 0);
  w.Restart();
  CHECK(w.HeadOf(kRows) == head);
  CHECK(w.SequenceOf(Topic::Rows(kWarrington)) == 0);

  REQUIRE(w.Publishes(Rows(1, 5, 7)).ok());
  Follower follower{w.keys, kRows, {}, {}, {}};
  follower.Take(w.Since({}));
  CHECK(follower.Head() == w.HeadOf(kRows));
}

TEST_CASE("a topic is published once in a transaction, and nothing is no publication") {
  Press w;
  CHECK(w.Publishes({}).ok());
  CHECK(w.SequenceOf(kRows) == 0);
  const Status twice = w.store->Change([&](Store& s) -> Status {
    CPIS_TRY(s.publisher().Publish(kRows, Rows(1, 1)));
    return s.publisher().Publish(kRows, Rows(2, 1));
  });
  CHECK(twice.code() == Code::kInternal);
  CHECK(w.SequenceOf(kRows) == 0);
}

TEST_CASE("content signs rows, policy signs what orders a node about") {
  Press w;
  REQUIRE(w.Publishes({{KeyOf("a"), {1}}}, Topic::Policy()).ok());
  REQUIRE(w.Publishes(Rows(1, 1)).ok());
  const auto policy = w.Since({}, Topic::Policy());
  CHECK(DecodeSegment(platform::AsBytes(*policy.front()), w.keys.policy.public_key).ok());
  CHECK_FALSE(DecodeSegment(platform::AsBytes(*policy.front()), w.keys.content.public_key).ok());
}

// The buckets of a set, as a node tells them.
std::array<Digest, TopicSet::kBuckets> BasisOf(const TopicSet& set) {
  std::array<Digest, TopicSet::kBuckets> basis;
  for (size_t bucket = 0; bucket < basis.size(); ++bucket) basis[bucket] = set.BucketDigest(bucket);
  return basis;
}

TEST_CASE("a repair has every row of the buckets that differ and of no other, whatever the top bit") {
  Press w;
  REQUIRE(w.Publishes(Rows(1, 2000)).ok());
  REQUIRE(w.Publishes(Rows(5, 1)).ok());  // so that versions differ
  Follower node{w.keys, kRows, {}, {}, {}};
  node.Take(w.Since({}));
  const TopicSet whole = node.set;
  node.set.Remove(Rows(5, 1).front().index);
  node.set.Put(RowIndex{0x8100'0000'0000'0001}, {});
  node.set.Put(RowIndex{0xff00'0000'0000'0001}, {});
  SharedBytes bytes;
  REQUIRE(w.store->Read([&](Store& s) -> Status {
                   CPIS_ASSIGN(bytes, s.publisher().RepairOf(kRows, BasisOf(node.set)));
                   return Status::Ok();
                 }).ok());
  const auto repair = DecodeSegment(platform::AsBytes(*bytes), w.keys.content.public_key);
  REQUIRE(repair.ok());
  CHECK(repair->buckets.size() == 3);
  CHECK(repair->to == node.sequence);
  CHECK(repair->digest == whole.DigestAt(kRows, node.sequence));
  TopicSet given;
  for (const EntryView& entry : repair->entries) given.Put(entry.index, HashEntry(entry.index, entry.version, entry.body));
  for (const uint8_t bucket : repair->buckets) CHECK(given.BucketDigest(bucket) == whole.BucketDigest(bucket));
}

TEST_CASE("a repair of more than half of a topic, or of one that was never published, is refused") {
  Press w;
  const auto refusal = [&](const Topic& topic, const TopicSet& held) {
    return w.store->Read([&](Store& s) { return s.publisher().RepairOf(topic, BasisOf(held)).status(); }).code();
  };
  CHECK(refusal(kRows, {}) == Code::kNotFound);
  REQUIRE(w.Publishes(Rows(1, 2000)).ok());
  CHECK(refusal(kRows, {}) == Code::kExhausted);
  Follower node{w.keys, kRows, {}, {}, {}};
  node.Take(w.Since({}));
  CHECK(refusal(kRows, node.set) == Code::kOk);  // nothing differs: the record alone was wrong
  REQUIRE(w.Publishes(Rows(1, 900, 5000)).ok());
  CHECK(refusal(kRows, node.set) == Code::kExhausted);  // four megabytes
}

}  // namespace
}  // namespace cpis::sync::fleet
