// SPDX-License-Identifier: Apache-2.0
//
// Keeps the device secret under a passphrase that an operator put into another file. Better than plain where both files
// do not travel together; not hardware bound, for whoever copies the whole disk copies both.
//
//   0 suite 1 │ 1 memory KiB 4 │ 5 passes 4 │ 9 salt 16 │ 25 the secret (SealWith, purpose "cpis.v1.key-store")
#pragma once

#include <filesystem>
#include <memory>

#include "crypto/argon2.h"
#include "platform/key_store.h"

namespace cpis::crypto {

constexpr Hardness kPassphraseHardness{64 * 1024, 3};  // once at every start of a daemon

struct PassphraseFiles {
  std::filesystem::path store;
  std::filesystem::path passphrase;  // one line; its newline is no part of the passphrase
};

// Reads the passphrase at every Seal and Unseal, and keeps it no longer. kInvalid when its file is missing or empty.
std::unique_ptr<platform::KeyStore> NewPassphraseKeyStore(PassphraseFiles files,
                                                          Hardness hardness = kPassphraseHardness);

}  // namespace cpis::crypto
