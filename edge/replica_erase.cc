// SPDX-License-Identifier: Apache-2.0
//
// Taking something away so that the disk does not hold it any more.
#include "edge/replica.h"

namespace cpis::edge {
namespace {

using sync::Topic;

Status WriteErased(ReplicaFile& file, const TopicRecord& record, sync::RowIndex key) {
  CPIS_ASSIGN(auto transaction, file.Begin());
  CPIS_TRY(file.Remove(Table::kOrders, record.id, key));
  CPIS_TRY(file.Save(record));
  CPIS_TRY(file.ForgetStaged(record.topic));
  return transaction.Commit();
}

}  // namespace

// A damaged topic keeps the digest that it has not: to write one that fits would vouch for what nobody signed.
Status Replica::Erase(const Topic& topic, sync::RowIndex key) {
  if (TableOf(topic) == Table::kRows) return platform::Invalid("replica: rows are not taken away one by one");
  AwaitRows();  // whose scan would hold the log
  const std::lock_guard write(write_mutex_);
  CPIS_ASSIGN(ReplicaFile * file, Writable());
  if (const auto held = held_.find(topic.text()); held != held_.end()) {
    TopicRecord after = held->second.record;
    if (!held->second.damaged) {
      sync::TopicSet set = held->second.set;
      set.Remove(key);
      after.sequence = sync::Sequence{0};
      after.digest = set.DigestAt(topic, after.sequence);
    }
    CPIS_TRY(Settle(WriteErased(*file, after, key)));
    const std::lock_guard memory(memory_mutex_);
    held->second.record = after;
    held->second.set.Remove(key);
    ++orders_version_;
  } else {
    CPIS_TRY(Settle(DropStaging(*file, topic)));
  }
  staged_.erase(topic.text());
  CPIS_TRY(Settle(file->Sweep()));  // generations that were replaced
  sweep_due_ = false;
  reader_->Close();  // it would hold the log
  return file->EmptyLog().In("replica");
}

}  // namespace cpis::edge
