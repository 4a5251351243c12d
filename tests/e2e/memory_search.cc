// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/memory_search.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace cpis::e2e {
namespace {

constexpr size_t kPiece = 1 << 20;

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

}  // namespace

std::vector<std::string> FindInMemory(pid_t process, const std::vector<Needle>& needles) {
  const Memory memory(process);
  size_t overlap = 0;
  for (const Needle& needle : needles) overlap = std::max(overlap, needle.bytes.size());
  std::vector<bool> found(needles.size());
  std::vector<std::string> said;
  uint64_t searched = 0;
  for (const Mapping& mapping : MappingsOf(process)) {
    for (uint64_t at = mapping.begin; at < mapping.end; at += kPiece) {
      const std::string piece = memory.Read(at, std::min<uint64_t>(kPiece + overlap, mapping.end - at));
      searched += piece.size();
      for (size_t i = 0; i < needles.size(); ++i) {
        if (found[i] || piece.find(needles[i].bytes) == std::string::npos) continue;
        found[i] = true;
        said.push_back(needles[i].name + " in " + (mapping.name.empty() ? "anonymous memory" : mapping.name));
      }
    }
  }
  if (searched == 0) throw std::runtime_error("the memory of process " + std::to_string(process) + " cannot be read (are we root?)");
  return said;
}

}  // namespace cpis::e2e
