// SPDX-License-Identifier: Apache-2.0
//
// A segment: a signed, immutable run of changes of one topic. A delta leads from one sequence to the next; a snapshot comes in
// parts, by key range, and replaces what was there; a patch is a delta of the England index that says which prefixes change
// instead of what buckets become (england.h); a repair gives some of the 256 buckets of a topic whole, as they are at `to`.
//
//   0 suite 1 │ 1 kind 1 │ 2 topic, varint-sized │ epoch 4 │ from 8 │ to 8 │ part 4 │ parts 4 │ digest 32 │ count 4 │ entries
//   entry: index 8 │ varint (to - version), snapshots only │ varint body size, 0 removes │ body
//   of a patch, instead of count and entries: the patch, varint-sized; of a repair, before the count: the buckets it gives, as
//   a bit set of 32 bytes, bucket 0 first, most significant bit first. Its entries carry their versions as a snapshot's do.
//   then role 1 │ Ed25519 signature 64 over all of it (crypto::Sign, purpose "cpis.v1.segment")
//
// In a delta every entry has version `to`. `digest` is the topic's digest at `to`, after the last part.
#pragma once

#include <set>
#include <vector>

#include "crypto/hash.h"
#include "sync/topic.h"

namespace cpis::sync {

using crypto::Digest;
using crypto::Epoch;
using platform::Bytes;
using platform::ByteView;
using platform::Result;
using platform::Status;

enum class SegmentKind : uint8_t { kDelta = 1, kSnapshot = 2, kPatch = 3, kRepair = 4 };

struct EntryView {
  RowIndex index;
  uint64_t version;
  ByteView body;  // empty: removed
};

struct Segment {
  SegmentKind kind;
  Topic topic;
  Epoch epoch;     // of the fleet; grows by `rotate` or when a server comes back from a backup
  Sequence from;   // snapshots: 0
  Sequence to;
  uint32_t part = 0;
  uint32_t parts = 1;
  Digest digest;
  std::vector<EntryView> entries{};
  ByteView patch{};             // of kPatch
  std::set<uint8_t> buckets{};  // of kRepair: every entry of these, and of no other
};

constexpr size_t kMaxSegmentBytes = 2 * 1024 * 1024;
constexpr size_t kMaxBodyBytes = 64 * 1024;
constexpr uint64_t kMaxSequenceJump = 1'000'000;
constexpr uint32_t kMaxEpochJump = 1000;  // a node in a depot for years still comes back; a forger cannot use all epochs up

// Entries may come in any order and are written by ascending index; no index twice.
Bytes EncodeSegment(const Segment& segment, const crypto::SigningKey& signer);
// Views in the result point into `bytes`. kCorrupt, kDenied for the wrong role.
Result<Segment> DecodeSegment(ByteView bytes, ByteView signer_public_key);
// The topic a segment claims, before its signature is checked: tells which role must have signed.
Result<Topic> PeekTopic(ByteView segment);

}  // namespace cpis::sync
