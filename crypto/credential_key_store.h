// SPDX-License-Identifier: Apache-2.0
//
// Keeps the device secret as a systemd credential (systemd.exec(5), systemd-creds(1)): FILE is what `systemd-creds encrypt`
// wrote, Base64 of systemd's own format, so that a person can open it by hand. Its first 16 bytes say which key sealed it.
//
// It does not read $CREDENTIALS_DIRECTORY: a unit's credential cannot be sealed anew by the daemon that got it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "platform/key_store.h"

namespace cpis::crypto {

struct CredentialPlace {
  std::filesystem::path file;
  std::string key = "auto";  // "host", "tpm2", "host+tpm2"; "auto": with the TPM if systemd finds one, else the host's
  std::string tcti{};        // of the TPM; empty: systemd's choice
  std::string program = "/usr/bin/systemd-creds";
};

// kInvalid when systemd-creds is missing or cannot seal with that key here (it says why).
platform::Result<std::unique_ptr<platform::KeyStore>> NewCredentialKeyStore(CredentialPlace place);

}  // namespace cpis::crypto
