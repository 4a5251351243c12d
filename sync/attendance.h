// SPDX-License-Identifier: Apache-2.0
//
// What a vehicle reports to the fleet server, how it travels, and how the server answers for it.
//
//   envelope: 0 suite 1 │ node id, varint-sized │ node sequence 8 │ kind 1 │ id, varint-sized │ sealed event, varint-sized │
//             checkpoint: audit count 8 │ audit link 32 │ role 1 │ signature 64 by the node, purpose "cpis.v1.envelope"
//             The checkpoint is missing in envelopes of journals from before there was one.
//   receipt:  0 suite 1 │ node id, varint-sized │ node sequence 8 │ id, varint-sized │ verdict 1 │ server time 8 (Unix ms) │
//             reason, varint-sized │ role 1 │ signature 64 by freshness, purpose "cpis.v1.receipt"
#pragma once

#include <optional>
#include <string>

#include "platform/clock.h"
#include "sync/manifest.h"

namespace cpis::sync {

enum class EntryKind : uint8_t { kAttendance = 1, kAudit = 2 };

// Outcomes of DESIGN §5; the bytes of the wire form.
enum class Outcome : uint8_t { kFlagged = 1, kNotFlagged = 2, kPossiblyElsewhere = 3, kCannotSay = 4 };
std::string_view Name(Outcome outcome);  // "FLAGGED"

// An attendance, or an audit line: one look. Never readable again by the node that wrote it.
struct Event {
  EntryKind kind = EntryKind::kAttendance;
  std::string id;             // UUIDv7
  std::string nhs_number;     // ten digits
  platform::Instant occurred_at;
  platform::Instant recorded_at;  // by the node's trusted time
  std::string staff;
  std::string incident;       // may be empty
  Outcome outcome_at_node = Outcome::kCannotSay;
  std::string reason;         // of CANNOT_SAY, else empty
  bool silent = false;        // a look that notifies nobody
  std::string action;         // audit: "lookup", "resolve", "attend", "acknowledge-alert", …
  bool resolving = false;     // audit: the node is asking the server about this number now, for the same person
  std::string alert;          // audit: id of the alert that was acknowledged, else empty
};
Bytes EncodeEvent(const Event& event);
Result<Event> DecodeEvent(ByteView bytes);

// How far a node's audit chain had come: the number of its entries, and the link of the last. A chain starts at count 0
// with a link of zeros; one that lost its head starts again at a random link.
struct AuditCheckpoint {
  uint64_t count = 0;
  crypto::Digest link{};
  bool operator==(const AuditCheckpoint&) const = default;
};
// The checkpoint after one more entry: link = BLAKE2b-32(link before │ BLAKE2b-32(sealed event)).
AuditCheckpoint After(const AuditCheckpoint& before, ByteView sealed_event);

struct Envelope {
  std::string node;
  uint64_t node_sequence = 0;
  EntryKind kind = EntryKind::kAttendance;
  std::string id;
  Bytes sealed_event;
  // Of the chain as it stood before this entry was written. An audit entry is the next one after it.
  std::optional<AuditCheckpoint> audit_before{};
};
Bytes EncodeEnvelope(const Envelope& envelope, const crypto::SigningKey& node_key);
Result<Envelope> DecodeEnvelope(ByteView bytes, ByteView node_public_key);

enum class Verdict : uint8_t { kAccepted = 1, kDuplicate = 2, kQuarantined = 3 };
struct Receipt {
  std::string node;
  uint64_t node_sequence = 0;
  std::string id;
  Verdict verdict = Verdict::kAccepted;
  platform::Instant server_time;
  std::string reason;  // of kQuarantined
};
Bytes EncodeReceipt(const Receipt& receipt, const crypto::SigningKey& freshness);
Result<Receipt> DecodeReceipt(ByteView bytes, ByteView freshness_public_key);

}  // namespace cpis::sync
