// SPDX-License-Identifier: Apache-2.0
#include "sync/node/link.h"

#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "platform/log.h"
#include "sync/node/link_call.h"
#include "sync/node/tuning.h"

namespace cpis::sync::node {
namespace {

// Rings the session that runs, if one does. The journal may still call it while the link ends.
class Doorbell {
 public:
  void Ring() {
    std::lock_guard lock(mutex_);
    if (bell_ != nullptr) bell_->Ring();
  }
  void LeadTo(Bell* bell) {
    std::lock_guard lock(mutex_);
    bell_ = bell;
  }

 private:
  std::mutex mutex_;
  Bell* bell_ = nullptr;  // guarded by mutex_
};

class GrpcLink final : public Link {
 public:
  GrpcLink(const Identity& identity, ReplicaStore& replica, Outbox& outbox, const platform::Clock& clock, Events events)
      : identity_(identity), replica_(replica), outbox_(outbox), clock_(clock), events_(std::move(events)),
        replicator_(identity.keys, Topic::Node(identity.node_id), replica) {
    state_.since = clock_.Now();
    outbox_.OnWaiting([doorbell = doorbell_] { doorbell->Ring(); });
    thread_ = std::thread([this] { Loop(); });
  }

  ~GrpcLink() override { Stop(); }

  void Stop() override {
    std::lock_guard one(stop_mutex_);
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;  // the outbox may ring for the next link already
      stopping_ = true;
      if (state_.online) state_ = {false, clock_.Now(), ""};
    }
    outbox_.OnWaiting({});
    wake_.notify_all();
    watchdog_.StopAll();
    thread_.join();
  }

  LinkState State() const override {
    std::lock_guard lock(mutex_);
    return state_;
  }

  void Nudge() override {
    std::lock_guard lock(mutex_);
    nudged_ = true;
    wake_.notify_all();
  }

  Result<Bytes> Resolve(ByteView signed_query, std::chrono::milliseconds patience) override {
    const auto stub = OnlineStub();
    if (!stub) return platform::Unavailable("off line");
    return Ask(*stub, watchdog_, signed_query, patience);
  }

  Result<LanCertificate> CertifyLan(const LanWish& wish, std::chrono::milliseconds patience) override {
    const auto stub = OnlineStub();
    if (!stub) return platform::Unavailable("off line");
    return AskCertificate(*stub, watchdog_, wish, patience);
  }

 private:
  void Loop() {
    std::chrono::milliseconds retry = kFirstRetry;
    while (!Stopping()) {
      Bell bell;
      doorbell_->LeadTo(&bell);
      bool was_online = false;
      Status ended = RunSession(bell, [&] { was_online = true; SetOnline(); });
      doorbell_->LeadTo(nullptr);
      SetOffline(ended);
      if (was_online) {
        retry = kFirstRetry;
        // The server may have gone for everybody at once: it says over how long they should come back.
        const std::chrono::milliseconds window = std::min<std::chrono::milliseconds>(replicator_.reconnect_window(), kLongestRetry);
        Rest(std::uniform_int_distribution<int64_t>(0, window.count())(random_));
      }
      Rest(std::uniform_int_distribution<int64_t>(retry.count() / 2, retry.count())(random_));
      retry = std::min<std::chrono::milliseconds>(retry * 2, kLongestRetry);
    }
  }

  // The connection is closed when it returns, unless a question still holds it.
  Status RunSession(Bell& bell, std::function<void()> online) {
    Session session({identity_, replica_, outbox_, replicator_, watchdog_, bell, events_, std::move(online)});
    SetStub(session.stub());
    Status ended = session.Run();
    SetStub(nullptr);
    return ended;
  }

  bool Stopping() const {
    std::lock_guard lock(mutex_);
    return stopping_;
  }

  void Rest(int64_t milliseconds) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::chrono::milliseconds(milliseconds), [this] { return stopping_ || nudged_; });
    nudged_ = false;
  }

  void SetOnline() {
    std::lock_guard lock(mutex_);
    if (state_.online || stopping_) return;
    state_ = {true, clock_.Now(), ""};
    platform::LogInfo("link", "on line");
  }

  // Null while off line.
  std::shared_ptr<v1::FleetSync::Stub> OnlineStub() const {
    std::lock_guard lock(mutex_);
    return state_.online ? stub_ : nullptr;
  }

  void SetStub(std::shared_ptr<v1::FleetSync::Stub> stub) {
    std::lock_guard lock(mutex_);
    stub_ = std::move(stub);
  }

  // Decides here what becomes of a failed session: it is logged once and the link tries again.
  void SetOffline(const Status& why) {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (state_.online) state_.since = clock_.Now();
    if (state_.online || state_.last_error != why.message()) platform::LogWarning("link", "off line: " + why.message());
    state_.online = false;
    state_.last_error = why.message();
  }

  const Identity& identity_;
  ReplicaStore& replica_;
  Outbox& outbox_;
  const platform::Clock& clock_;
  const Events events_;
  Watchdog watchdog_;
  Replicator replicator_;              // link thread only
  std::minstd_rand random_{std::random_device{}()};  // link thread only

  std::mutex stop_mutex_;              // whoever stops waits for the end, first or not; taken before mutex_

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  LinkState state_;                    // guarded by mutex_
  // Guarded by mutex_; of the session that runs, and of calls that may outlive it by their own patience.
  std::shared_ptr<v1::FleetSync::Stub> stub_;
  bool stopping_ = false;              // guarded by mutex_
  bool nudged_ = false;                // guarded by mutex_

  const std::shared_ptr<Doorbell> doorbell_ = std::make_shared<Doorbell>();  // shared with the journal's callback

  std::thread thread_;
};

}  // namespace

std::unique_ptr<Link> Link::Start(const Identity& identity, ReplicaStore& replica, Outbox& outbox,
                                  const platform::Clock& clock, Events events) {
  return std::make_unique<GrpcLink>(identity, replica, outbox, clock, std::move(events));
}

}  // namespace cpis::sync::node
