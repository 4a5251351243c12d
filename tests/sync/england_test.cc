// SPDX-License-Identifier: Apache-2.0
//
// The England index against a plain std::set, against hostile bytes, and against what it may cost.
#include "sync/england.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "tests/sync/hostile.h"

namespace cpis::sync {
namespace {

using crypto::EnglandHash;
using platform::Bytes;
using platform::ByteView;
using platform::ByteWriter;
using platform::Code;
using platform::Hex;

using Model = std::set<uint32_t>;
using Bodies = std::map<uint64_t, Bytes>;  // by index

constexpr size_t kEngland = 240'000;  // about the flagged numbers of England
constexpr int kOneIn = 64;

Bytes FromHex(std::string_view hex) { return *platform::ParseHex(hex); }

// A hash with this prefix; what follows the prefix must not matter.
EnglandHash HashOf(uint32_t prefix, int bits, uint64_t rest = ~0ull) {
  return EnglandHash{uint64_t{prefix} << (64 - bits) | rest >> bits};
}

England Holding(const Model& model, int bits) {
  std::vector<EnglandHash> hashes;
  for (const uint32_t prefix : model) hashes.push_back(HashOf(prefix, bits));
  return England(hashes, bits);
}

std::vector<England::BucketView> Views(const std::vector<England::Bucket>& buckets) {
  std::vector<England::BucketView> views;
  for (const auto& bucket : buckets) views.push_back({bucket.index, bucket.body});
  return views;
}

Bodies BodiesOf(const std::vector<England::Bucket>& buckets) {
  Bodies bodies;
  for (const auto& bucket : buckets) CHECK(bodies.emplace(static_cast<uint64_t>(bucket.index), bucket.body).second);
  return bodies;
}

Code Refusal(ByteView body, uint64_t index = 0) { return England::Assemble({{RowIndex{index}, body}}).status().code(); }

std::vector<EnglandHash> RandomHashes(size_t count, std::mt19937_64& random) {
  std::vector<EnglandHash> hashes(count);
  for (auto& hash : hashes) hash = EnglandHash{random()};
  return hashes;
}

}  // namespace

TEST_CASE("vector: buckets and patches of the England index") {
  // From a second implementation, written from the byte tables alone.
  struct Vector {
    int bits;
    std::vector<uint32_t> prefixes;
    std::string_view hex;
  };
  const Vector buckets[] = {{24, {0x450000, 0x450001, 0x45c0de, 0x45ffff}, "0118048001000040dcfe40"},
                            {16, {0xff00, 0xff0a, 0xff0b, 0xff80, 0xffff}, "01100582980683e0"},
                            {32, {0}, "01200180000000"}};
  for (const auto& [bits, prefixes, hex] : buckets) {
    const auto encoded = Holding({prefixes.begin(), prefixes.end()}, bits).Buckets();
    REQUIRE(encoded.size() == 1);
    CHECK(static_cast<uint64_t>(encoded[0].index) == uint64_t{prefixes[0]} >> (bits - 8) << 56);
    CHECK(Hex(encoded[0].body) == hex);
    const Bytes body = FromHex(hex);
    const auto england = England::Assemble({{encoded[0].index, body}});
    REQUIRE(england.ok());
    CHECK(england->size() == prefixes.size());
    for (const uint32_t prefix : prefixes) CHECK(england->Contains(prefix));
  }
  const Vector patches[] = {{24, {0x7f0001, 0x450001, 0xffffff, 0x7f0000}, "021804450001f3fffd00000081fffa"},
                            {32, {0xdeadbeef}, "022001ef56df7780"}};
  for (const auto& [bits, prefixes, hex] : patches) {
    CHECK(Hex(England::EncodePatch(bits, prefixes)) == hex);
    England england;
    REQUIRE(england.Apply(FromHex(hex)).ok());
    CHECK(england.size() == prefixes.size());
    for (const uint32_t prefix : prefixes) CHECK(england.Contains(prefix));
  }
}

TEST_CASE("an index holds the prefixes of its numbers and nothing else") {
  const int bits = GENERATE(16, 17, 24, 31, 32);
  std::mt19937_64 random(static_cast<uint64_t>(bits));
  const auto hashes = RandomHashes(5000, random);
  const England england(hashes, bits);
  Model model;
  for (const auto hash : hashes) {
    CHECK(england.Contains(hash));
    model.insert(England::PrefixOf(hash, bits));
  }
  CHECK(england.size() == model.size());
  CHECK(england.FalsePositiveRate() == static_cast<double>(model.size()) / std::pow(2.0, bits));
  for (int i = 0; i < 5000; ++i) {
    const EnglandHash stranger{random()};
    CHECK(england.Contains(stranger) == (model.count(England::PrefixOf(stranger, bits)) != 0));
  }
}

TEST_CASE("numbers that come twice or share a prefix count once") {
  const England england({HashOf(0x45c0de, 24, 0), HashOf(0x45c0de, 24), HashOf(0x45c0de, 24), HashOf(1, 24)}, 24);
  CHECK(england.size() == 2);
  CHECK(england.Contains(0x45c0de));
  CHECK_FALSE(england.Contains(0x45c0df));
  CHECK_FALSE(england.Contains(0x1000001));  // 25 bits, whose lower 24 are held
  CHECK_FALSE(england.Contains(0x45c0de00));
}

TEST_CASE("a changing index is the same at both ends and as if built anew, over thousands of random changes") {
  const uint64_t seed = GENERATE(range(0, 34));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const int bits = static_cast<int>(16 + seed % 17);
  const uint64_t space = uint64_t{1} << bits;
  Model model;
  for (uint64_t i = random() % 5000; i > 0; --i) model.insert(static_cast<uint32_t>(random() % space));

  England server = Holding(model, bits);
  auto node = England::Assemble(Views(server.Buckets()));
  REQUIRE(node.ok());
  Bodies stored = BodiesOf(server.Buckets());  // as the topic holds them
  for (int round = 0; round < 12; ++round) {
    Model toggled;
    for (uint64_t i = 1 + random() % 150; i > 0; --i) {
      const auto anywhere = model.lower_bound(static_cast<uint32_t>(random() % space));
      const bool remove = random() % 2 == 0 && anywhere != model.end();
      toggled.insert(remove ? *anywhere : static_cast<uint32_t>(random() % space));
    }
    if (round == 10) toggled = model;  // everybody goes
    if (toggled.empty()) continue;
    for (const uint32_t prefix : toggled) {
      if (model.erase(prefix) == 0) model.insert(prefix);
    }
    const Bytes patch = England::EncodePatch(bits, {toggled.begin(), toggled.end()});
    const auto changed = node->Apply(patch);
    REQUIRE(changed.ok());
    REQUIRE(server.Apply(patch).ok());

    const Bodies before = stored;
    for (const auto& [index, body] : BodiesOf(*changed)) {
      CHECK((before.count(index) == 0 ? Bytes() : before.at(index)) != body);
      stored[index] = body;
      if (body.empty()) stored.erase(index);
    }
    CHECK(std::is_sorted(changed->begin(), changed->end(), [](auto& a, auto& b) { return a.index < b.index; }));
    const England anew = Holding(model, bits);
    CHECK(stored == BodiesOf(anew.Buckets()));
    CHECK(stored == BodiesOf(node->Buckets()));
    CHECK(stored == BodiesOf(server.Buckets()));
    CHECK(node->size() == model.size());
    CHECK(node->bits() == anew.bits());
    bool same = true;
    for (const uint32_t prefix : toggled) same = same && node->Contains(prefix) == (model.count(prefix) != 0);
    CHECK(same);
  }
}

TEST_CASE("an empty index has no bits of its own, whatever emptied it, and takes those of a patch") {
  England england({HashOf(0x45c0de, 24)}, 24);
  const Bytes patch = England::EncodePatch(24, {0x45c0de});
  const auto changed = england.Apply(patch);
  REQUIRE(changed.ok());
  REQUIRE(changed->size() == 1);
  CHECK((*changed)[0].index == RowIndex{0x45ull << 56});
  CHECK((*changed)[0].body.empty());
  CHECK(england.Buckets().empty());
  for (const England& empty : {england, England({}, 24), England(), *England::Assemble({})}) {
    CHECK(empty.size() == 0);
    CHECK(empty.bits() == England::kFewestBits);
    CHECK(empty.FalsePositiveRate() == 0);
    CHECK_FALSE(empty.Contains(HashOf(0x45c0de, 24)));
  }
  REQUIRE(england.Apply(patch).ok());
  CHECK(england.bits() == 24);
  CHECK(england.Contains(HashOf(0x45c0de, 24)));
}

TEST_CASE("a refused patch changes nothing") {
  std::mt19937_64 random(3);
  England england(RandomHashes(500, random), 20);
  const Bodies before = BodiesOf(england.Buckets());
  Bytes longer = England::EncodePatch(20, {1, 2, 0xfffff});
  longer.push_back(0);
  for (const Bytes& patch : {England::EncodePatch(19, {1, 2}), England::EncodePatch(21, {1, 2}), longer, Bytes()}) {
    CHECK(england.Apply(patch).status().code() == Code::kCorrupt);
    CHECK(BodiesOf(england.Buckets()) == before);
    CHECK(england.bits() == 20);
  }
}

TEST_CASE("bytes that an encoder would not write are refused") {
  // 16 bits, one prefix, so k = 8: a one, then the gap in 8 bits, then 7 of padding.
  CHECK(Refusal(FromHex("0110018000")) == Code::kOk);
  CHECK(Refusal(FromHex("011001ff80")) == Code::kOk);
  CHECK(Refusal(FromHex("0110018000"), 1) == Code::kCorrupt);  // no bucket has this index
  struct Wrong {
    const char* hex;
    const char* why;
  };
  for (const auto& [hex, why] : {
           Wrong{"", "no bucket"},
           {"01", "cut"},
           {"0110", "cut"},
           {"011001", "cut"},
           {"01100180", "cut"},
           {"0210018000", "a patch"},
           {"010f018000", "15 bits"},
           {"0121018000", "33 bits"},
           {"011000", "no prefix"},
           {"01100000", "no prefix"},
           {"011081008000", "a count that is longer than it must be"},
           {"0110018001", "padding that is not zero"},
           {"0110018040", "padding that is not zero"},
           {"011001800000", "a byte too many"},
           {"0110014000", "gap 256: behind the bucket"},
           {"0110027fc000", "gap 255, then one more"},
           {"0110022000", "zeros that lead out of the bucket"},
           {"01100200000000000000000000", "zeros that lead out of the bucket"},
           {"01108102ffff", "257 prefixes among 256"},
           {"01208080800800", "a count that so few bytes cannot hold"},
           {"0120ffffffffffffffffff0100", "a count that no bytes can hold"},
       }) {
    CAPTURE(hex, why);
    CHECK(Refusal(FromHex(hex)) == Code::kCorrupt);
  }
}

TEST_CASE("buckets that cannot belong together are refused") {
  const auto at = [](uint64_t bucket, const Bytes& body) { return England::BucketView{RowIndex{bucket << 56}, body}; };
  const Bytes sixteen = Holding({0}, 16).Buckets()[0].body, also = Holding({7}, 16).Buckets()[0].body;
  const Bytes other_bits = Holding({0}, 17).Buckets()[0].body;
  CHECK(England::Assemble({at(9, also), at(3, sixteen)}).ok());
  CHECK(England::Assemble({at(3, sixteen), at(3, also)}).status().code() == Code::kCorrupt);
  CHECK(England::Assemble({at(3, sixteen), at(9, other_bits)}).status().code() == Code::kCorrupt);
}

TEST_CASE("no two byte strings, damaged or not, are the same set") {
  std::mt19937_64 random(11);
  size_t refused = 0;
  std::map<Bodies, Bytes> patch_of;
  const auto look_at_bucket = [&](const Bytes& damaged) {
    const auto england = England::Assemble({{RowIndex{0xABull << 56}, damaged}});
    if (!england.ok()) ++refused;
    const Code expected = england.ok() ? Code::kOk : Code::kCorrupt;
    CHECK(england.status().code() == expected);
    if (england.ok()) CHECK(BodiesOf(england->Buckets()) == Bodies{{0xABull << 56, damaged}});
  };
  const auto look_at_patch = [&](const Bytes& damaged) {
    England england;
    if (!england.Apply(damaged).ok()) {
      ++refused;
      CHECK(england.size() == 0);
    } else {
      CHECK(patch_of.emplace(BodiesOf(england.Buckets()), damaged).first->second == damaged);
    }
  };
  for (const int bits : {16, 18, 24, 32}) {
    for (const size_t count : {1, 2, 30, 100}) {
      Model prefixes;
      while (prefixes.size() < count) {
        prefixes.insert(static_cast<uint32_t>(0xABull << (bits - 8) | random() % (uint64_t{1} << (bits - 8))));
      }
      const Bytes body = Holding(prefixes, bits).Buckets()[0].body;
      const Bytes patch = England::EncodePatch(bits, {prefixes.begin(), prefixes.end()});
      look_at_patch(patch);
      ForEachTruncation(body, look_at_bucket);
      ForEachTruncation(patch, look_at_patch);
      ForEachBitFlip(body, look_at_bucket);
      ForEachBitFlip(patch, look_at_patch);
      for (int i = 0; i < 300; ++i) {
        Bytes noise = i % 2 == 0 ? body : patch;
        for (size_t at = 3; at < noise.size(); ++at) noise[at] = static_cast<uint8_t>(random());
        i % 2 == 0 ? look_at_bucket(noise) : look_at_patch(noise);
      }
    }
  }
  CHECK(refused > 5000);
  CHECK(patch_of.size() > 1000);
}

TEST_CASE("all of England takes at most 9 bits a number, and 100 changes at most 3 bytes each") {
  std::mt19937_64 random(5);
  const int bits = England::BitsFor(kEngland, kOneIn);
  CHECK(bits == 24);
  const auto hashes = RandomHashes(kEngland, random);
  England england(hashes, bits);
  constexpr size_t kTopicOverhead = 11;  // index, version and size of an entry of a snapshot
  size_t bytes = 0;
  const auto buckets = england.Buckets();
  for (const auto& bucket : buckets) bytes += bucket.body.size() + kTopicOverhead;
  CHECK(static_cast<double>(bytes) * 8 / kEngland <= 9.0);
  CHECK(buckets.size() == 256);

  Model toggled;
  while (toggled.size() < 50) toggled.insert(England::PrefixOf(hashes[random() % kEngland], bits));
  while (toggled.size() < 100) toggled.insert(England::PrefixOf(EnglandHash{random()}, bits));
  CHECK(England::EncodePatch(bits, {toggled.begin(), toggled.end()}).size() <= 3 * toggled.size());
}

TEST_CASE("no flagged number is missed, and of others as many are found as it says") {
  std::mt19937_64 random(6);
  const auto hashes = RandomHashes(kEngland, random);
  const England server(hashes, England::BitsFor(kEngland, kOneIn));
  const auto buckets = server.Buckets();
  const auto node = England::Assemble(Views(buckets));
  REQUIRE(node.ok());
  CHECK(std::all_of(hashes.begin(), hashes.end(), [&](EnglandHash hash) { return node->Contains(hash); }));

  constexpr size_t kStrangers = 200'000;
  size_t found = 0;
  for (size_t i = 0; i < kStrangers; ++i) found += node->Contains(EnglandHash{random()}) ? 1 : 0;
  const double measured = static_cast<double>(found) / kStrangers;
  CHECK(measured == Approx(node->FalsePositiveRate()).epsilon(0.1));
  CHECK(node->FalsePositiveRate() == Approx(1.0 / kOneIn).epsilon(0.42));
}

TEST_CASE("bits follow numbers and rate, within bounds") {
  CHECK(England::BitsFor(240'000, 16) == 22);
  CHECK(England::BitsFor(240'000, 1024) == 28);
  CHECK(England::BitsFor(0, 64) == England::kFewestBits);
  CHECK(England::BitsFor(1000, 64) == England::kFewestBits);
  CHECK(England::BitsFor(1448, 64) == 16);
  CHECK(England::BitsFor(1449, 64) == 17);  // past √2 × 2^10
  CHECK(England::BitsFor(~size_t{0}, 1024) == England::kMostBits);
}

TEST_CASE("bits are kept while they are about right, so that a set at a boundary is not sent again and again") {
  for (const int one_in : {16, 64, 1024}) {
    for (size_t numbers = 1; numbers < 10'000'000; numbers += 1 + numbers / 50) {
      const int bits = England::BitsFor(numbers, one_in);
      CAPTURE(numbers, one_in, bits);
      CHECK(England::MayKeep(bits, numbers, one_in));
      CHECK(England::MayKeep(bits, numbers * 115 / 100, one_in));
      CHECK(England::MayKeep(bits, numbers - numbers * 15 / 100, one_in));
      if (bits != England::kFewestBits && bits != England::kMostBits) {
        CHECK_FALSE(England::MayKeep(bits, numbers * 5 / 2, one_in));
        CHECK_FALSE(England::MayKeep(bits, numbers * 2 / 5, one_in));
      }
      CHECK_FALSE(England::MayKeep(bits - 2, numbers, one_in));
      CHECK_FALSE(England::MayKeep(bits + 2, numbers, one_in));
    }
  }
  // What changes at one margin does not change back near it.
  CHECK(England::MayKeep(24, 440'000, kOneIn));
  size_t grown = 440'000;
  while (England::MayKeep(24, grown, kOneIn)) ++grown;
  CHECK(grown < 442'000);  // 2^0.75 too many
  const int bits = England::BitsFor(grown, kOneIn);
  CHECK(bits == 25);
  CHECK(England::MayKeep(bits, grown * 3 / 4, kOneIn));
}

}  // namespace cpis::sync
