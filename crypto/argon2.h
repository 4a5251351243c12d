// SPDX-License-Identifier: Apache-2.0
//
// Argon2id 1.3 (RFC 9106) with one lane: makes guessing NHS numbers, PINs and passphrases cost memory and time.
#pragma once

#include <cstdint>

#include "crypto/secret.h"

namespace cpis::crypto {

// Cost of one derivation. Policy; the defaults, for number keys, take a few milliseconds on the target.
struct Hardness {
  uint32_t memory_kib = 8192;
  uint32_t passes = 1;
};

// Whether a stored or received hardness may be worked with: 8 KiB (the least that Argon2 knows) to 256 MiB, 1 to 16
// passes. More would let a bad record keep a vehicle busy for minutes or take its memory.
bool InBounds(const Hardness& hardness);

constexpr size_t kArgon2SaltBytes = 16;

// Transient; `size` at least 16. kInvalid when the hardness is out of bounds; kExhausted when there is no memory.
// Thread-safe. Takes and gives back its memory within the call.
Result<Secret> Argon2id(size_t size, ByteView password, ByteView salt, Hardness hardness);

}  // namespace cpis::crypto
