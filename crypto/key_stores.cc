// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_stores.h"

#include <string>

#include "crypto/passphrase_key_store.h"
#include "platform/plain_key_store.h"

namespace cpis::crypto {

platform::Result<std::unique_ptr<platform::KeyStore>> OpenKeyStore(std::string_view spec,
                                                                   const std::filesystem::path& directory) {
  constexpr std::string_view kPassphraseFile = "passphrase-file:";
  constexpr std::string_view kChoices = "auto, passphrase-file:PATH or plain";
  if (spec == "auto" || spec == "plain") return platform::NewPlainKeyStore(directory / "key-store-plain");
  if (spec.size() > kPassphraseFile.size() && spec.starts_with(kPassphraseFile)) {
    return NewPassphraseKeyStore({directory / "key-store", spec.substr(kPassphraseFile.size())});
  }
  const bool known = spec == "tpm2" || spec == "systemd-creds";
  return platform::Invalid("key store \"" + std::string(spec) + (known ? "\" is not in this build" : "\" is unknown") +
                           " (try " + std::string(kChoices) + ")");
}

}  // namespace cpis::crypto
