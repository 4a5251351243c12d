// SPDX-License-Identifier: Apache-2.0
//
// Files and the state directory of a daemon.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::platform {

// Reads a whole regular file. kNotFound if missing; kExhausted past max_bytes (nothing is read then).
Result<Bytes> ReadFile(const std::filesystem::path& file, uint64_t max_bytes);

// Writes beside the target, fsyncs, renames over it, fsyncs the directory: the target is the old file or the new one, whole.
Status WriteFileDurably(const std::filesystem::path& file, ByteView bytes, int mode = 0600);

// Moves within one file system and makes it durable.
Status MoveFileDurably(const std::filesystem::path& from, const std::filesystem::path& to);

// Holds the exclusive lock of a state directory (flock on DIR/lock) until destroyed; creates the directory, mode 0700.
// kDenied when another process holds it; kInvalid when the directory cannot be used.
class StateLock {
 public:
  static Result<StateLock> Take(const std::filesystem::path& directory);
  StateLock(StateLock&&) noexcept;
  StateLock& operator=(StateLock&&) noexcept;
  ~StateLock();

 private:
  explicit StateLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace cpis::platform
