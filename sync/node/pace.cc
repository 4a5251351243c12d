// SPDX-License-Identifier: Apache-2.0
#include "sync/node/pace.h"

#include <algorithm>

#include "sync/node/tuning.h"

namespace cpis::sync::node {

Status Pace::Took(size_t bytes, const ReplicaStore::Cursor& cursor, const std::optional<ReplicaStore::Staged>& staged,
                  Clock::time_point now) {
  bytes_ += bytes;
  const ReplicaStore::Staged part = staged.value_or(ReplicaStore::Staged());
  const Place place{cursor.epoch, cursor.sequence, part.to, part.next_part};
  if (place > best_) {
    best_ = place;
  } else if ((idle_bytes_ += std::max(bytes, kIdleMessage)) > kIdleBytes) {
    return platform::Denied("the server sends what is held already, again and again");
  }
  const auto patience = kFetchPatience + std::chrono::seconds(bytes_ / kFewestBytesASecond);
  if (now - begun_ > patience) return platform::Unavailable("the server sends too slowly to be of use");
  return Status::Ok();
}

}  // namespace cpis::sync::node
