// SPDX-License-Identifier: Apache-2.0
//
// Space set aside on a disk for what must still be written when the disk is full: a file of real blocks that is cut shorter,
// step by step.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>

namespace cpis::platform {

// Thread-safe.
class DiskReserve {
 public:
  struct Options {
    std::filesystem::path file;
    uint64_t bytes;        // of a whole reserve
    uint64_t step;         // that one Release frees
    uint64_t free_beside;  // must stay free beside it before it is made, or made whole again
  };
  // Takes up what a former process left of it; a whole one is made if there is room.
  explicit DiskReserve(Options options);

  // Frees one step of the disk. False when nothing is left.
  bool Release();
  // Makes it whole again where there is room; cheap when it is whole.
  void Refill();
  uint64_t left() const;  // bytes
  bool whole() const { return left() >= options_.bytes; }
  // Bytes that ordinary users of the disk may still take; 0 when it cannot be asked.
  uint64_t FreeBeside() const;

 private:
  const Options options_;
  mutable std::mutex mutex_;
  uint64_t left_ = 0;  // guarded by mutex_
};

}  // namespace cpis::platform
