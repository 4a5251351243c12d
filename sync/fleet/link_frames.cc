// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/link_frames.h"

#include <algorithm>
#include <string_view>

namespace cpis::sync::fleet {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr uint8_t kHeaders = 1;
constexpr uint8_t kContinuation = 9;
constexpr uint8_t kData = 0;
constexpr uint8_t kWindowUpdate = 8;
constexpr uint8_t kEndHeaders = 4;
constexpr uint8_t kEndStream = 1;

}  // namespace

bool Allowance::Take(double amount, Time now) {
  if (at_ != Time() && now > at_) {
    left_ = std::min(most_, left_ + each_second_ * std::chrono::duration<double>(now - at_).count());
  }
  at_ = std::max(at_, now);
  if (amount > left_) return false;
  left_ -= amount;
  return true;
}

FrameGuard::Fault FrameGuard::Take(platform::ByteView bytes) {
  while (!bytes.empty() && fault_ == Fault::kNone) {
    if (preface_ < kPreface.size()) {
      if (static_cast<char>(bytes.front()) != kPreface[preface_]) return fault_ = Fault::kNotHttp2;
      ++preface_;
      bytes = bytes.subspan(1);
    } else if (to_skip_ > 0) {
      const auto skipped = std::min<uint64_t>(to_skip_, bytes.size());
      to_skip_ -= skipped;
      bytes = bytes.subspan(skipped);
    } else {
      head_[head_size_++] = bytes.front();
      bytes = bytes.subspan(1);
      if (head_size_ == sizeof head_) {
        head_size_ = 0;
        fault_ = OnFrame();
      }
    }
  }
  return fault_;
}

FrameGuard::Fault FrameGuard::OnFrame() {
  const uint32_t size = static_cast<uint32_t>(head_[0]) << 16 | static_cast<uint32_t>(head_[1]) << 8 | head_[2];
  if (size > kMostFrame) return Fault::kFrame;
  to_skip_ = size;
  const uint8_t type = head_[3];
  // §6.10: nothing but its continuation stands between a header's beginning and its end.
  if (in_header_ != (type == kContinuation)) return Fault::kHeader;
  if (type != kHeaders && type != kContinuation) {
    // No window holds back data of no bytes, and what gRPC has not handled yet it holds: 64 MB of them were 58 MB.
    const bool nothing = type == kData && size == 0 && (head_[4] & kEndStream) == 0;
    if (nothing || (type != kData && type != kWindowUpdate)) ++count_.control;
    return Fault::kNone;
  }
  if (type == kHeaders) {
    ++count_.headers;
    header_size_ = 0;
  }
  // A frame counts as nine bytes more, so that empty ones cannot go on without an end.
  header_size_ += size + static_cast<uint32_t>(sizeof head_);
  in_header_ = (head_[4] & kEndHeaders) == 0;
  return header_size_ > kMostHeader ? Fault::kHeader : Fault::kNone;
}

}  // namespace cpis::sync::fleet
