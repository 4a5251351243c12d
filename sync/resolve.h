// SPDX-License-Identifier: Apache-2.0
//
// A node's question about one number that it cannot answer for, and what all that the fleet server holds says of it. Each is
// sealed to the one who may read it, and signed by the one who says it: a relay can neither read, forge nor replay.
//
//   signed query: 0 suite 1 │ sealed query, varint-sized │ role 1 │ signature 64 by the node, purpose "cpis.v1.resolve"
//   signed reply: 0 suite 1 │ sealed reply, varint-sized │ role 1 │ signature 64 by freshness, purpose "cpis.v1.resolved"
//
// What is sealed is in resolve.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sync/attendance.h"
#include "sync/flag.h"
#include "sync/records.h"

namespace cpis::sync {

struct ResolveQuery {
  std::string node;
  std::string id;          // UUIDv7, new for every query
  std::string nhs_number;  // ten digits
  platform::Instant asked_at;
};

// What one authority knows, of plans that may be shown now.
struct ResolveEvidence {
  Authority authority;
  Flag flag;  // with a plan
};

struct ResolveReply {
  std::string id;  // of the query
  platform::Instant server_time;
  Outcome outcome = Outcome::kCannotSay;  // FLAGGED with evidence, NOT_FLAGGED, or CANNOT_SAY with a notice
  std::optional<Notice> notice;
  std::vector<ResolveEvidence> evidence;  // ascending by authority code
  std::vector<Viewer> viewers;            // of the accesses in it, as far as they are known; ascending by id
};

// What is sealed. Decode gives kCorrupt and never quotes a number.
Bytes EncodeResolveQuery(const ResolveQuery& query);
Result<ResolveQuery> DecodeResolveQuery(ByteView bytes);
Bytes EncodeResolveReply(const ResolveReply& reply);
Result<ResolveReply> DecodeResolveReply(ByteView bytes);

// What travels.
Bytes SealResolveQuery(const ResolveQuery& query, ByteView fleet_box_public_key, const crypto::SigningKey& node_key);
// kCorrupt, kDenied for the wrong role: not a query that the holder of this key sent to this fleet.
Result<ResolveQuery> OpenResolveQuery(ByteView bytes, ByteView node_public_key, const crypto::BoxKey& fleet_box);
// The reply opens with the node's box key and the directory key together: the device, and somebody signed in there.
struct ResolveSeal {
  ByteView box_public_key;
  const crypto::Secret& directory_key;
};
struct ResolveOpener {
  const crypto::BoxKey& box;
  const crypto::Secret& directory_key;
};
Bytes SealResolveReply(const ResolveReply& reply, const ResolveSeal& to, const crypto::SigningKey& freshness);
Result<ResolveReply> OpenResolveReply(ByteView bytes, ByteView freshness_public_key, const ResolveOpener& by);

// Nothing in flight takes longer than this; an older reply says nothing of now.
constexpr std::chrono::seconds kResolveReplyAge{60};
// Whether the reply is to this query and of now, by the node's own knowledge of the server's time. kDenied says which not.
Status CheckReply(const ResolveReply& reply, const ResolveQuery& query, platform::Instant now);

}  // namespace cpis::sync
