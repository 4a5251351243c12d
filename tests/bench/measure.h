// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace cpis::bench {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The value below which that share of the samples lies.
inline double Percentile(std::vector<double> samples, double share) {
  std::sort(samples.begin(), samples.end());
  return samples[std::min(samples.size() - 1, static_cast<size_t>(share * static_cast<double>(samples.size())))];
}

// "  first sync                         0.61 s     bar 3 s"
inline void Line(const std::string& what, double value, const char* unit, const std::string& beside) {
  std::printf("  %-46s %10.3f %-8s %s\n", what.c_str(), value, unit, beside.c_str());
}

}  // namespace cpis::bench
