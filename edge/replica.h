// SPDX-License-Identifier: Apache-2.0
//
// The node's copy of its topics: sealed rows on disk, and for each topic an authenticated set of digests in memory.
// Only what memory and disk agree on is believed: a row that vanished from disk is damage, never a "no".
//
// A topic whose entries have not the signed digest is damaged: its rows are still served, nothing negative is said from
// it, and its cursor reads as zero so that the link repairs it, or fetches it again.
//
// Rows are verified on a thread of the replica's own, which Open starts. Until it is done they are served as they are on
// disk, for each of them vouches for itself when it is opened, and whatever needs their digests waits.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "edge/answer.h"
#include "edge/replica_file.h"
#include "edge/replica_reader.h"
#include "sync/england.h"
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
  bool unverified = false;      // only the disk was asked: there may be rows that are not here
};

// How far a "no" from these partitions can be believed.
struct Coverage {
  std::optional<Instant> as_of;  // server time of the last manifest fully applied
  bool complete = false;         // every partition has been sent, and is held as that manifest promised
  bool damaged = false;          // one of them is not what was signed
  bool verifying = false;        // that is not known yet: nothing negative can be said before WaitVerified
};

// What the England index says, and as of when.
struct EnglandSaid {
  England says = England::kUnknown;
  std::optional<Instant> as_of;  // server time of the manifest that it is of; nothing for kUnknown
};
struct EnglandState {
  uint64_t prefixes = 0;
  double false_positive_rate = 0;
  std::optional<Instant> as_of;  // nothing while it cannot be asked
};

struct TopicState {
  sync::Topic topic;
  uint64_t entries = 0;  // 0 while they are not verified
  sync::Sequence sequence{0};
  bool damaged = false;
};

// Reads: any thread. Writes (ReplicaStore, Verify): any thread, one after the other; lookups go on meanwhile.
class Replica : public sync::node::ReplicaStore {
 public:
  struct Options {
    std::filesystem::path file;
    Bytes freshness_public_key;  // a manifest kept on disk is verified again; one that an earlier key signed goes by our own seal
    crypto::Secret seal_key;     // 32 bytes, this node's own
    std::function<void()> before_rows{};  // if set, called on the verifier's thread before it reads the rows
  };
  // Verifies everything but rows first. A file that cannot be read is replaced by an empty one: it can be fetched again.
  static Result<std::unique_ptr<Replica>> Open(Options options);
  ~Replica() override;  // does not wait for rows that are being verified
  // True once all rows have been verified since Open, whatever was found; false if that takes longer.
  bool WaitVerified(std::chrono::milliseconds patience) const;

  FoundRows Find(sync::RowIndex index);
  // An entry of a topic that is not rows. kNotFound; kCorrupt when disk and memory do not agree.
  Result<Bytes> Get(const sync::Topic& topic, sync::RowIndex key);
  // Every entry of a topic that is not rows, none if it is not held. kCorrupt when the topic is damaged.
  Result<std::vector<std::pair<sync::RowIndex, Bytes>>> All(const sync::Topic& topic);

  // Asks the index in memory, which is exactly the one that the adopted manifest names: while it is newer, or damaged, it is not
  // asked. So whoever was flagged as of that manifest is found, whatever has become of the rows since.
  EnglandSaid EnglandSays(crypto::EnglandHash hash) const;
  EnglandState EnglandNow() const;

  Coverage CoverageOf(const std::vector<std::string>& partitions) const;
  std::vector<TopicState> States() const;
  // Grows whenever a topic other than rows changed: what was derived from them must be derived again.
  uint64_t OrdersVersion() const;

  // Reads everything again and compares with the signed digests; damaged topics are marked.
  Result<std::vector<TopicState>> Verify();
  // Called, from any thread, when a topic was found damaged that was not before, or everything was lost: it should be fetched. Must
  // not call the replica.
  void OnDamage(std::function<void()> callback);

