// SPDX-License-Identifier: Apache-2.0
#include "platform/memory.h"

#include <malloc.h>

namespace cpis::platform {
namespace {

constexpr int kArenas = 2;
constexpr int kLargeBlock = 256 * 1024;

}  // namespace

void KeepMemorySmall() {
  mallopt(M_ARENA_MAX, kArenas);
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);  // setting it also stops glibc from raising it
}

void ReturnFreeMemory() { malloc_trim(0); }

}  // namespace cpis::platform
