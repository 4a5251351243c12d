// SPDX-License-Identifier: Apache-2.0
//
// Memory is wiped when it is given back, in every program of ours: what libraries copy on the way (a PIN in a JSON document, a
// number in a request buffer) cannot be found in memory afterwards. Takes the place of glibc's free and realloc; the allocator
// behind them stays glibc's own. The address sanitizer brings an allocator of its own, and is left alone.
#include <malloc.h>

#include <cstdlib>
#include <cstring>

#if !defined(__SANITIZE_ADDRESS__)

extern "C" {

void __libc_free(void* memory);
void* __libc_realloc(void* memory, size_t size);

void free(void* memory) noexcept {
  if (memory == nullptr) return;
  ::explicit_bzero(memory, ::malloc_usable_size(memory));
  __libc_free(memory);
}

// Never grows by moving: glibc would leave the old place as it was.
void* realloc(void* memory, size_t size) noexcept {
  if (memory == nullptr) return std::malloc(size);
  if (size == 0) {
    free(memory);
    return nullptr;
  }
  const size_t held = ::malloc_usable_size(memory);
  if (size <= held) {
    ::explicit_bzero(static_cast<char*>(memory) + size, held - size);
    return __libc_realloc(memory, size);
  }
  void* larger = std::malloc(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, held);
  free(memory);
  return larger;
}

}  // extern "C"

#endif
