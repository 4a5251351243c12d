// SPDX-License-Identifier: Apache-2.0
//
// The keys that open rows. A node holds one in memory only while somebody is signed in; at rest it is wrapped by the
// ring key (opened by a PIN) inside a box to the node (opened by the device secret): neither alone is enough.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "crypto/row.h"
#include "crypto/seal.h"
#include "crypto/secret.h"

namespace cpis::crypto {

// Epoch keys form a chain for each partition: the key of an epoch gives those of all epochs before it and of none after it
// (key regression, Fu, Kamara and Kohno 2006), so that a ring needs one key for each partition, and rows stay as they were
// sealed when an epoch begins. The fleet server starts each chain at its end.
//
//   key of epoch e = BLAKE2b-32(key = key of epoch e + 1, "cpis.v1.epoch")
constexpr Epoch kLastEpoch{4096};
// Of `from`, which has `key`, back to `to`. Both 1 to kLastEpoch, `to` not after `from`. A microsecond for each step.
Secret EarlierEpochKey(const Secret& key, Epoch from, Epoch to);

struct PartitionKey {
  Epoch epoch{1};  // the newest that the holder may open
  Secret key;      // 32 bytes
};

struct KeyRing {
  Secret pepper;  // 16 bytes
  Hardness hardness;
  Secret index_key;                                // 32 bytes
  Secret england_key;                              // 32 bytes
  Secret directory_key;                            // 32 bytes, opens the directory topic
  std::map<std::string, PartitionKey> epoch_keys;  // by partition code

  // The key of a partition's epoch, transient; nothing for a partition or an epoch that this ring does not open.
  std::optional<Secret> EpochKey(const std::string& partition, Epoch epoch) const;

  Secret Encode() const;                          // versioned; byte table in key_ring.cc
  static Result<KeyRing> Decode(ByteView bytes);  // kCorrupt
};

Bytes WrapRing(const KeyRing& ring, const Secret& ring_key, ByteView node_box_public_key);
Result<KeyRing> UnwrapRing(ByteView wrapped, const BoxKey& node_key, const Secret& ring_key);

}  // namespace cpis::crypto
