// SPDX-License-Identifier: Apache-2.0
#include "sync/segment.h"

#include <catch2/catch.hpp>
#include <functional>

#include "tests/sync/hostile.h"
#include "tests/sync/keys.h"

namespace cpis::sync {
namespace {

using platform::AsBytes;
using platform::ByteWriter;
using platform::Code;

const Bytes kBody(81, 0xAB);

Segment Delta() {
  return {.kind = SegmentKind::kDelta,
          .topic = Topic::Rows("E10000017"),
          .epoch = Epoch{3},
          .from = Sequence{41},
          .to = Sequence{42},
          .digest = crypto::Blake2b32({AsBytes("delta")}),
          .entries = {{RowIndex{7}, 42, kBody}, {RowIndex{9}, 42, {}}, {RowIndex{~0ull}, 42, kBody}}};
}

Segment Snapshot() {
  return {.kind = SegmentKind::kSnapshot,
          .topic = Topic::Rows("E10000017"),
          .epoch = Epoch{3},
          .from = Sequence{0},
          .to = Sequence{42},
          .part = 1,
          .parts = 3,
          .digest = crypto::Blake2b32({AsBytes("snapshot")}),
          .entries = {{RowIndex{7}, 1, kBody}, {RowIndex{9}, 42, kBody}}};
}

const Bytes kToggles{1, 24, 1, 0x80};

Segment Patch() {
  return {.kind = SegmentKind::kPatch,
          .topic = Topic::Index(),
          .epoch = Epoch{3},
          .from = Sequence{41},
          .to = Sequence{42},
          .digest = crypto::Blake2b32({AsBytes("patch")}),
          .patch = kToggles};
}

Segment Repair() {
  return {.kind = SegmentKind::kRepair,
          .topic = Topic::Rows("E10000017"),
          .epoch = Epoch{3},
          .from = Sequence{0},
          .to = Sequence{42},
          .digest = crypto::Blake2b32({AsBytes("repair")}),
          .entries = {{RowIndex{7}, 1, kBody}, {RowIndex{~0ull}, 42, kBody}},
          .buckets = {0, 9, 255}};
}

void CheckSame(const Segment& a, const Segment& b) {
  CHECK(a.kind == b.kind);
  CHECK(a.topic == b.topic);
  CHECK(a.epoch == b.epoch);
  CHECK(a.from == b.from);
  CHECK(a.to == b.to);
  CHECK(a.part == b.part);
  CHECK(a.parts == b.parts);
  CHECK(a.digest == b.digest);
  CHECK(platform::ToBytes(a.patch) == platform::ToBytes(b.patch));
  CHECK(a.buckets == b.buckets);
  REQUIRE(a.entries.size() == b.entries.size());
  for (size_t i = 0; i < a.entries.size(); ++i) {
    CHECK(a.entries[i].index == b.entries[i].index);
    CHECK(a.entries[i].version == b.entries[i].version);
    CHECK(platform::ToBytes(a.entries[i].body) == platform::ToBytes(b.entries[i].body));
  }
}

Result<Segment> Decode(ByteView bytes) { return DecodeSegment(bytes, ContentKey().public_key); }

TEST_CASE("a segment decodes to what was encoded") {
  for (const auto& segment : {Delta(), Snapshot()}) {
    const auto bytes = EncodeSegment(segment, ContentKey());
    const auto decoded = Decode(bytes);
    REQUIRE(decoded.ok());
    CheckSame(*decoded, segment);
    CHECK(PeekTopic(bytes)->text() == "rows/E10000017");
  }
}

TEST_CASE("entries are written by index whatever order they come in") {
  auto shuffled = Delta();
  std::swap(shuffled.entries[0], shuffled.entries[2]);
  CHECK(EncodeSegment(shuffled, ContentKey()) == EncodeSegment(Delta(), ContentKey()));
}

TEST_CASE("bodies of a decoded segment are views into its bytes") {
  const auto bytes = EncodeSegment(Delta(), ContentKey());
  const auto decoded = Decode(bytes);
  REQUIRE(decoded.ok());
  const auto body = decoded->entries[0].body;
  CHECK(std::less_equal<>()(bytes.data(), body.data()));
  CHECK(std::less_equal<>()(body.data() + body.size(), bytes.data() + bytes.size()));
}

TEST_CASE("a segment with any byte missing, changed or added is refused") {
  CHECK(RefusesEveryDamage(EncodeSegment(Delta(), ContentKey()), Decode));
  CHECK(RefusesEveryDamage(EncodeSegment(Snapshot(), ContentKey()), Decode));
}

TEST_CASE("a segment signed by the key of another role is refused") {
  auto segment = Delta();
  CHECK(Decode(EncodeSegment(segment, PolicyKey())).status().code() == Code::kCorrupt);

  // Content may not order a node about, even where it signs under its own name.
  segment.topic = Topic::Roster();
  const auto bytes = EncodeSegment(segment, PolicyKey());
  CHECK(DecodeSegment(bytes, PolicyKey().public_key).ok());
  CHECK(DecodeSegment(bytes, ContentKey().public_key).status().code() == Code::kCorrupt);
  const auto by_content =
      crypto::Sign(ContentKey(), crypto::Role::kContent, "cpis.v1.segment", WithoutSignature(bytes));
  CHECK(DecodeSegment(by_content, ContentKey().public_key).status().code() == Code::kDenied);
  CHECK(DecodeSegment(by_content, PolicyKey().public_key).status().code() == Code::kDenied);
}

TEST_CASE("bytes signed for another purpose are not a segment") {
  const auto bytes = WithoutSignature(EncodeSegment(Delta(), ContentKey()));
  const auto other = crypto::Sign(ContentKey(), crypto::Role::kContent, "cpis.v1.manifest", bytes);
  CHECK(Decode(other).status().code() == Code::kCorrupt);
}

TEST_CASE("fields that cannot be true together are refused though the signature is good") {
  const auto refused = [](Segment segment, const std::function<void(Segment&)>& spoil) {
    spoil(segment);
    CHECK(Decode(EncodeSegment(segment, ContentKey())).status().code() == Code::kCorrupt);
  };
  refused(Delta(), [](Segment& s) { s.from = s.to; });
  refused(Delta(), [](Segment& s) { s.from = Sequence{43}; });
  refused(Delta(), [](Segment& s) { s.to = Sequence{41 + kMaxSequenceJump + 1}; });
  refused(Delta(), [](Segment& s) { s.part = 1; });
  refused(Delta(), [](Segment& s) { s.parts = 2; });
  refused(Delta(), [](Segment& s) { s.parts = 0; });
  refused(Delta(), [](Segment& s) { s.entries[1].index = s.entries[0].index; });
  refused(Delta(), [](Segment& s) { s.topic = Topic::Rows("not a code"); });
  refused(Snapshot(), [](Segment& s) { s.from = Sequence{1}; });
  refused(Snapshot(), [](Segment& s) { s.part = 3; });
  refused(Snapshot(), [](Segment& s) { s.parts = 0; });
  refused(Snapshot(), [](Segment& s) { s.entries[0].version = 43; });
  refused(Snapshot(), [](Segment& s) { s.entries[0].body = {}; });
  refused(Snapshot(), [](Segment& s) { s.entries[1].index = s.entries[0].index; });
}

// A well signed delta with a count and entries of the test's choice.
Bytes DeltaOf(uint32_t count, const Bytes& entries) {
  ByteWriter out;
  out.U8(1);
  out.U8(1);
  out.Sized("rows/E1");
  out.U32(1);
  out.U64(0);
  out.U64(1);
  out.U32(0);
  out.U32(1);
  out.Raw(Bytes(32));
  out.U32(count);
  out.Raw(entries);
  return crypto::Sign(ContentKey(), crypto::Role::kContent, "cpis.v1.segment", out.bytes());
}

Bytes Entry(uint64_t index, uint64_t declared_size, const Bytes& body) {
  ByteWriter out;
  out.U64(index);
  out.Varint(declared_size);
  out.Raw(body);
  return std::move(out).Take();
}

TEST_CASE("a count or a size that promises more than there is is refused before anything is reserved") {
  CHECK(Decode(DeltaOf(0, {})).ok());
  CHECK(Decode(DeltaOf(1, Entry(1, 1, {0}))).ok());
  CHECK_FALSE(Decode(DeltaOf(1, {})).ok());
  CHECK_FALSE(Decode(DeltaOf(UINT32_MAX, Entry(1, 1, {0}))).ok());
  CHECK_FALSE(Decode(DeltaOf(2, Entry(1, 1, {0}))).ok());
  CHECK_FALSE(Decode(DeltaOf(0, Entry(1, 1, {0}))).ok());
  CHECK_FALSE(Decode(DeltaOf(1, Entry(1, 2, {0}))).ok());
  CHECK_FALSE(Decode(DeltaOf(1, Entry(1, UINT64_MAX, {0}))).ok());
}

TEST_CASE("entries out of order are refused") {
  auto entries = Entry(2, 1, {0});
  const auto second = Entry(1, 1, {0});
  entries.insert(entries.end(), second.begin(), second.end());
  CHECK(Decode(DeltaOf(2, entries)).status().code() == Code::kCorrupt);
}

TEST_CASE("a body and a segment have a largest size") {
  CHECK(Decode(DeltaOf(1, Entry(1, kMaxBodyBytes, Bytes(kMaxBodyBytes)))).ok());
  CHECK_FALSE(Decode(DeltaOf(1, Entry(1, kMaxBodyBytes + 1, Bytes(kMaxBodyBytes + 1)))).ok());
  Bytes many;
  uint32_t count = 0;
  while (many.size() <= kMaxSegmentBytes) {
    const auto entry = Entry(++count, kMaxBodyBytes, Bytes(kMaxBodyBytes));
    many.insert(many.end(), entry.begin(), entry.end());
  }
  CHECK(Decode(DeltaOf(count, many)).status().code() == Code::kCorrupt);
}

TEST_CASE("a patch and a repair decode to what was encoded") {
  for (const Segment& segment : {Patch(), Repair()}) {
    const auto bytes = EncodeSegment(segment, ContentKey());
    const auto decoded = Decode(bytes);
    REQUIRE(decoded.ok());
    CheckSame(*decoded, segment);
    ForEachTruncation(bytes, [](const Bytes& cut) { CHECK_FALSE(Decode(cut).ok()); });
  }
}

TEST_CASE("a patch is of the index alone, and a repair holds only entries of its buckets") {
  Segment of_rows = Patch();
  of_rows.topic = Topic::Rows("E10000017");
  CHECK(Decode(EncodeSegment(of_rows, ContentKey())).status().code() == Code::kCorrupt);
  Segment empty = Patch();
  empty.patch = {};
  CHECK(Decode(EncodeSegment(empty, ContentKey())).status().code() == Code::kCorrupt);
  Segment foreign = Repair();
  foreign.buckets = {0, 9};
  CHECK(Decode(EncodeSegment(foreign, ContentKey())).status().code() == Code::kCorrupt);
}

TEST_CASE("the topic of bytes that are no segment is corrupt") {
  ForEachTruncation(EncodeSegment(Delta(), ContentKey()), [](const Bytes& cut) {
    if (cut.size() < 3 + Delta().topic.text().size()) CHECK(PeekTopic(cut).status().code() == Code::kCorrupt);
  });
  CHECK(PeekTopic(Bytes{2, 1, 6, 'r', 'o', 's', 't', 'e', 'r'}).status().code() == Code::kCorrupt);
  CHECK(PeekTopic(Bytes{1, 5, 6, 'r', 'o', 's', 't', 'e', 'r'}).status().code() == Code::kCorrupt);
  CHECK(PeekTopic(Bytes{1, 1, 6, 'r', 'o', 's', 't', 'e', 's'}).status().code() == Code::kCorrupt);
  CHECK(PeekTopic(Bytes{1, 1, 6, 'r', 'o', 's', 't', 'e', 'r'}).ok());
}

}  // namespace
}  // namespace cpis::sync
