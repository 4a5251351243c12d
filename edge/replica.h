// SPDX-License-Identifier: Apache-2.0
//
// The node's copy of its topics: sealed rows on disk, and for each topic an authenticated set of digests in memory.
// Only what memory and disk agree on is believed: a row that vanished from disk is damage, never a "no".
//
// A topic whose entries have not the signed digest is damaged: its rows are still served, nothing negative is said from
// it, and its cursor reads as zero so that the link fetches it again.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "edge/replica_file.h"
#include "edge/replica_reader.h"
#include "sync/node/ports.h"
#include "sync/topic_set.h"

namespace cpis::edge {

using platform::Instant;

struct StoredRow {
  std::string partition;
  uint64_t version = 0;
  Bytes sealed;
};

struct FoundRows {
  std::vector<StoredRow> rows;  // of every partition that has the index
  bool damaged = false;         // disk and memory do not agree about this index: there may be rows that are not here
};

// How far a "no" from these partitions can be believed.
struct Coverage {
  std::optional<Instant> as_of;  // server time of the last manifest fully applied
  bool complete = false;         // every partition has been sent, and is held as that manifest promised
  bool damaged = false;          // one of them is not what was signed
};

struct TopicState {
  sync::Topic topic;
  uint64_t entries = 0;
  sync::Sequence sequence{0};
  bool damaged = false;
};

// Reads: any thread. Writes (ReplicaStore, Verify): any thread, one after the other; lookups go on meanwhile.
class Replica : public sync::node::ReplicaStore {
 public:
  struct Options {
    std::filesystem::path file;
    Bytes freshness_public_key;  // manifests kept on disk are verified again
    crypto::Secret seal_key;     // 32 bytes, this node's own
  };
  // Verifies everything first. A file that cannot be read is replaced by an empty one: it can be fetched again.
  static Result<std::unique_ptr<Replica>> Open(Options options);
  ~Replica() override;

  FoundRows Find(sync::RowIndex index);
  // An entry of a topic that is not rows. kNotFound; kCorrupt when disk and memory do not agree.
  Result<Bytes> Get(const sync::Topic& topic, sync::RowIndex key);

  Coverage CoverageOf(const std::vector<std::string>& partitions) const;
  std::vector<TopicState> States() const;
  // Grows whenever a topic other than rows changed: what was derived from them must be derived again.
  uint64_t OrdersVersion() const;

  // Reads everything again and compares with the signed digests; damaged topics are marked.
  Result<std::vector<TopicState>> Verify();
  // Called, from any thread and without locks held, when a topic was found damaged that was not before: it should be
  // fetched.
  void OnDamage(std::function<void()> callback);

  Cursor CursorOf(const sync::Topic& topic) const override;
  std::vector<sync::Topic> Topics() const override;
  Status ApplyDelta(const sync::Segment& delta) override;
  std::optional<Staged> StagedSnapshot(const sync::Topic& topic) const override;
  Status StageSnapshotPart(const sync::Segment& part) override;
  Status AdoptManifest(const sync::Manifest& manifest, ByteView signed_bytes) override;
  Status Drop(const sync::Topic& topic) override;

 private:
  struct Held {
    TopicRecord record;
    sync::TopicSet set{};
    bool damaged = false;
  };
  struct Staging {
    StagedRecord record;
    sync::TopicSet set{};
  };
  // All generations on disk, as read in one scan.
  struct Scan {
    std::map<std::string, Held> held;
    std::map<std::string, Staging> staged;
    std::optional<sync::Manifest> region_manifest;
    bool orphans = false;  // entries of no generation: what a kill left of a replaced one
  };
  static constexpr std::string_view kRegionManifest = "manifest.region";
  static constexpr std::string_view kNodeManifest = "manifest.node";

  explicit Replica(Options options);

  // All of these: write_mutex_ is held.
  Status Reload();  // opens the file and takes everything from it
  Result<Scan> ReadAll(ReplicaFile& file) const;
  Result<ReplicaFile*> Writable();  // reopens after a failed write
  Status Settle(Status written);
  Status ChangeTopic(ReplicaFile& file, Held& held, const sync::Segment& delta);
  Status StartTopic(ReplicaFile& file, const sync::Segment& delta);
  Status CheckPart(const sync::Segment& part) const;
  Status WritePart(ReplicaFile& file, const Staging& staging, const sync::Segment& part, bool last);
  Status DropStaging(ReplicaFile& file, const sync::Topic& topic);
  Status SweepIfDue(ReplicaFile& file);
  void Serve(Held fresh);
  void MarkAllDamaged();
  void Compare(const Scan& scan);  // what differs from memory is damaged

  static bool Fulfils(const TopicRecord& record, const sync::TopicHead& head, crypto::Epoch epoch);
  Result<std::vector<FoundEntry>> ReadAgreed(sync::RowIndex index, bool* damaged);
  // `mark`: topics that do not agree are damaged from now on; write_mutex_ must be held then.
  bool Agree(sync::RowIndex index, const std::vector<FoundEntry>& entries, bool mark);
  void MarkDamaged(Held& held);  // memory_mutex_ is held
  void CallOnNewDamage();

  const Options options_;

  mutable std::mutex write_mutex_;         // taken first; held through every change
  std::unique_ptr<ReplicaFile> file_;      // guarded by write_mutex_; null after a failed write
  std::map<std::string, Staging> staged_;  // guarded by write_mutex_
  bool sweep_due_ = false;                 // guarded by write_mutex_

  mutable std::mutex memory_mutex_;         // held for moments, never across a commit
  std::map<std::string, Held> held_;        // written under both mutexes, read under either
  std::optional<sync::Manifest> manifest_;  // guarded by memory_mutex_
  uint64_t orders_version_ = 1;             // guarded by memory_mutex_
  bool new_damage_ = false;                 // guarded by memory_mutex_; not told yet
  std::function<void()> on_damage_;         // guarded by memory_mutex_

  const std::unique_ptr<ReplicaReader> reader_;  // thread-safe
};

}  // namespace cpis::edge
