// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <sodium.h>

#include <cstdlib>
#include <mutex>

namespace cpis::crypto {
namespace {

// What the last UUID of this process was made from.
struct LastUuid {
  std::mutex mutex;
  int64_t milliseconds = -1;  // guarded by mutex
  uint32_t high = 0;          // guarded by mutex; 12 bits, rand_a of RFC 9562
  uint64_t low = 0;           // guarded by mutex; 62 bits, rand_b
};

constexpr uint64_t kLowMask = (uint64_t{1} << 62) - 1;

uint64_t RandomU64() {
  uint64_t value;
  randombytes_buf(&value, sizeof value);
  return value;
}

// RFC 9562 §6.2, method 2: within one millisecond the random part only grows, by random steps. The top bit starts as
// zero, so that growing cannot wrap it.
void Draw(LastUuid& last, int64_t milliseconds) {
  if (milliseconds != last.milliseconds) {
    last.milliseconds = milliseconds;
    last.high = static_cast<uint32_t>(RandomU64()) & 0x7ff;
    last.low = RandomU64() & kLowMask;
    return;
  }
  last.low += 1 + (RandomU64() & 0xffffffff);
  if (last.low > kLowMask) {
    last.low &= kLowMask;
    last.high = (last.high + 1) & 0xfff;
  }
}

}  // namespace

void Blake2bInto(std::span<uint8_t> out, ByteView key, std::initializer_list<ByteView> parts) {
  crypto_generichash_blake2b_state state;
  if (crypto_generichash_blake2b_init(&state, key.data(), key.size(), out.size()) != 0) std::abort();
  for (ByteView part : parts) crypto_generichash_blake2b_update(&state, part.data(), part.size());
  crypto_generichash_blake2b_final(&state, out.data(), out.size());  // wipes the state
}

Bytes Blake2b(size_t size, std::initializer_list<ByteView> parts) { return KeyedBlake2b(size, {}, parts); }

Bytes KeyedBlake2b(size_t size, ByteView key, std::initializer_list<ByteView> parts) {
  Bytes out(size);
  Blake2bInto(out, key, parts);
  return out;
}

Digest Blake2b32(std::initializer_list<ByteView> parts) {
  Digest digest;
  Blake2bInto(digest, {}, parts);
  return digest;
}

Secret DeriveSecret(const Secret& key, std::initializer_list<ByteView> parts) {
  Secret derived = Secret::Zeroed(32, Residence::kTransient);
  Blake2bInto(derived.RevealForWriting(), key.Reveal(), parts);
  return derived;
}

std::string NewUuidV7(int64_t unix_milliseconds) {
  static LastUuid last;
  uint64_t top, bottom;
  {
    const std::lock_guard lock(last.mutex);
    Draw(last, unix_milliseconds);
    top = static_cast<uint64_t>(unix_milliseconds) << 16 | 0x7000 | last.high;
    bottom = uint64_t{0b10} << 62 | last.low;
  }
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text += '-';
    const uint64_t half = nibble < 16 ? top : bottom;
    text += kDigits[half >> (60 - 4 * (nibble % 16)) & 0xf];
  }
  return text;
}

}  // namespace cpis::crypto
