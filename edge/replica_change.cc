// SPDX-License-Identifier: Apache-2.0
//
// How the replica changes: memory first (it can be taken back), then the disk in one commit, then both are kept.
#include "edge/replica.h"
#include "edge/tuning.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

using platform::Corrupt;
using platform::Invalid;
using sync::Segment;
using sync::Topic;

std::string Place(const Topic& topic, sync::Sequence sequence) {
  return topic.text() + "@" + std::to_string(static_cast<uint64_t>(sequence));
}

Status DigestMismatch(const Segment& segment) {
  return Corrupt("replica: topic " + Place(segment.topic, segment.to) + " would not have its signed digest");
}

sync::EntryHash HashOf(const sync::EntryView& entry) { return sync::HashEntry(entry.index, entry.version, entry.body); }

template <typename Set>  // a TopicSet or a TopicChange
void Apply(const sync::EntryView& entry, Set& set) {
  if (entry.body.empty()) {
    set.Remove(entry.index);
  } else {
    set.Put(entry.index, HashOf(entry));
  }
}

Status WriteDelta(ReplicaFile& file, const TopicRecord& record, const Segment& delta) {
  const Table table = TableOf(record.topic);
  CPIS_ASSIGN(auto transaction, file.Begin());
  for (const sync::EntryView& entry : delta.entries) {
    CPIS_TRY(entry.body.empty() ? file.Remove(table, record.id, entry.index) : file.Put(table, record.id, entry));
  }
  CPIS_TRY(file.Save(record));
  return transaction.Commit();
}

Status WriteDrop(ReplicaFile& file, const Topic& topic) {
  CPIS_ASSIGN(auto transaction, file.Begin());
  CPIS_TRY(file.Forget(topic));
  CPIS_TRY(file.ForgetStaged(topic));
  return transaction.Commit();
}

TopicRecord RecordAfter(const Segment& segment, int64_t id) {
  return {.topic = segment.topic, .id = id, .epoch = segment.epoch, .sequence = segment.to, .digest = segment.digest};
}

}  // namespace

// After a failed write the state of the disk is not known: the file is opened and verified again before the next one.
Status Replica::Settle(Status written) {
  if (!written.ok()) file_.reset();
  return std::move(written).In("replica");
}

Replica::Cursor Replica::CursorOf(const Topic& topic) const {
  if (TableOf(topic) == Table::kRows) AwaitRows();
  return CursorNow(topic);
}

Replica::Cursor Replica::CursorNow(const Topic& topic) const {
  const std::lock_guard memory(memory_mutex_);
  const auto held = held_.find(topic.text());
  if (held == held_.end() || held->second.damaged) return {};
  const TopicRecord& record = held->second.record;
  return {record.epoch, record.sequence, record.digest};
}

std::vector<Topic> Replica::Topics() const {
  const std::lock_guard write(write_mutex_);
  std::vector<Topic> topics;
  for (const auto& [name, held] : held_) topics.push_back(held.record.topic);
  for (const auto& [name, staging] : staged_) {
    if (!held_.contains(name)) topics.push_back(staging.record.topic);
  }
  return topics;
}

Status Replica::ApplyDelta(const Segment& delta) {
  if (TableOf(delta.topic) == Table::kRows) AwaitRows();
  const std::lock_guard write(write_mutex_);
  CPIS_ASSIGN(ReplicaFile * file, Writable());
  const Cursor cursor = CursorNow(delta.topic);
  const bool patch = delta.kind == sync::SegmentKind::kPatch;
  if (!patch && delta.kind != sync::SegmentKind::kDelta) return Invalid("replica: a snapshot is no delta");
  if (delta.from != cursor.sequence || delta.to <= delta.from) {
    return Invalid("replica: a delta from " + Place(delta.topic, delta.from) + " does not follow " +
                   Place(delta.topic, cursor.sequence));
  }
  if (delta.epoch < cursor.epoch)
    return Invalid("replica: a delta of topic " + delta.topic.text() + " has an older epoch");
  if (patch) return ApplyPatch(*file, delta);
  const auto held = held_.find(delta.topic.text());
  const bool start_over = held == held_.end() || held->second.damaged || cursor.sequence == sync::Sequence{0};  // see Erase
  CPIS_TRY(start_over ? StartTopic(*file, delta) : ChangeTopic(*file, held->second, delta));
  if (delta.topic == Topic::Index()) TakeEngland();
  return Status::Ok();
}

Status Replica::ChangeTopic(ReplicaFile& file, Held& held, const Segment& delta) {
  const TopicRecord after = RecordAfter(delta, held.record.id);
  std::unique_lock memory(memory_mutex_);
  sync::TopicChange change(held.set);  // taken back before `memory` is unlocked
  for (const sync::EntryView& entry : delta.entries) Apply(entry, change);
  if (held.set.DigestAt(delta.topic, delta.to) != delta.digest) return DigestMismatch(delta);
  memory.unlock();
  Status written = WriteDelta(file, after, delta);
  memory.lock();
  if (!written.ok()) return Settle(std::move(written));
  change.Keep();
  held.record = after;
  if (delta.topic.kind() != Topic::Kind::kRows) ++orders_version_;
  return Status::Ok();
}

Status Replica::StartTopic(ReplicaFile& file, const Segment& delta) {
  Held fresh{.record = RecordAfter(delta, 0)};
  for (const sync::EntryView& entry : delta.entries) Apply(entry, fresh.set);
  if (fresh.set.DigestAt(delta.topic, delta.to) != delta.digest) return DigestMismatch(delta);
  auto id = file.NewId();
  if (!id.ok()) return Settle(std::move(id).status());
  fresh.record.id = *id;
  CPIS_TRY(Settle(WriteDelta(file, fresh.record, delta)));
  Serve(std::move(fresh));
  return Settle(SweepIfDue(file));
}

