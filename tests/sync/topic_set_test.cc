// SPDX-License-Identifier: Apache-2.0
#include "sync/topic_set.h"

#include <catch2/catch.hpp>
#include <random>

namespace cpis::sync {
namespace {

using platform::ByteWriter;

const Topic kTopic = Topic::Rows("E10000017");

EntryHash HashOf(uint64_t seed) { return HashEntry(RowIndex{seed}, seed + 1, platform::AsBytes("body")); }

// Straight from the definition, without buckets that are kept.
crypto::Digest FromScratch(const std::map<uint64_t, EntryHash>& entries, const Topic& topic, uint64_t sequence) {
  ByteWriter all;
  all.Raw(platform::AsBytes("cpis.v1.topic"));
  all.Raw(platform::AsBytes(topic.text()));
  all.U64(sequence);
  for (uint64_t bucket = 0; bucket < 256; ++bucket) {
    ByteWriter items;
    for (const auto& [index, hash] : entries) {
      if (index >> 56 != bucket) continue;
      items.U64(index);
      items.Raw(hash);
    }
    all.Raw(crypto::Blake2b32({items.bytes()}));
  }
  return crypto::Blake2b32({all.bytes()});
}

// Few enough different ones that puts and removes meet, spread over all buckets.
uint64_t RandomIndex(std::mt19937_64& random) { return (random() % 256) << 56 | (random() % 16) * 0x0123456789ABull; }

TEST_CASE("the digest after thousands of changes is that of a set computed from scratch") {
  std::mt19937_64 random(42);
  TopicSet set;
  std::map<uint64_t, EntryHash> model;
  for (int step = 1; step <= 20'000; ++step) {
    const auto index = RandomIndex(random);
    if (random() % 3 == 0) {
      set.Remove(RowIndex{index});
      model.erase(index);
    } else {
      const auto hash = HashOf(random());
      set.Put(RowIndex{index}, hash);
      model[index] = hash;
    }
    if (step % 500 == 0) {
      REQUIRE(set.DigestAt(kTopic, Sequence{7}) == FromScratch(model, kTopic, 7));
      REQUIRE(set.size() == model.size());
    }
  }
  for (const auto& [index, hash] : model) {
    REQUIRE(set.Contains(RowIndex{index}));
    REQUIRE(*set.Find(RowIndex{index}) == hash);
  }
  CHECK_FALSE(set.Contains(RowIndex{1}));
  CHECK(set.Find(RowIndex{1}) == nullptr);
}

TEST_CASE("the digest depends on topic, sequence, index and hash") {
  TopicSet set;
  set.Put(RowIndex{1}, HashOf(1));
  const auto digest = set.DigestAt(kTopic, Sequence{1});
  CHECK(digest != set.DigestAt(Topic::Rows("E10000018"), Sequence{1}));
  CHECK(digest != set.DigestAt(kTopic, Sequence{2}));
  TopicSet other_index;
  other_index.Put(RowIndex{2}, HashOf(1));
  CHECK(digest != other_index.DigestAt(kTopic, Sequence{1}));
  TopicSet other_hash;
  other_hash.Put(RowIndex{1}, HashOf(2));
  CHECK(digest != other_hash.DigestAt(kTopic, Sequence{1}));
}

TEST_CASE("the hash of an entry depends on index, version and every byte of the body") {
  const auto body = platform::AsBytes("sealed");
  const auto hash = HashEntry(RowIndex{1}, 2, body);
  CHECK(hash != HashEntry(RowIndex{2}, 2, body));
  CHECK(hash != HashEntry(RowIndex{1}, 3, body));
  CHECK(hash != HashEntry(RowIndex{1}, 2, platform::AsBytes("seale")));
  CHECK(hash == HashEntry(RowIndex{1}, 2, body));
}

TEST_CASE("a cleared set is an empty one") {
  TopicSet set;
  for (uint64_t i = 0; i < 1000; ++i) set.Put(RowIndex{i << 54}, HashOf(i));
  CHECK(set.size() == 1000);
  (void)set.DigestAt(kTopic, Sequence{1});
  set.Clear();
  CHECK(set.size() == 0);
  CHECK(set.DigestAt(kTopic, Sequence{1}) == TopicSet().DigestAt(kTopic, Sequence{1}));
  CHECK_FALSE(set.Contains(RowIndex{0}));
}

TEST_CASE("removing what is not there changes nothing") {
  TopicSet set;
  set.Put(RowIndex{5}, HashOf(5));
  set.Remove(RowIndex{6});
  set.Remove(RowIndex{1ull << 63});
  CHECK(set.size() == 1);
}

TEST_CASE("changes that are not kept leave the set exactly as it was") {
  std::mt19937_64 random(43);
  TopicSet set;
  std::map<uint64_t, EntryHash> model;
  for (int i = 0; i < 2'000; ++i) {
    const auto index = RandomIndex(random);
    set.Put(RowIndex{index}, model[index] = HashOf(random()));
  }
  for (int round = 0; round < 20; ++round) {
    {
      TopicChange change(set);
      for (int i = 0; i < 300; ++i) {
        const auto index = RandomIndex(random);
        if (random() % 2 == 0)
          change.Remove(RowIndex{index});
        else
          change.Put(RowIndex{index}, HashOf(random()));
      }
      REQUIRE(set.DigestAt(kTopic, Sequence{1}) != FromScratch(model, kTopic, 1));
    }
    REQUIRE(set.DigestAt(kTopic, Sequence{1}) == FromScratch(model, kTopic, 1));
    REQUIRE(set.size() == model.size());
  }
}

TEST_CASE("changes that are kept stay") {
  TopicSet set;
  set.Put(RowIndex{1}, HashOf(1));
  {
    TopicChange change(set);
    change.Put(RowIndex{2}, HashOf(2));
    change.Remove(RowIndex{1});
    change.Keep();
  }
  CHECK(set.Contains(RowIndex{2}));
  CHECK_FALSE(set.Contains(RowIndex{1}));
  CHECK(set.size() == 1);
}

TEST_CASE("changes after Keep are taken back to what was kept") {
  TopicSet set;
  {
    TopicChange change(set);
    change.Put(RowIndex{1}, HashOf(1));
    change.Keep();
    change.Put(RowIndex{2}, HashOf(2));
  }
  CHECK(set.Contains(RowIndex{1}));
  CHECK_FALSE(set.Contains(RowIndex{2}));
  CHECK(set.size() == 1);
}

}  // namespace
}  // namespace cpis::sync
