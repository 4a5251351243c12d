// SPDX-License-Identifier: Apache-2.0
#include "crypto/credential_key_store.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "crypto/secret.h"
#include "platform/child.h"
#include "platform/erase.h"
#include "platform/files.h"

namespace cpis::crypto {
namespace {

constexpr size_t kMaxSecretBytes = 64;        // platform::KeyStore
constexpr uint64_t kMaxCredentialBytes = 16 * 1024;
constexpr std::string_view kName = "cpis-edge-device-secret";  // a credential opens under its own name only

enum class SealedBy { kUnknown, kHost, kTpm };

// sd-id128 constants of systemd's creds-util.h: the start of a credential.
SealedBy WhoSealed(ByteView credential) {
  std::string text(platform::AsText(credential));
  std::erase(text, '\n');
  if (text.size() < 22) return SealedBy::kUnknown;
  // 16 bytes are 21 characters and a third of the next: those 21 tell the three apart.
  const std::string_view id = std::string_view(text).substr(0, 21);
  if (id == "Whxqht+dQJax1aZeCGLxm") return SealedBy::kHost;   // 5a1c6a86df9d4096b1d5a65e0862f19a
  if (id == "DHzAexF2RZGcSwvqCLwg/") return SealedBy::kTpm;    // 0c7cc07b11764591 9c4b0bea08bc20fe
  if (id == "k6iUCUh0RJCQyvL8k8q1U") return SealedBy::kTpm;    // 93a8940948744490 90caf2fc93cab553, host and TPM
  return SealedBy::kUnknown;
}

class CredentialKeyStore final : public platform::KeyStore {
 public:
  explicit CredentialKeyStore(CredentialPlace place) : place_(std::move(place)) {}

  // Learns who seals: from what is there, else by sealing something of no worth.
  Status Start() {
    if (access(place_.program.c_str(), X_OK) != 0) {
      return platform::Invalid("\"" + place_.program + "\" is not there (install systemd, or take another --key-store)");
    }
    const Result<Bytes> kept = platform::ReadFile(place_.file, kMaxCredentialBytes);
    if (kept.ok()) {
      sealed_by_ = WhoSealed(*kept);
      return Status::Ok();
    }
    if (kept.status().code() != platform::Code::kNotFound) return kept.status();
    const Result<Bytes> probe = Encrypt(platform::AsBytes("probe"));
    return probe.ok() ? Status::Ok() : platform::Invalid(probe.status().message());
  }

  std::string_view Kind() const override { return "systemd-creds"; }
  bool HardwareBound() const override { return sealed_by_ == SealedBy::kTpm; }
  std::string_view Worth() const override {
    return HardwareBound() ? "the disk alone opens nothing, but on this machine an older copy of it does"
                           : "NOT HARDWARE BOUND: this host's key lies in /var/lib/systemd, and whoever copies both has the secret";
  }

  Status Seal(ByteView secret) override {
    if (secret.size() > kMaxSecretBytes) return platform::Invalid("a key store keeps at most 64 bytes");
    CPIS_ASSIGN(const Bytes credential, Encrypt(secret));
    return platform::WriteFileDurably(place_.file, credential);
  }

  Result<Bytes> Unseal() override {
    Result<Bytes> kept = platform::ReadFile(place_.file, kMaxCredentialBytes);
    if (kept.status().code() == platform::Code::kNotFound) return platform::NotFound("key store: nothing sealed");
    if (!kept.ok()) return std::move(kept).status();
    if (WhoSealed(*kept) == SealedBy::kUnknown) {
      return platform::Corrupt("\"" + place_.file.string() + "\" is no credential with a key of this machine");
    }
    Result<platform::ChildOutput> opened = Run("decrypt", *kept);
    if (!opened.ok()) return std::move(opened).status();
    if (opened->exit_code != 0) {
      Wipe(opened->out);
      return platform::Denied("systemd-creds does not open it: " + opened->last_error);
    }
    return std::move(opened->out);
  }

  Status Forget() override { return platform::EraseFile(place_.file); }

 private:
  Result<Bytes> Encrypt(ByteView secret) {
    CPIS_ASSIGN(platform::ChildOutput sealed, Run("encrypt", secret));
    if (sealed.exit_code != 0) {
      return platform::Denied("systemd-creds cannot seal with the key \"" + place_.key + "\": " + sealed.last_error);
    }
    const SealedBy by = WhoSealed(sealed.out);
    if (by == SealedBy::kUnknown) return platform::Denied("systemd-creds sealed with no key of this machine");
    sealed_by_ = by;
    return std::move(sealed.out);
  }

  Result<platform::ChildOutput> Run(const std::string& verb, ByteView input) const {
    platform::ChildCommand command;
    command.arguments = {place_.program, verb, "--name=" + std::string(kName)};
    if (verb == "encrypt") command.arguments.push_back("--with-key=" + place_.key);
    if (!place_.tcti.empty()) command.arguments.push_back("--tpm2-device=" + place_.tcti);
    command.arguments.insert(command.arguments.end(), {"-", "-"});
    command.input = input;
    command.max_output = kMaxCredentialBytes;
    return platform::RunChild(command);
  }

  const CredentialPlace place_;
  std::atomic<SealedBy> sealed_by_ = SealedBy::kUnknown;
};

}  // namespace

Result<std::unique_ptr<platform::KeyStore>> NewCredentialKeyStore(CredentialPlace place) {
  auto store = std::make_unique<CredentialKeyStore>(std::move(place));
  CPIS_TRY(store->Start());
  return std::unique_ptr<platform::KeyStore>(std::move(store));
}

}  // namespace cpis::crypto
