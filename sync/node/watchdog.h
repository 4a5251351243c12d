// SPDX-License-Identifier: Apache-2.0
//
// Ends what makes no progress: a gRPC call can hang for ever with the cable out, and keepalive may not fire.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace cpis::sync::node {

class Watchdog {
 public:
  Watchdog();
  ~Watchdog();

  // While it lives, `bark` is called once, from the watchdog's thread, if Touch was not called for `patience`, or at once
  // when the watchdog is told to stop everything.
  class Guard {
   public:
    Guard(Watchdog& dog, std::chrono::milliseconds patience, std::function<void()> bark);
    ~Guard();
    void Touch();

   private:
    friend class Watchdog;
    Watchdog& dog_;
    const std::chrono::milliseconds patience_;
    const std::function<void()> bark_;
    std::chrono::steady_clock::time_point due_;  // guarded by dog_.mutex_
    bool barked_ = false;                        // guarded by dog_.mutex_
    std::list<Guard*>::iterator place_;          // guarded by dog_.mutex_
  };

  // Every guard barks now, and those still to come bark when they begin.
  void StopAll();

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Guard*> guards_;      // guarded by mutex_
  bool stop_all_ = false;         // guarded by mutex_
  bool ending_ = false;           // guarded by mutex_
  std::thread thread_;
};

}  // namespace cpis::sync::node
