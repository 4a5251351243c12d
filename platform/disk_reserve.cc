// SPDX-License-Identifier: Apache-2.0
#include "platform/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "platform/log.h"

namespace cpis::platform {

DiskReserve::DiskReserve(Options options) : options_(std::move(options)) {
  struct stat held{};
  // Only blocks count: a file that is long and hollow frees nothing.
  if (::stat(options_.file.c_str(), &held) == 0) {
    left_ = std::min({static_cast<uint64_t>(held.st_size), static_cast<uint64_t>(held.st_blocks) * 512, options_.bytes});
  }
  Refill();
}

uint64_t DiskReserve::left() const {
  const std::lock_guard lock(mutex_);
  return left_;
}

uint64_t DiskReserve::FreeBeside() const {
  std::error_code failed;
  const auto space = std::filesystem::space(options_.file.parent_path(), failed);
  return failed ? 0 : space.available;
}

bool DiskReserve::Release() {
  const std::lock_guard lock(mutex_);
  if (left_ == 0) return false;
  const uint64_t keep = left_ > options_.step ? left_ - options_.step : 0;
  if (::truncate(options_.file.c_str(), static_cast<off_t>(keep)) != 0) return false;
  left_ = keep;
  LogWarning("disk", "full: the journal goes on from its reserve, " + std::to_string(left_ >> 20) + " MiB left");
  return true;
}

void DiskReserve::Refill() {
  const std::lock_guard lock(mutex_);
  if (left_ >= options_.bytes || FreeBeside() < options_.bytes - left_ + options_.free_beside) return;
  const int file = ::open(options_.file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return;  // as on a disk that is read only: the doctor says what is left
  const bool filled = ::posix_fallocate(file, 0, static_cast<off_t>(options_.bytes)) == 0 && ::fsync(file) == 0;
  ::close(file);
  if (filled) left_ = options_.bytes;
}

}  // namespace cpis::platform