void Replica::Serve(Held fresh) {
  const std::lock_guard memory(memory_mutex_);
  const std::string name = fresh.record.topic.text();
  if (fresh.record.topic.kind() != Topic::Kind::kRows) ++orders_version_;
  sweep_due_ = held_.contains(name) || sweep_due_;
  held_.insert_or_assign(name, std::move(fresh));
}

Status Replica::SweepIfDue(ReplicaFile& file) {
  if (!sweep_due_) return Status::Ok();
  CPIS_TRY(file.Sweep());
  sweep_due_ = false;
  return Status::Ok();
}

std::optional<Replica::Staged> Replica::StagedSnapshot(const Topic& topic) const {
  if (TableOf(topic) == Table::kRows) AwaitRows();
  const std::lock_guard write(write_mutex_);
  const auto staging = staged_.find(topic.text());
  if (staging == staged_.end()) return std::nullopt;
  return Staged{staging->second.record.to, staging->second.record.next_part, staging->second.record.epoch};
}

Status Replica::CheckPart(const Segment& part) const {
  const Cursor cursor = CursorNow(part.topic);
  if (part.kind != sync::SegmentKind::kSnapshot) return Invalid("replica: a delta is no part of a snapshot");
  if (part.epoch < cursor.epoch || (part.epoch == cursor.epoch && part.to < cursor.sequence)) {
    return Invalid("replica: a snapshot at " + Place(part.topic, part.to) + " would go back from " +
                   Place(part.topic, cursor.sequence));
  }
  if (part.parts == 0 || part.part >= part.parts) return Invalid("replica: a part outside its snapshot");
  if (part.part == 0) return Status::Ok();
  const auto staging = staged_.find(part.topic.text());
  const StagedRecord* due = staging == staged_.end() ? nullptr : &staging->second.record;
  if (!due || due->next_part != part.part || due->to != part.to || due->epoch != part.epoch ||
      due->parts != part.parts || due->digest != part.digest) {
    return Invalid("replica: part " + std::to_string(part.part) + " of " + Place(part.topic, part.to) + " is not due");
  }
  return Status::Ok();
}

Status Replica::StageSnapshotPart(const Segment& part) {
  if (TableOf(part.topic) == Table::kRows) AwaitRows();
  const std::lock_guard write(write_mutex_);
  CPIS_ASSIGN(ReplicaFile * file, Writable());
  CPIS_TRY(CheckPart(part));
  const std::string& name = part.topic.text();
  if (part.part == 0) {
    auto id = file->NewId();
    if (!id.ok()) return Settle(std::move(id).status());
    sweep_due_ = staged_.erase(name) > 0 || sweep_due_;
    staged_.emplace(name, Staging{.record = {.topic = part.topic,
                                             .id = *id,
                                             .epoch = part.epoch,
                                             .to = part.to,
                                             .parts = part.parts,
                                             .next_part = 0,
                                             .digest = part.digest}});
  }
  Staging& staging = staged_.at(name);
  const size_t before = staging.set.size();
  for (const sync::EntryView& entry : part.entries) Apply(entry, staging.set);
  const bool last = part.part + 1 == part.parts;
  const bool distinct = staging.set.size() == before + part.entries.size();
  if (!distinct || (last && staging.set.DigestAt(part.topic, part.to) != part.digest)) {
    CPIS_TRY(Settle(DropStaging(*file, part.topic)));
    return DigestMismatch(part);
  }
  staging.record.next_part = part.part + 1;
  CPIS_TRY(Settle(WritePart(*file, staging, part, last)));
  if (!last) return Status::Ok();
  Serve({.record = RecordAfter(part, staging.record.id), .set = std::move(staging.set)});
  if (part.topic == Topic::Index()) TakeEngland();
  staged_.erase(part.topic.text());
  return Settle(SweepIfDue(*file));
}

Status Replica::WritePart(ReplicaFile& file, const Staging& staging, const Segment& part, bool last) {
  CPIS_ASSIGN(auto transaction, file.Begin());
  for (const sync::EntryView& entry : part.entries) {
    CPIS_TRY(file.Put(TableOf(part.topic), staging.record.id, entry));
  }
  if (last) {
    CPIS_TRY(file.ForgetStaged(part.topic));
    CPIS_TRY(file.Save(RecordAfter(part, staging.record.id)));
  } else {
    CPIS_TRY(file.Save(staging.record));
  }
  return transaction.Commit();
}

Status Replica::DropStaging(ReplicaFile& file, const Topic& topic) {
  staged_.erase(topic.text());
  CPIS_ASSIGN(auto transaction, file.Begin());
  CPIS_TRY(file.ForgetStaged(topic));
  CPIS_TRY(transaction.Commit());
  return file.Sweep();
}

Status Replica::MayGrow() const {
  std::error_code failed;
  const auto space = std::filesystem::space(options_.file.parent_path(), failed);
  if (failed || space.available >= kReplicaLeaves) return Status::Ok();  // a disk that cannot be asked says so when it is written
  return platform::Exhausted(std::to_string(space.available >> 20) + " MiB are left of the disk, for attendances and audit");
}

Status Replica::Drop(const Topic& topic) {
  if (TableOf(topic) == Table::kRows) AwaitRows();
  const std::lock_guard write(write_mutex_);
  CPIS_ASSIGN(ReplicaFile * file, Writable());
  CPIS_TRY(Settle(WriteDrop(*file, topic)));
  staged_.erase(topic.text());
  {
    const std::lock_guard memory(memory_mutex_);
    held_.erase(topic.text());
    if (topic.kind() != Topic::Kind::kRows) ++orders_version_;
  }
  return Settle(file->Sweep());
}

}  // namespace cpis::edge
