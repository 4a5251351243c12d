// SPDX-License-Identifier: Apache-2.0
#include "sync/order.h"

#include "sync/wire.h"

namespace cpis::sync {
namespace {

using platform::ByteWriter;
using platform::Corrupt;

constexpr uint8_t kOrderFormat = 0x07;  // after those of records.cc: none can stand for another
constexpr std::string_view kErasurePurpose = "cpis.v1.erasure";

}  // namespace

Bytes Encode(const Order& order) {
  ByteWriter out;
  out.U8(kOrderFormat);
  out.Sized(order.id);
  out.U8(static_cast<uint8_t>(order.kind));
  WriteMillis(out, order.issued_at);
  return std::move(out).Take();
}

Result<Order> DecodeOrder(ByteView bytes) {
  WireReader in(bytes);
  Order order;
  in.Expect(kOrderFormat);
  order.id = in.SizedText();
  order.kind = in.Enumerator(Order::Kind::kWipe, Order::Kind::kRevoke);
  order.issued_at = in.Millis();
  if (!in.AtEnd()) return Corrupt("order: not in the form of this version");
  return order;
}

Bytes EncodeErasure(const Erasure& erasure, const crypto::SigningKey& node_key) {
  ByteWriter out;
  out.U8(kSuite);
  out.Sized(erasure.node);
  out.Sized(erasure.order);
  out.U8(static_cast<uint8_t>(erasure.erased));
  WriteMillis(out, erasure.began_at);
  WriteMillis(out, erasure.erased_at);
  return crypto::Sign(node_key, crypto::Role::kNode, kErasurePurpose, out.bytes());
}

Result<Erasure> DecodeErasure(ByteView bytes, ByteView node_public_key) {
  CPIS_ASSIGN(const auto message, crypto::Verify(node_public_key, crypto::Role::kNode, kErasurePurpose, bytes));
  WireReader in(message);
  Erasure erasure;
  in.Expect(kSuite);
  erasure.node = in.SizedText();
  erasure.order = in.SizedText();
  erasure.erased = in.Enumerator(Erasure::What::kKeys, Erasure::What::kKeysAndRows);
  erasure.began_at = in.Millis();
  erasure.erased_at = in.Millis();
  if (!in.AtEnd()) return Corrupt("erasure: not in the form of this version");
  return erasure;
}

Result<std::string> PeekSender(ByteView bytes) {
  WireReader in(bytes);
  in.Expect(kSuite);
  std::string node = in.SizedText();
  if (!in.ok() || node.empty()) return Corrupt("a message of no node");
  return node;
}

}  // namespace cpis::sync
