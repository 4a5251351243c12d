// SPDX-License-Identifier: Apache-2.0
//
// What one node may cost the fleet server, whatever it is: honest, broken, or a stolen certificate in strange hands. The limits
// are far above what a vehicle needs in its worst week, so that none ever meets them. Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "sync/fleet/link_frames.h"

namespace cpis::sync::fleet {

// The knobs, each with its reason. Amounts come back evenly over a day, or as said.
constexpr double kDay = 24 * 60 * 60;
constexpr double kMostBytesIn = 64.0 * 1024 * 1024;    // 160,000 envelopes of 400 bytes; a year's are some 10 MB
constexpr double kMostBytesOut = 1024.0 * 1024 * 1024; // all of England, 240,000 flags, is 36 MB
constexpr double kMostHeaders = 300;                   // a first sync of all 153 authorities is 160 calls; each can cost 100 KB
constexpr double kHeadersEachSecond = 20;
constexpr double kMostControl = 500;                   // gRPC asks for the round trip about ten times a second while it fetches
constexpr double kControlEachSecond = 20;
constexpr double kMostEnvelopes = 5000;                // weeks without a link
constexpr double kEnvelopesEachSecond = 50;            // the store thread takes some thousand
constexpr int kMostStreams = 16;                       // it needs three; those of connections that it lost may not have ended
constexpr auto kSilentStream = std::chrono::seconds(30);  // so long a stream waits for its node; which gives up itself after 20

class LinkAllowances {
 public:
  using Time = Allowance::Time;

  // Bytes from the node, of any kind, and the calls that they began; false when the connection must end.
  bool TakeIn(const std::string& node, size_t bytes, FrameGuard::Count frames, Time now);
  bool TakeOut(const std::string& node, size_t bytes, Time now);
  bool TakeEnvelope(const std::string& node, Time now);

  // A stream that counts as the node's while it is held. Its node owes it something from Waits until Moved.
  class Stream {
   public:
    Stream(LinkAllowances& all, std::string node) : all_(all), node_(std::move(node)) {}
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    void Waits();  // takes no lock: callers may hold one that `cut` takes too
    void Moved();
    // From then on `cut` is not called, and is not running. May be called by `cut` itself.
    void Ends();

   private:
    friend class LinkAllowances;
    LinkAllowances& all_;
    const std::string node_;
    std::recursive_mutex mutex_;
    std::function<void()> cut_;    // guarded by mutex_; empty once it ended
    std::atomic<Time> waits_since_ = Time::max();
  };
  // Null when the node has as many as it may have. `cut` must not block, and need not be the last that is heard of the stream.
  std::shared_ptr<Stream> Open(const std::string& node, std::function<void()> cut);
  // Cuts the streams whose node has been silent too long.
  void CutSilent(Time now);

 private:
  struct Node {
    Allowance in{kMostBytesIn, kMostBytesIn / kDay};
    Allowance out{kMostBytesOut, kMostBytesOut / kDay};
    Allowance headers{kMostHeaders, kHeadersEachSecond};
    Allowance control{kMostControl, kControlEachSecond};
    Allowance envelopes{kMostEnvelopes, kEnvelopesEachSecond};
    int streams = 0;
  };

  std::mutex mutex_;                                 // guards all below
  std::map<std::string, Node> nodes_;                // as many as certificates that were issued
  std::map<Stream*, std::weak_ptr<Stream>> streams_;
};

// Of this process: TLS asks it before any server does.
LinkAllowances& TheLinkAllowances();

}  // namespace cpis::sync::fleet
