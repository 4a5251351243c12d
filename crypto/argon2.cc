// SPDX-License-Identifier: Apache-2.0
#include "crypto/argon2.h"

#include <sodium.h>

#include <cstdlib>

namespace cpis::crypto {
namespace {

constexpr uint32_t kMinMemoryKib = 8;
constexpr uint32_t kMaxMemoryKib = 256 * 1024;
constexpr uint32_t kMaxPasses = 16;

static_assert(kArgon2SaltBytes == crypto_pwhash_argon2id_SALTBYTES);

}  // namespace

bool InBounds(const Hardness& hardness) {
  return hardness.memory_kib >= kMinMemoryKib && hardness.memory_kib <= kMaxMemoryKib && hardness.passes >= 1 &&
         hardness.passes <= kMaxPasses;
}

Result<Secret> Argon2id(size_t size, ByteView password, ByteView salt, Hardness hardness) {
  if (salt.size() != kArgon2SaltBytes || size < crypto_pwhash_argon2id_BYTES_MIN) std::abort();
  if (!InBounds(hardness)) {
    return platform::Invalid("Argon2id with " + std::to_string(hardness.memory_kib) + " KiB and " +
                             std::to_string(hardness.passes) + " passes is out of bounds (8 to 262144 KiB, 1 to 16)");
  }
  Secret key = Secret::Zeroed(size, Residence::kTransient);
  const int failed = crypto_pwhash(key.RevealForWriting().data(), size, reinterpret_cast<const char*>(password.data()),
                                   password.size(), salt.data(), hardness.passes,
                                   static_cast<size_t>(hardness.memory_kib) * 1024, crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) return platform::Exhausted("no memory to derive a key");
  return key;
}

}  // namespace cpis::crypto
