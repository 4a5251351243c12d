// SPDX-License-Identifier: Apache-2.0
//
// Reads entries of DIR/replica.db beside the connection that writes it, so that lookups never wait for a change.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "platform/sqlite.h"
#include "sync/topic.h"

namespace cpis::edge {

struct FoundEntry {
  std::string topic;
  uint64_t version = 0;
  platform::Bytes body;
};

// Thread-safe.
class ReplicaReader {
 public:
  explicit ReplicaReader(std::filesystem::path file) : file_(std::move(file)) {}

  // The entries of this index in all served topics, as of one commit. Opens the file when it is not open.
  platform::Result<std::vector<FoundEntry>> Read(sync::RowIndex index);
  // The file is about to be replaced, or failed.
  void Close();

 private:
  platform::Status Open();

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::optional<platform::Database> database_;  // guarded by mutex_
  std::optional<platform::Statement> find_;     // guarded by mutex_; after database_, so that it ends first
};

}  // namespace cpis::edge
