// SPDX-License-Identifier: Apache-2.0
#include "platform/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace cpis::platform {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Code CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return Code::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return Code::kExhausted;
    case EISDIR:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return Code::kInvalid;
    default:
      return Code::kInternal;
  }
}

// "cannot open /x/y: Permission denied"; reads errno.
Status Failure(std::string_view action, const fs::path& file) {
  const int error = errno;
  return {CodeOf(error),
          "cannot " + std::string(action) + " " + file.string() + ": " + std::generic_category().message(error)};
}

fs::path DirectoryOf(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

Status SyncDirectory(const fs::path& directory) {
  Descriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) return Failure("open", directory);
  if (fsync(opened.get()) != 0) return Failure("sync", directory);
  return Status::Ok();
}

Status WriteAndSync(int fd, const fs::path& file, ByteView bytes, int mode) {
  if (fchmod(fd, static_cast<mode_t>(mode)) != 0) return Failure("set the mode of", file);
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failure("write", file);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return Failure("sync", file);
  return Status::Ok();
}

}  // namespace

Result<Bytes> ReadFile(const fs::path& file, uint64_t max_bytes) {
  // O_NONBLOCK: a pipe put in the file's place must not hold us up.
  Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened.valid()) return Failure("open", file);
  struct stat facts {};
  if (fstat(opened.get(), &facts) != 0) return Failure("look at", file);
  if (!S_ISREG(facts.st_mode)) return Invalid(file.string() + " is not a regular file");
  const Status too_big = Exhausted(file.string() + " is larger than " + std::to_string(max_bytes) + " bytes");
  if (static_cast<uint64_t>(facts.st_size) > max_bytes) return too_big;

  // The size is a guess: files of /proc give 0, and a file may grow while it is read.
  Bytes bytes(static_cast<size_t>(facts.st_size));
  size_t used = 0;
  while (true) {
    if (used == bytes.size()) bytes.resize(used + 4096);
    const ssize_t got = read(opened.get(), bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failure("read", file);
    if (got == 0) break;
    used += static_cast<size_t>(got);
    if (used > max_bytes) return too_big;
  }
  bytes.resize(used);
  return bytes;
}

Status WriteFileDurably(const fs::path& file, ByteView bytes, int mode) {
  std::string beside = (DirectoryOf(file) / ("." + file.filename().string() + ".XXXXXX")).string();
  Descriptor opened(mkostemp(beside.data(), O_CLOEXEC));
  if (!opened.valid()) return Failure("write beside", file);
  Status written = WriteAndSync(opened.get(), beside, bytes, mode);
  if (written.ok() && rename(beside.c_str(), file.c_str()) != 0) written = Failure("replace", file);
  if (!written.ok()) {
    unlink(beside.c_str());
    return written;
  }
  return SyncDirectory(DirectoryOf(file));
}

Status MoveFileDurably(const fs::path& from, const fs::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return Failure("move", from);
  // The new name first: a crash in between shows the file twice at worst, never not at all.
  CPIS_TRY(SyncDirectory(DirectoryOf(to)));
  if (DirectoryOf(from) != DirectoryOf(to)) CPIS_TRY(SyncDirectory(DirectoryOf(from)));
  return Status::Ok();
}

Result<StateLock> StateLock::Take(const fs::path& directory) {
  std::error_code ignored;  // a missing parent shows in mkdir
  fs::create_directories(DirectoryOf(directory), ignored);
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return Invalid(Failure("create", directory).message());
  }
  const fs::path file = directory / "lock";
  Descriptor opened(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!opened.valid()) return Invalid(Failure("open", file).message());
  if (flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Invalid(Failure("lock", file).message());
    return Denied(directory.string() + " is in use by another process");
  }
  return StateLock(opened.Release());
}

StateLock::StateLock(StateLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

StateLock& StateLock::operator=(StateLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

StateLock::~StateLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace cpis::platform
