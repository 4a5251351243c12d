// SPDX-License-Identifier: Apache-2.0
//
// A TCP listener that keeps count of who is inside. Strangers, connections that have not yet shown who they are, are few and do not
// stay; a guest, once known by name, has few connections at a time. So that idle or half-open connections cost a bounded amount,
// and running out of descriptors closes nothing but strangers (gRPC 1.51 by itself stops listening for good: CVE-2023-4785).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "platform/status.h"

namespace cpis::platform {

class Door {
 public:
  struct Options {
    std::string listen;                                  // HOST:PORT; port 0 picks one
    size_t most_strangers = 512;                         // an idle TLS connection costs about 27 KB
    size_t most_of_one_guest = 4;                        // a node needs one; of those that it lost, some may not have noticed
    size_t reserved_descriptors = 512;                   // of the process's limit, for everything else
    std::chrono::milliseconds stranger_stays{15'000};    // TCP, TLS and a first call over a poor mobile link
    std::chrono::milliseconds stranger_is_safe{2'000};   // so long, and no longer, others wait for its place
  };

  // Told, on the door's thread, of a connection that came in: takes over the descriptor, which does not block.
  using Admit = std::function<void(int fd)>;
  // Called on the door's thread about once a second.
  using Tick = std::function<void()>;

  // kInvalid when `listen` cannot be listened on. Nobody comes in before `Start`.
  static Result<std::unique_ptr<Door>> Open(Options options);
  virtual void Start(Admit admit, Tick tick) = 0;
  // Nobody comes in any more, and neither callback is running. Those inside stay until whoever was given them lets go.
  virtual void Stop() = 0;
  virtual ~Door() = default;  // stops
  virtual std::string Address() const = 0;

  // The connection from this peer ("127.0.0.1:5000", "[::1]:5000") is `guest`: no stranger any more. Of too many connections of
  // one guest the oldest is cut. Any thread.
  virtual void Recognise(std::string_view peer, const std::string& guest) = 0;

  struct Count {
    size_t strangers = 0;
    size_t inside = 0;  // strangers too
  };
  virtual Count Inside() = 0;  // any thread
};

}  // namespace cpis::platform
