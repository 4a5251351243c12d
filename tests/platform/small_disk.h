// SPDX-License-Identifier: Apache-2.0
//
// A file system of a few megabytes that can really be full. Where the test may not mount one, it says so and is skipped.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

namespace cpis::platform {

class SmallDisk {
 public:
  // Mounts a tmpfs over `directory`, which must exist.
  SmallDisk(std::filesystem::path directory, int mebibytes) : path_(std::move(directory)) {
    const std::string size = "mode=0700,size=" + std::to_string(mebibytes) + "m";
    mounted_ = ::mount("none", path_.c_str(), "tmpfs", 0, size.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const std::filesystem::path& path() const { return path_; }
  uint64_t free() const { return std::filesystem::space(path_).available; }

  // Somebody's photographs: takes every byte that is left, but for `leave`.
  void FillsUp(uint64_t leave = 0) const {
    const int file = ::open((path_ / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (free() > leave && ::write(file, block.data(), block.size()) > 0) {
    }
    ::close(file);
  }
  void IsTidied() const { std::filesystem::remove(path_ / "filler"); }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

}  // namespace cpis::platform
