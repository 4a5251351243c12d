// SPDX-License-Identifier: Apache-2.0
//
// How the replica finds out whether the disk still has what was signed.
#include <utility>

#include "edge/replica.h"
#include "edge/replica_scan.h"
#include "platform/log.h"

namespace cpis::edge {

std::map<int64_t, sync::TopicSet*> Replica::Scan::SetsOf(Table table) {
  std::map<int64_t, sync::TopicSet*> sets;
  for (auto& [name, one] : held) {
    if (TableOf(one.record.topic) == table) sets.emplace(one.record.id, &one.set);
  }
  for (auto& [name, one] : staged) {
    if (TableOf(one.record.topic) == table) sets.emplace(one.record.id, &one.set);
  }
  return sets;
}

void Replica::Scan::Judge(Table table) {
  for (auto& [name, one] : held) {
    const TopicRecord& record = one.record;
    if (TableOf(record.topic) != table) continue;
    one.damaged = !record.authentic || one.set.DigestAt(record.topic, record.sequence) != record.digest;
    if (one.damaged) platform::LogWarning("replica", "topic " + name + " has not its signed digest: it is repaired");
  }
}

// What leads lookups to the entries follows from the entries: where it is wrong it is made again, and nothing is fetched.
Status Replica::ReadTable(Table table, Scan& scan) {
  const auto sets = scan.SetsOf(table);
  for (const bool thorough : {false, true}) {
    CPIS_ASSIGN(const TableScan found, ScanTable(options_.file, table, sets, stopping_));
    scan.orphans = scan.orphans || found.orphans;
    scan.Judge(table);
    if (found.findable) return Status::Ok();
    platform::LogWarning("replica", "lookups would not find every entry on disk: its index is made again");
    CPIS_TRY(file_->Rebuild(thorough));
  }
  CPIS_ASSIGN(const TableScan found, ScanTable(options_.file, table, sets, stopping_));
  scan.Judge(table);
  return found.findable ? Status::Ok() : platform::Corrupt("replica: lookups cannot find every entry on disk");
}

void Replica::Take(Scan scan, bool rows_too) {
  sweep_due_ = sweep_due_ || scan.orphans;
  const std::lock_guard memory(memory_mutex_);
  held_ = std::move(scan.held);
  staged_ = std::move(scan.staged);
  manifest_ = std::move(scan.region_manifest);
  manifest_bytes_ = std::move(scan.region_manifest_bytes);
  ++orders_version_;
  verifying_ = !rows_too;
  verified_.notify_all();
}

// Nothing is told of damage that the first look at the rows finds: who needs their cursors has waited for it.
void Replica::TakeRows(Scan scan) {
  sweep_due_ = sweep_due_ || scan.orphans;
  for (auto& [name, staging] : scan.staged) staged_.insert_or_assign(name, std::move(staging));
  const std::lock_guard memory(memory_mutex_);
  for (auto& [name, held] : scan.held) held_.insert_or_assign(name, std::move(held));
  verifying_ = false;
  verified_.notify_all();
}

// Reads without any lock, so that lookups and orders go on. Rows do not change meanwhile: whoever wants to waits.
void Replica::VerifyRows() {
  if (options_.before_rows) options_.before_rows();
  Scan scan;
  {
    const std::lock_guard write(write_mutex_);
    for (const auto& [name, held] : held_) {
      if (TableOf(held.record.topic) == Table::kRows) scan.held.emplace(name, held);
    }
    for (const auto& [name, staging] : staged_) {
      if (TableOf(staging.record.topic) == Table::kRows) scan.staged.emplace(name, staging);
    }
  }
  const auto found = ScanTable(options_.file, Table::kRows, scan.SetsOf(Table::kRows), stopping_);
  const std::lock_guard write(write_mutex_);
  if (stopping_ || WaitVerified(std::chrono::milliseconds(0))) return;  // a change of orders has read everything again
  Status read;
  if (found.ok() && found->findable) {
    scan.orphans = found->orphans;
    scan.Judge(Table::kRows);
  } else {
    const auto file = Writable();
    if (stopping_ || WaitVerified(std::chrono::milliseconds(0))) return;
    read = file.ok() ? ReadTable(Table::kRows, scan) : file.status();
  }
  for (auto& [name, held] : scan.held) held.damaged = held.damaged || !read.ok();
  TakeRows(std::move(scan));
  if (read.ok() || stopping_) return;
  platform::LogError("replica", "the rows cannot be verified: " + read.message());
  file_.reset();  // the next change opens and verifies the file again
}

bool Replica::WaitVerified(std::chrono::milliseconds patience) const {
  std::unique_lock memory(memory_mutex_);
  return verified_.wait_for(memory, patience, [this] { return !verifying_; });
}

void Replica::AwaitRows() const {
  std::unique_lock memory(memory_mutex_);
  verified_.wait(memory, [this] { return !verifying_; });
}

void Replica::Compare(Table table, const Scan& scan) {
  const std::lock_guard memory(memory_mutex_);
  for (auto& [name, held] : held_) {
    if (TableOf(held.record.topic) != table) continue;
    const auto on_disk = scan.held.find(name);
    const bool matches =
        on_disk != scan.held.end() && !on_disk->second.damaged && on_disk->second.record.digest == held.record.digest;
    if (!matches) MarkDamaged(held);
  }
}

Result<std::vector<TopicState>> Replica::Verify() {
  AwaitRows();
  Status read;
  {
    const std::lock_guard write(write_mutex_);
    read = VerifyTables();
  }
  CallOnNewDamage();
  CPIS_TRY(std::move(read).In("replica"));
  return States();
}

// Never replaces the file, whatever it finds: with no link, what can still be read is all there is.
Status Replica::VerifyTables() {
  const bool was_closed = file_ == nullptr;  // after a failure: then the next change reads it all again
  Status read;
  if (was_closed) {
    auto opened = ReplicaFile::Open(options_.file, options_.seal_key);
    read = opened.status();
    if (opened.ok()) file_ = std::make_unique<ReplicaFile>(*std::move(opened));
  }
  Scan scan;
  if (read.ok()) read = ReadTopics(scan);
  std::vector<Table> unreadable;
  for (const Table table : {Table::kOrders, Table::kRows}) {
    const Status one = read.ok() ? ReadTable(table, scan) : read;
    if (one.ok()) {
      Compare(table, scan);
    } else if (one.code() == platform::Code::kCorrupt) {
      platform::LogError("replica", "a table cannot be read: " + one.message());
      unreadable.push_back(table);
    } else {
      if (was_closed) file_.reset();
      return one;  // a disk that is busy may be well again later
    }
  }
  if (was_closed) file_.reset();
  for (const Table table : unreadable) MarkDamaged(table);
  return Status::Ok();
}

void Replica::MarkDamaged(Table table) {
  file_.reset();  // the next change opens and verifies the file again
  reader_->Close();
  const std::lock_guard memory(memory_mutex_);
  for (auto& [name, held] : held_) {
    if (TableOf(held.record.topic) == table) MarkDamaged(held);
  }
}

void Replica::MarkDamaged(Held& held) {
  new_damage_ = new_damage_ || !held.damaged;
  held.damaged = true;
}

}  // namespace cpis::edge
