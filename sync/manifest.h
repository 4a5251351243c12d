// SPDX-License-Identifier: Apache-2.0
//
// The signed statement of where topics stand, with the server's time; and the set of keys that may sign.
//
//   manifest: 0 suite 1 │ epoch 4 │ server time 8 (Unix ms) │ reconnect window 4 (s) │ count varint │
//             { topic, varint-sized │ sequence 8 │ digest 32 } …, in the order of Topic │ role 1 │ signature 64,
//             purpose "cpis.v1.manifest"
//   key set:  0 suite 1 │ version 4 │ content 32 │ freshness 32 │ policy 32 │ fleet box 32 │ root 32 │ role 1 │
//             signature 64 by root, purpose "cpis.v1.keys"
#pragma once

#include <vector>

#include "platform/clock.h"
#include "sync/segment.h"

namespace cpis::sync {

struct TopicHead {
  Topic topic;
  Sequence sequence;
  Digest digest;
  bool operator==(const TopicHead&) const = default;
};

// One speaks of the topics of a region and is the same for every node there; another speaks of one node's own topic.
struct Manifest {
  Epoch epoch{1};
  platform::Instant server_time;
  uint32_t reconnect_window_seconds = 0;
  std::vector<TopicHead> heads;

  const TopicHead* Find(const Topic& topic) const;
};

Bytes EncodeManifest(const Manifest& manifest, const crypto::SigningKey& freshness);
Result<Manifest> DecodeManifest(ByteView bytes, ByteView freshness_public_key);
// Of bytes whose signature was verified before, by a key that may have been replaced since.
Result<Manifest> DecodeVerifiedManifest(ByteView bytes);

struct KeySet {
  uint32_t version = 1;
  Bytes content;
  Bytes freshness;
  Bytes policy;
  Bytes fleet_box;  // journal entries are sealed to it
  Bytes root;       // signs the next key set; another one than signed this when root itself was replaced

  ByteView Of(crypto::Role role) const;  // empty for roles that are not in the set
  bool operator==(const KeySet&) const = default;
};

Bytes EncodeKeySet(const KeySet& keys, const crypto::SigningKey& root);
Result<KeySet> DecodeKeySet(ByteView bytes, ByteView root_public_key);
// The key set that follows `held`: one version on, signed by the root that `held` names. So a chain of them leads from any
// version to the newest, through every change of root. kDenied: of another version, or the wrong role; kCorrupt: not signed by
// that root.
Result<KeySet> DecodeNextKeySet(ByteView bytes, const KeySet& held);
// What a message claims to be, before its signature is checked.
bool IsKeySet(ByteView bytes);

}  // namespace cpis::sync
