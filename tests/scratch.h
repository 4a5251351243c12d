// SPDX-License-Identifier: Apache-2.0
//
// A fresh directory for one test, removed with everything in it at the end; kept, with its place printed, when CPIS_KEEP is set.
#pragma once

#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace cpis {

// In memory where there is room in it, for a test of what is said rather than of what a disk takes.
inline std::filesystem::path InMemory() {
  constexpr std::uintmax_t kRoom = 1 << 30;
  std::error_code none;
  const auto memory = std::filesystem::space("/dev/shm", none);
  return !none && memory.available > kRoom ? "/dev/shm" : std::filesystem::temp_directory_path();
}

class ScratchDirectory {
 public:
  // In TMPDIR, or /tmp, unless a test needs a disk of another kind. Throws when there is no room for it.
  explicit ScratchDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string form = (parent / "cpis-test-XXXXXX").string();
    if (mkdtemp(form.data()) == nullptr) throw std::runtime_error("no directory of its own for a test in " + parent.string());
    path_ = form;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    if (std::getenv("CPIS_KEEP") != nullptr) {
      std::cerr << "kept " << path_.string() << "\n";
      return;
    }
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

  std::filesystem::path Write(std::string_view name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }
  std::string Read(std::string_view name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path path_;
};

}  // namespace cpis
