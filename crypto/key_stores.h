// SPDX-License-Identifier: Apache-2.0
//
// The key stores there are, by the name an operator gives: "plain", "passphrase-file:PATH", "auto".
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "platform/key_store.h"

namespace cpis::crypto {

// Stores keep what they need in `directory`. "auto" takes the best store that this build has: today plain, which says
// so. kInvalid quotes an unknown spec; "tpm2" and "systemd-creds" are refused as not available rather than replaced.
platform::Result<std::unique_ptr<platform::KeyStore>> OpenKeyStore(std::string_view spec,
                                                                   const std::filesystem::path& directory);

}  // namespace cpis::crypto
