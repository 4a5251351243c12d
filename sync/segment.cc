// SPDX-License-Identifier: Apache-2.0
#include "sync/segment.h"

#include <algorithm>
#include <array>

#include "sync/topic_set.h"
#include "sync/wire.h"

namespace cpis::sync {
namespace {

using platform::ByteWriter;
using platform::Corrupt;

constexpr std::string_view kPurpose = "cpis.v1.segment";
constexpr size_t kBucketSetBytes = 32;
constexpr size_t kLeastEntryBytes = 8 + 1;  // a removal in a delta

Status NotASegment() { return Corrupt("segment: not in the form of this version"); }

// Deltas need none: their entries have the version `to`. Only in them an empty body has a meaning.
bool HasVersions(const Segment& segment) {
  return segment.kind == SegmentKind::kSnapshot || segment.kind == SegmentKind::kRepair;
}

void WriteEntry(ByteWriter& out, const Segment& segment, const EntryView& entry) {
  out.U64(static_cast<uint64_t>(entry.index));
  if (HasVersions(segment)) out.Varint(static_cast<uint64_t>(segment.to) - entry.version);
  out.Sized(entry.body);
}

EntryView ReadEntry(WireReader& in, const Segment& segment) {
  EntryView entry{RowIndex{in.U64()}, static_cast<uint64_t>(segment.to), {}};
  if (HasVersions(segment)) {
    const auto age = in.Varint();
    in.Require(age <= entry.version);
    entry.version -= age;
  }
  entry.body = in.Sized();
  in.Require(entry.body.size() <= kMaxBodyBytes);
  in.Require(!HasVersions(segment) || !entry.body.empty());
  return entry;
}

void ReadEntries(WireReader& in, Segment& segment) {
  const auto count = in.Count32(kLeastEntryBytes);
  segment.entries.reserve(count);
  for (size_t i = 0; i < count && in.ok(); ++i) {
    segment.entries.push_back(ReadEntry(in, segment));
    in.Require(i == 0 || segment.entries[i - 1].index < segment.entries[i].index);
  }
}

void WriteBuckets(ByteWriter& out, const std::set<uint8_t>& buckets) {
  std::array<uint8_t, kBucketSetBytes> bits{};
  for (const uint8_t bucket : buckets) bits[bucket / 8] |= static_cast<uint8_t>(0x80 >> bucket % 8);
  out.Raw(bits);
}

void ReadBuckets(WireReader& in, Segment& segment) {
  const auto bits = in.Raw(kBucketSetBytes);
  if (!in.ok()) return;
  for (int bucket = 0; bucket < 256; ++bucket) {
    if (bits[static_cast<size_t>(bucket / 8)] & (0x80 >> bucket % 8)) segment.buckets.insert(static_cast<uint8_t>(bucket));
  }
}

// What holds between the fields of the head.
bool Fits(const Segment& segment) {
  const auto from = static_cast<uint64_t>(segment.from);
  const auto to = static_cast<uint64_t>(segment.to);
  if (segment.kind == SegmentKind::kSnapshot) return from == 0 && segment.part < segment.parts;
  if (segment.kind == SegmentKind::kRepair) return from == 0 && segment.part == 0 && segment.parts == 1;
  if (segment.kind == SegmentKind::kPatch && segment.topic.kind() != Topic::Kind::kIndex) return false;
  return from < to && to - from <= kMaxSequenceJump && segment.part == 0 && segment.parts == 1;
}

Result<Segment> Read(ByteView message) {
  WireReader in(message);
  in.Expect(kSuite);
  const auto kind = in.Enumerator(SegmentKind::kDelta, SegmentKind::kRepair);
  auto topic = Topic::Parse(platform::AsText(in.Sized()));
  if (!topic.ok()) return NotASegment();
  Segment segment{.kind = kind, .topic = *std::move(topic), .epoch{}, .from{}, .to{}, .digest{}, .entries{}, .patch{},
                  .buckets{}};
  segment.epoch = Epoch{in.U32()};
  segment.from = Sequence{in.U64()};
  segment.to = Sequence{in.U64()};
  segment.part = in.U32();
  segment.parts = in.U32();
  const auto digest = in.Raw(segment.digest.size());
  std::copy(digest.begin(), digest.end(), segment.digest.begin());
  in.Require(Fits(segment));
  if (kind == SegmentKind::kPatch) {
    segment.patch = in.Sized();
    in.Require(!segment.patch.empty());
  } else {
    if (kind == SegmentKind::kRepair) ReadBuckets(in, segment);
    ReadEntries(in, segment);
  }
  for (const EntryView& entry : segment.entries) {
    in.Require(kind != SegmentKind::kRepair || segment.buckets.contains(BucketOf(entry.index)));
  }
  if (!in.AtEnd()) return NotASegment();
  return segment;
}

}  // namespace

Bytes EncodeSegment(const Segment& segment, const crypto::SigningKey& signer) {
  auto entries = segment.entries;
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.index < b.index; });

  ByteWriter out;
  out.U8(kSuite);
  out.U8(static_cast<uint8_t>(segment.kind));
  out.Sized(segment.topic.text());
  out.U32(static_cast<uint32_t>(segment.epoch));
  out.U64(static_cast<uint64_t>(segment.from));
  out.U64(static_cast<uint64_t>(segment.to));
  out.U32(segment.part);
  out.U32(segment.parts);
  out.Raw(segment.digest);
  if (segment.kind == SegmentKind::kPatch) {
    out.Sized(segment.patch);
  } else {
    if (segment.kind == SegmentKind::kRepair) WriteBuckets(out, segment.buckets);
    out.U32(static_cast<uint32_t>(entries.size()));
    for (const auto& entry : entries) WriteEntry(out, segment, entry);
  }
  return crypto::Sign(signer, segment.topic.SignedBy(), kPurpose, out.bytes());
}

Result<Segment> DecodeSegment(ByteView bytes, ByteView signer_public_key) {
  if (bytes.size() > kMaxSegmentBytes) return Corrupt("segment: larger than a segment may be");
  CPIS_ASSIGN(const auto claimed, PeekTopic(bytes));
  CPIS_ASSIGN(const auto message, crypto::Verify(signer_public_key, claimed.SignedBy(), kPurpose, bytes));
  return Read(message);
}

Result<Topic> PeekTopic(ByteView bytes) {
  WireReader in(bytes);
  in.Expect(kSuite);
  in.Enumerator(SegmentKind::kDelta, SegmentKind::kRepair);
  const auto text = in.Sized();
  auto topic = Topic::Parse(platform::AsText(text));
  if (!in.ok() || !topic.ok()) return NotASegment();
  return topic;
}

}  // namespace cpis::sync
