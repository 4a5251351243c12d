// SPDX-License-Identifier: Apache-2.0
//
// BLAKE2b, plain and keyed, and names that are drawn at random.
#pragma once

#include <array>
#include <initializer_list>
#include <string>

#include "crypto/secret.h"

namespace cpis::crypto {

using Digest = std::array<uint8_t, 32>;

// Hash of the concatenation of the parts. `size` 1 to 64 bytes.
Bytes Blake2b(size_t size, std::initializer_list<ByteView> parts);
Bytes KeyedBlake2b(size_t size, ByteView key, std::initializer_list<ByteView> parts);
// The same into memory of the caller's, without touching the heap; an empty key means unkeyed. Keys: at most 64 bytes.
void Blake2bInto(std::span<uint8_t> out, ByteView key, std::initializer_list<ByteView> parts);
Digest Blake2b32(std::initializer_list<ByteView> parts);
Secret DeriveSecret(const Secret& key, std::initializer_list<ByteView> parts);  // keyed BLAKE2b-32; transient

// UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then random. Upper-case text with hyphens as HL7 v3 wants
// it. Calls in a row with the same millisecond give ascending ids. Thread-safe.
std::string NewUuidV7(int64_t unix_milliseconds);

}  // namespace cpis::crypto
