// SPDX-License-Identifier: Apache-2.0
//
// The tables of DIR/journal.db: what is never thrown away.
//
//   entries   waiting and quarantined envelopes; seq is the node sequence and is never used twice
//   receipts  what the server answered for, 30 days
//   attended  names, keyed, of what was already queued: one attendance a child, crew and incident
//   audit     the chain: link = BLAKE2b-32(link before │ BLAKE2b-32(sealed event)), one row an audit entry. It outlives the
//             entry, so that the chain can be walked when the entry has been forwarded. Envelopes carry checkpoints of it.
//   acknowledged  alerts that somebody here has acknowledged, until the server has taken them back: key in the node's topic,
//             and who and when, sealed with the journal key
//   meta      "time" (TimeMarks); "limits.lived", "limits.attempts", "limits.looks" (limits.h); "audit.head" and "audit.floor":
//             seq 8 │ count 8 │ link 32, signed by the node
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "edge/journal_entries.h"
#include "edge/node.h"
#include "platform/sqlite.h"
#include "sync/node/identity.h"
#include "sync/node/ports.h"

namespace cpis::edge {

using platform::Bytes;
using platform::ByteView;

// What a start follows. Only a vehicle that has just been enrolled may have no journal yet; at any other start one that is
// missing was lost.
enum class Beginning { kOfVehicle, kOfProcess };

struct Attended {
  std::string id;
  Instant occurred_at;
};

// Of an alert, by its key in the node's topic.
struct Acknowledgement {
  sync::RowIndex alert{0};
  std::string staff;
  Instant at;
};

// One thread at a time. Writing calls belong inside a transaction of the caller's; after any failure the object must be
// thrown away and opened again: what it remembers may be ahead of the disk.
class JournalFile {
 public:
  // `identity` must outlive it.
  static Result<JournalFile> Open(const std::filesystem::path& file, const sync::node::Identity& identity, Beginning beginning);

  Result<platform::Transaction> Begin() { return platform::Transaction::Begin(database_); }

  struct NewEntry {
    sync::EntryKind kind;
    std::string id;
    Instant queued_at;
    Bytes sealed_event;
  };
  Status Add(const NewEntry& entry);  // signs it; an audit entry becomes a link of the chain
  Status SaveHead();                  // after the last Add of a transaction
  Result<std::optional<Attended>> FindAttended(ByteView name);
  Status SaveAttended(ByteView name, const Attended& attended);
  Status ForgetAttended(const std::string& id);

  Result<std::vector<sync::node::Outbox::Item>> Oldest(size_t limit);
  Status Settle(const sync::Receipt& receipt, ByteView signed_bytes);
  Status Quarantine(uint64_t seq, std::string_view id, std::string_view reason);
  Status Restore(const std::string& id);  // kNotFound unless quarantined
  Result<std::vector<OutboxItem>> List();
  Result<OutboxItem> Show(const std::string& id);

  using Counts = EntryCounts;
  Result<Counts> Count();

  // Walks the chain, and holds the checkpoints of what waits against it. kCorrupt says where it breaks.
  Result<std::string> VerifyAudit();
  // Forgets receipts, names and links that are older than `before` and settled.
  Status Purge(Instant before);

  Result<std::vector<Acknowledgement>> Acknowledged();
  Status SaveAcknowledged(const Acknowledgement& acknowledgement);  // the first of an alert stands
  Status ForgetAcknowledged(sync::RowIndex alert);

  Result<std::optional<Bytes>> Meta(std::string_view key);
  Status SetMeta(std::string_view key, ByteView value);

 private:
  // Where the audit chain stands, or where what is left of it starts.
  struct Mark {
    uint64_t seq = 0;
    uint64_t count = 0;
    Bytes link = Bytes(32);
    sync::AuditCheckpoint Checkpoint() const;
  };

  JournalFile(platform::Database database, const sync::node::Identity& identity)
      : database_(std::move(database)), identity_(&identity) {}
  Status Start(Beginning beginning);
  Result<int64_t> Number(std::string_view sql);                  // first column of the first row; 0 for no row or NULL
  Result<std::optional<Mark>> SignedMark(std::string_view key);  // kCorrupt when not signed by this node
  Status SaveMark(std::string_view key, const Mark& mark);
  Status CheckBodies();
  Status CheckCheckpoints(Mark at);  // of every waiting entry; `at` is where the chain starts

  platform::Database database_;
  const sync::node::Identity* identity_;
  uint64_t next_seq_ = 1;
  Mark head_;
};

}  // namespace cpis::edge
