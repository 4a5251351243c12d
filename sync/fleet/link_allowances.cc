// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/link_allowances.h"

#include <vector>

namespace cpis::sync::fleet {

bool LinkAllowances::TakeIn(const std::string& node, size_t bytes, FrameGuard::Count frames, Time now) {
  std::lock_guard lock(mutex_);
  Node& counts = nodes_[node];
  return counts.in.Take(static_cast<double>(bytes), now) && counts.headers.Take(frames.headers, now) &&
         counts.control.Take(frames.control, now);
}

bool LinkAllowances::TakeOut(const std::string& node, size_t bytes, Time now) {
  std::lock_guard lock(mutex_);
  return nodes_[node].out.Take(static_cast<double>(bytes), now);
}

bool LinkAllowances::TakeEnvelope(const std::string& node, Time now) {
  std::lock_guard lock(mutex_);
  return nodes_[node].envelopes.Take(1, now);
}

std::shared_ptr<LinkAllowances::Stream> LinkAllowances::Open(const std::string& node, std::function<void()> cut) {
  std::lock_guard lock(mutex_);
  Node& counts = nodes_[node];
  if (counts.streams >= kMostStreams) return nullptr;
  ++counts.streams;
  auto stream = std::make_shared<Stream>(*this, node);
  stream->cut_ = std::move(cut);
  streams_.emplace(stream.get(), stream);
  return stream;
}

void LinkAllowances::CutSilent(Time now) {
  std::vector<std::shared_ptr<Stream>> all;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [_, stream] : streams_) {
      if (auto alive = stream.lock()) all.push_back(std::move(alive));
    }
  }
  for (const auto& stream : all) {
    std::lock_guard lock(stream->mutex_);
    const Time since = stream->waits_since_;
    if (!stream->cut_ || since == Time::max() || now - since < kSilentStream) continue;
    stream->waits_since_ = Time::max();
    stream->cut_();
  }
}

LinkAllowances::Stream::~Stream() {
  std::lock_guard lock(all_.mutex_);
  --all_.nodes_[node_].streams;
  all_.streams_.erase(this);
}

void LinkAllowances::Stream::Waits() { waits_since_ = std::chrono::steady_clock::now(); }

void LinkAllowances::Stream::Moved() { waits_since_ = Time::max(); }

void LinkAllowances::Stream::Ends() {
  std::lock_guard lock(mutex_);
  cut_ = nullptr;
}

LinkAllowances& TheLinkAllowances() {
  static LinkAllowances all;
  return all;
}

}  // namespace cpis::sync::fleet
