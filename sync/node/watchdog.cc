// SPDX-License-Identifier: Apache-2.0
#include "sync/node/watchdog.h"

namespace cpis::sync::node {

using std::chrono::steady_clock;

Watchdog::Watchdog() : thread_([this] { Loop(); }) {}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watchdog::StopAll() {
  std::lock_guard lock(mutex_);
  stop_all_ = true;
  wake_.notify_all();
}

// Barks under the lock: a guard cannot end while its bark runs.
void Watchdog::Loop() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const auto now = steady_clock::now();
    auto next = now + std::chrono::seconds(60);
    for (Guard* guard : guards_) {
      if (guard->barked_) continue;
      if (stop_all_ || guard->due_ <= now) {
        guard->barked_ = true;
        guard->bark_();
      } else {
        next = std::min(next, guard->due_);
      }
    }
    wake_.wait_until(lock, next);
  }
}

Watchdog::Guard::Guard(Watchdog& dog, std::chrono::milliseconds patience, std::function<void()> bark)
    : dog_(dog), patience_(patience), bark_(std::move(bark)), due_(steady_clock::now() + patience) {
  std::lock_guard lock(dog_.mutex_);
  dog_.guards_.push_front(this);
  place_ = dog_.guards_.begin();
  dog_.wake_.notify_all();
}

Watchdog::Guard::~Guard() {
  std::lock_guard lock(dog_.mutex_);
  dog_.guards_.erase(place_);
}

void Watchdog::Guard::Touch() {
  std::lock_guard lock(dog_.mutex_);
  due_ = steady_clock::now() + patience_;
}

}  // namespace cpis::sync::node
