// SPDX-License-Identifier: Apache-2.0
//
// The table `entries` (journal_file.h) of this node's journal, and of those that former nodes left: its order, and its states.
#pragma once

#include <string_view>
#include <vector>

#include "platform/sqlite.h"
#include "sync/node/ports.h"

namespace cpis::edge {

using platform::Result;
using platform::Status;

constexpr int64_t kEntryWaiting = 0;
constexpr int64_t kEntryQuarantined = 1;

struct EntryCounts {
  uint64_t attendances_waiting = 0;
  uint64_t audit_waiting = 0;
  uint64_t quarantined = 0;
};

// Waiting ones, attendances before audit.
Result<std::vector<sync::node::Outbox::Item>> OldestEntries(platform::Database& database, size_t limit);
Result<EntryCounts> CountEntries(platform::Database& database);
// One that is not there changes nothing, and is no failure.
Status QuarantineEntry(platform::Database& database, uint64_t seq, std::string_view id, std::string_view reason);
Status RemoveEntry(platform::Database& database, uint64_t seq, std::string_view id);

}  // namespace cpis::edge
