// SPDX-License-Identifier: Apache-2.0
//
// A replica in memory that keeps the promises of ReplicaStore, and a book that signs what a server would send of one
// topic.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <string>

#include "sync/england.h"
#include "sync/node/ports.h"
#include "sync/topic_set.h"
#include "tests/patience.h"

namespace cpis::sync::node {

class FakeReplica final : public ReplicaStore {
 public:
  Cursor CursorOf(const Topic& topic) const override {
    std::lock_guard lock(mutex_);
    const auto found = held_.find(topic);
    return found == held_.end() || found->second.damaged ? Cursor() : found->second.cursor;
  }

  std::vector<Topic> Topics() const override {
    std::lock_guard lock(mutex_);
    std::vector<Topic> topics;
    for (const auto& [topic, held] : held_) topics.push_back(topic);
    for (const auto& [topic, staging] : staging_) {
      if (!held_.contains(topic)) topics.push_back(topic);
    }
    return topics;
  }

  Status ApplyDelta(const Segment& delta) override {
    std::lock_guard lock(mutex_);
    Held& held = held_[delta.topic];
    TopicChange change(held.set);
    std::vector<EntryView> entries = delta.entries;
    std::vector<England::Bucket> buckets;
    if (delta.kind == SegmentKind::kPatch) {
      CPIS_ASSIGN(buckets, england_.Apply(delta.patch));
      for (const auto& bucket : buckets) entries.push_back({bucket.index, static_cast<uint64_t>(delta.to), bucket.body});
    }
    for (const EntryView& entry : entries) {
      entry.body.empty() ? change.Remove(entry.index)
                         : change.Put(entry.index, HashEntry(entry.index, entry.version, entry.body));
    }
    if (held.set.DigestAt(delta.topic, delta.to) != delta.digest) return platform::Corrupt("digest");
    change.Keep();
    for (const EntryView& entry : entries) held.indexes.insert(entry.index);
    held.cursor = {delta.epoch, delta.to, delta.digest};
    changed_.notify_all();
    return Status::Ok();
  }

  std::optional<Staged> StagedSnapshot(const Topic& topic) const override {
    std::lock_guard lock(mutex_);
    const auto found = staging_.find(topic);
    if (found == staging_.end()) return std::nullopt;
    return Staged{found->second.to, found->second.next_part, found->second.epoch};
  }

  Status StageSnapshotPart(const Segment& part) override {
    std::lock_guard lock(mutex_);
    if (part.part == 0) staging_.erase(part.topic);
    Staging& staging = staging_[part.topic];
    if (part.part != staging.next_part) return platform::Corrupt("part");
    if (part.part > 0 && (part.to != staging.to || part.epoch != staging.epoch)) return platform::Corrupt("part");
    staging.to = part.to;
    staging.epoch = part.epoch;
    for (const EntryView& entry : part.entries) {
      staging.set.Put(entry.index, HashEntry(entry.index, entry.version, entry.body));
      staging.indexes.insert(entry.index);
    }
    if (part.topic == Topic::Index()) CPIS_TRY(TakeEngland(part));
    ++parts_taken_;
    if (++staging.next_part < part.parts) return Status::Ok();
    const bool whole = staging.set.DigestAt(part.topic, part.to) == part.digest;
    if (whole) held_.insert_or_assign(part.topic, Held{{part.epoch, part.to, part.digest},
                                                          std::move(staging.set), std::move(staging.indexes)});
    staging_.erase(part.topic);
    changed_.notify_all();
    return whole ? Status::Ok() : platform::Corrupt("digest");
  }

  std::optional<std::vector<Digest>> RepairBasis(const Topic& topic) const override {
    std::lock_guard lock(mutex_);
    const auto found = held_.find(topic);
    if (found == held_.end() || !found->second.damaged) return std::nullopt;
    std::vector<Digest> basis;
    for (size_t i = 0; i < basis_buckets; ++i) basis.push_back(found->second.set.BucketDigest(i));
    return basis;
  }

