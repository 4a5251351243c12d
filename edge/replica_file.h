// SPDX-License-Identifier: Apache-2.0
//
// The tables of DIR/replica.db, through the one connection that writes them.
//
//   topics   where each served topic stands; `id` names one generation of its entries
//   staged   a snapshot under way: a generation that no topic points to yet, so lookups do not see it
//   entries  of topics that are rows: topic_id (generation), idx (the 64-bit index as a signed integer), version, body as it
//            came
//   orders   of all other topics, in the same form: few, so that they are verified before the node opens
//   meta     manifests as they came
//
// PRAGMA user_version is the layout's number. A file of another layout is no replica: it is fetched again.
//
// `seal` of a topic is keyed BLAKE2b over its other columns: a digest changed behind the node's back does not verify.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "crypto/secret.h"
#include "platform/sqlite.h"
#include "sync/segment.h"

namespace cpis::edge {

using crypto::Digest;
using platform::Bytes;
using platform::ByteView;
using platform::Result;
using platform::Status;

// Which table has a topic's entries.
enum class Table { kRows, kOrders };
inline Table TableOf(const sync::Topic& topic) {
  return topic.kind() == sync::Topic::Kind::kRows ? Table::kRows : Table::kOrders;
}

struct TopicRecord {
  sync::Topic topic;
  int64_t id = 0;
  crypto::Epoch epoch{0};
  sync::Sequence sequence{0};
  Digest digest{};
  bool authentic = true;  // as read: the seal is right
};

struct StagedRecord {
  sync::Topic topic;
  int64_t id = 0;
  crypto::Epoch epoch{0};
  sync::Sequence to{0};
  uint32_t parts = 0;
  uint32_t next_part = 0;
  Digest digest{};
};

// One thread at a time. Each writing call belongs inside a transaction of the caller's.
class ReplicaFile {
 public:
  // Creates the tables in an empty file. kCorrupt when it has others. `seal_key` must outlive it.
  static Result<ReplicaFile> Open(const std::filesystem::path& file, const crypto::Secret& seal_key);

  Result<std::vector<TopicRecord>> Topics();
  Result<std::vector<StagedRecord>> Staged();
  // Every entry of one generation. The body lives until the callback returns, which may not change the table.
  Status ForEachEntry(Table table, int64_t id, const std::function<void(const sync::EntryView&)>& visit);

  Result<platform::Transaction> Begin() { return platform::Transaction::Begin(database_); }
  Result<int64_t> NewId();  // a generation that was never used
  Status Put(Table table, int64_t id, const sync::EntryView& entry);
  Status Remove(Table table, int64_t id, sync::RowIndex index);
  Status Save(const TopicRecord& record);  // replaces the topic's former record
  Status Save(const StagedRecord& record);
  Status Forget(const sync::Topic& topic);
  Status ForgetStaged(const sync::Topic& topic);

  // Deletes entries of generations that nothing points to, in transactions of its own.
  Status Sweep();
  // Makes anew what leads to the entries: the trees of the indexes, and when `thorough` those of the tables too.
  Status Rebuild(bool thorough);
  // Brings the log into the file and empties it: what was deleted is then in neither. kUnavailable while somebody reads.
  Status EmptyLog() { return database_.Checkpoint(); }

  Result<std::optional<Bytes>> Meta(std::string_view key);
  Status SetMeta(std::string_view key, ByteView value);

 private:
  ReplicaFile(platform::Database database, const crypto::Secret& seal_key)
      : database_(std::move(database)), seal_key_(&seal_key) {}
  Status CheckLayout();
  Status Prepare();
  Status Sweep(std::string_view table);
  Bytes SealOf(const TopicRecord& record) const;

  platform::Database database_;
  const crypto::Secret* seal_key_;
  // Set by Prepare, before anyone sees the object.
  std::array<std::optional<platform::Statement>, 2> put_, remove_;  // by table
  std::optional<platform::Statement> save_topic_, save_staged_, forget_topic_, forget_staged_, set_meta_;
};

}  // namespace cpis::edge
