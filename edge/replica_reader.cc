// SPDX-License-Identifier: Apache-2.0
#include "edge/replica_reader.h"

#include "edge/tuning.h"

namespace cpis::edge {

using platform::Database;
using platform::Result;
using platform::Status;

Status ReplicaReader::Open() {
  CPIS_ASSIGN(Database opened,
              Database::Open(file_, {.mode = Database::Mode::kReader, .cache_kib = kReplicaReaderCacheKib}));
  database_ = std::move(opened);
  CPIS_ASSIGN(find_,
              database_->Prepare("SELECT t.topic, e.version, e.body FROM entries e JOIN topics t ON t.id = e.topic_id "
                                 "WHERE e.idx = ?"));
  return Status::Ok();
}

Result<std::vector<FoundEntry>> ReplicaReader::Read(sync::RowIndex index) {
  const std::lock_guard lock(mutex_);
  if (!find_) CPIS_TRY(Open());
  std::vector<FoundEntry> entries;
  find_->Bind(static_cast<int64_t>(index));
  while (true) {
    CPIS_ASSIGN(const bool more, find_->Step());
    if (!more) return entries;
    entries.push_back({find_->Text(0), static_cast<uint64_t>(find_->Int(1)), platform::ToBytes(find_->Blob(2))});
  }
}

void ReplicaReader::Close() {
  const std::lock_guard lock(mutex_);
  find_.reset();
  database_.reset();
}

}  // namespace cpis::edge
