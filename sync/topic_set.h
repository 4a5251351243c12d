// SPDX-License-Identifier: Apache-2.0
//
// The contents of one topic in memory, as digests: what both ends compare, and what the node trusts when it says "in no row".
//
//   entry hash    = BLAKE2b-16(index 8 │ version 8 │ body)
//   bucket digest = BLAKE2b-32(index 8 │ entry hash 16, for every entry by index); bucket = top byte of the index
//   topic digest  = BLAKE2b-32("cpis.v1.topic" │ topic text │ sequence 8 │ the 256 bucket digests)
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "crypto/hash.h"
#include "sync/topic.h"

namespace cpis::sync {

using EntryHash = std::array<uint8_t, 16>;
// Which of the 256 buckets an entry is in.
inline uint8_t BucketOf(RowIndex index) { return static_cast<uint8_t>(static_cast<uint64_t>(index) >> 56); }

EntryHash HashEntry(RowIndex index, uint64_t version, platform::ByteView body);

// Not thread-safe. About 24 bytes an entry.
class TopicSet {
 public:
  static constexpr size_t kBuckets = 256;

  void Put(RowIndex index, EntryHash hash);
  void Remove(RowIndex index);
  void Clear();

  bool Contains(RowIndex index) const;
  const EntryHash* Find(RowIndex index) const;
  size_t size() const { return size_; }
  const crypto::Digest& BucketDigest(size_t bucket) const;  // computed when asked for, then kept
  crypto::Digest DigestAt(const Topic& topic, Sequence sequence) const;

 private:
  struct Item {
    uint64_t index;
    EntryHash hash;
  };
  struct Bucket {
    std::vector<Item> items;  // by index
    mutable crypto::Digest digest{};
    mutable bool stale = true;
  };
  friend class TopicChange;

  std::array<Bucket, kBuckets> buckets_;
  size_t size_ = 0;
};

// Changes that can be taken back: unless Keep is called, destruction restores the set.
class TopicChange {
 public:
  explicit TopicChange(TopicSet& set) : set_(set) {}
  ~TopicChange();
  TopicChange(const TopicChange&) = delete;
  TopicChange& operator=(const TopicChange&) = delete;

  void Put(RowIndex index, EntryHash hash);
  void Remove(RowIndex index);
  void Keep() { saved_.clear(); }

 private:
  void Save(RowIndex index);
  TopicSet& set_;
  std::map<size_t, TopicSet::Bucket> saved_;
};

}  // namespace cpis::sync
