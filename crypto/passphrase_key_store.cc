// SPDX-License-Identifier: Apache-2.0
#include "crypto/passphrase_key_store.h"

#include "crypto/seal.h"
#include "crypto/suite.h"
#include "platform/files.h"
#include "platform/plain_key_store.h"

namespace cpis::crypto {
namespace {

constexpr std::string_view kPurpose = "cpis.v1.key-store";
constexpr size_t kMaxSecretBytes = 64;  // platform::KeyStore
constexpr uint64_t kMaxPassphraseBytes = 4096;
constexpr uint64_t kMaxStoreBytes = 4096;

class PassphraseKeyStore : public platform::KeyStore {
 public:
  PassphraseKeyStore(PassphraseFiles files, Hardness hardness) : files_(std::move(files)), hardness_(hardness) {}

  std::string_view Kind() const override { return "passphrase-file"; }
  bool HardwareBound() const override { return false; }
  std::string_view Worth() const override {
    return "NOT HARDWARE BOUND: a copy of this disk and of the passphrase's file is a copy of its secrets";
  }

  Status Seal(ByteView secret) override {
    if (secret.size() > kMaxSecretBytes) return platform::Invalid("a key store keeps at most 64 bytes");
    const Bytes salt = RandomBytes(kArgon2SaltBytes);
    CPIS_ASSIGN(const Secret key, KeyFromPassphrase(salt, hardness_));
    platform::ByteWriter out;
    out.U8(kSuite);
    out.U32(hardness_.memory_kib);
    out.U32(hardness_.passes);
    out.Raw(salt);
    out.Raw(SealWith(key, kPurpose, secret));
    return platform::WriteFileDurably(files_.store, out.bytes());
  }

  Result<Bytes> Unseal() override {
    CPIS_ASSIGN(const Bytes stored, platform::ReadFile(files_.store, kMaxStoreBytes));
    platform::ByteReader in(stored);
    const uint8_t suite = in.U8();
    Hardness hardness;
    hardness.memory_kib = in.U32();
    hardness.passes = in.U32();
    const ByteView salt = in.Raw(kArgon2SaltBytes);
    const ByteView sealed = in.Raw(in.remaining());
    if (!in.ok() || suite != kSuite || !InBounds(hardness)) {
      return platform::Corrupt("\"" + files_.store.string() + "\" is not a passphrase key store");
    }
    CPIS_ASSIGN(const Secret key, KeyFromPassphrase(salt, hardness));
    const Result<Secret> secret = OpenWith(key, kPurpose, sealed);
    if (!secret.ok()) return platform::Denied("the passphrase does not open \"" + files_.store.string() + "\"");
    return platform::ToBytes((*secret).Reveal());
  }

  // Writes over the first 64 bytes, where the salt is: without it, a passphrase found later opens nothing.
  Status Forget() override { return platform::NewPlainKeyStore(files_.store)->Forget(); }

 private:
  Result<Secret> KeyFromPassphrase(ByteView salt, Hardness hardness) const {
    Result<Bytes> content = platform::ReadFile(files_.passphrase, kMaxPassphraseBytes);
    if (!content.ok()) {
      return platform::Invalid("no passphrase in \"" + files_.passphrase.string() + "\" (" +
                               content.status().message() + ")");
    }
    ByteView passphrase = *content;
    if (!passphrase.empty() && passphrase.back() == '\n') passphrase = passphrase.first(passphrase.size() - 1);
    Result<Secret> key =
        passphrase.empty()
            ? platform::Invalid("\"" + files_.passphrase.string() + "\" is empty (put a passphrase in it)")
            : Argon2id(32, passphrase, salt, hardness);
    Wipe(*content);
    return key;
  }

  const PassphraseFiles files_;
  const Hardness hardness_;
};

}  // namespace

std::unique_ptr<platform::KeyStore> NewPassphraseKeyStore(PassphraseFiles files, Hardness hardness) {
  return std::make_unique<PassphraseKeyStore>(std::move(files), hardness);
}

}  // namespace cpis::crypto
