// SPDX-License-Identifier: Apache-2.0
//
// What the formats of this folder share: the suite byte and fields with fewer valid values than bits.
#pragma once

#include "platform/bytes.h"
#include "platform/clock.h"

namespace cpis::sync {

constexpr uint8_t kSuite = 1;  // of every signed format here: BLAKE2b, Ed25519

// Times outside the years 1 to 9999 are refused when read: whoever adds a window to one must not overflow.
constexpr int64_t kEarliestMillis = -62'135'596'800'000;
constexpr int64_t kLatestMillis = 253'402'300'799'999;

inline void WriteMillis(platform::ByteWriter& out, platform::Instant at) {
  out.U64(static_cast<uint64_t>(at.time_since_epoch().count()));
}

// A ByteReader for fields that have fewer valid values than bits. A foreign value gives the zero of its type and makes
// AtEnd() false for good: one check, at the end.
class WireReader : public platform::ByteReader {
 public:
  using ByteReader::ByteReader;

  // One byte that must be `value`: a suite or a format.
  void Expect(uint8_t value) { Require(U8() == value); }
  bool Bool() { return Enumerator<uint8_t>(0, 1) == 1; }
  platform::Instant Millis();
  // One byte between two enumerators, both valid.
  template <typename E>
  E Enumerator(E first, E last);
  // A varint count of items that take at least `item_bytes` each: never more than can follow.
  size_t Count(size_t item_bytes) { return Bounded(Varint(), item_bytes); }
  size_t Count32(size_t item_bytes) { return Bounded(U32(), item_bytes); }

  void Require(bool condition) { sound_ = sound_ && condition; }
  bool ok() const { return sound_ && ByteReader::ok(); }
  bool AtEnd() const { return sound_ && ByteReader::AtEnd(); }

 private:
  size_t Bounded(uint64_t count, size_t item_bytes) {
    Require(count <= remaining() / item_bytes);
    return ok() ? static_cast<size_t>(count) : 0;
  }

  bool sound_ = true;
};

inline platform::Instant WireReader::Millis() {
  const auto millis = static_cast<int64_t>(U64());
  Require(millis >= kEarliestMillis && millis <= kLatestMillis);
  return platform::Instant(std::chrono::milliseconds(ok() ? millis : 0));
}

template <typename E>
E WireReader::Enumerator(E first, E last) {
  const auto byte = U8();
  Require(byte >= static_cast<uint8_t>(first) && byte <= static_cast<uint8_t>(last));
  return ok() ? static_cast<E>(byte) : first;
}

}  // namespace cpis::sync
