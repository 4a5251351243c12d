// SPDX-License-Identifier: Apache-2.0
#include "sync/topic_set.h"

#include <algorithm>

#include "platform/bytes.h"

namespace cpis::sync {
namespace {

constexpr std::string_view kDomain = "cpis.v1.topic";

// Where `index` is, or would go, among items sorted by index.
template <typename Items>
auto Seek(Items& items, RowIndex index) {
  return std::lower_bound(items.begin(), items.end(), static_cast<uint64_t>(index),
                          [](const auto& item, uint64_t wanted) { return item.index < wanted; });
}

}  // namespace

EntryHash HashEntry(RowIndex index, uint64_t version, platform::ByteView body) {
  platform::ByteWriter head;
  head.U64(static_cast<uint64_t>(index));
  head.U64(version);
  EntryHash hash;
  crypto::Blake2bInto(hash, {}, {head.bytes(), body});
  return hash;
}

void TopicSet::Put(RowIndex index, EntryHash hash) {
  auto& bucket = buckets_[BucketOf(index)];
  const auto at = Seek(bucket.items, index);
  if (at != bucket.items.end() && at->index == static_cast<uint64_t>(index)) {
    at->hash = hash;
  } else {
    bucket.items.insert(at, {static_cast<uint64_t>(index), hash});
    ++size_;
  }
  bucket.stale = true;
}

void TopicSet::Remove(RowIndex index) {
  auto& bucket = buckets_[BucketOf(index)];
  const auto at = Seek(bucket.items, index);
  if (at == bucket.items.end() || at->index != static_cast<uint64_t>(index)) return;
  bucket.items.erase(at);
  bucket.stale = true;
  --size_;
}

void TopicSet::Clear() {
  buckets_.fill({});
  size_ = 0;
}

bool TopicSet::Contains(RowIndex index) const { return Find(index) != nullptr; }

const EntryHash* TopicSet::Find(RowIndex index) const {
  const auto& items = buckets_[BucketOf(index)].items;
  const auto at = Seek(items, index);
  return at != items.end() && at->index == static_cast<uint64_t>(index) ? &at->hash : nullptr;
}

const crypto::Digest& TopicSet::BucketDigest(size_t number) const {
  const auto& bucket = buckets_.at(number);
  if (bucket.stale) {
    platform::ByteWriter all;
    for (const auto& item : bucket.items) {
      all.U64(item.index);
      all.Raw(item.hash);
    }
    bucket.digest = crypto::Blake2b32({all.bytes()});
    bucket.stale = false;
  }
  return bucket.digest;
}

crypto::Digest TopicSet::DigestAt(const Topic& topic, Sequence sequence) const {
  platform::ByteWriter all;
  all.Raw(platform::AsBytes(kDomain));
  all.Raw(platform::AsBytes(topic.text()));
  all.U64(static_cast<uint64_t>(sequence));
  for (size_t i = 0; i < kBuckets; ++i) all.Raw(BucketDigest(i));
  return crypto::Blake2b32({all.bytes()});
}

TopicChange::~TopicChange() {
  for (auto& [number, saved] : saved_) {
    auto& bucket = set_.buckets_[number];
    set_.size_ = set_.size_ - bucket.items.size() + saved.items.size();
    bucket = std::move(saved);
  }
}

void TopicChange::Put(RowIndex index, EntryHash hash) {
  Save(index);
  set_.Put(index, hash);
}

void TopicChange::Remove(RowIndex index) {
  Save(index);
  set_.Remove(index);
}

void TopicChange::Save(RowIndex index) {
  const auto number = BucketOf(index);
  saved_.try_emplace(number, set_.buckets_[number]);
}

}  // namespace cpis::sync
