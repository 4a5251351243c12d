// SPDX-License-Identifier: Apache-2.0
#include "platform/memory.h"

#include <sys/uio.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <string>

namespace cpis::platform {
namespace {

constexpr char kMarker[] = "OKAPI-77810-ZEBEDEE";

// What is at an address now, asked of the kernel: our own compiler may not know.
bool Read(uintptr_t address, std::string& bytes) {
  const iovec here{bytes.data(), bytes.size()};
  const iovec there{reinterpret_cast<void*>(address), bytes.size()};
  return ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0) == static_cast<ssize_t>(bytes.size());
}

std::string BytesAt(uintptr_t address, size_t size) {
  std::string bytes(size, '\0');
  return Read(address, bytes) ? bytes : "";
}

[[gnu::noipa]] uintptr_t Marked(void* memory, size_t size) {
  for (size_t at = 0; at + sizeof kMarker <= size; at += sizeof kMarker) {
    std::memcpy(static_cast<char*>(memory) + at, kMarker, sizeof kMarker);
  }
  return reinterpret_cast<uintptr_t>(memory);
}

// The address sanitizer has an allocator and stack frames of its own.
#if !defined(__SANITIZE_ADDRESS__)

TEST_CASE("what is freed is wiped, whatever its size and whoever frees it") {
  const size_t size = GENERATE(40, 200, 2000, 60'000);
  const bool by_delete = GENERATE(false, true);
  void* memory = by_delete ? ::operator new(size) : std::malloc(size);
  const uintptr_t address = Marked(memory, size);
  REQUIRE(BytesAt(address, size).find(kMarker) != std::string::npos);
  by_delete ? ::operator delete(memory) : std::free(memory);
  CHECK(BytesAt(address, size).find(kMarker) == std::string::npos);
}

TEST_CASE("what grows, or shrinks, leaves nothing where it was, and loses nothing") {
  const auto [before, after] = GENERATE(table<size_t, size_t>({{100, 5000}, {5000, 100}, {60'000, 120'000}}));
  void* memory = std::malloc(before);
  const uintptr_t address = Marked(memory, before);
  const std::string kept = BytesAt(address, std::min(before, after));
  std::string old(before, '\0');  // before: what is given back is soon taken by the next string
  void* moved = std::realloc(memory, after);
  REQUIRE(Read(address, old));
  const bool stays = reinterpret_cast<uintptr_t>(moved) == address;
  CHECK(old.find(kMarker, stays ? after : 0) == std::string::npos);
  CHECK(BytesAt(reinterpret_cast<uintptr_t>(moved), kept.size()) == kept);
  std::free(moved);
}

[[gnu::noinline]] uintptr_t LeavesOnStack() {
  volatile char text[4096];
  for (size_t i = 0; i < sizeof text; ++i) text[i] = kMarker[i % sizeof kMarker];
  return reinterpret_cast<uintptr_t>(&text[0]);
}

TEST_CASE("what a call left on the stack can be scrubbed") {
  const uintptr_t address = LeavesOnStack();
  CHECK(BytesAt(address, 4096).find(kMarker) != std::string::npos);
  (void)LeavesOnStack();
  ScrubStack();
  CHECK(BytesAt(address, 4096).find(kMarker) == std::string::npos);
}

#endif

}  // namespace
}  // namespace cpis::platform
