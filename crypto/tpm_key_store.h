// SPDX-License-Identifier: Apache-2.0
//
// Keeps the device secret in a TPM 2.0 (tpm.h): a copy of the disk opens nothing elsewhere, and after a newer Seal an older copy
// opens nothing here either, because each secret is sealed to a value of a counter that only grows.
//
// A record (tpm_record.h) is in FILE, and while a Seal is under way in FILE.next too.
// Seal, step by step, so that a power cut at any of them leaves one secret that opens: seal to value + 1 and write FILE.next;
// count (the old one stops opening, the new one starts); rename. Unseal takes the one that the counter stands at.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "platform/key_store.h"

namespace cpis::crypto {

struct TpmPlace {
  std::filesystem::path file;
  std::string tcti;              // as in tpm.h
  std::optional<uint32_t> pcrs;  // bit n: PCR n must hold what it held at Seal; nothing: as at the last Seal
};

// Whether a secret was sealed there, as far as the disk says.
bool HoldsTpmSecret(const std::filesystem::path& file);

// kInvalid when no TPM answers there or the library is missing; kDenied when its owner hierarchy is not to be used.
platform::Result<std::unique_ptr<platform::KeyStore>> NewTpmKeyStore(TpmPlace place);

}  // namespace cpis::crypto
