// SPDX-License-Identifier: Apache-2.0
#include "platform/swap.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <vector>

#include "tests/scratch.h"

using namespace cpis::platform;
using cpis::ScratchDirectory;

namespace {

constexpr const char* kHeading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

// Kilobytes of this process that are locked (/proc/self/status).
long Locked() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmLck:")) return std::stol(line.substr(6));
  }
  return -1;
}

// Puts a limit on what this process may lock.
void Limit() {
  const rlimit few{64 << 10, 64 << 10};
  setrlimit(RLIMIT_MEMLOCK, &few);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  syscall(SYS_capset, &header, none);
}

// What a process of its own finds: its exit code.
template <typename Work>
int InProcessOfItsOwn(bool limited, Work work) {
  const pid_t child = fork();
  if (child == 0) {
    if (limited) Limit();
    LockMemory();
    _exit(work());
  }
  int state = 0;
  waitpid(child, &state, 0);
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

}  // namespace

TEST_CASE("where there is no swap keys cannot reach it, and where there is the place is named") {
  const ScratchDirectory directory;
  const auto verdict = [&](const std::string& areas) {
    std::ofstream(directory / "swaps") << kHeading << areas;
    return WhetherKeysCanReachSwap(directory / "swaps");
  };
  CHECK(verdict("").safe);
  const SwapVerdict unsafe = verdict("/dev/sda2                               partition\t2097148\t\t0\t\t-2\n");
  CHECK_FALSE(unsafe.safe);
  CHECK(unsafe.detail.ends_with("swaps to /dev/sda2"));
}

TEST_CASE("memory is locked as it is touched where that is allowed without limit, and not at all where it is not") {
  const ScratchDirectory directory;
  std::ofstream(directory / "swaps") << kHeading << "/dev/sda2 partition\t1\t0\t-2\n";
  constexpr int kNotAllowed = 99;
  const int allowed = InProcessOfItsOwn(false, [&] {
    const bool safe = WhetherKeysCanReachSwap(directory / "swaps").safe;
    const std::vector<char> later(64 << 20, 1);
    if (!safe) return Locked() == 0 ? kNotAllowed : 1;
#ifdef __SANITIZE_ADDRESS__
    return 0;  // AddressSanitizer answers mlockall itself, and locks nothing
#endif
    return Locked() > 64 << 10 ? 0 : 1;
  });
  if (allowed == kNotAllowed) WARN("not tried: this user may not lock memory without limit");
  CHECK((allowed == 0 || allowed == kNotAllowed));
  CHECK(InProcessOfItsOwn(true, [&] {
          const std::vector<char> later(64 << 20, 1);
          return Locked() == 0 && !WhetherKeysCanReachSwap(directory / "swaps").safe ? 0 : 1;
        }) == 0);
}
