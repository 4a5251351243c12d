// SPDX-License-Identifier: Apache-2.0
//
// The search of a process's memory finds what is there; what it could not read it does not call empty.
#include "tests/e2e/memory_search.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/e2e/markers.h"

namespace cpis::e2e {
namespace {

// A process that has a text behind a page that nobody can read, all in one mapping, and nowhere else.
class HolderBehindAPage {
 public:
  HolderBehindAPage() {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    process_ = ::fork();
    if (process_ == 0) {
      const char done = Hides() ? 'y' : 'n';
      (void)!::write(ready[1], &done, 1);
      for (;;) ::pause();
    }
    char done = 'n';
    REQUIRE(::read(ready[0], &done, 1) == 1);
    hidden_ = done == 'y';
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~HolderBehindAPage() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  HolderBehindAPage(const HolderBehindAPage&) = delete;
  HolderBehindAPage& operator=(const HolderBehindAPage&) = delete;

  bool hidden() const { return hidden_; }
  pid_t pid() const { return process_; }
  // Only after the fork may this process have it whole.
  static std::string Text() {
    std::string text(24, ' ');
    Writes(text.data());
    return text;
  }

 private:
  static void Writes(char* to) {
    for (int i = 0; i < 24; ++i) to[i] = static_cast<char>('A' + (i * i * 7 + i * 3) % 26);
  }
  // The page in the middle was never touched, and userfaultfd lets nobody touch it.
  static bool Hides() {
    constexpr size_t kPage = 4096;
    auto* pages = static_cast<char*>(::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (pages == MAP_FAILED) return false;
    pages[0] = 'x';
    Writes(pages + 2 * kPage);
    const auto faults = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
    uffdio_api api{UFFD_API, UFFD_FEATURE_SIGBUS, 0};
    uffdio_register all{{reinterpret_cast<uint64_t>(pages), 3 * kPage}, UFFDIO_REGISTER_MODE_MISSING, 0};
    return faults >= 0 && ::ioctl(faults, UFFDIO_API, &api) == 0 && ::ioctl(faults, UFFDIO_REGISTER, &all) == 0;
  }

  pid_t process_ = -1;
  bool hidden_ = false;
};

}  // namespace

TEST_CASE("a page that cannot be read hides nothing that is behind it, and a process that cannot be read is not an empty one", "[memory]") {
  const HolderBehindAPage holder;
  if (!holder.hidden()) {
    WARN("no userfaultfd: not tested here");
    return;
  }
  const std::string text = HolderBehindAPage::Text();
  CHECK(FindInMemory(holder.pid(), {{"hidden", text}}) == std::vector<std::string>{"hidden in anonymous memory"});
  Markers markers;
  markers.Add(text);
  CHECK(markers.FindInMemory(holder.pid()) == std::vector<std::string>{"anonymous memory: " + text});

  constexpr pid_t kNobody = 0x7ffffff0;
  CHECK_THROWS(FindInMemory(kNobody, {{"hidden", text}}));
  CHECK(markers.FindInMemory(kNobody).size() == 1);
}

TEST_CASE("the search itself finds a needle anywhere in this process", "[memory]") {
  const std::string on_heap = "OKAPI-" + std::to_string(77810 + getpid()) + "-HEAP-AND-LONG-ENOUGH";
  CHECK(FindInMemory(getpid(), {{"planted", on_heap}}).size() == 1);
}

}  // namespace cpis::e2e
