// SPDX-License-Identifier: Apache-2.0
//
// Every target with seeded inputs. Each runs in a process of its own: what crashes it is reported with its seed and input.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>

#include "crypto/secret.h"
#include "tests/fuzz/mutator.h"

namespace {

std::atomic<size_t> g_allocated{0};  // asked for since it was set to 0
void* Allocate(size_t size) {
  g_allocated += size;
  if (void* place = std::malloc(size)) return place;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void operator delete(void* place) noexcept { std::free(place); }
void operator delete[](void* place) noexcept { std::free(place); }
void operator delete(void* place, size_t) noexcept { std::free(place); }
void operator delete[](void* place, size_t) noexcept { std::free(place); }

namespace cpis::fuzz {
namespace {

// Of memory asked for in all: a parser that reserves what the input claims is far past it.
constexpr size_t kEachByte = 2000;
constexpr size_t kAtLeast = 2 * 1024 * 1024;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::stoull(text);
}

void RunOne(const Target& target, const Bytes& input) {
  g_allocated = 0;
  target.run(input);
  if (g_allocated > kAtLeast + kEachByte * input.size()) {
    std::fprintf(stderr, "broken: %zu bytes were asked for\n", g_allocated.load());
    std::abort();
  }
}

// "" when all inputs went well; otherwise how it ended, and on what.
std::string Fuzz(const Target& target, uint64_t inputs, uint64_t seed) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe_ends[0]);
    for (const int deadly : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) ::signal(deadly, SIG_DFL);  // Catch's report is the parent's
    const std::vector<Bytes> seeds = target.seeds();
    if (seeds.empty()) ::_exit(9);
    const auto run = [&](const Bytes& input) {
      // Told before, so that the last one told is the one that broke it.
      const uint32_t size = static_cast<uint32_t>(input.size());
      static thread_local Bytes told;
      told.assign(reinterpret_cast<const uint8_t*>(&size), reinterpret_cast<const uint8_t*>(&size) + sizeof size);
      told.insert(told.end(), input.begin(), input.end());
      for (size_t at = 0; at < told.size();) {
        const auto wrote = ::write(pipe_ends[1], told.data() + at, told.size() - at);
        if (wrote <= 0) ::_exit(8);
        at += static_cast<size_t>(wrote);
      }
      RunOne(target, input);
    };
    for (const Bytes& one : seeds) run(one);
    Mutator mutator(seeds, seed);
    for (uint64_t i = 0; i < inputs; ++i) run(mutator.Next());
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  Bytes last;
  for (;;) {
    uint32_t size = 0;
    const auto whole = [&](void* to, size_t wanted) {
      for (size_t at = 0; at < wanted;) {
        const auto got = ::read(pipe_ends[0], static_cast<char*>(to) + at, wanted - at);
        if (got <= 0) return false;
        at += static_cast<size_t>(got);
      }
      return true;
    };
    if (!whole(&size, sizeof size)) break;
    last.resize(size);
    if (!whole(last.data(), size)) break;
  }
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  return target.name + " ended with " + (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status)) : "exit " + std::to_string(WEXITSTATUS(status))) +
         " on " + platform::Hex(ByteView(last).first(std::min<size_t>(last.size(), 4096)));
}

TEST_CASE("no input crashes a parser, costs it memory out of proportion, or has two encodings") {
  const uint64_t inputs = FromEnvironment("CPIS_FUZZ", 20'000);
  const uint64_t seed = FromEnvironment("CPIS_SEED", 20261123);
  const char* only = std::getenv("CPIS_TARGET");
  std::cout << "CPIS_SEED=" << seed << " CPIS_FUZZ=" << inputs << ", " << Targets().size() << " targets\n";
  CHECK(Targets().size() >= 25);
  for (const Target& target : Targets()) {
    if (only != nullptr && target.name != only) continue;
    CHECK(Fuzz(target, inputs, seed) == "");
  }
}

TEST_CASE("the driver catches a parser that reads past its input, one that believes a size, and one with two encodings") {
  const auto seeds = [] { return std::vector<Bytes>{OfText("4abcd")}; };
  static volatile uint8_t sink;
  const Target overrun{"overrun", [](ByteView bytes) {
    if (bytes.empty()) return;
    Bytes copy = platform::ToBytes(bytes);
    // Far enough to leave the heap when the size is a wild one, also without a sanitizer.
    if (const size_t claimed = static_cast<size_t>(copy[0]) << 24; copy[0] > 'z') sink = copy.data()[claimed * 64];
  }, seeds};
  CHECK(Fuzz(overrun, 20'000, 1).find("overrun ended with") == 0);

  const Target hungry{"hungry", [](ByteView bytes) {
    if (bytes.size() > 1 && bytes[0] == 0xff) Bytes(static_cast<size_t>(bytes[1]) << 20).swap(*std::make_unique<Bytes>());
  }, seeds};
  CHECK(Fuzz(hungry, 20'000, 1).find("hungry ended with signal 6") == 0);

  const Target unstable{"unstable", Stable(
      [](ByteView bytes) -> platform::Result<int> { return bytes.empty() ? 0 : bytes[0] & 15; },
      [](int value) { return Bytes{static_cast<uint8_t>(value + 1)}; }), seeds};
  CHECK(Fuzz(unstable, 20'000, 1).find("unstable ended with signal 6") == 0);
}

}  // namespace
}  // namespace cpis::fuzz
