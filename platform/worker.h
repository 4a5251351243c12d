// SPDX-License-Identifier: Apache-2.0
//
// A thread that owns something, typically a database: work is handed over and done there in order.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace cpis::platform {

class Worker {
 public:
  explicit Worker(const char* name);   // shown by ps and gdb, at most 15 characters
  ~Worker();                           // finishes what was posted, then joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Any thread. Returns at once.
  void Post(std::function<void()> work);

  // Any thread but the worker's own. Waits and returns what `work` returned.
  template <typename F>
  auto Run(F&& work) -> decltype(work()) {
    std::packaged_task<decltype(work())()> task(std::forward<F>(work));
    auto result = task.get_future();
    Post([&task] { task(); });
    return result.get();
  }

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::thread thread_;
};

// SIGTERM and SIGINT as something to wait for. Construct in main before any thread starts: it blocks both signals.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Waits for a signal or Request(). After either, every call returns at once.
  void Wait();
  // Any thread; a second way to stop.
  void Request();

 private:
  int event_fd_;
  int signal_fd_;
};

}  // namespace cpis::platform
