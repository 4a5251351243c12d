// SPDX-License-Identifier: Apache-2.0
//
// What a node believes of what it hears: verifies manifests and segments, says what to fetch, and refuses whatever would take
// it back, apart from all I/O but the store's. A refusal changes nothing: the last good state goes on serving.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "sync/node/held_keys.h"
#include "sync/node/ports.h"

namespace cpis::sync::node {

// Something to fetch, and where to go on if part of a snapshot is here already.
struct Want {
  TopicHead head;
  Sequence from{0};
  Sequence snapshot_to{0};
  uint32_t next_part = 0;
  std::vector<Digest> basis{};  // not empty: the topic is damaged, and what differs from this is enough
};

class Replicator {
 public:
  // `keys` and `store` must outlive it. `own_topic` is node/<id>.
  Replicator(const HeldKeys& keys, Topic own_topic, ReplicaStore& store);

  // Another freshness key signs from here on: what the former one said of the time counts no more, for whoever had it may have
  // said anything.
  void FreshnessReplaced();

  // Takes in a manifest. kCorrupt, kDenied: not signed by freshness, an older epoch, an older time than already heard of the
  // same topics, or a sequence that would go back or jump past kMaxSequenceJump. Topics of ours that a region's manifest no longer names are
  // dropped. Gives what to fetch, in the order to fetch it: what decides about access first, rows last.
  Result<std::vector<Want>> Hear(ByteView signed_manifest);

  // Takes one segment of the answer to `want`, a repair only if it has a basis. kCorrupt: gap, digest, epoch or form; kDenied: signed by the wrong role, or
  // of another topic than was asked for.
  Status Take(const Want& want, ByteView signed_segment);

  // Adopts the region's manifest once everything it names is held. False while something is missing.
  Result<bool> AdoptIfComplete();

  // Server time of the newest manifest heard.
  std::optional<platform::Instant> heard_at() const { return std::max(heard_own_, heard_region_); }
  // Over how long the server wants its nodes to come back after an outage.
  std::chrono::seconds reconnect_window() const {
    return std::chrono::seconds(region_ ? region_->reconnect_window_seconds : 0);
  }

 private:
  Status TakeRepair(const Want& want, const Segment& repair);
  Status CheckHead(const TopicHead& head, crypto::Epoch epoch) const;
  bool IsOwn(const Manifest& manifest) const;
  Status DropForeign(const Manifest& manifest);

  Status Apply(const Segment& delta);
  Status CheckEpoch(crypto::Epoch epoch) const;

  const HeldKeys& keys_;
  const Topic own_topic_;
  ReplicaStore& store_;

  // Apart: the server signs a region's manifest once for all its nodes, maybe before this node's own.
  crypto::Epoch highest_{0};  // of everything heard or held
  std::optional<platform::Instant> heard_own_;
  std::optional<platform::Instant> heard_region_;
  std::optional<Manifest> region_;  // the newest of the region, adopted or not
  Bytes region_bytes_;
  bool adopted_ = false;
  std::set<Topic> unfit_;  // a delta did not fit what is held, though it follows: fetched whole next time
};

}  // namespace cpis::sync::node
