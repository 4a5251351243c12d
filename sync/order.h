// SPDX-License-Identifier: Apache-2.0
//
// That a node must erase itself, and its word that it has.
//
//   order:   0x07 │ id, varint-sized │ kind 1 │ issued at 8 (Unix ms); entry "order" of node/<id>, so policy signs it
//   erasure: 0 suite 1 │ node id, varint-sized │ order, varint-sized │ erased 1 (0 keys; 1 keys and rows) │ began at 8 (Unix ms) │
//            erased at 8 │ role 1 │ signature 64 by the node, purpose "cpis.v1.erasure"
#pragma once

#include <string>
#include <string_view>

#include "crypto/seal.h"
#include "platform/clock.h"

namespace cpis::sync {

using platform::Bytes;
using platform::ByteView;
using platform::Instant;
using platform::Result;

constexpr std::string_view kOrderEntry = "order";

struct Order {
  // A vehicle that is wiped forwards what waits, if it can; one that is revoked is not listened to.
  enum class Kind : uint8_t { kWipe = 1, kRevoke = 2 };
  std::string id;  // UUIDv7
  Kind kind = Kind::kWipe;
  Instant issued_at;
  bool operator==(const Order&) const = default;
};
Bytes Encode(const Order& order);
Result<Order> DecodeOrder(ByteView bytes);  // kCorrupt

constexpr std::string_view kLocalOrder = "local";  // of an erasure that a person at the vehicle asked for

struct Erasure {
  enum class What : uint8_t { kKeys = 0, kKeysAndRows = 1 };
  std::string node;
  std::string order;  // its id, or "local"
  What erased = What::kKeys;
  Instant began_at;   // by the vehicle's wall clock
  Instant erased_at;
  bool operator==(const Erasure&) const = default;
};
Bytes EncodeErasure(const Erasure& erasure, const crypto::SigningKey& node_key);
Result<Erasure> DecodeErasure(ByteView bytes, ByteView node_public_key);
// Whose an erasure or an envelope (attendance.h) claims to be, unverified: to find the key to verify it with. kCorrupt.
Result<std::string> PeekSender(ByteView bytes);

}  // namespace cpis::sync
