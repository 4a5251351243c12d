// SPDX-License-Identifier: Apache-2.0
//
// The key set that a node holds now. It is replaced while the node runs, and read from every thread.
#pragma once

#include <memory>
#include <mutex>

#include "sync/manifest.h"

namespace cpis::sync::node {

// Thread-safe, but for being moved.
class HeldKeys {
 public:
  HeldKeys() : HeldKeys(KeySet()) {}
  HeldKeys(KeySet keys) : state_(std::make_unique<State>()) { *this = std::move(keys); }  // NOLINT: a key set is one, held
  HeldKeys(HeldKeys&&) = default;
  HeldKeys& operator=(HeldKeys&&) = default;

  HeldKeys& operator=(KeySet keys) {
    auto next = std::make_shared<const KeySet>(std::move(keys));
    const std::lock_guard lock(state_->mutex);
    state_->now.swap(next);
    return *this;
  }
  // Stays as it is for whoever holds it.
  std::shared_ptr<const KeySet> Now() const {
    const std::lock_guard lock(state_->mutex);
    return state_->now;
  }

 private:
  struct State {
    std::mutex mutex;
    std::shared_ptr<const KeySet> now;  // guarded by mutex
  };
  std::unique_ptr<State> state_;
};

}  // namespace cpis::sync::node
