// SPDX-License-Identifier: Apache-2.0
#include "edge/replica_file.h"

#include <algorithm>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

using platform::Corrupt;
using platform::Database;
using platform::Statement;

constexpr int64_t kLayout = 2;  // 1 had all entries in one table

// In the order of their names, and word for word as SQLite keeps them.
constexpr std::array<std::string_view, 8> kSchema = {
    "CREATE TABLE entries (topic_id INTEGER NOT NULL, idx INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE UNIQUE INDEX entries_by_index ON entries (idx, topic_id)",
    "CREATE TABLE generations (last INTEGER NOT NULL)",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL)",
    "CREATE TABLE orders (topic_id INTEGER NOT NULL, idx INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE UNIQUE INDEX orders_by_index ON orders (idx, topic_id)",
    "CREATE TABLE staged (id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL,"
    " to_sequence INTEGER NOT NULL, parts INTEGER NOT NULL, next_part INTEGER NOT NULL, digest BLOB NOT NULL)",
    "CREATE TABLE topics (id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, digest BLOB NOT NULL, seal BLOB NOT NULL)",
};

constexpr std::array<std::string_view, 2> kTables = {"entries", "orders"};
std::string NameOf(Table table) { return std::string(kTables[static_cast<size_t>(table)]); }

int64_t Signed(uint64_t value) { return static_cast<int64_t>(value); }
uint64_t Unsigned(int64_t value) { return static_cast<uint64_t>(value); }

// The text came from the file: if it is no topic, the file is not what was written.
Result<sync::Topic> ReadTopic(const std::string& text) {
  auto topic = sync::Topic::Parse(text);
  if (!topic.ok()) return Corrupt("replica: a topic has no name");
  return topic;
}

Result<Digest> ReadDigest(ByteView bytes) {
  Digest digest;
  if (bytes.size() != digest.size()) return Corrupt("replica: a digest has the wrong size");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

}  // namespace

Result<ReplicaFile> ReplicaFile::Open(const std::filesystem::path& file, const crypto::Secret& seal_key) {
  CPIS_ASSIGN(Database database,
              Database::Open(file, {.mode = Database::Mode::kOwner, .cache_kib = kReplicaOwnerCacheKib}));
  ReplicaFile opened(std::move(database), seal_key);
  CPIS_TRY(opened.CheckLayout());
  CPIS_TRY(opened.Prepare());
  return opened;
}

Status ReplicaFile::CheckLayout() {
  std::vector<std::string> found;
  CPIS_ASSIGN(Statement query, database_.Prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"));
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) break;
    found.push_back(query.Text(0));
  }
  if (found.empty()) {
    CPIS_ASSIGN(auto transaction, Begin());
    for (const std::string_view sql : kSchema) CPIS_TRY(database_.Run(sql));
    CPIS_TRY(database_.Run("INSERT INTO generations VALUES (0); PRAGMA user_version = " + std::to_string(kLayout)));
    return transaction.Commit();
  }
  CPIS_ASSIGN(Statement version, database_.Prepare("PRAGMA user_version"));
  CPIS_ASSIGN(const bool known, version.Step());
  if (known && version.Int(0) == kLayout && std::equal(found.begin(), found.end(), kSchema.begin(), kSchema.end())) {
    return Status::Ok();
  }
  return Corrupt("replica: the tables are not those of this version");
}

