// SPDX-License-Identifier: Apache-2.0
//
// What hostile or broken peers do to bytes.
#pragma once

#include "platform/bytes.h"

namespace cpis::sync {

// Calls `look` with every proper prefix, each in memory of exactly its size so that a sanitizer sees a read past it.
template <typename Look>
void ForEachTruncation(const platform::Bytes& bytes, Look look) {
  for (size_t size = 0; size < bytes.size(); ++size) {
    const platform::Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    look(cut);
  }
}

template <typename Look>
void ForEachBitFlip(platform::Bytes bytes, Look look) {
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<uint8_t>(1 << (bit % 8));
    bytes[bit / 8] ^= mask;
    look(bytes);
    bytes[bit / 8] ^= mask;
  }
}

// For signed formats: no truncation and no flipped bit may decode.
template <typename Decode>
bool RefusesEveryDamage(const platform::Bytes& bytes, Decode decode) {
  bool refused = true;
  const auto look = [&](const platform::Bytes& damaged) { refused = refused && !decode(damaged).ok(); };
  ForEachTruncation(bytes, look);
  ForEachBitFlip(bytes, look);
  auto longer = bytes;
  longer.push_back(0);
  look(longer);
  return refused;
}

}  // namespace cpis::sync
