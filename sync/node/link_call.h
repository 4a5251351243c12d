// SPDX-License-Identifier: Apache-2.0
//
// One gRPC connection of a node and the calls on it. A new object for every connection, so nothing is ever reset.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "proto/sync.grpc.pb.h"
#include "sync/node/link.h"
#include "sync/node/replicator.h"
#include "sync/node/watchdog.h"

namespace cpis::sync::node {

// What wakes the forwarder: something waits in the journal, or the session ends.
class Bell {
 public:
  void Ring();
  void Close();
  // True when rung since the last wait; false when closed.
  bool Wait();
  // Lets time pass, rung or not; false when closed.
  bool Rest(std::chrono::milliseconds time);

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool rung_ = true;     // guarded by mutex_; something may wait from before
  bool closed_ = false;  // guarded by mutex_
};

// One question, with a deadline; kUnavailable when it is over, or when the watchdog stops everything.
Result<Bytes> Ask(v1::FleetSync::Stub& stub, Watchdog& watchdog, ByteView signed_query, std::chrono::milliseconds patience);

// The same, for a certificate (certify_lan.cc).
Result<LanCertificate> AskCertificate(v1::FleetSync::Stub& stub, Watchdog& watchdog, const LanWish& wish, std::chrono::milliseconds patience);

// A channel of its own, not connected yet.
std::shared_ptr<grpc::Channel> Dial(const Identity& identity);
Status ToStatus(const grpc::Status& status, std::string_view call);

class Session {
 public:
  struct Parts {
    const Identity& identity;
    ReplicaStore& replica;
    Outbox& outbox;
    Replicator& replicator;
    Watchdog& watchdog;
    Bell& bell;
    const Link::Events& events;
    std::function<void()> online;  // the first manifest of this connection was accepted
  };
  explicit Session(const Parts& parts);

  // Watches and fetches until the link or the server ends it; forwards on a thread of its own meanwhile.
  Status Run();
  // For calls beside it, which may outlive the session.
  std::shared_ptr<v1::FleetSync::Stub> stub() const { return stub_; }

 private:
  bool Connect();
  Status WatchAndFetch();
  // Fetching is progress of the watch too, which hears nothing meanwhile.
  Status Hear(ByteView message, Watchdog::Guard& watch);
  bool MustWait(const Want& want);  // for room on the disk; the next manifest asks again
  Status HearKeySet(ByteView signed_key_set);
  // A damaged topic is repaired if it can be, and otherwise fetched whole.
  Status Fetch(const Want& want, Watchdog::Guard& watch);
  Status FetchWhole(const Want& want, Watchdog::Guard& watch);
  Status Repair(const Want& want, Watchdog::Guard& watch);
  Status TakeAll(const Want& want, grpc::ClientReader<v1::Signed>& stream, grpc::ClientContext& context,
                 Watchdog::Guard& call, Watchdog::Guard& watch);

  void ForwardUntilClosed();
  Status ForwardOnce();
  void DrainedOnce();

  const Parts parts_;
  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<v1::FleetSync::Stub> stub_;
  std::atomic<bool> over_{false};

  std::mutex drained_mutex_;
  std::condition_variable drained_wake_;
  bool drained_ = false;  // guarded by drained_mutex_; the attendances that waited have gone, or cannot go
};

}  // namespace cpis::sync::node
