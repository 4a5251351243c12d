// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_file.h"

#include "crypto/seal.h"
#include "platform/erase.h"
#include "platform/files.h"

namespace cpis::crypto {
namespace {

namespace fs = std::filesystem;
using platform::Code;

fs::path NextOf(const fs::path& file) { return file.string() + ".next"; }

// Never taken for a file that is not there: that would end in writing over what is.
Status DoesNotOpen(const SealedFile& file, const platform::KeyStore& store, const std::string& why) {
  return platform::Invalid("key store \"" + std::string(store.Kind()) + "\" does not open \"" + file.path.string() + "\": " + why);
}

constexpr const char* kAnotherStore = " (start with the --key-store that it was made with)";

}  // namespace

Status WriteSealedFile(const SealedFile& file, platform::KeyStore& store, const Secret& plain) {
  const Secret secret = Secret::Random(32);
  const fs::path next = NextOf(file.path);
  if (fs::exists(next)) {  // a write that was cut off: what opens now may be there, and must not be written over
    const auto settled = ReadSealedFile(file, store);
    if (!settled.ok() && settled.status().code() != Code::kNotFound) return settled.status();
  }
  CPIS_TRY(platform::WriteFileDurably(next, SealWith(secret, file.purpose, plain.Reveal())));
  CPIS_TRY(store.Seal(secret.Reveal()));
  return platform::MoveFileDurably(next, file.path);
}

Result<Secret> ReadSealedFile(const SealedFile& file, platform::KeyStore& store) {
  Result<Bytes> now = platform::ReadFile(file.path, file.max_bytes);
  Result<Bytes> next = platform::ReadFile(NextOf(file.path), file.max_bytes);
  if (!now.ok() && (now.status().code() != Code::kNotFound || !next.ok())) return std::move(now).status();

  Result<Bytes> unsealed = store.Unseal();
  const Code code = unsealed.status().code();
  if (!now.ok() && code == Code::kNotFound) return std::move(now).status();  // the first was cut short: nothing was written yet
  if (code == Code::kUnavailable) return std::move(unsealed).status();
  if (!unsealed.ok()) return DoesNotOpen(file, store, unsealed.status().message() + (code == Code::kNotFound ? kAnotherStore : ""));
  const Secret secret = Secret::Copy(*unsealed);
  Wipe(*unsealed);

  if (now.ok()) {
    Result<Secret> plain = OpenWith(secret, file.purpose, *now);
    if (plain.ok() && next.ok()) CPIS_TRY(platform::EraseFile(NextOf(file.path)));
    if (plain.ok() || !next.ok()) {
      return plain.ok() ? std::move(plain) : DoesNotOpen(file, store, plain.status().message() + kAnotherStore);
    }
  }
  Result<Secret> plain = OpenWith(secret, file.purpose, *next);
  if (!plain.ok()) return DoesNotOpen(file, store, plain.status().message() + kAnotherStore);
  CPIS_TRY(platform::MoveFileDurably(NextOf(file.path), file.path));
  return plain;
}

}  // namespace cpis::crypto
