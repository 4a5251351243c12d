// SPDX-License-Identifier: Apache-2.0
//
//   0 suite 1 │ 1 memory KiB 4 │ 5 passes 4 │ 9 pepper 16 │ 25 index key 32 │ 57 England key 32 │ 89 directory key 32 │
//   121 partitions 4 │ { code size 4 │ code │ epoch 4 │ key 32 } …
//
//   Partitions ascend by code and none repeats; no code is empty; epochs are 1 to 4096. So every ring has exactly one
//   encoding.
#include "crypto/key_ring.h"

#include <algorithm>
#include <cstdlib>

#include "crypto/secret_writer.h"
#include "crypto/suite.h"

namespace cpis::crypto {
namespace {

using platform::AsBytes;
using platform::Corrupt;

constexpr std::string_view kPurpose = "cpis.v1.ring";
constexpr std::string_view kChainStep = "cpis.v1.epoch";
constexpr size_t kPepperBytes = 16;
constexpr size_t kKeyBytes = 32;
constexpr size_t kHeadBytes = 1 + 4 + 4 + kPepperBytes + 3 * kKeyBytes + 4;

void WriteKey(SecretWriter& out, const Secret& key, size_t size) {
  if (key.size() != size) std::abort();
  out.Raw(key.Reveal());
}

bool InChain(Epoch epoch) { return epoch >= Epoch{1} && epoch <= kLastEpoch; }

}  // namespace

Secret EarlierEpochKey(const Secret& key, Epoch from, Epoch to) {
  if (!InChain(from) || !InChain(to) || to > from) std::abort();
  Secret earlier = Secret::Copy(key.Reveal(), Residence::kTransient);
  for (auto at = static_cast<uint32_t>(from); at > static_cast<uint32_t>(to); --at) {
    Secret next = Secret::Zeroed(kKeyBytes, Residence::kTransient);
    Blake2bInto(next.RevealForWriting(), earlier.Reveal(), {AsBytes(kChainStep)});
    earlier = std::move(next);
  }
  return earlier;
}

std::optional<Secret> KeyRing::EpochKey(const std::string& partition, Epoch epoch) const {
  const auto held = epoch_keys.find(partition);
  if (held == epoch_keys.end() || !InChain(epoch) || epoch > held->second.epoch) return std::nullopt;
  return EarlierEpochKey(held->second.key, held->second.epoch, epoch);
}

Secret KeyRing::Encode() const {
  SecretWriter out;
  out.U8(kSuite);
  out.U32(hardness.memory_kib);
  out.U32(hardness.passes);
  WriteKey(out, pepper, kPepperBytes);
  WriteKey(out, index_key, kKeyBytes);
  WriteKey(out, england_key, kKeyBytes);
  WriteKey(out, directory_key, kKeyBytes);
  out.U32(static_cast<uint32_t>(epoch_keys.size()));
  for (const auto& [partition, one] : epoch_keys) {
    if (partition.empty() || !InChain(one.epoch)) std::abort();
    out.U32(static_cast<uint32_t>(partition.size()));
    out.Raw(AsBytes(partition));
    out.U32(static_cast<uint32_t>(one.epoch));
    WriteKey(out, one.key, kKeyBytes);
  }
  return std::move(out).Take();
}

Result<KeyRing> KeyRing::Decode(ByteView bytes) {
  if (bytes.size() < kHeadBytes || bytes[0] != kSuite) return Corrupt("not a key ring");
  platform::ByteReader in(bytes.subspan(1));
  KeyRing ring;
  ring.hardness.memory_kib = in.U32();
  ring.hardness.passes = in.U32();
  if (!InBounds(ring.hardness)) return Corrupt("a key ring whose hardness is out of bounds");
  ring.pepper = Secret::Copy(in.Raw(kPepperBytes));
  ring.index_key = Secret::Copy(in.Raw(kKeyBytes));
  ring.england_key = Secret::Copy(in.Raw(kKeyBytes));
  ring.directory_key = Secret::Copy(in.Raw(kKeyBytes));
  const uint32_t partitions = in.U32();
  for (uint32_t i = 0; i < partitions; ++i) {
    std::string partition(platform::AsText(in.Raw(in.U32())));
    if (!in.ok() || partition.empty() || (i > 0 && partition <= ring.epoch_keys.rbegin()->first)) {
      return Corrupt("a key ring with bad partitions");
    }
    const Epoch epoch{in.U32()};
    const ByteView key = in.Raw(kKeyBytes);
    if (!in.ok() || !InChain(epoch)) return Corrupt("a key ring with a bad epoch");
    ring.epoch_keys.emplace_hint(ring.epoch_keys.end(), std::move(partition), PartitionKey{epoch, Secret::Copy(key)});
  }
  if (!in.AtEnd()) return Corrupt("a key ring with something behind it");
  return ring;
}

Bytes WrapRing(const KeyRing& ring, const Secret& ring_key, ByteView node_box_public_key) {
  return SealTo(node_box_public_key, SealWith(ring_key, kPurpose, ring.Encode().Reveal()));
}

Result<KeyRing> UnwrapRing(ByteView wrapped, const BoxKey& node_key, const Secret& ring_key) {
  CPIS_ASSIGN(const Secret sealed, OpenBox(node_key, wrapped));
  CPIS_ASSIGN(const Secret encoded, OpenWith(ring_key, kPurpose, sealed.Reveal()));
  return KeyRing::Decode(encoded.Reveal());
}

}  // namespace cpis::crypto
