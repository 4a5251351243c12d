// SPDX-License-Identifier: Apache-2.0
//
// What lies unsealed in a state directory, where a thief may write, and what an erased node says.
#include "crypto/tpm_record.h"
#include "edge/wipe.h"
#include "sync/order.h"
#include "tests/fuzz/target.h"

namespace cpis::fuzz {
namespace {

const platform::Instant kAt = platform::FromUnixSeconds(1'700'000'040);

const Registered kTpmRecord("TPM record", Stable(crypto::DecodeTpmRecord, crypto::EncodeTpmRecord), [] {
  crypto::TpmRecord record;
  record.condition.counter = {crypto::kFirstTpmIndex, Bytes(crypto::kTpmTagBytes, 1)};
  record.condition.value = 7;
  record.tally = {crypto::kFirstTpmIndex + 1, Bytes(crypto::kTpmTagBytes, 2)};
  record.parent_name = Bytes(34, 3);
  record.object = {Bytes(90, 4), Bytes(160, 5)};
  return std::vector<Bytes>{crypto::EncodeTpmRecord(record)};
});

const Registered kWipe("record of a wipe", Stable(edge::DecodeWipeRecord, [](const edge::WipeRecord& one) { return edge::Encode(one); }), [] {
  edge::WipeRecord record;
  record.node = "node-0123456789abcdef";
  record.order = "local";
  record.began_at = record.erased_at = kAt;
  record.proof = Bytes(120, 6);
  return std::vector<Bytes>{edge::Encode(record)};
});

const Registered kOrder("order", Stable(sync::DecodeOrder, [](const sync::Order& one) { return sync::Encode(one); }), [] {
  return std::vector<Bytes>{sync::Encode(sync::Order{"0193492e-7c00-7000-8000-000000000001", sync::Order::Kind::kRevoke, kAt})};
});

const Registered kSender("sender of an envelope or erasure", [](ByteView bytes) { (void)sync::PeekSender(bytes); }, [] {
  const sync::Erasure erasure{"node-0123456789abcdef", "local", sync::Erasure::What::kKeysAndRows, kAt, kAt};
  return std::vector<Bytes>{sync::EncodeErasure(erasure, crypto::NewSigningKey())};
});

}  // namespace
}  // namespace cpis::fuzz
