// SPDX-License-Identifier: Apache-2.0
//
// Turns changes of a topic into what nodes fetch: entries, sequence numbers, signed segments, digests. Every segment and snapshot
// is encoded once and served as the same bytes to every node. Tables: topics, entries, segments. Store thread only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sync/fleet/keys.h"
#include "sync/fleet/queries.h"
#include "sync/segment.h"
#include "sync/topic_set.h"

namespace cpis::sync::fleet {

struct Change {
  RowIndex index;
  Bytes body;  // empty removes
};

using SharedBytes = std::shared_ptr<const std::string>;

class Publisher {
 public:
  Publisher(const FleetKeys& keys, platform::Database& database, crypto::Epoch epoch);

  static Status CreateTables(platform::Database& database);
  // Reads entries of all topics into memory as digests.
  Status Load();

  // The sequence that the next Publish of this topic will have: rows are sealed for it.
  Sequence NextOf(const Topic& topic) const;
  // Puts changes into the transaction that the caller holds. No changes: no new sequence. With a patch (of the index, whose
  // expansion `changes` are) the patch is what travels.
  Status Publish(const Topic& topic, std::vector<Change> changes, ByteView patch = {});
  // Forgets the deltas of a topic and what was encoded of it, in the transaction that the caller holds: something in them must not
  // be sent any more. Nodes that are behind get it whole.
  Status DropHistory(const Topic& topic);
  // What is published from here on is of this epoch, in the transaction that the caller holds. Entries stay as they are.
  void BeginEpoch(crypto::Epoch epoch);
  crypto::Epoch epoch() const { return epoch_; }
  // After the transaction committed, or instead of it.
  void Keep();
  void Drop();

  // Sequence 0 and the digest of nothing for a topic never published.
  TopicHead HeadOf(const Topic& topic) const;
  size_t SizeOf(const Topic& topic) const;
  std::vector<TopicHead> Heads() const;  // of every topic there is

  // What leads a node from where it is to the head: deltas if there is an unbroken run of them that is smaller than the
  // whole, else the parts of a snapshot (from next_part on, if it is the one the node has begun) and the deltas after it.
  struct Position {
    Sequence from{0};
    Sequence snapshot_to{0};
    uint32_t next_part = 0;
  };
  Result<std::vector<SharedBytes>> Since(const Topic& topic, const Position& position);
  // Those of the 256 buckets that differ from `held`, as they are at the head: one signed repair. kNotFound for a topic never
  // published; kExhausted when that is more than half of its entries, or more than a segment may hold: a snapshot is better.
  Result<SharedBytes> RepairOf(const Topic& topic, std::span<const Digest, TopicSet::kBuckets> held);

 private:
  struct State {
    Sequence sequence{0};
    TopicSet set;
    // A snapshot as served, until the deltas after it weigh too much.
    Sequence snapshot_to{0};
    std::vector<SharedBytes> snapshot;
    size_t snapshot_bytes = 0;
    // Deltas that some node is being sent, by where they start: a second node gets the same bytes.
    std::map<Sequence, std::weak_ptr<const std::string>> lent;
  };
  struct Pending {
    Sequence before;
    std::unique_ptr<TopicChange> change;
  };

  State& StateOf(const Topic& topic);
  Status StoreEntries(const Topic& topic, Sequence sequence, const std::vector<Change>& changes);
  Result<std::vector<SharedBytes>> Deltas(const Topic& topic, Sequence from, size_t* bytes);
  static SharedBytes Lend(State& state, Sequence start, ByteView bytes);
  Status MakeSnapshot(const Topic& topic, State& state);
  // Adds the bucket's entries; their bodies go into `bodies`. How many bytes they take.
  Result<size_t> ReadBucket(const Topic& topic, uint8_t bucket, Segment& repair, std::deque<Bytes>& bodies);

  const FleetKeys& keys_;
  crypto::Epoch epoch_;
  std::optional<crypto::Epoch> epoch_before_;  // in this transaction
  Queries query_;
  std::map<Topic, State> topics_;
  std::map<Topic, Pending> pending_;
  std::set<Topic> dropped_;  // in this transaction
};

}  // namespace cpis::sync::fleet
