// SPDX-License-Identifier: Apache-2.0
#include "platform/erase.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <system_error>
#include <vector>

namespace cpis::platform {
namespace {

namespace fs = std::filesystem;

void Overwrite(const fs::path& file) {
  const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return;
  static constexpr std::array<uint8_t, 4096> kZeros{};
  struct stat facts {};
  off_t left = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) ? facts.st_size : 0;
  while (left > 0) {
    const ssize_t written = write(fd, kZeros.data(), static_cast<size_t>(std::min<off_t>(left, kZeros.size())));
    if (written <= 0) break;
    left -= written;
  }
  fsync(fd);
  close(fd);
}

}  // namespace

Status EraseFile(const fs::path& file) {
  std::error_code error;
  const std::string unfinished = "." + file.filename().string() + ".";
  const fs::path directory = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::vector<fs::path> copies{file};
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().starts_with(unfinished)) copies.push_back(at->path());
  }
  for (const fs::path& copy : copies) {
    Overwrite(copy);
    fs::remove(copy, error);
    if (error) return Internal("cannot remove " + copy.string() + ": " + error.message());
  }
  return Status::Ok();
}

}  // namespace cpis::platform