  Cursor CursorOf(const sync::Topic& topic) const override;
  std::vector<sync::Topic> Topics() const override;
  Status ApplyDelta(const sync::Segment& delta) override;
  std::optional<Staged> StagedSnapshot(const sync::Topic& topic) const override;
  Status StageSnapshotPart(const sync::Segment& part) override;
  std::optional<std::vector<Digest>> RepairBasis(const sync::Topic& topic) const override;
  Status ApplyRepair(const sync::Segment& repair) override;
  Status AdoptManifest(const sync::Manifest& manifest, ByteView signed_bytes) override;
  Status MayGrow() const override;  // any thread
  Adopted AdoptedManifest() const override;
  Status Drop(const sync::Topic& topic) override;
  // Takes one entry of a topic that is not rows away for good: when it returns, no byte of it is in the file or its log. The
  // rest of the topic goes on serving, but it stands at sequence 0 from then on and is fetched whole on contact. Good to call
  // again after a failure, or a kill.
  Status Erase(const sync::Topic& topic, sync::RowIndex key);

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
    Bytes region_manifest_bytes;
    bool orphans = false;  // entries of no generation: what a kill left of a replaced one
    std::map<int64_t, sync::TopicSet*> SetsOf(Table table);
    void Judge(Table table);  // marks the damaged
  };
  static constexpr std::string_view kRegionManifest = "manifest.region";
  static constexpr std::string_view kNodeManifest = "manifest.node";
  static constexpr std::string_view kRegionManifestSeal = "manifest.region.seal";

  explicit Replica(Options options);

  // All of these: write_mutex_ is held.
  Status Load(bool rows_too);  // opens the file and takes everything from it
  Result<Scan> ReadFile(bool rows_too);
  Status ReadTopics(Scan& scan);
  Status ReadTable(Table table, Scan& scan);
  void Take(Scan scan, bool rows_too);
  void TakeRows(Scan scan);
  Result<ReplicaFile*> Writable();  // reopens after a failed write
  Status Settle(Status written);
  Status ApplyPatch(ReplicaFile& file, const sync::Segment& patch);
  void TakeEngland();  // write_mutex_ is held; assembles the index from its entries; what cannot be is damaged
  const Held* EnglandHeld() const;  // memory_mutex_ is held; null while it cannot be asked
  Status ChangeTopic(ReplicaFile& file, Held& held, const sync::Segment& delta);
  Status StartTopic(ReplicaFile& file, const sync::Segment& delta);
  Status CheckPart(const sync::Segment& part) const;
  Status WritePart(ReplicaFile& file, const Staging& staging, const sync::Segment& part, bool last);
  Status DropStaging(ReplicaFile& file, const sync::Topic& topic);
  Status SweepIfDue(ReplicaFile& file);
  void Serve(Held fresh);
  void MarkDamaged(Table table);   // what is there cannot be read
  void Compare(Table table, const Scan& scan);  // what differs from memory is damaged
  Status VerifyTables();
  Cursor CursorNow(const sync::Topic& topic) const;
  Status CheckRepair(const sync::Segment& repair) const;

  // Any of these waits; no mutex is held.
  void AwaitRows() const;
  void VerifyRows();  // the verifier's life

  Bytes SealOf(ByteView signed_manifest) const;
  Result<std::optional<sync::Manifest>> ReadManifest(Bytes* bytes);
  Status WriteAdopted(ReplicaFile& file, ByteView signed_bytes, const std::vector<TopicRecord>& moved);
  static bool Fulfils(const TopicRecord& record, const sync::TopicHead& head, crypto::Epoch epoch);
  struct Agreement {
    bool agreed = true;
    bool unverified = false;
  };
  Result<std::vector<FoundEntry>> ReadAgreed(Table table, sync::RowIndex index, FoundRows* found);
  // `mark`: topics that do not agree are damaged from now on; write_mutex_ must be held then.
  Agreement Agree(Table table, sync::RowIndex index, const std::vector<FoundEntry>& entries, bool mark);
  bool AgreeAll(const sync::Topic& topic, const std::vector<FoundEntry>& entries, bool mark);
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
  Bytes manifest_bytes_;                    // guarded by memory_mutex_; as it came
  sync::England england_;                   // guarded by memory_mutex_
  Digest england_digest_{};                 // guarded by memory_mutex_; of the topic that england_ was made of
  uint64_t orders_version_ = 1;             // guarded by memory_mutex_
  bool new_damage_ = false;                 // guarded by memory_mutex_; not told yet
  bool verifying_ = false;                  // guarded by memory_mutex_; the sets of rows are empty, and nobody changes rows
  mutable std::condition_variable verified_;
  std::function<void()> on_damage_;         // guarded by memory_mutex_

  const std::unique_ptr<ReplicaReader> reader_;  // thread-safe
  std::atomic<bool> stopping_ = false;
  std::thread verifier_;  // last: uses all of it
};

}  // namespace cpis::edge
