// SPDX-License-Identifier: Apache-2.0
#include "edge/replica_reader.h"

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

using platform::Database;
using platform::Statement;

constexpr std::string_view kFindRow =
    "SELECT t.topic, e.idx, e.version, e.body FROM entries e JOIN topics t ON t.id = e.topic_id WHERE e.idx = ?";
constexpr std::string_view kFindOrder =
    "SELECT t.topic, e.idx, e.version, e.body FROM orders e JOIN topics t ON t.id = e.topic_id WHERE e.idx = ?";
constexpr std::string_view kAllOrders =
    "SELECT t.topic, e.idx, e.version, e.body FROM orders e JOIN topics t ON t.id = e.topic_id WHERE t.topic = ?";

// The statement is bound.
Result<std::vector<FoundEntry>> Collect(Statement& statement) {
  std::vector<FoundEntry> entries;
  while (true) {
    CPIS_ASSIGN(const bool more, statement.Step());
    if (!more) return entries;
    entries.push_back({statement.Text(0), sync::RowIndex{static_cast<uint64_t>(statement.Int(1))},
                       static_cast<uint64_t>(statement.Int(2)), platform::ToBytes(statement.Blob(3))});
  }
}

}  // namespace

Status ReplicaReader::Open() {
  if (all_orders_) return Status::Ok();
  CPIS_ASSIGN(Database opened,
              Database::Open(file_, {.mode = Database::Mode::kReader, .cache_kib = kReplicaReaderCacheKib}));
  find_row_.reset();
  find_order_.reset();
  database_ = std::move(opened);
  CPIS_ASSIGN(find_row_, database_->Prepare(kFindRow));
  CPIS_ASSIGN(find_order_, database_->Prepare(kFindOrder));
  CPIS_ASSIGN(all_orders_, database_->Prepare(kAllOrders));
  return Status::Ok();
}

Result<std::vector<FoundEntry>> ReplicaReader::Read(Table table, sync::RowIndex index) {
  const std::lock_guard lock(mutex_);
  CPIS_TRY(Open());
  Statement& find = table == Table::kRows ? *find_row_ : *find_order_;
  find.Bind(static_cast<int64_t>(index));
  return Collect(find);
}

Result<std::vector<FoundEntry>> ReplicaReader::ReadAll(const sync::Topic& topic) {
  const std::lock_guard lock(mutex_);
  CPIS_TRY(Open());
  all_orders_->Bind(topic.text());
  return Collect(*all_orders_);
}

void ReplicaReader::Close() {
  const std::lock_guard lock(mutex_);
  find_row_.reset();
  find_order_.reset();
  all_orders_.reset();
  database_.reset();
}

}  // namespace cpis::edge
