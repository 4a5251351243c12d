// SPDX-License-Identifier: Apache-2.0
//
// A file under a secret of its own that rests in a key store (SealWith). To replace the file is to replace the secret.
//
// Two places change and the power may go in between, so: FILE.next is written, sealed with the new secret; the key store takes
// the new secret and with that drops the old one; FILE.next is renamed. Opening takes whichever of the two the secret opens.
#pragma once

#include <filesystem>
#include <string_view>

#include "crypto/secret.h"
#include "platform/key_store.h"

namespace cpis::crypto {

struct SealedFile {
  std::filesystem::path path;
  std::string_view purpose;     // of SealWith
  uint64_t max_bytes = 64 * 1024;
};

// All or nothing, also when the power goes.
Status WriteSealedFile(const SealedFile& file, platform::KeyStore& store, const Secret& plain);

// Transient. kNotFound when there is no such file; kInvalid when there is, but `store` is not the one it was written with, or
// will not open it (it says why); kUnavailable when the store does not answer.
Result<Secret> ReadSealedFile(const SealedFile& file, platform::KeyStore& store);

}  // namespace cpis::crypto
