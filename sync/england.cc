// SPDX-License-Identifier: Apache-2.0
#include "sync/england.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <span>

#include "sync/wire.h"

namespace cpis::sync {
namespace {

using platform::Bytes;
using platform::ByteView;
using platform::ByteWriter;
using platform::Corrupt;
using platform::Result;
using Prefixes = std::vector<uint32_t>;

constexpr int kIndexShift = 56;       // of a bucket's number in its index
constexpr double kKeepWithin = 0.75;  // bits; BitsFor is never further off than 0.5

// What the prefixes of one encoding have in common: their format and, in a bucket, their top bits.
struct Part {
  uint8_t format;
  int top_bits;
  uint64_t top;

  static Part Patch() { return {2, 0, 0}; }
  static Part Bucket(uint64_t number) { return {1, 8, number}; }

  int Width(int bits) const { return bits - top_bits; }
  uint64_t Begin(int bits) const { return top << Width(bits); }
  uint64_t End(int bits) const { return (top + 1) << Width(bits); }
};

// The largest k with count × 2^k ≤ 2^width. The best k changes where the mean gap is 1.04 × 2^k; this one, at 2^k.
int RiceParameter(uint64_t count, int width) { return width - static_cast<int>(std::bit_width(count - 1)); }

// Most significant bit first.
class BitWriter {
 public:
  explicit BitWriter(ByteWriter& out) : out_(out) {}

  void Zeros(uint64_t count) {
    for (; count > 32; count -= 32) Put(0, 32);
    Put(0, static_cast<int>(count));
  }
  void Put(uint64_t value, int width) {  // of at most 33 bits
    pending_ = pending_ << width | value;
    waiting_ += width;
    for (; waiting_ >= 8; waiting_ -= 8) out_.U8(static_cast<uint8_t>(pending_ >> (waiting_ - 8)));
  }
  void Pad() { Put(0, (8 - waiting_) % 8); }

 private:
  ByteWriter& out_;
  uint64_t pending_ = 0;
  int waiting_ = 0;  // bits of pending_, fewer than 8 between calls
};

// A read past the end, or a run that is too long, makes ok() false for good.
class BitReader {
 public:
  explicit BitReader(ByteView in) : in_(in), size_(in.size() * 8) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return size_ - at_; }  // bits
  // Nothing is left but zeros to the end of the byte.
  bool AtEnd() { return ok_ && remaining() < 8 && Take(static_cast<int>(remaining())) == 0; }

  // The zeros before the next one, at most `most`; reads the one too.
  uint64_t Zeros(uint64_t most) {
    for (uint64_t zeros = 0;;) {
      const int run = std::min(std::countl_zero(Window()), kWindow);
      zeros += static_cast<uint64_t>(run);
      if (zeros > most || remaining() <= static_cast<size_t>(run)) return Fail();
      at_ += static_cast<size_t>(run);
      if (run == kWindow) continue;
      ++at_;
      return zeros;
    }
  }
  uint64_t Take(int width) {  // at most 32 bits
    if (remaining() < static_cast<size_t>(width)) return Fail();
    const uint64_t value = width == 0 ? 0 : Window() >> (64 - width);
    at_ += static_cast<size_t>(width);
    return value;
  }

 private:
  static constexpr int kWindow = 57;  // bits that a window of 8 bytes has at least, wherever in a byte it begins

  // The next bits, from the highest; zeros behind the end.
  uint64_t Window() const {
    uint64_t window = 0;
    for (size_t i = at_ / 8; i < at_ / 8 + 8; ++i) window = window << 8 | (i < in_.size() ? in_[i] : 0);
    return window << (at_ % 8);
  }
  uint64_t Fail() {
    ok_ = false;
    return 0;
  }

  ByteView in_;
  size_t size_;
  size_t at_ = 0;  // in bits
  bool ok_ = true;
};

// Ascending prefixes of the part, at least one.
Bytes Encode(const Part& part, int bits, std::span<const uint32_t> prefixes) {
  ByteWriter out;
  out.U8(part.format);
  out.U8(static_cast<uint8_t>(bits));
  out.Varint(prefixes.size());
  const int k = RiceParameter(prefixes.size(), part.Width(bits));
  const uint64_t one = uint64_t{1} << k;
  BitWriter gaps(out);
  uint64_t next = part.Begin(bits);
  for (const uint32_t prefix : prefixes) {
    const uint64_t gap = prefix - next;
    gaps.Zeros(gap >> k);
    gaps.Put(one | (gap & (one - 1)), k + 1);
    next = uint64_t{prefix} + 1;
  }
  gaps.Pad();
  return std::move(out).Take();
}

struct Decoded {
  int bits;
  Prefixes prefixes;
};

Result<Decoded> Decode(const Part& part, ByteView bytes) {
  const auto corrupt = [] { return Corrupt("not a part of an England index"); };
  WireReader in(bytes);
  in.Expect(part.format);
  const int bits = in.Enumerator<uint8_t>(England::kFewestBits, England::kMostBits);
  const uint64_t count = in.Varint();
  in.Require(count >= 1 && count <= uint64_t{1} << part.Width(bits));
  if (!in.ok()) return corrupt();
  const int k = RiceParameter(count, part.Width(bits));
  BitReader gaps(in.Raw(in.remaining()));
  if (count > gaps.remaining() / static_cast<size_t>(k + 1)) return corrupt();

  Decoded decoded{bits, {}};
  decoded.prefixes.reserve(count);
  const uint64_t end = part.End(bits);
  for (uint64_t next = part.Begin(bits); decoded.prefixes.size() < count; ++next) {
    if (next == end) return corrupt();
    next += gaps.Zeros((end - 1 - next) >> k) << k;
    next += gaps.Take(k);
    if (!gaps.ok() || next >= end) return corrupt();
    decoded.prefixes.push_back(static_cast<uint32_t>(next));
  }
  if (!gaps.AtEnd()) return corrupt();
  return decoded;
}

void RequireBits(int bits) {
  if (bits < England::kFewestBits || bits > England::kMostBits) std::abort();
}

// The stretch of ascending prefixes, from `from` on, that lies below `end`.
std::span<const uint32_t> Below(std::span<const uint32_t> from, uint64_t end) {
  return {from.begin(), std::lower_bound(from.begin(), from.end(), end)};
}

// How many bits would give exactly the rate, within bounds.
double ExactBits(size_t numbers, int one_in) {
  const double space = static_cast<double>(numbers) * one_in;
  return std::log2(std::clamp(space, std::ldexp(1.0, England::kFewestBits), std::ldexp(1.0, England::kMostBits)));
}

}  // namespace

