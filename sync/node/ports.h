// SPDX-License-Identifier: Apache-2.0
//
// What the replicator and the forwarder need of the node's stores. The edge folder implements both; tests use small fakes
// beside tests with the real ones.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sync/attendance.h"
#include "sync/manifest.h"
#include "sync/segment.h"

namespace cpis::sync::node {

// The replica: can be thrown away and fetched again. All calls come from one thread, the replicator's.
class ReplicaStore {
 public:
  virtual ~ReplicaStore() = default;

  struct Cursor {
    crypto::Epoch epoch{0};
    Sequence sequence{0};
    Digest digest{};
  };
  // Where a topic stands; all zero for one that is not held, or is damaged.
  virtual Cursor CursorOf(const Topic& topic) const = 0;
  // Held, or with a snapshot under way.
  virtual std::vector<Topic> Topics() const = 0;

  // Applies a delta that starts at the cursor and moves the cursor, durably, all or nothing. kCorrupt when the topic's
  // digest is then not the segment's: nothing has changed.
  virtual Status ApplyDelta(const Segment& delta) = 0;

  // A snapshot that is under way: kept across restarts, invisible to lookups.
  struct Staged {
    Sequence to{0};
    uint32_t next_part = 0;
    crypto::Epoch epoch{0};
  };
  virtual std::optional<Staged> StagedSnapshot(const Topic& topic) const = 0;
  // Adds the part that is due (part 0 starts over); the last one swaps the snapshot in, with its cursor, in one commit.
  // kCorrupt when the whole has not the digest it claims: the staged parts are dropped, the old rows go on serving.
  virtual Status StageSnapshotPart(const Segment& part) = 0;

  // The digests of the 256 buckets of what is held of a damaged topic; nothing when it is not damaged, or cannot be read.
  virtual std::optional<std::vector<Digest>> RepairBasis(const Topic& topic) const = 0;
  // Replaces the buckets of a damaged topic that the repair gives and moves the cursor, durably, all or nothing. kCorrupt
  // when the whole has not the digest that the repair claims: nothing has changed.
  virtual Status ApplyRepair(const Segment& repair) = 0;

  // Keeps the manifest whose every topic is now held: `as_of` of answers. The bytes are kept as they came. Cursors of topics
  // that stand exactly where it says move to its epoch, in the same commit.
  virtual Status AdoptManifest(const Manifest& manifest, ByteView signed_bytes) = 0;
  struct Adopted {
    crypto::Epoch epoch{0};
    Bytes signed_bytes;  // empty when there is none
  };
  // The one that was adopted last.
  virtual Adopted AdoptedManifest() const = 0;

  // kExhausted, saying how much room there is, while what is left of the disk is the journal's: what is large must wait then.
  virtual Status MayGrow() const { return Status::Ok(); }

  // Forgets a topic and its entries.
  virtual Status Drop(const Topic& topic) = 0;
};

// The journal's way out. Calls come from the forwarder's thread.
class Outbox {
 public:
  virtual ~Outbox() = default;

  struct Item {
    uint64_t node_sequence;
    std::string id;
    Bytes envelope;  // signed
  };
  // The oldest waiting items, attendances before audit.
  virtual Result<std::vector<Item>> Oldest(size_t limit) = 0;
  // Makes the receipt durable and removes the item, in one commit; quarantines it when the verdict says so. A receipt for
  // an item that is not there changes nothing and is no failure.
  virtual Status Settle(const Receipt& receipt, ByteView signed_bytes) = 0;
  // Calls back, from any thread, when something new waits.
  virtual void OnWaiting(std::function<void()> callback) = 0;
};

}  // namespace cpis::sync::node