Status ReplicaFile::Prepare() {
  for (const Table table : {Table::kRows, Table::kOrders}) {
    CPIS_ASSIGN(put_[static_cast<size_t>(table)],
                database_.Prepare("INSERT INTO " + NameOf(table) + " (topic_id, idx, version, body) VALUES (?, ?, ?, ?) "
                                  "ON CONFLICT (idx, topic_id) DO UPDATE SET version = excluded.version, body = excluded.body"));
    CPIS_ASSIGN(remove_[static_cast<size_t>(table)],
                database_.Prepare("DELETE FROM " + NameOf(table) + " WHERE idx = ? AND topic_id = ?"));
  }
  struct Wanted {
    std::optional<Statement>* statement;
    std::string_view sql;
  };
  const Wanted wanted[] = {
      {&save_topic_,
       "INSERT OR REPLACE INTO topics (id, topic, epoch, sequence, digest, seal) VALUES (?, ?, ?, ?, ?, ?)"},
      {&save_staged_,
       "INSERT OR REPLACE INTO staged (id, topic, epoch, to_sequence, parts, next_part, digest) "
       "VALUES (?, ?, ?, ?, ?, ?, ?)"},
      {&forget_topic_, "DELETE FROM topics WHERE topic = ?"},
      {&forget_staged_, "DELETE FROM staged WHERE topic = ?"},
      {&set_meta_, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)"},
  };
  for (const Wanted& want : wanted) {
    CPIS_ASSIGN(*want.statement, database_.Prepare(want.sql));
  }
  return Status::Ok();
}

Bytes ReplicaFile::SealOf(const TopicRecord& record) const {
  platform::ByteWriter fields;
  fields.U64(Unsigned(record.id));
  fields.Sized(record.topic.text());
  fields.U32(static_cast<uint32_t>(record.epoch));
  fields.U64(static_cast<uint64_t>(record.sequence));
  fields.Raw(record.digest);
  return crypto::KeyedBlake2b(32, seal_key_->Reveal(), {fields.bytes()});
}

Result<std::vector<TopicRecord>> ReplicaFile::Topics() {
  CPIS_ASSIGN(Statement query, database_.Prepare("SELECT id, topic, epoch, sequence, digest, seal FROM topics"));
  std::vector<TopicRecord> found;
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) return found;
    CPIS_ASSIGN(sync::Topic topic, ReadTopic(query.Text(1)));
    CPIS_ASSIGN(const Digest digest, ReadDigest(query.Blob(4)));
    TopicRecord record{.topic = std::move(topic),
                       .id = query.Int(0),
                       .epoch = crypto::Epoch{static_cast<uint32_t>(query.Int(2))},
                       .sequence = sync::Sequence{Unsigned(query.Int(3))},
                       .digest = digest};
    record.authentic = crypto::ConstantTimeEqual(query.Blob(5), SealOf(record));
    found.push_back(std::move(record));
  }
}

Result<std::vector<StagedRecord>> ReplicaFile::Staged() {
  CPIS_ASSIGN(Statement query,
              database_.Prepare("SELECT id, topic, epoch, to_sequence, parts, next_part, digest FROM staged"));
  std::vector<StagedRecord> found;
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) return found;
    CPIS_ASSIGN(sync::Topic topic, ReadTopic(query.Text(1)));
    CPIS_ASSIGN(const Digest digest, ReadDigest(query.Blob(6)));
    found.push_back({.topic = std::move(topic),
                     .id = query.Int(0),
                     .epoch = crypto::Epoch{static_cast<uint32_t>(query.Int(2))},
                     .to = sync::Sequence{Unsigned(query.Int(3))},
                     .parts = static_cast<uint32_t>(query.Int(4)),
                     .next_part = static_cast<uint32_t>(query.Int(5)),
                     .digest = digest});
  }
}

Status ReplicaFile::ForEachEntry(Table table, int64_t id, const std::function<void(const sync::EntryView&)>& visit) {
  CPIS_ASSIGN(Statement query, database_.Prepare("SELECT idx, version, body FROM " + NameOf(table) +
                                                 " NOT INDEXED WHERE topic_id = ?"));
  query.Bind(id);
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) return Status::Ok();
    visit({.index = sync::RowIndex{Unsigned(query.Int(0))}, .version = Unsigned(query.Int(1)), .body = query.Blob(2)});
  }
}

