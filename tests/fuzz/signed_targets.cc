// SPDX-License-Identifier: Apache-2.0
//
// What is signed: the input is the message, which is signed here, as if the signer had been taken over.
#include "crypto/key_ring.h"
#include "crypto/pin.h"
#include "sync/attendance.h"
#include "sync/manifest.h"
#include "sync/resolve.h"
#include "tests/fuzz/target.h"

namespace cpis::fuzz {
namespace {

using namespace sync;
using crypto::Role;

const crypto::SigningKey& Signer() {
  static const crypto::SigningKey key = crypto::NewSigningKey();
  return key;
}
const crypto::BoxKey& Box() {
  static const crypto::BoxKey key = crypto::NewBoxKey();
  return key;
}
const platform::Instant kAt = platform::FromUnixSeconds(1'700'000'040);

template <typename Decode, typename Encode>
std::function<void(ByteView)> Signed(Role role, const char* purpose, Decode decode, Encode encode) {
  return [=](ByteView message) {
    (void)decode(message, Signer().public_key);  // as it came, without a signature
    const Bytes bytes = crypto::Sign(Signer(), role, purpose, message);
    const auto value = decode(bytes, Signer().public_key);
    if (!value.ok()) return;
    const Bytes again = encode(*value, Signer());
    const auto plain = crypto::Verify(Signer().public_key, role, purpose, again);
    Must(plain.ok() && platform::ToBytes(*plain) == platform::ToBytes(message), "a message has two encodings");
  };
}
Bytes Message(Role role, const char* purpose, const Bytes& bytes) {
  return platform::ToBytes(*crypto::Verify(Signer().public_key, role, purpose, bytes));
}

const Registered kManifest("manifest", Signed(Role::kFreshness, "cpis.v1.manifest", DecodeManifest, EncodeManifest), [] {
  Manifest manifest{crypto::Epoch{3}, kAt, 5, {}};
  for (const Topic& topic : {Topic::Policy(), Topic::Rows("E10000017"), Topic::Index()}) {
    manifest.heads.push_back({topic, Sequence{9}, Digest{}});
  }
  return std::vector<Bytes>{Message(Role::kFreshness, "cpis.v1.manifest", EncodeManifest(manifest, Signer()))};
});

const Registered kKeySet("key set", Signed(Role::kRoot, "cpis.v1.keys", DecodeKeySet, EncodeKeySet), [] {
  KeySet keys;
  keys.content = keys.freshness = keys.policy = keys.root = Signer().public_key;
  keys.fleet_box = Box().public_key;
  return std::vector<Bytes>{Message(Role::kRoot, "cpis.v1.keys", EncodeKeySet(keys, Signer()))};
});

const Registered kEnvelope("envelope", Signed(Role::kNode, "cpis.v1.envelope", DecodeEnvelope, EncodeEnvelope), [] {
  Envelope envelope;
  envelope.node = "node-0123456789abcdef";
  envelope.node_sequence = 7;
  envelope.id = "0193492e-7c00-7000-8000-000000000001";
  envelope.sealed_event = Bytes(200, 5);
  return std::vector<Bytes>{Message(Role::kNode, "cpis.v1.envelope", EncodeEnvelope(envelope, Signer()))};
});

const Registered kReceipt("receipt", Signed(Role::kFreshness, "cpis.v1.receipt", DecodeReceipt, EncodeReceipt), [] {
  Receipt receipt;
  receipt.node = "node-0123456789abcdef";
  receipt.id = "0193492e-7c00-7000-8000-000000000001";
  receipt.verdict = Verdict::kQuarantined;
  receipt.server_time = kAt;
  receipt.reason = "not an event";
  return std::vector<Bytes>{Message(Role::kFreshness, "cpis.v1.receipt", EncodeReceipt(receipt, Signer()))};
});

Segment SegmentOf(SegmentKind kind) {
  static const Bytes body(60, 7);
  static const Bytes patch(20, 9);
  Segment segment{kind, kind == SegmentKind::kPatch ? Topic::Index() : Topic::Rows("E10000017"), crypto::Epoch{1}, Sequence{4}, Sequence{9}, 0, 1, {}};
  if (kind == SegmentKind::kSnapshot || kind == SegmentKind::kRepair) segment.from = Sequence{0};
  if (kind == SegmentKind::kPatch) {
    segment.from = Sequence{8};
    segment.patch = patch;
    return segment;
  }
  for (uint64_t i = 1; i <= 5; ++i) segment.entries.push_back({RowIndex{i << 56}, 9, i == 3 && kind == SegmentKind::kDelta ? ByteView() : ByteView(body)});
  if (kind == SegmentKind::kRepair) segment.buckets = {1, 2, 3, 4, 5, 6};
  return segment;
}
const Registered kSegment(
    "segment",
    [](ByteView message) {
      (void)PeekTopic(message);
      for (const Role role : {Role::kContent, Role::kPolicy}) {
        const Bytes bytes = crypto::Sign(Signer(), role, "cpis.v1.segment", message);
        const auto segment = DecodeSegment(bytes, Signer().public_key);
        if (!segment.ok()) continue;
        const auto again = DecodeSegment(EncodeSegment(*segment, Signer()), Signer().public_key);
        Must(again.ok(), "what was encoded does not decode");
      }
    },
    [] {
      std::vector<Bytes> seeds;
      for (const SegmentKind kind : {SegmentKind::kDelta, SegmentKind::kSnapshot, SegmentKind::kPatch, SegmentKind::kRepair}) {
        const Bytes bytes = EncodeSegment(SegmentOf(kind), Signer());
        const auto plain = crypto::Verify(Signer().public_key, Role::kContent, "cpis.v1.segment", bytes);
        if (plain.ok()) seeds.push_back(platform::ToBytes(*plain));
      }
      return seeds;
    });

const Registered kSealed(
    "sealed question and answer",
    [](ByteView bytes) {
      static const crypto::Secret directory = crypto::Secret::Random(32);
      (void)OpenResolveQuery(bytes, Signer().public_key, Box());
      (void)OpenResolveReply(bytes, Signer().public_key, {Box(), directory});
      (void)crypto::OpenBox(Box(), bytes);
      (void)crypto::OpenWith(directory, "roster", bytes);
      (void)crypto::UnwrapRing(bytes, Box(), directory);
      (void)crypto::EpochOfRow(bytes);
      (void)crypto::OpenRow(directory, directory, {"E10000017", crypto::RowIndex{1}, 1, crypto::Epoch{1}}, bytes);
    },
    [] {
      const ResolveQuery query{"node-0123456789abcdef", "0193492e-7c00-7000-8000-000000000001", "9990000018", kAt};
      return std::vector<Bytes>{SealResolveQuery(query, Box().public_key, Signer()), crypto::SealTo(Box().public_key, Bytes(40))};
    });

// A record says what opening it costs: those that would cost much are left to whoever tests the bounds.
//   0 suite 1 │ 1 memory in KiB 4 │ 5 passes 4 │ …
const Registered kPin(
    "PIN record",
    [](ByteView bytes) {
      platform::ByteReader in(bytes);
      in.U8();
      const uint32_t memory = in.U32();
      const uint32_t passes = in.U32();
      if ((memory <= 64 && passes <= 2) || memory > 1u << 28) (void)crypto::OpenPinRecord(bytes, "246813");
    },
    [] { return std::vector<Bytes>{*crypto::MakePinRecord("246813", crypto::Secret::Random(32), {8, 1})}; });

}  // namespace
}  // namespace cpis::fuzz
