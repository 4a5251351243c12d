// SPDX-License-Identifier: Apache-2.0
#include "platform/plain_key_store.h"

#include "platform/erase.h"
#include "platform/files.h"

namespace cpis::platform {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxSecret = 64;

class PlainKeyStore : public KeyStore {
 public:
  explicit PlainKeyStore(fs::path file) : file_(std::move(file)) {}

  std::string_view Kind() const override { return "plain"; }
  bool HardwareBound() const override { return false; }
  std::string_view Worth() const override {
    return "NOT HARDWARE BOUND: a copy of this disk is a copy of its secrets; for development only";
  }

  Status Seal(ByteView secret) override {
    if (secret.size() > kMaxSecret) return Invalid("a secret of the key store has at most 64 bytes");
    return WriteFileDurably(file_, secret).In("key store");
  }

  Result<Bytes> Unseal() override {
    auto secret = ReadFile(file_, kMaxSecret);
    if (!secret.ok() && secret.status().code() == Code::kNotFound) return NotFound("key store: nothing sealed");
    if (!secret.ok()) return secret.status().In("key store");
    return secret;
  }

  Status Forget() override { return EraseFile(file_).In("key store"); }

 private:
  fs::path file_;
};

}  // namespace

std::unique_ptr<KeyStore> NewPlainKeyStore(fs::path file) { return std::make_unique<PlainKeyStore>(std::move(file)); }

}  // namespace cpis::platform
