// SPDX-License-Identifier: Apache-2.0
//
// The first byte of every format in this folder, so that algorithms can change one day.
#pragma once

#include <cstdint>

namespace cpis::crypto {

// XChaCha20-Poly1305, X25519 sealed boxes, Ed25519, BLAKE2b and Argon2id 1.3.
constexpr uint8_t kSuite = 1;

}  // namespace cpis::crypto
