// SPDX-License-Identifier: Apache-2.0
#include "edge/http/request_rates.h"

#include <algorithm>
#include <cmath>

namespace cpis::edge::http {

void RequestRates::Refill(Left& left, Time now) const {
  const double seconds = std::chrono::duration<double>(std::max(now - left.at, Time::duration::zero())).count();
  left.requests = std::min<double>(a_minute_, left.requests + seconds * a_minute_ / 60);
  left.at = std::max(left.at, now);
}

RequestRates::Left& RequestRates::Of(const std::string& who, Time now) {
  if (const auto known = left_.find(who); known != left_.end()) return known->second;
  if (left_.size() >= kMostKnown) {
    // Whoever has all of theirs again is as good as forgotten.
    for (auto entry = left_.begin(); entry != left_.end();) {
      Refill(entry->second, now);
      entry = entry->second.requests >= a_minute_ ? left_.erase(entry) : std::next(entry);
    }
  }
  const std::string& key = left_.size() < kMostKnown ? who : std::string();
  return left_.try_emplace(key, Left{static_cast<double>(a_minute_), now}).first->second;
}

int RequestRates::Take(const std::string& who, Time now) {
  const std::lock_guard lock(mutex_);
  Left& left = Of(who, now);
  Refill(left, now);
  if (left.requests >= 1) {
    left.requests -= 1;
    return 0;
  }
  return std::max(1, static_cast<int>(std::ceil((1 - left.requests) * 60 / a_minute_)));
}

}  // namespace cpis::edge::http
