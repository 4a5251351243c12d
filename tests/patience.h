// SPDX-License-Identifier: Apache-2.0
//
// Waiting for something that other threads or processes do: polling with a deadline, never a fixed sleep.
#pragma once

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

namespace cpis {

// A number from the environment, for schedules that can be replayed or shortened.
inline uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::stoull(text);
}

// Deadlines are for a quiet machine; CPIS_PATIENCE multiplies them (sanitizers, loaded machines).
inline std::chrono::milliseconds Patient(std::chrono::milliseconds deadline) {
  return deadline * static_cast<int64_t>(FromEnvironment("CPIS_PATIENCE", 1));
}

// True as soon as `condition` holds, false when it does not within `deadline`.
template <typename Condition>
bool Eventually(Condition condition, std::chrono::milliseconds deadline = std::chrono::seconds(15)) {
  const auto end = std::chrono::steady_clock::now() + Patient(deadline);
  while (true) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace cpis
