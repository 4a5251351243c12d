// SPDX-License-Identifier: Apache-2.0
#include "sync/segment.h"

#include <algorithm>

#include "sync/wire.h"

namespace cpis::sync {
namespace {

using platform::ByteWriter;
using platform::Corrupt;

constexpr std::string_view kPurpose = "cpis.v1.segment";
constexpr size_t kLeastEntryBytes = 8 + 1;  // a removal in a delta

Status NotASegment() { return Corrupt("segment: not in the form of this version"); }

void WriteEntry(ByteWriter& out, const Segment& segment, const EntryView& entry) {
  out.U64(static_cast<uint64_t>(entry.index));
  if (segment.kind == SegmentKind::kSnapshot) out.Varint(static_cast<uint64_t>(segment.to) - entry.version);
  out.Sized(entry.body);
}

EntryView ReadEntry(WireReader& in, const Segment& segment) {
  EntryView entry{RowIndex{in.U64()}, static_cast<uint64_t>(segment.to), {}};
  if (segment.kind == SegmentKind::kSnapshot) {
    const auto age = in.Varint();
    in.Require(age <= entry.version);
    entry.version -= age;
  }
  entry.body = in.Sized();
  in.Require(entry.body.size() <= kMaxBodyBytes);
  in.Require(segment.kind == SegmentKind::kDelta || !entry.body.empty());
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

// What holds between the fields of the head.
bool Fits(const Segment& segment) {
  const auto from = static_cast<uint64_t>(segment.from);
  const auto to = static_cast<uint64_t>(segment.to);
  if (segment.kind == SegmentKind::kSnapshot) return from == 0 && segment.part < segment.parts;
  return from < to && to - from <= kMaxSequenceJump && segment.part == 0 && segment.parts == 1;
}

Result<Segment> Read(ByteView message) {
  WireReader in(message);
  in.Expect(kSuite);
  const auto kind = in.Enumerator(SegmentKind::kDelta, SegmentKind::kSnapshot);
  auto topic = Topic::Parse(platform::AsText(in.Sized()));
  if (!topic.ok()) return NotASegment();
  Segment segment{.kind = kind, .topic = *std::move(topic), .epoch{}, .from{}, .to{}, .digest{}, .entries{}};
  segment.epoch = Epoch{in.U32()};
  segment.from = Sequence{in.U64()};
  segment.to = Sequence{in.U64()};
  segment.part = in.U32();
  segment.parts = in.U32();
  const auto digest = in.Raw(segment.digest.size());
  std::copy(digest.begin(), digest.end(), segment.digest.begin());
  in.Require(Fits(segment));
  ReadEntries(in, segment);
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
  out.U32(static_cast<uint32_t>(entries.size()));
  for (const auto& entry : entries) WriteEntry(out, segment, entry);
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
  in.Enumerator(SegmentKind::kDelta, SegmentKind::kSnapshot);
  const auto text = in.Sized();
  auto topic = Topic::Parse(platform::AsText(text));
  if (!in.ok() || !topic.ok()) return NotASegment();
  return topic;
}

}  // namespace cpis::sync
