// SPDX-License-Identifier: Apache-2.0
#include "platform/plain_key_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <system_error>
#include <vector>

#include "platform/files.h"

namespace cpis::platform {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxSecret = 64;

void Overwrite(const fs::path& file) {
  const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return;
  const std::array<uint8_t, kMaxSecret> zeros{};
  if (write(fd, zeros.data(), zeros.size()) > 0) fsync(fd);
  close(fd);
}

class PlainKeyStore : public KeyStore {
 public:
  explicit PlainKeyStore(fs::path file) : file_(std::move(file)) {}

  std::string_view Kind() const override { return "plain"; }
  bool HardwareBound() const override { return false; }

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

  Status Forget() override {
    std::error_code error;
    // Beside the file may lie what a Seal left that lost power half-way.
    const std::string unfinished = "." + file_.filename().string() + ".";
    std::vector<fs::path> copies{file_};
    const fs::path directory = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
      if (at->path().filename().string().starts_with(unfinished)) copies.push_back(at->path());
    }
    for (const fs::path& copy : copies) {
      Overwrite(copy);
      fs::remove(copy, error);
      if (error) return Internal("key store: cannot remove " + copy.string() + ": " + error.message());
    }
    return Status::Ok();
  }

 private:
  fs::path file_;
};

}  // namespace

std::unique_ptr<KeyStore> NewPlainKeyStore(fs::path file) { return std::make_unique<PlainKeyStore>(std::move(file)); }

}  // namespace cpis::platform
