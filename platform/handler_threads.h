// SPDX-License-Identifier: Apache-2.0
//
// The threads that answer requests. Waking a thread costs more than most requests do, so whoever is awake takes what comes; another is
// woken for what has waited a moment all the same. Included by http_connection.h only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace cpis::platform {

class HandlerThreads {
 public:
  HandlerThreads(boost::asio::io_context& io, size_t threads) : look_out_(io), most_(threads) {
    while (threads_.size() < most_) threads_.emplace_back([this] { Work(); });
  }
  ~HandlerThreads() { Join(); }

  // On the io thread. Tasks begin in their order.
  void Post(std::function<void()> task) {
    bool call = false;
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      call = awake_ == 0;
      if (call) Call();
    }
    // Not before the lock is free: whoever is woken may take this thread's place at once, and would only wait for it.
    call ? woken_.notify_one() : LookOut();
  }

  // What was posted is done to its end.
  void Join() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    woken_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  static constexpr std::chrono::microseconds kMoment{250};  // beside the four milliseconds of a lookup

  // mutex_ is held.
  void Call() {
    ++awake_;
    ++calls_;
  }

  // On the io thread. Whether tasks wait while threads sleep, in a moment.
  void LookOut() {
    if (std::exchange(looking_out_, true)) return;
    look_out_.expires_after(kMoment);
    look_out_.async_wait([this](boost::system::error_code) {
      looking_out_ = false;
      size_t called = 0;
      {
        const std::lock_guard lock(mutex_);
        for (; awake_ < most_ && awake_ < busy_ + tasks_.size(); ++called) Call();
      }
      for (; called > 0; --called) woken_.notify_one();
    });
  }

  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      woken_.wait(lock, [this] { return calls_ > 0 || stopping_; });
      calls_ > 0 ? --calls_ : ++awake_;  // or woken to stop
      while (!tasks_.empty()) {
        const std::function<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        ++busy_;
        lock.unlock();
        task();
        lock.lock();
        --busy_;
      }
      --awake_;
      if (stopping_) return;
    }
  }

  boost::asio::steady_timer look_out_;  // io thread
  const size_t most_;
  bool looking_out_ = false;            // io thread
  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_, as are the next four
  size_t awake_ = 0;                         // threads that were woken and do not sleep again
  size_t calls_ = 0;                         // of those, which do not know it yet
  size_t busy_ = 0;                          // threads with a task in hand
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cpis::platform
