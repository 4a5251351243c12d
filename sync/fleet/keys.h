// SPDX-License-Identifier: Apache-2.0
//
// The fleet's keys: made by `fleet init`, kept in DIR/keys sealed with the key store's secret. The root key rests in a file of
// its own, DIR/root.key, which belongs on removable media: nothing but a change of the other keys needs it.
#pragma once

#include <filesystem>
#include <string>

#include "crypto/certificates.h"
#include "crypto/key_ring.h"
#include "crypto/seal.h"
#include "platform/key_store.h"
#include "sync/manifest.h"

namespace cpis::sync::fleet {

struct FleetKeys {
  crypto::SigningKey content;
  crypto::SigningKey freshness;
  crypto::SigningKey policy;
  crypto::BoxKey box;
  Bytes root_public_key;
  Bytes signed_key_set;               // by root
  crypto::CertificateAndKey authority;
  crypto::CertificateAndKey server;

  crypto::Secret pepper;              // 16 bytes
  crypto::Secret index_key;
  crypto::Secret england_key;
  crypto::Secret directory_key;
  crypto::Secret roster_key;
  crypto::Secret ring_key;            // opened by every PIN; wraps the key rings
  crypto::Secret epoch_secret;        // partition epoch keys derive from it

  // BLAKE2b-32(key = epoch secret, partition │ epoch)
  crypto::Secret EpochKey(std::string_view partition, crypto::Epoch epoch) const;
  // What a node of this region is given; the partition of notices is in every region.
  crypto::KeyRing RingFor(const std::vector<std::string>& region, crypto::Epoch epoch, crypto::Hardness hardness) const;
  // The key that signs a topic's segments.
  const crypto::SigningKey& SignerOf(const Topic& topic) const;
};

// Makes new keys in `state`. kDenied when there are keys already.
Status MakeFleetKeys(const std::filesystem::path& state, platform::KeyStore& store, std::string_view trust_name);
// kNotFound when the fleet was not initialised; kInvalid when `store` is not the one that its keys are in, or refuses.
Result<FleetKeys> LoadFleetKeys(const std::filesystem::path& state, platform::KeyStore& store);

}  // namespace cpis::sync::fleet
