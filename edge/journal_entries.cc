// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_entries.h"

namespace cpis::edge {

using platform::Database;
using platform::Statement;

Result<std::vector<sync::node::Outbox::Item>> OldestEntries(Database& database, size_t limit) {
  CPIS_ASSIGN(Statement query,
              database.Prepare("SELECT seq, id, envelope FROM entries WHERE state = ? ORDER BY kind, seq LIMIT ?"));
  query.Bind(kEntryWaiting).Bind(static_cast<int64_t>(limit));
  std::vector<sync::node::Outbox::Item> items;
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) return items;
    items.push_back({static_cast<uint64_t>(query.Int(0)), query.Text(1), platform::ToBytes(query.Blob(2))});
  }
}

Result<EntryCounts> CountEntries(Database& database) {
  CPIS_ASSIGN(Statement query, database.Prepare("SELECT state, kind, count(*) FROM entries GROUP BY state, kind"));
  EntryCounts counts;
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) return counts;
    const uint64_t count = static_cast<uint64_t>(query.Int(2));
    if (query.Int(0) != kEntryWaiting) {
      counts.quarantined += count;
    } else if (query.Int(1) == static_cast<int64_t>(sync::EntryKind::kAttendance)) {
      counts.attendances_waiting += count;
    } else {
      counts.audit_waiting += count;
    }
  }
}

Status QuarantineEntry(Database& database, uint64_t seq, std::string_view id, std::string_view reason) {
  CPIS_ASSIGN(Statement keep, database.Prepare("UPDATE entries SET state = ?, reason = ? WHERE seq = ? AND id = ?"));
  return keep.Bind(kEntryQuarantined).Bind(reason).Bind(static_cast<int64_t>(seq)).Bind(id).Run();
}

Status RemoveEntry(Database& database, uint64_t seq, std::string_view id) {
  CPIS_ASSIGN(Statement remove, database.Prepare("DELETE FROM entries WHERE seq = ? AND id = ?"));
  return remove.Bind(static_cast<int64_t>(seq)).Bind(id).Run();
}

}  // namespace cpis::edge
