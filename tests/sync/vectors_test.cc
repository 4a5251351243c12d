// SPDX-License-Identifier: Apache-2.0
//
// Every format of this folder as fixed bytes: nodes in vehicles and servers of another release must read each other, so
// a change that turns one of these red needs a new format or suite byte.
//
// The expected bytes come from a second implementation, written from the byte tables alone in Python: hashlib.blake2b
// for digests and hashes, Ed25519 of the `cryptography` package for signatures with the keys of tests/sync/keys.h.
#include <catch2/catch.hpp>

#include "sync/attendance.h"
#include "sync/flag.h"
#include "sync/manifest.h"
#include "sync/records.h"
#include "sync/segment.h"
#include "sync/topic_set.h"
#include "tests/sync/keys.h"

namespace cpis::sync {
namespace {

using platform::AsBytes;
using platform::Hex;

Instant At(std::string_view text) { return *platform::ParseRfc3339(text); }
Bytes FromHex(std::string_view hex) { return *platform::ParseHex(hex); }

constexpr std::string_view kNode = "node-0123456789abcdef";
constexpr std::string_view kId = "01935111-2222-7333-8444-555566667777";

TEST_CASE("vector: flag") {
  constexpr std::string_view kHex = "010200c0a2cb1b81f8ee951cbcac20028ac192b00df0a204c6e20503";
  const Flag flag{{{PlanType::kLac, At("2025-01-01T00:00:00Z"), std::nullopt},
                   {PlanType::kCpp, At("2026-03-01T09:00:00Z"), At("2026-09-01T09:30:00Z")}},
                  {{At("2026-11-22T02:15:33Z"), PersonId{70'000}}, {At("2026-11-20T23:59:59Z"), PersonId{3}}}};
  CHECK(Hex(EncodeFlag(flag)) == kHex);
  CHECK(*DecodeFlag(FromHex(kHex)) == flag);
}

// Two of the three entries share a bucket.
TopicSet ThreeEntries() {
  Bytes body(32);
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<uint8_t>(i);
  TopicSet set;
  set.Put(RowIndex{0xf000000000000001}, HashEntry(RowIndex{0xf000000000000001}, 7, AsBytes("yz")));
  set.Put(RowIndex{0x01ffffffffffffff}, HashEntry(RowIndex{0x01ffffffffffffff}, 6, AsBytes("x")));
  set.Put(RowIndex{0x0102030405060708}, HashEntry(RowIndex{0x0102030405060708}, 5, body));
  return set;
}

Digest DigestOfThree() { return ThreeEntries().DigestAt(Topic::Rows("E10000017"), Sequence{7}); }

TEST_CASE("vector: entry hash, topic digest and the key of a name") {
  CHECK(Hex(*ThreeEntries().Find(RowIndex{0x0102030405060708})) == "61e08f8b9992926d7f190f64f260209e");
  CHECK(Hex(DigestOfThree()) == "ef6acc11b22c409b7653640fbbe8d44e1a552bfdd3e65766838e378bb7471363");
  CHECK(Hex(TopicSet().DigestAt(Topic::Roster(), Sequence{0})) ==
        "8dcec636943158a8b284d17d4e6b61df725d091317ffe3cb28ebd84b75f94a56");
  CHECK(KeyOf("staff/sam") == RowIndex{0x6aee06d3df687d4a});
}

TEST_CASE("vector: delta") {
  constexpr std::string_view kHex =
      "01010e726f77732f45313030303030313700000003000000000000000600000000000000070000000000000001ef6acc11b2"
      "2c409b7653640fbbe8d44e1a552bfdd3e65766838e378bb747136300000002010203040506070800f0000000000000010279"
      "7a01996cece3c7aafa2fc03e6e28671247ff0ccdd0f907354e3189b2e24b7b13d856d1f3255597c6fc85797c16bb82797c7a"
      "69330b96bb800a7d8c32a1a2600c0c0d";
  const Segment delta{
      .kind = SegmentKind::kDelta,
      .topic = Topic::Rows("E10000017"),
      .epoch = Epoch{3},
      .from = Sequence{6},
      .to = Sequence{7},
      .digest = DigestOfThree(),
      .entries = {{RowIndex{0x0102030405060708}, 7, {}}, {RowIndex{0xf000000000000001}, 7, AsBytes("yz")}}};
  CHECK(Hex(EncodeSegment(delta, ContentKey())) == kHex);
  CHECK(DecodeSegment(FromHex(kHex), ContentKey().public_key).ok());
}

TEST_CASE("vector: snapshot") {
  constexpr std::string_view kHex =
      "010206726f73746572000000030000000000000000000000000000012c0000000100000002ef6acc11b22c409b7653640fbb"
      "e8d44e1a552bfdd3e65766838e378bb74713630000000201ffffffffffffffab020178f0000000000000010002797a03d7fd"
      "de89e7391e8b03d43dcfb9147bce8ab43ec318d30fec238b6129e93327d705bdfc8aa6ae5ac0e593b30f4b44e808aead423b"
      "54ab1021e9708f164dcbed04";
  const Segment snapshot{
      .kind = SegmentKind::kSnapshot,
      .topic = Topic::Roster(),
      .epoch = Epoch{3},
      .from = Sequence{0},
      .to = Sequence{300},
      .part = 1,
      .parts = 2,
      .digest = DigestOfThree(),
      .entries = {{RowIndex{0x01ffffffffffffff}, 1, AsBytes("x")}, {RowIndex{0xf000000000000001}, 300, AsBytes("yz")}}};
  CHECK(Hex(EncodeSegment(snapshot, PolicyKey())) == kHex);
  CHECK(DecodeSegment(FromHex(kHex), PolicyKey().public_key).ok());
}

TEST_CASE("vector: manifest") {
  constexpr std::string_view kHex =
      "0100000002000001a200fb517b0000001e020e726f77732f4531303030303031370000000000000007ef6acc11b22c409b76"
      "53640fbbe8d44e1a552bfdd3e65766838e378bb747136306706f6c6963790000000000000001000000000000000000000000"
      "0000000000000000000000000000000000000000021a7d85402180d17d2aee0d6a768d9dd013d6428bbe59b79fac70fe1007"
      "27bf23f329fae59f7b10ecc0d7385231986d1215d2867a00147c41c597a9f95ecf4206";
  Manifest manifest;
  manifest.epoch = Epoch{2};
  manifest.server_time = At("2026-11-22T02:00:00.123Z");
  manifest.reconnect_window_seconds = 30;
  manifest.heads = {{Topic::Rows("E10000017"), Sequence{7}, DigestOfThree()}, {Topic::Policy(), Sequence{1}, Digest{}}};
  CHECK(Hex(EncodeManifest(manifest, FreshnessKey())) == kHex);
  CHECK(DecodeManifest(FromHex(kHex), FreshnessKey().public_key).ok());
}

TEST_CASE("vector: key set") {
  constexpr std::string_view kHex =
      "0100000004a09aa5f47a6759802ff955f8dc2d2a14a5c99d23be97f864127ff9383455a4f017cb79fb2b4120f2b1ec65e419"
      "8d6e08b28e813feb01e4a400839b85e18080ced759793bbc13a2819a827c76adb6fba8a49aee007f49f2d0992d99b825ad2c"
      "484242424242424242424242424242424242424242424242424242424242424242d04ab232742bb4ab3a1368bd4615e4e6d0"
      "224ab71a016baf8520a332c97787370074fa72e68e6bcf316bdac5347e371015c418adeb124be8aed9c082a3485c8895b07b"
      "9cc8acbb33fd257ef4b27b29abc43aed71f3a38c43769b9b3c43af79c20c";
  const KeySet keys{.version = 4,
                    .content = ContentKey().public_key,
                    .freshness = FreshnessKey().public_key,
                    .policy = PolicyKey().public_key,
                    .fleet_box = Bytes(32, 0x42),
                    .root = RootKey().public_key};
  CHECK(Hex(EncodeKeySet(keys, RootKey())) == kHex);
  CHECK(DecodeKeySet(FromHex(kHex), RootKey().public_key).ok());
}

TEST_CASE("vector: envelope") {
  constexpr std::string_view kHex =
      "01156e6f64652d303132333435363738396162636465660000000000000011012430313933353131312d323232322d373333"
      "332d383434342d353535353636363637373737145a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a0444135b301c72eee2aa"
      "aee2bcf3e54ad9a88b891e56984b731f98253e6d40c41441fa80c6449275c592eef89cd9da0e1a1ed303182986ec3899d6a2"
      "b1b437ee02";
  const Envelope envelope{.node = std::string(kNode),
                          .node_sequence = 17,
                          .kind = EntryKind::kAttendance,
                          .id = std::string(kId),
                          .sealed_event = Bytes(20, 0x5A)};
  CHECK(Hex(EncodeEnvelope(envelope, NodeKey())) == kHex);
  CHECK(DecodeEnvelope(FromHex(kHex), NodeKey().public_key).ok());
}

TEST_CASE("vector: envelope with the checkpoint of the audit") {
  const Envelope envelope{.node = std::string(kNode),
                          .node_sequence = 17,
                          .kind = EntryKind::kAudit,
                          .id = std::string(kId),
                          .sealed_event = Bytes(20, 0x5A),
                          .audit_before = AuditCheckpoint{6, crypto::Blake2b32({Bytes(20, 0x5A)})}};
  constexpr std::string_view kHex =
      "01156e6f64652d303132333435363738396162636465660000000000000011022430313933353131312d323232322d37"
      "3333332d383434342d353535353636363637373737145a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a000000000000"
      "0006a3243b354b9826404a3c70cc0179bb7f97f73ec318389946aabe731f549d18a504b31b079eb0d8575814ca311b77"
      "d4d8af12f39e7f531a416b404ab73d5efeef0708bf6367d3432c6c4093054f5d7e4f4acedc23731c26a9c68863f04998"
      "b2dd05";
  CHECK(Hex(EncodeEnvelope(envelope, NodeKey())) == kHex);
  CHECK(DecodeEnvelope(FromHex(kHex), NodeKey().public_key)->audit_before == envelope.audit_before);
  CHECK(Hex(After(AuditCheckpoint{}, envelope.sealed_event).link) ==
        "8a59f86b7f5e5800375f0735d52e75a495bd5fe382705d350cea0d24fb3da4cc");
}

TEST_CASE("vector: receipt") {
  constexpr std::string_view kHex =
      "01156e6f64652d3031323334353637383961626364656600000000000000112430313933353131312d323232322d37333333"
      "2d383434342d35353535363636363737373703000001a2010da0800d646f6573206e6f74206f70656e0284ec456174b9c3c4"
      "ee9a132892900637936f0c454e9d67ab5e11441e1ce98735a8d104bc2344f0349861ec15c6d638e85c697c187584019c2d5d"
      "3fd860f07608";
  const Receipt receipt{.node = std::string(kNode),
                        .node_sequence = 17,
                        .id = std::string(kId),
                        .verdict = Verdict::kQuarantined,
                        .server_time = At("2026-11-22T02:20:00Z"),
                        .reason = "does not open"};
  CHECK(Hex(EncodeReceipt(receipt, FreshnessKey())) == kHex);
  CHECK(DecodeReceipt(FromHex(kHex), FreshnessKey().public_key).ok());
}

TEST_CASE("vector: event") {
  constexpr std::string_view kHex =
      "01012430313933353131312d323232322d373333332d383434342d3535353536363636373737370a39393930303030303138"
      "000001a201090ca0000001a2010910880373616d05494e432d3704055354414c4500066c6f6f6b7570";
  const std::string now = "02" + std::string(kHex.substr(2)) + "01" + "02" + "6131";
  Event event;
  event.id = kId;
  event.nhs_number = "9990000018";
  event.occurred_at = At("2026-11-22T02:15:00Z");
  event.recorded_at = At("2026-11-22T02:15:01Z");
  event.staff = "sam";
  event.incident = "INC-7";
  event.outcome_at_node = Outcome::kCannotSay;
  event.reason = "STALE";
  event.action = "lookup";
  event.resolving = true;
  event.alert = "a1";
  CHECK(Hex(EncodeEvent(event)) == now);
  CHECK(DecodeEvent(FromHex(now)).ok());
  // A journal of the first version may still be on its way.
  const auto old = DecodeEvent(FromHex(kHex));
  REQUIRE(old.ok());
  CHECK(old->action == "lookup");
  CHECK_FALSE(old->resolving);
}

TEST_CASE("vector: records") {
  CHECK(Hex(Encode(Authority{"E10000017", "Lancashire County Council", "03001236722", "03001236720"})) ==
        "0109453130303030303137194c616e6361736869726520436f756e747920436f756e63696c0b30333030313233363732320b"
        "3033303031323336373230");
  CHECK(Hex(Encode(Viewer{PersonId{70'000}, "Sam", "R1070", "Paramedic", "RX7", "NWAS"})) ==
        "02f0a2040353616d05523130373009506172616d6564696303525837044e574153");
  CHECK(Hex(Encode(StaffMember{"sam", "Sam", "R1070", "Paramedic", Right::kSilent, false, Bytes(3, 7), Duty::kEngineer})) ==
        "030373616d0353616d05523130373009506172616d6564696301000307070702");
  CHECK(Hex(Encode(Grant{{"E10000017", "E09000012"}, {1, 2}, true})) ==
        "0402094531303030303031370945303930303030313202010201");
  CHECK(Hex(Encode(Setting{"lease_hours", "48"})) == "050b6c656173655f686f757273023438");
  const Instant at(std::chrono::milliseconds(0x0102));
  CHECK(Hex(Encode(Alert{"a", "e", "9990000018", "s", "", at, Outcome::kNotFlagged, at,
                         {{{"E1", "L", "1", ""}, {PlanType::kCpp, at, at}}}})) ==
        "060161" "0165" "0a39393930303030303138" "0173" "00" "0000000000000102" "02" "0000000000000102"
        "01" "024531" "014c" "0131" "00" "01" "0000000000000102" "01" "0000000000000102");
}

}  // namespace
}  // namespace cpis::sync
