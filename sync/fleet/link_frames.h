// SPDX-License-Identifier: Apache-2.0
//
// What HTTP/2 a node's connection may carry into the server, judged before gRPC sees it. gRPC 1.51 gathers a header of any length
// before it counts (300 MB sent were 480 MB held), and counts none of the frames that cost work and carry nothing.
//
//   24 preface, then frames: 3 length │ 1 type │ 1 flags │ 4 stream │ length bytes        RFC 9113 §3.4, §4.1
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "platform/bytes.h"

namespace cpis::sync::fleet {

// So much at once, and what has come back since. Callers lock.
class Allowance {
 public:
  using Time = std::chrono::steady_clock::time_point;
  Allowance(double most, double each_second) : most_(most), each_second_(each_second), left_(most) {}

  // False, and nothing is taken, when there is not so much.
  bool Take(double amount, Time now);

 private:
  double most_;
  double each_second_;
  double left_;
  Time at_{};
};

// Of one connection; the bytes are those that TLS has opened, in order.
class FrameGuard {
 public:
  static constexpr uint32_t kMostFrame = 16 * 1024;    // what HTTP/2 allows unless we allow more
  static constexpr uint32_t kMostHeader = 768;         // all frames of one header together; a node's has about 300 bytes
  enum class Fault { kNone, kNotHttp2, kFrame, kHeader };

  // After a fault the connection is over: it stays.
  Fault Take(platform::ByteView bytes);
  // What began since the last time this was asked: headers, and frames that are answered or cost work and carry nothing of ours.
  struct Count {
    int headers = 0;
    int control = 0;
  };
  Count TakeCount() { return std::exchange(count_, {}); }

 private:
  Fault OnFrame();

  uint64_t preface_ = 0;     // bytes of it seen
  uint8_t head_[9] = {};
  size_t head_size_ = 0;     // bytes of it seen
  uint64_t to_skip_ = 0;     // of the frame's payload
  uint32_t header_size_ = 0; // of the header that has not ended; 0 between headers
  bool in_header_ = false;
  Count count_;
  Fault fault_ = Fault::kNone;
};

}  // namespace cpis::sync::fleet
