// SPDX-License-Identifier: Apache-2.0
//
// The audit as the fleet server keeps it, so that what is changed in fleet.db afterwards is found: table `audit` has the
// entries, `audit_record` one row for each envelope of an audit entry that came, in order, each sealed with those before it.
//
//   seal = BLAKE2b-32(key = record key; seal before │ position 8 │ node id │ node sequence 8 │ event id │ count 8 │
//          link before 32 │ link 32 │ readable 1 │ number mark 32 │ action │ occurred 8 │ received 8 │ staff │ incident │
//          outcome 1 │ reason │ silent 1)                     texts varint-sized, the last eight only if readable
//   mark = BLAKE2b-32(key = salt 16; NHS number): the salt goes when the number is erased, and with it all that the mark says
//   head = BLAKE2b-32(key = record key; "head" │ position 8 │ seal 32), in the one row of `audit_head`
//
// Store thread, inside a change of the caller's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crypto/secret.h"
#include "sync/attendance.h"
#include "sync/fleet/queries.h"
#include "sync/nhs_number.h"

namespace cpis::sync::fleet {

using platform::Instant;

class AuditRegister {
 public:
  // `record_key` as RecordKey gives it.
  AuditRegister(platform::Database& database, crypto::Secret record_key) : query_(database), key_(std::move(record_key)) {}
  static Status CreateTables(platform::Database& database);
  // `fleet_secret` must be the fleet's for good: FleetKeys::epoch_secret is.
  static crypto::Secret RecordKey(const crypto::Secret& fleet_secret);

  // Where an audit entry stands among those that came before from its node.
  struct Place {
    bool known = false;      // this very entry
    bool continues = false;  // the entry before it is known, or it is the first
    bool forks = false;      // another entry continues the same one
    bool other_before = false;  // at the place before it there is only another one
    uint64_t most = 0;       // the highest count that came from this node
  };
  Result<Place> PlaceOf(const Envelope& envelope);
  // Whether another entry of this node had the same sequence: attendances, audit, and what could not be read.
  Result<bool> SequenceIsOfAnother(const Envelope& envelope);

  // Adds the envelope's record; `event` and `received_at` as KeepAudit had them, or null for one that could not be read.
  // An unreadable one that came before is not added again.
  Status Append(const Envelope& envelope, const Event* event, Instant received_at);
  // An attendance says how far its node's audit had come.
  Status KeepPromise(const Envelope& envelope, Instant received_at);

  struct Outstanding {
    std::string node_id;
    uint64_t promised = 0;  // entries, as signed by the node
    uint64_t arrived = 0;
    Instant since{};
  };
  struct Verdict {
    uint64_t entries = 0;
    std::string broken;  // where, for people; empty when nothing was changed
    std::vector<Outstanding> outstanding{};
  };
  // Walks the record against the entries.
  Result<Verdict> Verify();

  struct Asked {
    std::vector<NhsNumber> numbers{};  // any of these; empty: all
    std::string staff{};
    std::string node{};                // name
    std::optional<Instant> since{};    // that happened then or later
  };
  struct Look {
    Event event;
    std::string node;        // name
    std::string staff_name;  // as the roll has it now; empty for a stranger
    std::string role;
    Instant received_at{};
  };
  // Newest first, at most kMostLooks.
  static constexpr size_t kMostLooks = 10'000;
  Result<std::vector<Look>> Looks(const Asked& asked);

 private:
  struct Head {
    int64_t position = 0;
    Bytes seal = Bytes(32);
    bool sound = true;  // false: it is gone, or not ours
  };
  Result<Head> ReadHead();
  Status SaveHead(const Head& head);
  Bytes HeadMark(const Head& head) const;
  Result<bool> Exists(const char* sql, std::string_view node, uint64_t count, ByteView link);
  Result<std::vector<Outstanding>> ReadOutstanding();

  Queries query_;
  crypto::Secret key_;
};

}  // namespace cpis::sync::fleet
