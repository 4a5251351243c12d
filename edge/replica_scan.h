// SPDX-License-Identifier: Apache-2.0
//
// Reads a whole table of DIR/replica.db, through a connection of its own: as digests, and as lookups would find it.
//
// A full scan walks the table's tree from leaf to leaf; a lookup descends the index, then the table. One flipped bit can hide
// a row from the one and not from the other, so all three ways must lead to the same entries.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>

#include "edge/replica_file.h"
#include "sync/topic_set.h"

namespace cpis::edge {

struct TableScan {
  bool orphans = false;   // there are entries of no generation that was asked for
  bool findable = false;  // lookups reach exactly the entries that the scan saw
};

// Fills the set of each generation with its entries. Nobody may change the table meanwhile. kCancelled once `stop` is set.
Result<TableScan> ScanTable(const std::filesystem::path& file, Table table,
                            const std::map<int64_t, sync::TopicSet*>& sets, const std::atomic<bool>& stop);

}  // namespace cpis::edge
