// SPDX-License-Identifier: Apache-2.0
//
// The keys that open rows. A node holds one in memory only while somebody is signed in; at rest it is wrapped by the
// ring key (opened by a PIN) inside a box to the node (opened by the device secret): neither alone is enough.
#pragma once

#include <map>
#include <string>

#include "crypto/row.h"
#include "crypto/seal.h"
#include "crypto/secret.h"

namespace cpis::crypto {

struct KeyRing {
  Secret pepper;  // 16 bytes
  Hardness hardness;
  Secret index_key;                                           // 32 bytes
  Secret england_key;                                         // 32 bytes
  Secret directory_key;                                       // 32 bytes, opens the directory topic
  std::map<std::string, std::map<Epoch, Secret>> epoch_keys;  // by partition code; 32 bytes each

  // The key of a partition's epoch, or null.
  const Secret* EpochKey(const std::string& partition, Epoch epoch) const;

  Secret Encode() const;                          // versioned; byte table in key_ring.cc
  static Result<KeyRing> Decode(ByteView bytes);  // kCorrupt
};

Bytes WrapRing(const KeyRing& ring, const Secret& ring_key, ByteView node_box_public_key);
Result<KeyRing> UnwrapRing(ByteView wrapped, const BoxKey& node_key, const Secret& ring_key);

}  // namespace cpis::crypto
