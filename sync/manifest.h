// SPDX-License-Identifier: Apache-2.0
//
// The signed statement of where topics stand, with the server's time; and the set of keys that may sign.
//
//   manifest: 0 suite 1 │ epoch 4 │ server time 8 (Unix ms) │ reconnect window 4 (s) │ count varint │
//             { topic, varint-sized │ sequence 8 │ digest 32 } …, in the order of Topic │ role 1 │ signature 64,
//             purpose "cpis.v1.manifest"
//   key set:  0 suite 1 │ version 4 │ content 32 │ freshness 32 │ policy 32 │ fleet box 32 │ role 1 │ signature 64 by root,
//             purpose "cpis.v1.keys"
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

struct KeySet {
  uint32_t version = 1;
  Bytes content;
  Bytes freshness;
  Bytes policy;
  Bytes fleet_box;  // journal entries are sealed to it

  ByteView Of(crypto::Role role) const;  // empty for roles that are not in the set
};

Bytes EncodeKeySet(const KeySet& keys, const crypto::SigningKey& root);
Result<KeySet> DecodeKeySet(ByteView bytes, ByteView root_public_key);

}  // namespace cpis::sync
