// SPDX-License-Identifier: Apache-2.0
//
// The fleet's keys: made by `fleet init`, kept in DIR/keys sealed with the key store's secret. The root key rests in a file of
// its own, DIR/root.key, which belongs on removable media: nothing but a change of the other keys needs it.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "crypto/certificates.h"
#include "crypto/key_ring.h"
#include "crypto/seal.h"
#include "platform/key_store.h"
#include "sync/manifest.h"

namespace cpis::sync::fleet {

using platform::Instant;

// What `fleet keys rotate` replaces.
enum class RotatableKey : uint8_t { kContent, kFreshness, kPolicy, kBox, kRoot };
constexpr size_t kRotatableKeys = 5;
std::string_view Name(RotatableKey key);                           // "content", "freshness", "policy", "box", "root"
Result<RotatableKey> ParseRotatableKey(std::string_view name);     // kInvalid quotes it

struct FleetKeys {
  crypto::SigningKey content;
  crypto::SigningKey freshness;
  crypto::SigningKey policy;
  crypto::BoxKey box;
  Bytes root_public_key;              // that signed the key set
  Bytes signed_key_set;
  std::vector<Bytes> former_key_sets;         // ascending: a node that was away goes through each of them
  std::vector<crypto::BoxKey> former_boxes;   // what was sealed to them before must still be read
  std::array<Instant, kRotatableKeys> made{}; // by RotatableKey
  crypto::CertificateAndKey authority;
  crypto::CertificateAndKey server;
  crypto::CertificateAndKey lan_authority;    // of vehicles' own LANs: tablets trust it, and nothing of ours does

  crypto::Secret pepper;              // 16 bytes
  crypto::Secret index_key;
  crypto::Secret england_key;
  crypto::Secret directory_key;
  crypto::Secret roster_key;
  crypto::Secret ring_key;            // opened by every PIN; wraps the key rings
  crypto::Secret epoch_secret;        // the partitions' chains of epoch keys derive from it

  // The last of a partition's chain (crypto/key_ring.h) is BLAKE2b-32(key = epoch secret, partition); a few milliseconds.
  crypto::Secret EpochKey(std::string_view partition, crypto::Epoch epoch) const;
  // What every node is given; the keys of its partitions are to be added.
  crypto::KeyRing RingOfNoRegion(crypto::Hardness hardness) const;
  // What was sealed to the fleet box, this one or one before. kCorrupt.
  Result<crypto::Secret> OpenSealed(ByteView sealed) const;
  // The key that signs a topic's segments.
  const crypto::SigningKey& SignerOf(const Topic& topic) const;
};

// Makes new keys in `state`. kDenied when there are keys already.
Status MakeFleetKeys(const std::filesystem::path& state, platform::KeyStore& store, std::string_view trust_name);
// Replaces what is kept, all or nothing.
Status SaveFleetKeys(const std::filesystem::path& state, platform::KeyStore& store, FleetKeys& keys);
// Where init leaves the root's secret key: it belongs on removable media.
inline std::filesystem::path RootKeyFile(const std::filesystem::path& state) { return state / "root.key"; }
// kNotFound when the fleet was not initialised; kInvalid when `store` is not the one that its keys are in, or refuses.
Result<FleetKeys> LoadFleetKeys(const std::filesystem::path& state, platform::KeyStore& store);

}  // namespace cpis::sync::fleet
