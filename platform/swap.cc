// SPDX-License-Identifier: Apache-2.0
#include "platform/swap.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

namespace cpis::platform {
namespace {

std::atomic<bool> locked = false;  // of the whole process, as the lock is

bool NoLimitApplies() {
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) return true;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct ours[_LINUX_CAPABILITY_U32S_3]{};
  return syscall(SYS_capget, &header, ours) == 0 && (ours[0].effective & 1U << CAP_IPC_LOCK) != 0;
}

}  // namespace

void LockMemory() {
  if (!NoLimitApplies()) return;
  locked = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

SwapVerdict WhetherKeysCanReachSwap(const std::filesystem::path& swaps) {
  if (locked) return {true, "locked: nothing of it can be swapped out"};
  std::ifstream in(swaps);
  std::string heading;
  std::string first;
  std::getline(in, heading);
  if (!std::getline(in, first)) return {true, "not locked, and this machine has no swap"};
  return {false, "not locked, and this machine swaps to " + first.substr(0, first.find_first_of(" \t"))};
}

}  // namespace cpis::platform
