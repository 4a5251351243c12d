// SPDX-License-Identifier: Apache-2.0
#include "platform/memory.h"

#include <malloc.h>

#include <array>
#include <cstring>

namespace cpis::platform {
namespace {

constexpr int kArenas = 2;
constexpr int kLargeBlock = 256 * 1024;
constexpr size_t kScrubbedBytes = 64 * 1024;

}  // namespace

void KeepMemorySmall() {
  mallopt(M_ARENA_MAX, kArenas);
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);  // setting it also stops glibc from raising it
}

void ReturnFreeMemory() { malloc_trim(0); }

// A frame of its own below the caller's.
[[gnu::noinline]] void ScrubStack() {
  std::array<char, kScrubbedBytes> below;
  ::explicit_bzero(below.data(), below.size());
}

}  // namespace cpis::platform
