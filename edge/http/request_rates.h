// SPDX-License-Identifier: Apache-2.0
//
// How many requests each of those who ask may make in a minute, so that one of them cannot take what is there for all. What it
// remembers is bounded: past that, strangers share one allowance.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace cpis::edge::http {

// Thread-safe.
class RequestRates {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr size_t kMostKnown = 256;

  explicit RequestRates(int a_minute) : a_minute_(a_minute) {}

  // 0 when it may; else in how many seconds one may again. What is refused costs nothing.
  int Take(const std::string& who, Time now);

 private:
  struct Left {
    double requests;
    Time at;
  };
  Left& Of(const std::string& who, Time now);  // mutex_ is held
  void Refill(Left& left, Time now) const;

  const int a_minute_;
  std::mutex mutex_;
  std::map<std::string, Left> left_;  // guarded by mutex_; "" is whoever is one too many
};

}  // namespace cpis::edge::http
