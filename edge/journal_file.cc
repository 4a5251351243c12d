// SPDX-License-Identifier: Apache-2.0
#include "edge/journal_file.h"

#include <algorithm>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

using platform::Database;
using platform::Statement;

constexpr std::string_view kSchema = R"(
  CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, queued_at INTEGER NOT NULL,
    envelope BLOB NOT NULL, state INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '');
  CREATE INDEX IF NOT EXISTS entries_by_state ON entries (state, kind, seq);
  CREATE TABLE IF NOT EXISTS receipts (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, queued_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL, server_time INTEGER NOT NULL, receipt BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS attended (name BLOB PRIMARY KEY, id TEXT NOT NULL, occurred_at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, digest BLOB NOT NULL, link BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS acknowledged (alert INTEGER PRIMARY KEY, body BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB NOT NULL);
)";

int64_t Stored(Instant at) { return at.time_since_epoch().count(); }
Instant ReadInstant(int64_t stored) { return Instant(std::chrono::milliseconds(stored)); }
int64_t Stored(sync::EntryKind kind) { return static_cast<int64_t>(kind); }
std::string KindName(int64_t kind) { return kind == Stored(sync::EntryKind::kAttendance) ? "attendance" : "audit"; }

// Above what any node counts to, and not where it went on after an earlier loss. Below 2^53, for JSON.
uint64_t UnusedSequence() {
  constexpr uint64_t kFar = uint64_t{1} << 50;
  const Bytes random = crypto::RandomBytes(8);
  platform::ByteReader in(random);
  return kFar + in.U64() % kFar;
}

constexpr std::string_view kItemColumns = "id, seq, kind, state, queued_at, reason, length(envelope)";

OutboxItem ReadItem(const Statement& row) {
  OutboxItem item;
  item.id = row.Text(0);
  item.sequence = static_cast<uint64_t>(row.Int(1));
  item.kind = KindName(row.Int(2));
  item.state = row.Int(3) == kEntryWaiting ? "WAITING" : "QUARANTINED";
  item.queued_at = ReadInstant(row.Int(4));
  item.reason = row.Text(5);
  item.bytes = static_cast<size_t>(row.Int(6));
  return item;
}

}  // namespace

Result<JournalFile> JournalFile::Open(const std::filesystem::path& file, const sync::node::Identity& identity,
                                      Beginning beginning) {
  CPIS_ASSIGN(Database database, Database::Open(file, {.mode = Database::Mode::kOwner, .cache_kib = kJournalCacheKib}));
  CPIS_TRY(database.Checkpoint());  // what a failed sync left in the log reaches the disk before anything builds on it
  CPIS_TRY(database.Run(kSchema));
  JournalFile opened(std::move(database), identity);
  CPIS_TRY(opened.Start(beginning));
  return opened;
}

Status JournalFile::Start(Beginning beginning) {
  const auto head = SignedMark("audit.head");
  // One counter damaged on disk must not make this node use a sequence again: the server would take it for a clone.
  CPIS_ASSIGN(int64_t last, Number("SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0), "
                                   "coalesce((SELECT max(seq) FROM entries), 0), coalesce((SELECT max(seq) FROM receipts), 0), "
                                   "coalesce((SELECT max(seq) FROM audit), 0))"));
  if (head.ok() && head->has_value()) last = std::max(last, static_cast<int64_t>((*head)->seq));
  next_seq_ = static_cast<uint64_t>(last) + 1;
  if (head.ok() && head->has_value()) {
    head_ = **head;
    return Status::Ok();
  }
  const bool lost = beginning == Beginning::kOfProcess;
  // The head is gone: whatever follows must not look like an unbroken chain, nor like a second one from the start.
  if (lost || !head.ok() || last != 0) head_.link = crypto::RandomBytes(32);
  if (lost) next_seq_ = std::max(next_seq_, UnusedSequence());
  return Status::Ok();
}

Result<int64_t> JournalFile::Number(std::string_view sql) {
  CPIS_ASSIGN(Statement query, database_.Prepare(sql));
  CPIS_ASSIGN(const bool found, query.Step());
  return found ? query.Int(0) : 0;
}

Status JournalFile::Add(const NewEntry& entry) {
  const uint64_t seq = next_seq_++;
  const Bytes envelope = sync::EncodeEnvelope({.node = identity_->node_id,
                                               .node_sequence = seq,
                                               .kind = entry.kind,
                                               .id = entry.id,
                                               .sealed_event = entry.sealed_event,
                                               .audit_before = head_.Checkpoint()},
                                              identity_->signing);
  CPIS_ASSIGN(Statement insert,
              database_.Prepare("INSERT INTO entries (seq, id, kind, queued_at, envelope) VALUES (?, ?, ?, ?, ?)"));
  CPIS_TRY(insert.Bind(static_cast<int64_t>(seq))
               .Bind(entry.id)
               .Bind(Stored(entry.kind))
               .Bind(Stored(entry.queued_at))
               .Bind(ByteView(envelope))
               .Run());
  if (entry.kind != sync::EntryKind::kAudit) return Status::Ok();
  const Bytes digest = crypto::Blake2b(32, {entry.sealed_event});
  const sync::AuditCheckpoint after = sync::After(head_.Checkpoint(), entry.sealed_event);
  head_ = {.seq = seq, .count = after.count, .link = platform::ToBytes(after.link)};
  CPIS_ASSIGN(Statement link, database_.Prepare("INSERT INTO audit (seq, digest, link) VALUES (?, ?, ?)"));
  return link.Bind(static_cast<int64_t>(seq)).Bind(ByteView(digest)).Bind(ByteView(head_.link)).Run();
}