Result<int64_t> ReplicaFile::NewId() {
  CPIS_TRY(database_.Run("UPDATE generations SET last = last + 1"));
  CPIS_ASSIGN(Statement query, database_.Prepare("SELECT last FROM generations"));
  CPIS_ASSIGN(const bool found, query.Step());
  if (!found) return Corrupt("replica: the table of generations is empty");
  return query.Int(0);
}

Status ReplicaFile::Put(Table table, int64_t id, const sync::EntryView& entry) {
  return put_[static_cast<size_t>(table)]
      ->Bind(id)
      .Bind(Signed(static_cast<uint64_t>(entry.index)))
      .Bind(Signed(entry.version))
      .Bind(entry.body)
      .Run();
}

Status ReplicaFile::Remove(Table table, int64_t id, sync::RowIndex index) {
  return remove_[static_cast<size_t>(table)]->Bind(Signed(static_cast<uint64_t>(index))).Bind(id).Run();
}

Status ReplicaFile::Save(const TopicRecord& record) {
  const Bytes seal = SealOf(record);
  return save_topic_->Bind(record.id)
      .Bind(record.topic.text())
      .Bind(static_cast<int64_t>(record.epoch))
      .Bind(Signed(static_cast<uint64_t>(record.sequence)))
      .Bind(ByteView(record.digest))
      .Bind(ByteView(seal))
      .Run();
}

Status ReplicaFile::Save(const StagedRecord& record) {
  return save_staged_->Bind(record.id)
      .Bind(record.topic.text())
      .Bind(static_cast<int64_t>(record.epoch))
      .Bind(Signed(static_cast<uint64_t>(record.to)))
      .Bind(static_cast<int64_t>(record.parts))
      .Bind(static_cast<int64_t>(record.next_part))
      .Bind(ByteView(record.digest))
      .Run();
}

Status ReplicaFile::Forget(const sync::Topic& topic) { return forget_topic_->Bind(topic.text()).Run(); }

Status ReplicaFile::ForgetStaged(const sync::Topic& topic) { return forget_staged_->Bind(topic.text()).Run(); }

Status ReplicaFile::Sweep() {
  for (const std::string_view table : kTables) CPIS_TRY(Sweep(table));
  return Status::Ok();
}

Status ReplicaFile::Sweep(std::string_view table) {
  const std::string name(table);
  CPIS_ASSIGN(Statement step,
              database_.Prepare("DELETE FROM " + name + " WHERE rowid IN (SELECT rowid FROM " + name +
                                " NOT INDEXED WHERE topic_id NOT IN "
                                "(SELECT id FROM topics UNION ALL SELECT id FROM staged) LIMIT ?)"));
  while (true) {
    CPIS_ASSIGN(auto transaction, Begin());
    CPIS_TRY(step.Bind(int64_t{kSweepRows}).Run());
    const bool last = database_.Changes() < kSweepRows;
    CPIS_TRY(transaction.Commit());
    if (last) return Status::Ok();
  }
}

Status ReplicaFile::Rebuild(bool thorough) {
  // In this order: VACUUM copies the trees of indexes as they are.
  Status rebuilt = thorough ? database_.Run("VACUUM; REINDEX") : database_.Run("REINDEX");
  // Two entries that claim to be one: whatever the disk made of them, it is not what was written.
  if (rebuilt.code() == platform::Code::kInvalid) return Corrupt(rebuilt.message());
  return rebuilt;
}

Result<std::optional<Bytes>> ReplicaFile::Meta(std::string_view key) {
  CPIS_ASSIGN(Statement query, database_.Prepare("SELECT value FROM meta WHERE key = ?"));
  CPIS_ASSIGN(const bool found, query.Bind(key).Step());
  if (!found) return std::optional<Bytes>();
  return std::optional<Bytes>(platform::ToBytes(query.Blob(0)));
}

Status ReplicaFile::SetMeta(std::string_view key, ByteView value) { return set_meta_->Bind(key).Bind(value).Run(); }

}  // namespace cpis::edge