  Status ApplyRepair(const Segment& repair) override {
    std::lock_guard lock(mutex_);
    Held& held = held_.at(repair.topic);
    Held whole{{repair.epoch, repair.to, repair.digest}, {}, {}};
    for (const RowIndex index : held.indexes) {
      const EntryHash* hash = held.set.Find(index);
      if (hash == nullptr || repair.buckets.contains(BucketOf(index))) continue;
      whole.set.Put(index, *hash);
      whole.indexes.insert(index);
    }
    for (const EntryView& entry : repair.entries) {
      whole.set.Put(entry.index, HashEntry(entry.index, entry.version, entry.body));
      whole.indexes.insert(entry.index);
    }
    if (whole.set.DigestAt(repair.topic, repair.to) != repair.digest) return platform::Corrupt("digest");
    held = std::move(whole);
    ++repairs_taken_;
    changed_.notify_all();
    return Status::Ok();
  }

  Status AdoptManifest(const Manifest& manifest, ByteView signed_bytes) override {
    std::lock_guard lock(mutex_);
    adopted_ = manifest;
    adopted_bytes_ = platform::ToBytes(signed_bytes);
    for (const TopicHead& head : manifest.heads) {
      const auto found = held_.find(head.topic);
      if (found == held_.end()) continue;
      Cursor& cursor = found->second.cursor;
      if (cursor.sequence == head.sequence && cursor.digest == head.digest) cursor.epoch = std::max(cursor.epoch, manifest.epoch);
    }
    changed_.notify_all();
    return Status::Ok();
  }

  Adopted AdoptedManifest() const override {
    std::lock_guard lock(mutex_);
    return {adopted_ ? adopted_->epoch : crypto::Epoch{0}, adopted_bytes_};
  }

  Status Drop(const Topic& topic) override {
    std::lock_guard lock(mutex_);
    held_.erase(topic);
    staging_.erase(topic);
    return Status::Ok();
  }

  // All that can be seen of it: two pictures are the same when nothing changed between them.
  std::string Picture() const {
    std::lock_guard lock(mutex_);
    std::ostringstream out;
    for (const auto& [topic, held] : held_) {
      out << topic.text() << ' ' << static_cast<uint32_t>(held.cursor.epoch) << ' '
          << static_cast<uint64_t>(held.cursor.sequence) << ' ' << platform::Hex(held.cursor.digest) << ' '
          << platform::Hex(held.set.DigestAt(topic, held.cursor.sequence)) << '\n';
    }
    for (const auto& [topic, staging] : staging_) {
      out << "staged " << topic.text() << ' ' << static_cast<uint64_t>(staging.to) << ' ' << staging.next_part << '\n';
    }
    if (adopted_) out << "as of " << adopted_->server_time.time_since_epoch().count() << '\n';
    return out.str();
  }

  std::optional<Manifest> adopted() const {
    std::lock_guard lock(mutex_);
    return adopted_;
  }

  size_t SizeOf(const Topic& topic) const {
    std::lock_guard lock(mutex_);
    const auto found = held_.find(topic);
    return found == held_.end() ? 0 : found->second.set.size();
  }

  int parts_taken() const {
    std::lock_guard lock(mutex_);
    return parts_taken_;
  }

  int repairs_taken() const {
    std::lock_guard lock(mutex_);
    return repairs_taken_;
  }

  // One entry is not what was signed, and the replica has noticed.
  void Spoils(const Topic& topic, RowIndex index) {
    std::lock_guard lock(mutex_);
    held_.at(topic).set.Put(index, {});
    held_.at(topic).indexes.insert(index);
    held_.at(topic).damaged = true;
  }

  size_t basis_buckets = TopicSet::kBuckets;  // set before the link starts

  // Loses what it holds in another way than by an order: one wrong bit.
  void Damage(const Topic& topic) {
    std::lock_guard lock(mutex_);
    held_.at(topic).cursor.digest[0] ^= 1;
  }

  // False after ten seconds without it, of patience 1.
  template <typename Condition>
  bool WaitUntil(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, Patient(std::chrono::seconds(10)), [&] { return condition(held_, adopted_); });
  }
  bool WaitFor(const TopicHead& head) {
    return WaitUntil([&](const auto& held, const auto& adopted) {
      const auto found = held.find(head.topic);
      return found != held.end() && found->second.cursor.sequence == head.sequence &&
             found->second.cursor.digest == head.digest && adopted && adopted->Find(head.topic) != nullptr &&
             adopted->Find(head.topic)->sequence == head.sequence;
    });
  }

