// SPDX-License-Identifier: Apache-2.0
//
// The England index: a compact set of short keyed prefixes of every flagged number in England (DESIGN §5, §6). It holds
// a prefix of `bits` bits of each number's England hash, so a number that is in it may be flagged, and one that is not
// is not. How few the bits are is a privacy control: README.
//
// It travels as 256 buckets, one for each top byte of the prefixes, and its small changes as patches over all of them:
//
//   bucket: 0 format 1, 1 │ 1 bits 1 │ 2 count varint │ gaps    its index: top byte of its prefixes × 2^56
//   patch:  0 format 1, 2 │ 1 bits 1 │ 2 count varint │ gaps    toggles: what is in goes out, what is out comes in
//
// A count is at least 1; a bucket that holds nothing has no body. Gaps are those between ascending prefixes, the first
// counted from the lowest prefix of the bucket or patch, each one less than the difference after that. They are Rice-
// coded: gap / 2^k zeros, a one, then the k low bits; most significant bit first, zeros to the byte. k is not stored:
// it is the largest with count × 2^k at most the space, 2^(bits - 8) for a bucket and 2^bits for a patch. Equal sets
// are equal bytes, and no other bytes decode. Which bucket a body is of, the digest of the topic vouches for. Bodies
// stay below kMaxBodyBytes of a segment up to ten million numbers.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "crypto/row.h"
#include "sync/topic.h"

namespace cpis::sync {

// Calls that do not change it may run at the same time. Four bytes a prefix, and 6 KiB.
class England {
 public:
  static constexpr int kFewestBits = 16;  // one flagged number hides among 4,578: fewer bits only add false alarms
  static constexpr int kMostBits = 32;    // what a prefix in memory holds

  struct Bucket {
    RowIndex index;
    platform::Bytes body;  // empty: nothing is in it any more
  };
  struct BucketView {
    RowIndex index;
    platform::ByteView body;
  };

  England() = default;  // empty
  // Numbers that come twice, or share a prefix, count once. Aborts when `bits` is out of bounds.
  England(std::vector<crypto::EnglandHash> hashes, int bits);
  // From all its buckets, in any order; from none: empty. kCorrupt: a body is empty or not as an encoder writes it, an
  // index is no bucket's, a bucket comes twice or has other bits than the rest.
  static platform::Result<England> Assemble(const std::vector<BucketView>& buckets);

  bool Contains(crypto::EnglandHash hash) const;
  bool Contains(uint32_t prefix) const;  // false for one that has more than bits()

  int bits() const { return bits_; }     // kFewestBits when empty: no bucket is left to say otherwise
  size_t size() const { return size_; }  // prefixes
  // The share of unflagged numbers that are found in it.
  double FalsePositiveRate() const;

  // Those that hold something, by index.
  std::vector<Bucket> Buckets() const;
  // Toggles, and gives the buckets that changed, by index, as Buckets() would give them now. An empty set takes the
  // bits of the patch. kCorrupt when the patch is not as EncodePatch writes it or has other bits; nothing has changed
  // then.
  platform::Result<std::vector<Bucket>> Apply(platform::ByteView patch);

  static uint32_t PrefixOf(crypto::EnglandHash hash, int bits);
  // Prefixes in any order; aborts when there is none, when one comes twice or has more than `bits`.
  static platform::Bytes EncodePatch(int bits, std::vector<uint32_t> prefixes);

  // The bits for so many numbers at a false-positive rate of about 1 / one_in (1 / 45 to 1 / 91 for 64), within bounds.
  static int BitsFor(size_t numbers, int one_in);
  // Whether a set that has `bits` may keep them: other bits mean sending all of it to every node, so BitsFor must be
  // off by a clear margin first. To change them back again, the set must shrink or grow by more than a quarter.
  static bool MayKeep(int bits, size_t numbers, int one_in);

 private:
  static constexpr size_t kBuckets = 256;
  using Prefixes = std::vector<uint32_t>;  // ascending, each once

  Bucket Encoded(size_t number) const;

  int bits_ = kFewestBits;
  size_t size_ = 0;
  std::array<Prefixes, kBuckets> buckets_;  // by top byte
};

}  // namespace cpis::sync
