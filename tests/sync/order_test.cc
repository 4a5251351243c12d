// SPDX-License-Identifier: Apache-2.0
#include "sync/order.h"

#include <catch2/catch.hpp>

#include "sync/attendance.h"
#include "tests/sync/hostile.h"
#include "tests/sync/keys.h"

namespace cpis::sync {
namespace {

using platform::Hex;

const Instant kAt(std::chrono::milliseconds(0x0102));
const Erasure kErasure{"node-1", "local", Erasure::What::kKeysAndRows, kAt, kAt};

TEST_CASE("vector: an order and an erasure") {
  CHECK(Hex(Encode(Order{"o1", Order::Kind::kRevoke, kAt})) == "07" "026f31" "02" "0000000000000102");
  CHECK(Hex(WithoutSignature(EncodeErasure(kErasure, NodeKey()))) ==
        "01" "066e6f64652d31" "056c6f63616c" "01" "0000000000000102" "0000000000000102");
}

TEST_CASE("an order reads as it was written, and nothing else reads as one") {
  const Order order{"0190", Order::Kind::kWipe, kAt};
  CHECK(*DecodeOrder(Encode(order)) == order);
  ForEachTruncation(Encode(order), [](const Bytes& cut) { CHECK_FALSE(DecodeOrder(cut).ok()); });
  Bytes other = Encode(order);
  other.front() = 4;
  CHECK_FALSE(DecodeOrder(other).ok());
}

TEST_CASE("an erasure is believed only whole, and of the node that signed it") {
  const Bytes bytes = EncodeErasure(kErasure, NodeKey());
  CHECK(*DecodeErasure(bytes, NodeKey().public_key) == kErasure);
  CHECK(*PeekSender(bytes) == "node-1");
  CHECK_FALSE(DecodeErasure(bytes, crypto::NewSigningKey().public_key).ok());
  CHECK(RefusesEveryDamage(bytes, [](const Bytes& b) { return DecodeErasure(b, NodeKey().public_key); }));
}

TEST_CASE("the sender of an envelope is told before it is verified; bytes of nobody have none") {
  const Bytes envelope = EncodeEnvelope({"node-7", 1, EntryKind::kAttendance, "id", {1, 2}}, NodeKey());
  CHECK(*PeekSender(envelope) == "node-7");
  CHECK_FALSE(DecodeErasure(envelope, NodeKey().public_key).ok());
  CHECK_FALSE(PeekSender({}).ok());
  CHECK_FALSE(PeekSender(*platform::ParseHex("0100")).ok());
  CHECK_FALSE(PeekSender(*platform::ParseHex("02016e")).ok());
  CHECK_FALSE(PeekSender(*platform::ParseHex("01ff")).ok());
}

}  // namespace
}  // namespace cpis::sync
