// SPDX-License-Identifier: Apache-2.0
//
// Reads entries of DIR/replica.db beside the connection that writes it, so that lookups never wait for a change.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "edge/replica_file.h"

namespace cpis::edge {

struct FoundEntry {
  std::string topic;
  sync::RowIndex index{};
  uint64_t version = 0;
  Bytes body;
};

// Thread-safe.
class ReplicaReader {
 public:
  explicit ReplicaReader(std::filesystem::path file) : file_(std::move(file)) {}

  // The entries of this index in all served topics of the table, as of one commit. Opens the file when it is not open.
  Result<std::vector<FoundEntry>> Read(Table table, sync::RowIndex index);
  // All entries of a topic that is not rows, as of one commit.
  Result<std::vector<FoundEntry>> ReadAll(const sync::Topic& topic);
  // The file is about to be replaced, or failed.
  void Close();

 private:
  Status Open();  // mutex_ is held

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::optional<platform::Database> database_;  // guarded by mutex_
  // Guarded by mutex_; after database_, so that they end first.
  std::optional<platform::Statement> find_row_, find_order_, all_orders_;
};

}  // namespace cpis::edge
