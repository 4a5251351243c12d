// SPDX-License-Identifier: Apache-2.0
//
// Mending a damaged topic with those of its 256 buckets that are not as signed.
#include "edge/replica.h"
#include "edge/replica_scan.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

using platform::Corrupt;
using platform::Invalid;
using sync::Segment;
using sync::Topic;

// What a repaired topic is, and what the disk must lose for it.
struct Mended {
  sync::TopicSet whole;
  std::vector<sync::RowIndex> replaced;
};

Result<Mended> Mend(ReplicaFile& file, const TopicRecord& record, const Segment& repair) {
  Mended mended;
  CPIS_TRY(file.ForEachEntry(TableOf(record.topic), record.id, [&](const sync::EntryView& entry) {
    if (repair.buckets.contains(sync::BucketOf(entry.index))) {
      mended.replaced.push_back(entry.index);
    } else {
      mended.whole.Put(entry.index, sync::HashEntry(entry.index, entry.version, entry.body));
    }
  }));
  for (const sync::EntryView& entry : repair.entries) {
    mended.whole.Put(entry.index, sync::HashEntry(entry.index, entry.version, entry.body));
  }
  return mended;
}

Status WriteRepair(ReplicaFile& file, const TopicRecord& after, const Segment& repair, const Mended& mended) {
  const Table table = TableOf(after.topic);
  CPIS_ASSIGN(auto transaction, file.Begin());
  for (const sync::RowIndex index : mended.replaced) CPIS_TRY(file.Remove(table, after.id, index));
  for (const sync::EntryView& entry : repair.entries) CPIS_TRY(file.Put(table, after.id, entry));
  CPIS_TRY(file.ForgetStaged(after.topic));
  CPIS_TRY(file.Save(after));
  return transaction.Commit();
}

}  // namespace

std::optional<std::vector<Digest>> Replica::RepairBasis(const Topic& topic) const {
  AwaitRows();
  const std::lock_guard write(write_mutex_);
  const auto held = held_.find(topic.text());
  if (held == held_.end() || !held->second.damaged) return std::nullopt;
  sync::TopicSet on_disk;
  const auto scan = ScanTable(options_.file, TableOf(topic), {{held->second.record.id, &on_disk}}, stopping_);
  if (!scan.ok()) {
    platform::LogWarning("replica", "topic " + topic.text() + " cannot be read, so it is fetched whole: " +
                                        scan.status().message());
    return std::nullopt;
  }
  std::vector<Digest> basis;
  for (size_t bucket = 0; bucket < sync::TopicSet::kBuckets; ++bucket) basis.push_back(on_disk.BucketDigest(bucket));
  return basis;
}

Status Replica::CheckRepair(const Segment& repair) const {
  const std::string& name = repair.topic.text();
  if (repair.kind != sync::SegmentKind::kRepair) return Invalid("replica: a segment of " + name + " is no repair");
  const auto held = held_.find(name);
  if (held == held_.end() || !held->second.damaged) return Invalid("replica: topic " + name + " is not damaged");
  const TopicRecord& record = held->second.record;
  const bool back = repair.epoch < record.epoch || (repair.epoch == record.epoch && repair.to < record.sequence);
  if (record.authentic && back) return Invalid("replica: a repair of topic " + name + " would go back");
  return Status::Ok();
}

Status Replica::ApplyRepair(const Segment& repair) {
  AwaitRows();
  const std::lock_guard write(write_mutex_);
  CPIS_ASSIGN(ReplicaFile * file, Writable());
  CPIS_TRY(CheckRepair(repair));
  Held& held = held_.at(repair.topic.text());
  // What is replaced is looked for through the index, which may be what is wrong.
  Scan scan;
  scan.held.emplace(repair.topic.text(), Held{.record = held.record});
  CPIS_TRY(ReadTable(TableOf(repair.topic), scan).In("replica"));
  CPIS_ASSIGN(Mended mended, Mend(*file, held.record, repair));
  if (mended.whole.DigestAt(repair.topic, repair.to) != repair.digest) {
    return Corrupt("replica: topic " + repair.topic.text() + " would not have its signed digest when repaired");
  }
  const TopicRecord after = {.topic = repair.topic,
                             .id = held.record.id,
                             .epoch = repair.epoch,
                             .sequence = repair.to,
                             .digest = repair.digest};
  CPIS_TRY(Settle(WriteRepair(*file, after, repair, mended)));
  platform::LogInfo("replica", "topic " + repair.topic.text() + " is repaired: " +
                                   std::to_string(repair.buckets.size()) + " of its buckets came again");
  sweep_due_ = staged_.erase(repair.topic.text()) > 0 || sweep_due_;
  {
    const std::lock_guard memory(memory_mutex_);
    held = {.record = after, .set = std::move(mended.whole), .damaged = false};
    if (repair.topic.kind() != Topic::Kind::kRows) ++orders_version_;
  }
  if (repair.topic == Topic::Index()) TakeEngland();
  return Settle(SweepIfDue(*file));
}

}  // namespace cpis::edge
