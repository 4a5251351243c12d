// SPDX-License-Identifier: Apache-2.0
//
// A key store for development: the secret lies in a file, readable to whoever reads the disk.
#pragma once

#include <filesystem>
#include <memory>

#include "platform/key_store.h"

namespace cpis::platform {

// Keeps the secret in `file`, mode 0600. Forget overwrites it first, which a journalling or flash disk need not honour.
std::unique_ptr<KeyStore> NewPlainKeyStore(std::filesystem::path file);

}  // namespace cpis::platform
