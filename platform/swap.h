// SPDX-License-Identifier: Apache-2.0
//
// What a process holds in memory must not be found on a disk: memory that is swapped out is written there and stays.
#pragma once

#include <filesystem>
#include <string>

namespace cpis::platform {

// Locks this process's memory, now and later, where no limit applies to that (RLIMIT_MEMLOCK "unlimited", or CAP_IPC_LOCK);
// under a limit a later allocation would fail, so then nothing is locked. Pages are locked when they are first touched: nothing is taken sooner.
// Call once, at the start of main.
void LockMemory();

struct SwapVerdict {
  bool safe = false;   // locked, or there is no swap to go to
  std::string detail;  // why; one clause
};
// `swaps`: the kernel's list of swap areas.
SwapVerdict WhetherKeysCanReachSwap(const std::filesystem::path& swaps = "/proc/swaps");

}  // namespace cpis::platform
