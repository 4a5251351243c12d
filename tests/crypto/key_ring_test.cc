// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_ring.h"

#include <catch2/catch.hpp>

#include "tests/crypto/tampering.h"

using namespace cpis::crypto;
using cpis::platform::Code;

namespace {

KeyRing NewRing() {
  KeyRing ring;
  ring.pepper = Secret::Random(16);
  ring.hardness = {8192, 1};
  ring.index_key = Secret::Random(32);
  ring.england_key = Secret::Random(32);
  ring.directory_key = Secret::Random(32);
  ring.epoch_keys["E10000017"] = {Epoch{2}, Secret::Random(32)};
  ring.epoch_keys["E08000003"] = {Epoch{2}, Secret::Random(32)};
  return ring;
}

bool SameKeys(const KeyRing& a, const KeyRing& b) {
  return ConstantTimeEqual(a.Encode().Reveal(), b.Encode().Reveal());
}

// Offsets in the encoding of NewRing: partitions ascend, so E08000003 comes first.
constexpr size_t kFirstCode = 129;
constexpr size_t kFirstEpoch = kFirstCode + 9;

}  // namespace

TEST_CASE("a key ring survives encoding") {
  const KeyRing ring = NewRing();
  const auto decoded = KeyRing::Decode(ring.Encode().Reveal());
  REQUIRE(decoded.ok());
  CHECK(SameKeys(*decoded, ring));
  CHECK((*decoded).hardness.memory_kib == 8192);
  CHECK((*decoded).hardness.passes == 1);
  CHECK(ConstantTimeEqual((*decoded).england_key.Reveal(), ring.england_key.Reveal()));
  CHECK(ConstantTimeEqual((*decoded).EpochKey("E10000017", Epoch{2})->Reveal(),
                          ring.EpochKey("E10000017", Epoch{2})->Reveal()));
}

TEST_CASE("a ring without partitions survives encoding") {
  KeyRing ring = NewRing();
  ring.epoch_keys.clear();
  const auto decoded = KeyRing::Decode(ring.Encode().Reveal());
  REQUIRE(decoded.ok());
  CHECK((*decoded).epoch_keys.empty());
}

TEST_CASE("a ring opens its partitions up to the epoch it was given for, and nothing else") {
  const KeyRing ring = NewRing();
  CHECK(ring.EpochKey("E10000017", Epoch{1}));
  CHECK(ring.EpochKey("E10000017", Epoch{2}));
  CHECK_FALSE(ring.EpochKey("E10000017", Epoch{3}));
  CHECK_FALSE(ring.EpochKey("E10000017", Epoch{0}));
  CHECK_FALSE(ring.EpochKey("E10000018", Epoch{1}));
}

TEST_CASE("of one epoch's key those of all epochs before it follow, each another one, whoever derives them") {
  const Secret last = Secret::Random(32);
  const Secret third = EarlierEpochKey(last, kLastEpoch, Epoch{3});
  const Secret second = EarlierEpochKey(third, Epoch{3}, Epoch{2});
  CHECK(ConstantTimeEqual(second.Reveal(), EarlierEpochKey(last, kLastEpoch, Epoch{2}).Reveal()));
  CHECK_FALSE(ConstantTimeEqual(second.Reveal(), third.Reveal()));
  CHECK(ConstantTimeEqual(EarlierEpochKey(third, Epoch{3}, Epoch{3}).Reveal(), third.Reveal()));

  KeyRing ring = NewRing();
  ring.epoch_keys["E10000017"] = {Epoch{3}, third.Clone()};
  CHECK(ConstantTimeEqual(ring.EpochKey("E10000017", Epoch{2})->Reveal(), second.Reveal()));
}

TEST_CASE("a key ring cut at any length, or with something behind it, is corrupt") {
  const Bytes whole = cpis::platform::ToBytes(NewRing().Encode().Reveal());
  for (size_t size = 0; size < whole.size(); ++size) {
    INFO("cut to " << size << " bytes");
    CHECK(KeyRing::Decode(ByteView(whole).first(size)).status().code() == Code::kCorrupt);
  }
  Bytes longer = whole;
  longer.push_back(0);
  CHECK(KeyRing::Decode(longer).status().code() == Code::kCorrupt);
}

TEST_CASE("a key ring that is not the one encoding of its content is corrupt") {
  const Bytes whole = cpis::platform::ToBytes(NewRing().Encode().Reveal());
  const auto with = [&whole](size_t at, uint8_t value) {
    Bytes changed = whole;
    REQUIRE(changed[at] != value);
    changed[at] = value;
    return KeyRing::Decode(changed).status().code();
  };
  CHECK(with(0, 2) == Code::kCorrupt);                        // another suite
  CHECK(with(1, 0xff) == Code::kCorrupt);                     // terabytes of Argon2id
  CHECK(with(8, 0) == Code::kCorrupt);                        // no pass
  CHECK(with(121, 0xff) == Code::kCorrupt);                   // more partitions than bytes
  CHECK(with(kFirstCode, 'F') == Code::kCorrupt);             // partitions out of order
  CHECK(with(kFirstEpoch + 3, 0) == Code::kCorrupt);           // no epoch
  CHECK(with(kFirstEpoch + 2, 0x11) == Code::kCorrupt);        // past the end of the chain
}

TEST_CASE("a changed bit of a key ring is refused or shows, and never crashes") {
  const Bytes whole = cpis::platform::ToBytes(NewRing().Encode().Reveal());
  Bytes changed = whole;
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const auto decoded = KeyRing::Decode(changed);
    if (decoded.ok()) CHECK(ConstantTimeEqual((*decoded).Encode().Reveal(), changed));
    changed[bit / 8] = whole[bit / 8];
  }
}

TEST_CASE("unwrapping a ring needs the node's key and the ring key, both") {
  const KeyRing ring = NewRing();
  const BoxKey node = NewBoxKey();
  const Secret ring_key = Secret::Random(32);
  const Bytes wrapped = WrapRing(ring, ring_key, node.public_key);

  const auto unwrapped = UnwrapRing(wrapped, node, ring_key);
  REQUIRE(unwrapped.ok());
  CHECK(SameKeys(*unwrapped, ring));
  CHECK(UnwrapRing(wrapped, NewBoxKey(), ring_key).status().code() == Code::kCorrupt);
  CHECK(UnwrapRing(wrapped, node, Secret::Random(32)).status().code() == Code::kCorrupt);
}

TEST_CASE("a changed wrapped ring is refused") {
  KeyRing ring = NewRing();
  ring.epoch_keys.clear();
  const BoxKey node = NewBoxKey();
  const Secret ring_key = Secret::Random(32);
  RefusesEveryChange(WrapRing(ring, ring_key, node.public_key),
                     [&](ByteView wrapped) { return UnwrapRing(wrapped, node, ring_key).ok(); });
}
