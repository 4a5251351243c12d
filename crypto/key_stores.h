// SPDX-License-Identifier: Apache-2.0
//
// The key stores there are, by the name an operator gives:
//
//   auto                               the one that is in use there already, else the best that works here
//   tpm2[:pcrs=7[+N…]][:tcti=PLACE]    tcti as in "swtpm:host=127.0.0.1,port=2321"; else $CPIS_TPM_TCTI, else /dev/tpmrm0
//   systemd-creds[:host|tpm2|host+tpm2]
//   passphrase-file:PATH
//   plain
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "platform/key_store.h"

namespace cpis::crypto {

// Stores keep what they need in `directory`. "auto" goes by the file that is there: what was sealed in one store is never
// looked for in another; and where nothing was sealed yet takes the first that works of tpm2, systemd-creds and plain. A store
// that is asked for by name is never replaced by another. kInvalid quotes an unknown spec, or says what is missing here;
// kDenied when a TPM refuses.
platform::Result<std::unique_ptr<platform::KeyStore>> OpenKeyStore(std::string_view spec,
                                                                   const std::filesystem::path& directory);

}  // namespace cpis::crypto
