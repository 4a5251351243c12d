// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_stores.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>

#include "crypto/credential_key_store.h"
#include "crypto/passphrase_key_store.h"
#include "crypto/tpm.h"
#include "crypto/tpm_key_store.h"
#include "platform/log.h"
#include "platform/plain_key_store.h"

namespace cpis::crypto {
namespace {

namespace fs = std::filesystem;
using platform::Result;
using platform::Status;
using Store = std::unique_ptr<platform::KeyStore>;

constexpr const char* kTcti = "CPIS_TPM_TCTI";
constexpr std::string_view kTpmDevice = "/dev/tpmrm0";  // with the kernel's resource manager

fs::path TpmFile(const fs::path& directory) { return directory / "key-store-tpm"; }
fs::path CredentialFile(const fs::path& directory) { return directory / "key-store-credential"; }
fs::path PassphraseFile(const fs::path& directory) { return directory / "key-store"; }
fs::path PlainFile(const fs::path& directory) { return directory / "key-store-plain"; }

Status Unknown(std::string_view spec) {
  return platform::Invalid("key store \"" + std::string(spec) +
                           "\" is unknown (try auto, tpm2, systemd-creds, passphrase-file:PATH or plain)");
}

// Takes `prefix` off the front of `text`, if it is there.
bool Take(std::string_view prefix, std::string_view& text) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string TctiOfMachine() {
  const char* chosen = std::getenv(kTcti);
  return chosen != nullptr && *chosen != '\0' ? chosen : "device:" + std::string(kTpmDevice);
}

// "7+11" → bits 7 and 11.
std::optional<uint32_t> ParsePcrs(std::string_view text) {
  uint32_t pcrs = 0;
  while (true) {
    int pcr = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pcr);
    if (error != std::errc() || pcr < 0 || pcr >= kTpmPcrs) return std::nullopt;
    pcrs |= 1U << pcr;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty()) return pcrs;
    if (!Take("+", text)) return std::nullopt;
  }
}

// The store as asked for, or why it cannot be had.
Result<Store> OrWhyNot(std::string_view spec, Result<Store> opened) {
  if (opened.ok()) return opened;
  return Status(opened.status().code(), "key store \"" + std::string(spec) + "\": " + opened.status().message());
}

Result<Store> OpenTpm(std::string_view spec, const fs::path& directory) {
  TpmPlace place{TpmFile(directory), TctiOfMachine(), std::nullopt};
  std::string_view rest = spec;
  Take("tpm2", rest);
  if (Take(":pcrs=", rest)) {
    const std::string_view list = rest.substr(0, rest.find(':'));
    place.pcrs = ParsePcrs(list);
    if (!place.pcrs) {
      return platform::Invalid("PCRs \"" + std::string(list) + "\" are not numbers from 0 to 23 (try tpm2:pcrs=7 or tpm2:pcrs=0+7)");
    }
    rest.remove_prefix(list.size());
  }
  if (Take(":tcti=", rest)) {
    place.tcti = std::string(rest);
    rest = {};
  }
  if (!rest.empty() || place.tcti.empty()) {
    return platform::Invalid("key store \"" + std::string(spec) +
                             "\" is not understood (try tpm2, tpm2:pcrs=7 or tpm2:tcti=device:/dev/tpmrm0)");
  }
  return OrWhyNot(spec, NewTpmKeyStore(std::move(place)));
}

Result<Store> OpenCredential(std::string_view spec, const fs::path& directory) {
  CredentialPlace place{CredentialFile(directory)};
  std::string_view rest = spec;
  Take("systemd-creds", rest);
  if (Take(":", rest)) place.key = std::string(rest);
  if (place.key != "auto" && place.key != "host" && place.key != "tpm2" && place.key != "host+tpm2") {
    return platform::Invalid("\"" + place.key + "\" is no key of systemd-creds (try systemd-creds:host, :tpm2 or :host+tpm2)");
  }
  if (std::getenv(kTcti) != nullptr) place.tcti = TctiOfMachine();
  return OrWhyNot(spec, NewCredentialKeyStore(std::move(place)));
}

Result<Store> OpenBest(const fs::path& directory) {
  // Asked only where there may be one: trying takes loading its library.
  if (std::getenv(kTcti) != nullptr || fs::exists(kTpmDevice)) {
    Result<Store> tpm = OpenTpm("tpm2", directory);
    if (tpm.ok()) return tpm;
    platform::LogWarning("keys", "not taken: " + tpm.status().message());
  }
  Result<Store> credential = OpenCredential("systemd-creds", directory);
  if (credential.ok()) return credential;
  return platform::NewPlainKeyStore(PlainFile(directory));
}

Result<Store> OpenAsBefore(const fs::path& directory) {
  if (HoldsTpmSecret(TpmFile(directory))) return OpenTpm("tpm2", directory);
  if (fs::exists(CredentialFile(directory))) return OpenCredential("systemd-creds", directory);
  if (fs::exists(PassphraseFile(directory))) {
    return platform::Invalid("key store \"auto\": \"" + PassphraseFile(directory).string() +
                             "\" needs its passphrase (start with --key-store passphrase-file:PATH)");
  }
  if (fs::exists(PlainFile(directory))) return platform::NewPlainKeyStore(PlainFile(directory));
  return OpenBest(directory);
}

}  // namespace

Result<Store> OpenKeyStore(std::string_view spec, const fs::path& directory) {
  if (spec == "auto") return OpenAsBefore(directory);
  if (spec == "plain") return platform::NewPlainKeyStore(PlainFile(directory));
  if (spec == "tpm2" || spec.starts_with("tpm2:")) return OpenTpm(spec, directory);
  if (spec == "systemd-creds" || spec.starts_with("systemd-creds:")) return OpenCredential(spec, directory);
  std::string_view path = spec;
  if (Take("passphrase-file:", path) && !path.empty()) return NewPassphraseKeyStore({PassphraseFile(directory), path});
  return Unknown(spec);
}

}  // namespace cpis::crypto