 private:
  // Of a snapshot in one part, as that of a small index is.
  Status TakeEngland(const Segment& snapshot) {
    std::vector<England::BucketView> buckets;
    for (const EntryView& entry : snapshot.entries) buckets.push_back({entry.index, entry.body});
    CPIS_ASSIGN(england_, England::Assemble(buckets));
    return Status::Ok();
  }

  England england_;  // guarded by mutex_
  struct Held {
    Cursor cursor;
    TopicSet set;
    std::set<RowIndex> indexes;  // every one that is in the set, and maybe some that were
    bool damaged = false;
  };
  struct Staging {
    Sequence to{0};
    crypto::Epoch epoch{0};
    uint32_t next_part = 0;
    TopicSet set;
    std::set<RowIndex> indexes;
  };

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::map<Topic, Held> held_;
  std::map<Topic, Staging> staging_;
  std::optional<Manifest> adopted_;
  Bytes adopted_bytes_;
  int parts_taken_ = 0;
  int repairs_taken_ = 0;
};

// One topic as its server knows it: every change and every snapshot comes signed.
class Book {
 public:
  Book(Topic topic, const crypto::SigningKey& signer) : topic_(std::move(topic)), signer_(signer) {}

  struct Edit {
    uint64_t index;
    std::string body;  // empty removes
  };

  Bytes Write(const std::vector<Edit>& edits) {
    Segment segment{SegmentKind::kDelta, topic_, epoch, sequence_, Next(sequence_), 0, 1, {}, {}};
    sequence_ = segment.to;
    for (const Edit& edit : edits) {
      const auto version = static_cast<uint64_t>(sequence_);
      segment.entries.push_back({RowIndex{edit.index}, version, platform::AsBytes(edit.body)});
      if (edit.body.empty()) {
        set_.Remove(RowIndex{edit.index});
        entries_.erase(edit.index);
      } else {
        set_.Put(RowIndex{edit.index}, HashEntry(RowIndex{edit.index}, version, platform::AsBytes(edit.body)));
        entries_[edit.index] = {version, edit.body};
      }
    }
    segment.digest = set_.DigestAt(topic_, sequence_);
    return EncodeSegment(segment, signer_);
  }

  // One part for each entry, and one with nothing for a topic that is empty.
  std::vector<Bytes> Snapshot() const {
    Segment segment{SegmentKind::kSnapshot, topic_, epoch, Sequence{0}, sequence_, 0, 1, {}, {}};
    segment.parts = static_cast<uint32_t>(std::max<size_t>(1, entries_.size()));
    segment.digest = set_.DigestAt(topic_, sequence_);
    std::vector<Bytes> parts;
    for (const auto& [index, entry] : entries_) {
      segment.entries = {{RowIndex{index}, entry.first, platform::AsBytes(entry.second)}};
      parts.push_back(EncodeSegment(segment, signer_));
      ++segment.part;
    }
    if (parts.empty()) parts.push_back(EncodeSegment(segment, signer_));
    return parts;
  }

  Bytes Repair(const std::set<uint8_t>& buckets) const {
    Segment segment{SegmentKind::kRepair, topic_, epoch, Sequence{0}, sequence_, 0, 1, set_.DigestAt(topic_, sequence_), {}};
    segment.buckets = buckets;
    for (const auto& [index, entry] : entries_) {
      if (!buckets.contains(BucketOf(RowIndex{index}))) continue;
      segment.entries.push_back({RowIndex{index}, entry.first, platform::AsBytes(entry.second)});
    }
    return EncodeSegment(segment, signer_);
  }

  TopicHead Head() const { return {topic_, sequence_, set_.DigestAt(topic_, sequence_)}; }

  crypto::Epoch epoch{1};

 private:
  const Topic topic_;
  const crypto::SigningKey& signer_;
  Sequence sequence_{0};
  TopicSet set_;
  std::map<uint64_t, std::pair<uint64_t, std::string>> entries_;
};

}  // namespace cpis::sync::node
