// SPDX-License-Identifier: Apache-2.0
//
// What the fleet server ordered this node: its grant, the policy, the roster. Read from the replica's topics, kept until they
// change.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "crypto/key_ring.h"
#include "edge/replica.h"
#include "sync/node/identity.h"
#include "sync/order.h"
#include "sync/records.h"

namespace cpis::edge {

// Thread-safe.
class Orders {
 public:
  // Both must outlive it.
  Orders(const sync::node::Identity& identity, Replica& replica) : identity_(identity), replica_(replica) {}

  struct Now {
    std::optional<sync::Grant> grant;  // nothing before the first sync
    Bytes wrapped_ring;                // empty: never came, or destroyed after the lease
    std::optional<sync::Order> order;  // to erase everything
    sync::Policy policy;
    bool readable = true;              // false: a setting is there and cannot be read; it may be stricter than the default
  };
  // As of the topics now; the same object while they have not changed.
  std::shared_ptr<const Now> Current();

  // A member of the roster. kNotFound; kUnavailable before the roster has come.
  Result<sync::StaffMember> Find(const std::string& staff_id);
  // The key ring of this node. kUnavailable without a grant; kNotFound when the ring is not here (it was destroyed when the lease
  // was long over, and comes back with the next contact); kCorrupt when it does not open.
  Result<crypto::KeyRing> OpenRing(const crypto::Secret& ring_key);

 private:
  std::shared_ptr<const Now> Read();
  void ReadOwn(Now& now);  // what this node's own topic says

  const sync::node::Identity& identity_;
  Replica& replica_;
  std::mutex mutex_;
  uint64_t version_ = 0;               // guarded by mutex_; of the replica's orders
  std::shared_ptr<const Now> current_; // guarded by mutex_
};

}  // namespace cpis::edge
