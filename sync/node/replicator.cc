// SPDX-License-Identifier: Apache-2.0
#include "sync/node/replicator.h"

#include <algorithm>

#include "crypto/key_ring.h"

namespace cpis::sync::node {
namespace {

using platform::Corrupt;
using platform::Denied;

uint64_t Number(Sequence sequence) { return static_cast<uint64_t>(sequence); }

std::string At(const Topic& topic, Sequence sequence) { return topic.text() + " at " + std::to_string(Number(sequence)); }

// Grants and policy decide what may be held and for how long; the directory names what rows refer to. The England index comes
// last: until everything is as one manifest says, it is the old one that keeps a number from being denied.
int FetchOrder(Topic::Kind kind) {
  switch (kind) {
    case Topic::Kind::kNode: return 0;
    case Topic::Kind::kPolicy: return 1;
    case Topic::Kind::kRoster: return 2;
    case Topic::Kind::kDirectory: return 3;
    case Topic::Kind::kRows: return 4;
    case Topic::Kind::kIndex: return 5;
  }
  return 5;
}

}  // namespace

Replicator::Replicator(const HeldKeys& keys, Topic own_topic, ReplicaStore& store)
    : keys_(keys), own_topic_(std::move(own_topic)), store_(store) {
  highest_ = store_.AdoptedManifest().epoch;
}

void Replicator::FreshnessReplaced() {
  heard_own_.reset();
  heard_region_.reset();
  region_.reset();
  adopted_ = false;
}

bool Replicator::IsOwn(const Manifest& manifest) const {
  return manifest.heads.size() == 1 && manifest.heads.front().topic == own_topic_;
}

Status Replicator::CheckHead(const TopicHead& head, crypto::Epoch epoch) const {
  if (head.topic.kind() == Topic::Kind::kNode && head.topic != own_topic_) {
    return Denied("manifest names the topic of another node");
  }
  const ReplicaStore::Cursor cursor = store_.CursorOf(head.topic);
  if (epoch < cursor.epoch) return Denied("manifest goes back to an older epoch for " + head.topic.text());
  if (head.sequence < cursor.sequence) {
    if (epoch > cursor.epoch) return Status::Ok();  // another history, which is fetched whole
    return Denied("manifest goes back to " + At(head.topic, head.sequence) + ", " +
                  std::to_string(Number(cursor.sequence)) + " is held");
  }
  if (Number(head.sequence) - Number(cursor.sequence) > kMaxSequenceJump) {
    return Denied("manifest jumps to " + At(head.topic, head.sequence) + ", more than " +
                  std::to_string(kMaxSequenceJump) + " past what is held");
  }
  return Status::Ok();
}

Status Replicator::CheckEpoch(crypto::Epoch epoch) const {
  const auto number = static_cast<uint32_t>(epoch);
  const auto highest = static_cast<uint32_t>(highest_);
  // What policy signed: each epoch grants anew. By its own manifests alone whoever stole the freshness key could go on for ever.
  const auto granted = static_cast<uint32_t>(store_.CursorOf(own_topic_).epoch);
  const uint32_t vouched = granted > 0 ? granted : highest;
  if (number < highest) return Denied("manifest goes back to epoch " + std::to_string(number));
  if (epoch < crypto::Epoch{1} || epoch > crypto::kLastEpoch || (vouched > 0 && number > vouched + kMaxEpochJump)) {
    return Denied("manifest jumps to epoch " + std::to_string(number));
  }
  return Status::Ok();
}

Status Replicator::DropForeign(const Manifest& manifest) {
  for (const Topic& held : store_.Topics()) {
    if (held.kind() == Topic::Kind::kNode) continue;
    if (manifest.Find(held) == nullptr) CPIS_TRY(store_.Drop(held));
  }
  return Status::Ok();
}

Result<std::vector<Want>> Replicator::Hear(ByteView signed_manifest) {
  CPIS_ASSIGN(Manifest manifest, DecodeManifest(signed_manifest, keys_.Now()->Of(crypto::Role::kFreshness)));
  std::optional<platform::Instant>& heard = IsOwn(manifest) ? heard_own_ : heard_region_;
  if (heard && manifest.server_time < *heard) {
    return Denied("manifest of " + platform::Rfc3339(manifest.server_time) + " is older than one already heard");
  }
  CPIS_TRY(CheckEpoch(manifest.epoch));
  for (const TopicHead& head : manifest.heads) CPIS_TRY(CheckHead(head, manifest.epoch));

  heard = manifest.server_time;
  highest_ = manifest.epoch;
  if (!IsOwn(manifest)) CPIS_TRY(DropForeign(manifest));

  std::vector<Want> wants;
  for (const TopicHead& head : manifest.heads) {
    const ReplicaStore::Cursor cursor = store_.CursorOf(head.topic);
    // A digest covers the sequence: a new epoch alone is no reason to fetch anything.
    const bool same_place = cursor.epoch != crypto::Epoch{0} && cursor.sequence == head.sequence;
    if (same_place && cursor.digest == head.digest) continue;
    Want want{head, cursor.sequence};
    // The same sequence with another content, or a lower one in a new epoch: ours cannot be right.
    if (same_place || head.sequence < cursor.sequence || unfit_.contains(head.topic)) want.from = Sequence{0};
    if (auto staged = store_.StagedSnapshot(head.topic); staged && staged->epoch == manifest.epoch) {
      want.snapshot_to = staged->to;
      want.next_part = staged->next_part;
    }
    if (auto basis = store_.RepairBasis(head.topic)) want.basis = *std::move(basis);
    wants.push_back(std::move(want));
  }
  std::stable_sort(wants.begin(), wants.end(), [](const Want& a, const Want& b) {
    return FetchOrder(a.head.topic.kind()) < FetchOrder(b.head.topic.kind());
  });

  // The same again is no reason to write it again.
  const bool known = adopted_ && wants.empty() && std::ranges::equal(region_bytes_, signed_manifest);
  if (!IsOwn(manifest) && !known) {
    region_ = std::move(manifest);
    region_bytes_ = platform::ToBytes(signed_manifest);
    adopted_ = false;
  }
  return wants;
}

Status Replicator::Take(const Want& want, ByteView signed_segment) {
  CPIS_ASSIGN(const Topic claimed, PeekTopic(signed_segment));
  if (claimed != want.head.topic) {
    return Denied("asked for " + want.head.topic.text() + ", got a segment of " + claimed.text());
  }
  CPIS_ASSIGN(const Segment segment, DecodeSegment(signed_segment, keys_.Now()->Of(claimed.SignedBy())));
  const ReplicaStore::Cursor cursor = store_.CursorOf(claimed);
  if (segment.epoch < cursor.epoch) {
    unfit_.insert(claimed);  // signed in a history that was left: of an honest server only the whole helps
    return Denied("segment of an older epoch for " + claimed.text());
  }
  // One of the next epoch comes when it began after the manifest; what is further ahead is heard of first.
  if (static_cast<uint32_t>(segment.epoch) > static_cast<uint32_t>(highest_) + 1) {
    return Denied("segment of an epoch that no manifest has named, for " + claimed.text());
  }
  if (Number(segment.to) > Number(want.head.sequence) + kMaxSequenceJump) {
    return Denied("segment jumps to " + At(claimed, segment.to));
  }
  const bool delta = segment.kind == SegmentKind::kDelta || segment.kind == SegmentKind::kPatch;
  if (!delta && segment.epoch < highest_) return Denied("the whole of " + claimed.text() + " as of an older epoch");
  if (segment.kind == SegmentKind::kSnapshot) {
    if (segment.epoch == cursor.epoch && segment.to < cursor.sequence) {
      return Denied("snapshot goes back to " + At(claimed, segment.to));
    }
    if (segment.to == cursor.sequence && segment.digest == cursor.digest && cursor.epoch != crypto::Epoch{0}) {
      return Denied("snapshot of what is held: " + At(claimed, segment.to));
    }
    Status staged = store_.StageSnapshotPart(segment);
    if (staged.ok() && segment.part + 1 == segment.parts) unfit_.erase(claimed);
    return staged;
  }
  if (segment.kind == SegmentKind::kRepair) return TakeRepair(want, segment);
  // The index must be the one that the manifest names when it is adopted (Replica::EnglandSays): what is newer comes with the next.
  if (claimed.kind() == Topic::Kind::kIndex && segment.to > want.head.sequence) return Status::Ok();
  if (segment.from != cursor.sequence) {
    return Corrupt("gap: delta starts at " + At(claimed, segment.from) + ", " +
                   std::to_string(Number(cursor.sequence)) + " is held");
  }
  return Apply(segment);
}

// Another history led to where we are: the server's was put back from a backup, or ours was.
Status Replicator::Apply(const Segment& delta) {
  Status applied = store_.ApplyDelta(delta);
  if (applied.code() == platform::Code::kCorrupt) unfit_.insert(delta.topic);
  return applied;
}

// The cursor of a damaged topic says nothing: what was promised when the repair was asked for does.
Status Replicator::TakeRepair(const Want& want, const Segment& repair) {
  if (want.basis.empty()) return Denied("a repair of " + repair.topic.text() + ", which was not asked for");
  if (repair.to < want.head.sequence) return Denied("repair goes back to " + At(repair.topic, repair.to));
  return store_.ApplyRepair(repair);
}

Result<bool> Replicator::AdoptIfComplete() {
  if (!region_ || adopted_) return adopted_;
  for (const TopicHead& head : region_->heads) {
    const ReplicaStore::Cursor cursor = store_.CursorOf(head.topic);
    const bool held = cursor.epoch != crypto::Epoch{0};
    if (!held || cursor.epoch > region_->epoch || cursor.sequence < head.sequence) return false;
    if (cursor.sequence > head.sequence && cursor.epoch < region_->epoch) return false;  // of another history
    if (cursor.sequence == head.sequence && cursor.digest != head.digest) {
      return Corrupt("digest of " + At(head.topic, head.sequence) + " is not the one the manifest states");
    }
  }
  CPIS_TRY(store_.AdoptManifest(*region_, region_bytes_));
  adopted_ = true;
  return true;
}

}  // namespace cpis::sync::node