England::England(std::vector<crypto::EnglandHash> hashes, int bits) {
  RequireBits(bits);
  if (hashes.empty()) return;
  bits_ = bits;
  Prefixes all(hashes.size());
  std::transform(hashes.begin(), hashes.end(), all.begin(), [bits](auto hash) { return PrefixOf(hash, bits); });
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  size_ = all.size();
  std::span<const uint32_t> rest = all;
  for (size_t number = 0; number < kBuckets; ++number) {
    const auto mine = Below(rest, Part::Bucket(number).End(bits));
    buckets_[number].assign(mine.begin(), mine.end());
    rest = rest.subspan(mine.size());
  }
}

Result<England> England::Assemble(const std::vector<BucketView>& buckets) {
  England england;
  for (const BucketView& bucket : buckets) {
    const uint64_t number = static_cast<uint64_t>(bucket.index) >> kIndexShift;
    if (RowIndex{number << kIndexShift} != bucket.index) return Corrupt("an index that no England bucket has");
    CPIS_ASSIGN(Decoded decoded, Decode(Part::Bucket(number), bucket.body));
    if (!england.buckets_[number].empty()) return Corrupt("an England bucket that comes twice");
    if (england.size_ != 0 && decoded.bits != england.bits_) return Corrupt("an England bucket of other bits");
    england.bits_ = decoded.bits;
    england.size_ += decoded.prefixes.size();
    england.buckets_[number] = std::move(decoded.prefixes);
  }
  return england;
}

bool England::Contains(crypto::EnglandHash hash) const { return Contains(PrefixOf(hash, bits_)); }

bool England::Contains(uint32_t prefix) const {
  const uint32_t number = prefix >> Part::Bucket(0).Width(bits_);
  if (number >= kBuckets) return false;
  return std::binary_search(buckets_[number].begin(), buckets_[number].end(), prefix);
}

double England::FalsePositiveRate() const { return std::ldexp(static_cast<double>(size_), -bits_); }

England::Bucket England::Encoded(size_t number) const {
  const Prefixes& prefixes = buckets_[number];
  const RowIndex index{uint64_t{number} << kIndexShift};
  return {index, prefixes.empty() ? Bytes() : Encode(Part::Bucket(number), bits_, prefixes)};
}

std::vector<England::Bucket> England::Buckets() const {
  std::vector<Bucket> all;
  for (size_t number = 0; number < kBuckets; ++number) {
    if (!buckets_[number].empty()) all.push_back(Encoded(number));
  }
  return all;
}

Result<std::vector<England::Bucket>> England::Apply(ByteView patch) {
  CPIS_ASSIGN(const Decoded decoded, Decode(Part::Patch(), patch));
  if (size_ != 0 && decoded.bits != bits_) return Corrupt("an England patch of other bits");
  bits_ = decoded.bits;
  std::vector<Bucket> changed;
  for (std::span<const uint32_t> rest = decoded.prefixes; !rest.empty();) {
    const size_t number = rest.front() >> Part::Bucket(0).Width(bits_);
    const auto toggled = Below(rest, Part::Bucket(number).End(bits_));
    rest = rest.subspan(toggled.size());
    Prefixes& held = buckets_[number];
    Prefixes now;
    now.reserve(held.size() + toggled.size());
    std::set_symmetric_difference(held.begin(), held.end(), toggled.begin(), toggled.end(), std::back_inserter(now));
    size_ = size_ - held.size() + now.size();
    held = std::move(now);
    changed.push_back(Encoded(number));
  }
  if (size_ == 0) bits_ = kFewestBits;
  return changed;
}

uint32_t England::PrefixOf(crypto::EnglandHash hash, int bits) {
  RequireBits(bits);
  return static_cast<uint32_t>(static_cast<uint64_t>(hash) >> (64 - bits));
}

Bytes England::EncodePatch(int bits, std::vector<uint32_t> prefixes) {
  RequireBits(bits);
  std::sort(prefixes.begin(), prefixes.end());
  const bool distinct = std::adjacent_find(prefixes.begin(), prefixes.end()) == prefixes.end();
  if (prefixes.empty() || !distinct || prefixes.back() >= Part::Patch().End(bits)) std::abort();
  return Encode(Part::Patch(), bits, prefixes);
}

int England::BitsFor(size_t numbers, int one_in) { return static_cast<int>(std::lround(ExactBits(numbers, one_in))); }

bool England::MayKeep(int bits, size_t numbers, int one_in) {
  return std::abs(ExactBits(numbers, one_in) - bits) <= kKeepWithin;
}

}  // namespace cpis::sync