Status JournalFile::SaveHead() { return SaveMark("audit.head", head_); }

Result<std::optional<Attended>> JournalFile::FindAttended(ByteView name) {
  CPIS_ASSIGN(Statement query, database_.Prepare("SELECT id, occurred_at FROM attended WHERE name = ?"));
  CPIS_ASSIGN(const bool found, query.Bind(name).Step());
  if (!found) return std::optional<Attended>();
  return std::optional<Attended>({query.Text(0), ReadInstant(query.Int(1))});
}

Status JournalFile::SaveAttended(ByteView name, const Attended& attended) {
  CPIS_ASSIGN(Statement insert,
              database_.Prepare("INSERT OR REPLACE INTO attended (name, id, occurred_at) VALUES (?, ?, ?)"));
  return insert.Bind(name).Bind(attended.id).Bind(Stored(attended.occurred_at)).Run();
}

Status JournalFile::ForgetAttended(const std::string& id) {
  CPIS_ASSIGN(Statement forget, database_.Prepare("DELETE FROM attended WHERE id = ?"));
  return forget.Bind(id).Run();
}

Result<std::vector<sync::node::Outbox::Item>> JournalFile::Oldest(size_t limit) { return OldestEntries(database_, limit); }

Status JournalFile::Settle(const sync::Receipt& receipt, ByteView signed_bytes) {
  if (receipt.node != identity_->node_id) return Status::Ok();
  const int64_t seq = static_cast<int64_t>(receipt.node_sequence);
  if (receipt.verdict == sync::Verdict::kQuarantined) {
    return Quarantine(receipt.node_sequence, receipt.id, receipt.reason);
  }
  CPIS_ASSIGN(Statement insert,
              database_.Prepare("INSERT INTO receipts (seq, id, kind, queued_at, bytes, server_time, receipt) "
                                "SELECT seq, id, kind, queued_at, length(envelope), ?, ? FROM entries "
                                "WHERE seq = ? AND id = ?"));
  CPIS_TRY(insert.Bind(Stored(receipt.server_time)).Bind(signed_bytes).Bind(seq).Bind(receipt.id).Run());
  return RemoveEntry(database_, receipt.node_sequence, receipt.id);
}

Status JournalFile::Quarantine(uint64_t seq, std::string_view id, std::string_view reason) {
  return QuarantineEntry(database_, seq, id, reason);
}

Status JournalFile::Restore(const std::string& id) {
  CPIS_ASSIGN(Statement restore,
              database_.Prepare("UPDATE entries SET state = ?, reason = '' WHERE id = ? AND state = ?"));
  CPIS_TRY(restore.Bind(kEntryWaiting).Bind(id).Bind(kEntryQuarantined).Run());
  return database_.Changes() == 1 ? Status::Ok() : platform::NotFound("no quarantined entry has the id \"" + id + "\"");
}

Result<std::vector<OutboxItem>> JournalFile::List() {
  CPIS_ASSIGN(Statement query,
              database_.Prepare("SELECT " + std::string(kItemColumns) + " FROM entries ORDER BY kind, seq"));
  std::vector<OutboxItem> items;
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) return items;
    items.push_back(ReadItem(query));
  }
}

Result<OutboxItem> JournalFile::Show(const std::string& id) {
  CPIS_ASSIGN(Statement waiting,
              database_.Prepare("SELECT " + std::string(kItemColumns) + " FROM entries WHERE id = ?"));
  CPIS_ASSIGN(const bool found, waiting.Bind(id).Step());
  if (found) return ReadItem(waiting);
  CPIS_ASSIGN(Statement settled,
              database_.Prepare("SELECT id, seq, kind, queued_at, bytes, server_time FROM receipts WHERE id = ?"));
  CPIS_ASSIGN(const bool forwarded, settled.Bind(id).Step());
  if (!forwarded) return platform::NotFound("nothing in the outbox has the id \"" + id + "\" (try outbox list)");
  OutboxItem item;
  item.id = settled.Text(0);
  item.sequence = static_cast<uint64_t>(settled.Int(1));
  item.kind = KindName(settled.Int(2));
  item.state = "FORWARDED";
  item.queued_at = ReadInstant(settled.Int(3));
  item.bytes = static_cast<size_t>(settled.Int(4));
  item.receipt_at = ReadInstant(settled.Int(5));
  return item;
}

Result<JournalFile::Counts> JournalFile::Count() { return CountEntries(database_); }

Result<std::optional<Bytes>> JournalFile::Meta(std::string_view key) {
  CPIS_ASSIGN(Statement query, database_.Prepare("SELECT value FROM meta WHERE key = ?"));
  CPIS_ASSIGN(const bool found, query.Bind(key).Step());
  if (!found) return std::optional<Bytes>();
  return std::optional<Bytes>(platform::ToBytes(query.Blob(0)));
}

Status JournalFile::SetMeta(std::string_view key, ByteView value) {
  CPIS_ASSIGN(Statement save, database_.Prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)"));
  return save.Bind(key).Bind(value).Run();
}

}  // namespace cpis::edge
