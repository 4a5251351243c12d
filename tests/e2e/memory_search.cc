// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/memory_search.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace cpis::e2e {
namespace {

constexpr size_t kPiece = 1 << 20;
constexpr size_t kPage = 4096;  // or more: a larger one is only found unreadable in several steps

struct Mapping {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string name;
};

std::vector<Mapping> MappingsOf(pid_t process) {
  std::vector<Mapping> mappings;
  std::ifstream file("/proc/" + std::to_string(process) + "/maps");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Mapping mapping;
    std::string permissions, offset, device, inode;
    char dash = 0;
    words >> std::hex >> mapping.begin >> dash >> mapping.end >> permissions >> offset >> device >> inode >> std::ws;
    std::getline(words, mapping.name);
    if (mapping.name == "[vvar]" || mapping.name == "[vsyscall]") continue;  // the kernel's
    if (mapping.name.empty()) mapping.name = "anonymous memory";
    mappings.push_back(std::move(mapping));
  }
  return mappings;
}

class Memory {
 public:
  explicit Memory(pid_t process) : file_(::open(("/proc/" + std::to_string(process) + "/mem").c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Memory() {
    if (file_ >= 0) ::close(file_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // As much as can be read from there, up to `size`.
  std::string Read(uint64_t begin, size_t size) const {
    std::string bytes(size, '\0');
    const ssize_t read = file_ < 0 ? -1 : ::pread(file_, bytes.data(), size, static_cast<off_t>(begin));
    bytes.resize(read < 0 ? 0 : static_cast<size_t>(read));
    return bytes;
  }

 private:
  int file_;
};

// What is reserved and was never written to: gigabytes, in a program with many threads.
bool OnlyZeros(std::string_view bytes) {
  return bytes.empty() || (bytes[0] == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

void VisitMemory(pid_t process, size_t overlap, const std::function<void(const std::string& mapping, std::string_view bytes)>& visit) {
  const Memory memory(process);
  uint64_t readable = 0;
  for (const Mapping& mapping : MappingsOf(process)) {
    for (uint64_t at = mapping.begin; at < mapping.end;) {
      const size_t wanted = std::min<uint64_t>(kPiece + overlap, mapping.end - at);
      const std::string piece = memory.Read(at, wanted);
      readable += piece.size();
      if (!OnlyZeros(piece)) visit(mapping.name, piece);
      if (piece.size() == wanted) {
        at += kPiece;
      } else {  // up to a page that cannot be read, and on behind it
        at += piece.empty() ? kPage : piece.size();
      }
    }
  }
  if (readable == 0) throw std::runtime_error("the memory of process " + std::to_string(process) + " cannot be read (are we root?)");
}

std::vector<std::string> FindInMemory(pid_t process, const std::vector<Needle>& needles) {
  size_t overlap = 0;
  for (const Needle& needle : needles) overlap = std::max(overlap, needle.bytes.size());
  std::vector<bool> found(needles.size());
  std::vector<std::string> said;
  VisitMemory(process, overlap, [&](const std::string& mapping, std::string_view bytes) {
    for (size_t i = 0; i < needles.size(); ++i) {
      if (found[i] || bytes.find(needles[i].bytes) == std::string_view::npos) continue;
      found[i] = true;
      said.push_back(needles[i].name + " in " + mapping);
    }
  });
  return said;
}

}  // namespace cpis::e2e
