// SPDX-License-Identifier: Apache-2.0
//
// When a fetch that goes on is no fetch any more. The watchdog ends what is silent; this ends what speaks and gets nowhere: the
// same parts again and again, or so little that it would never end. Pure.
#pragma once

#include <chrono>
#include <tuple>

#include "sync/node/ports.h"

namespace cpis::sync::node {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Pace(Clock::time_point begun) : begun_(begun) {}

  // After each message that was taken in: where its topic stands now. kDenied: it does not get on; kUnavailable: it is too slow.
  Status Took(size_t bytes, const ReplicaStore::Cursor& cursor, const std::optional<ReplicaStore::Staged>& staged,
              Clock::time_point now);

 private:
  using Place = std::tuple<crypto::Epoch, Sequence, Sequence, uint32_t>;
  const Clock::time_point begun_;
  Place best_{};
  uint64_t bytes_ = 0;
  uint64_t idle_bytes_ = 0;
};

}  // namespace cpis::sync::node
