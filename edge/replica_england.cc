// SPDX-License-Identifier: Apache-2.0
//
// The England index in the replica: kept in memory as prefixes, on disk as the entries of its topic.
#include "edge/replica.h"
#include "platform/log.h"

namespace cpis::edge {

using sync::Topic;

const Replica::Held* Replica::EnglandHeld() const {
  const auto held = held_.find(Topic::Index().text());
  if (!manifest_ || held == held_.end() || held->second.damaged) return nullptr;
  const TopicRecord& record = held->second.record;
  const sync::TopicHead* head = manifest_->Find(Topic::Index());
  const bool as_promised = head && record.epoch == manifest_->epoch && record.sequence == head->sequence &&
                           record.digest == head->digest && record.digest == england_digest_;
  return as_promised ? &held->second : nullptr;
}

EnglandSaid Replica::EnglandSays(crypto::EnglandHash hash) const {
  const std::lock_guard memory(memory_mutex_);
  if (EnglandHeld() == nullptr) return {};
  return {england_.Contains(hash) ? England::kMatch : England::kNoMatch, manifest_->server_time};
}

EnglandState Replica::EnglandNow() const {
  const std::lock_guard memory(memory_mutex_);
  if (EnglandHeld() == nullptr) return {};
  return {england_.size(), england_.FalsePositiveRate(), manifest_->server_time};
}

void Replica::TakeEngland() {
  sync::England england;
  Status taken;
  if (auto entries = reader_->ReadAll(Topic::Index()); !entries.ok()) {
    taken = entries.status();
  } else if (!AgreeAll(Topic::Index(), *entries, false)) {
    taken = platform::Corrupt("its entries are not what was signed");
  } else {
    std::vector<sync::England::BucketView> buckets;
    for (const FoundEntry& entry : *entries) buckets.push_back({entry.index, entry.body});
    auto assembled = sync::England::Assemble(buckets);
    taken = assembled.status();
    if (assembled.ok()) england = *std::move(assembled);
  }
  const std::lock_guard memory(memory_mutex_);
  const auto held = held_.find(Topic::Index().text());
  england_ = std::move(england);
  england_digest_ = taken.ok() && held != held_.end() ? held->second.record.digest : Digest{};
  if (taken.ok() || held == held_.end()) return;
  platform::LogWarning("replica", "the England index cannot be used: " + taken.message());
  MarkDamaged(held->second);
}

Status Replica::ApplyPatch(ReplicaFile& file, const sync::Segment& patch) {
  const auto held = held_.find(Topic::Index().text());
  const bool start_over = held == held_.end() || held->second.damaged;
  sync::England next = start_over ? sync::England() : england_;  // nobody changes it without write_mutex_
  CPIS_ASSIGN(const std::vector<sync::England::Bucket> buckets, next.Apply(patch.patch));
  sync::Segment delta = patch;
  delta.kind = sync::SegmentKind::kDelta;
  delta.patch = {};
  for (const sync::England::Bucket& bucket : buckets) {
    delta.entries.push_back({bucket.index, static_cast<uint64_t>(patch.to), bucket.body});
  }
  CPIS_TRY(start_over ? StartTopic(file, delta) : ChangeTopic(file, held->second, delta));
  const std::lock_guard memory(memory_mutex_);
  england_ = std::move(next);
  england_digest_ = patch.digest;
  return Status::Ok();
}

}  // namespace cpis::edge
