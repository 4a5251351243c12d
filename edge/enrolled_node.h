// SPDX-License-Identifier: Apache-2.0
//
// Everything a node has once it is enrolled, put together: stores, time, orders, keeper and link.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "edge/former_journals.h"
#include "edge/inquiry.h"
#include "edge/keeper.h"
#include "edge/node.h"
#include "edge/rights.h"
#include "edge/tablets.h"
#include "sync/node/link.h"

namespace cpis::edge {

// Thread-safe once opened.
class EnrolledNode {
 public:
  // Makes an identity with another key set durable.
  using KeepIdentity = std::function<Status(const sync::node::Identity&)>;
  // `clock` must outlive it. Without `keep` no new key set is taken over.
  static Result<std::unique_ptr<EnrolledNode>> Open(const std::filesystem::path& state, sync::node::Identity identity,
                                                    const platform::Clock& clock, KeepIdentity keep = {},
                                                    Beginning beginning = Beginning::kOfVehicle);
  ~EnrolledNode();

  // As Keeper's, and recorded (enrolled_audit.cc).
  Result<SessionInfo> SignIn(const std::string& staff, const std::string& pin, const std::string& place = "");
  bool SignOut(const std::string& token);

  Result<Answer> Lookup(const std::string& token, const LookupRequest& request);
  Result<AttendReply> Attend(const std::string& token, const AttendRequest& request);

  Result<Answer> Resolve(const std::string& token, const LookupRequest& request);          // enrolled_resolve.cc
  Result<std::vector<AlertShown>> Alerts(const std::string& token);                        // enrolled_alerts.cc
  Result<AlertShown> AcknowledgeAlert(const std::string& token, const std::string& id);    // enrolled_alerts.cc

  void FillStatus(NodeStatus& status);
  std::optional<Instant> AsOf() const { return replica_->CoverageOf({}).as_of; }
  // Connects anew, so that what the server has is heard of; waits until it is held here and nothing is left to forward.
  Status Sync(std::chrono::milliseconds wait, const Node::Progress& progress);
  void Stop();  // who waits in Sync or Resolve is told so
  Result<std::vector<TopicVerdict>> Verify(bool repair);
  void Findings(std::vector<Finding>& findings);
  // The signed order to erase everything, if there is one.
  std::optional<sync::Order> Ordered() { return orders_->Current()->order; }
  // Waits until nothing waits for the server, the link is gone or `enough` says so. Whether there is a link.
  bool ForwardsWaiting(const std::function<bool()>& enough);
  // As sync::node::Prove, for a node that this vehicle was before. kUnavailable while off line.
  Status Prove(ByteView signed_erasure);
  // What falls due without anybody asking. Called every few seconds.
  void Housekeep();

  // The vehicle's LAN (enrolled_lan.cc). `names`: what it is to be called there, beside its own; nothing: no LAN is served.
  void WantLan(std::optional<std::vector<std::string>> names);
  std::shared_ptr<const LanPapers> CurrentLanPapers();  // null while there are none
  std::string LanProblem();                             // why there are none, or no newer ones; empty when all is well
  Result<PairedTablet> PairTablet(const std::string& code);
  Status RemoveTablet(const std::string& name);
  Tablets& tablets() { return *tablets_; }

  const std::string& node_id() const { return identity_.node_id; }
  Keeper& keeper() { return *keeper_; }
  Journal& journal() { return *journal_; }
  Limits& limits() { return *limits_; }

 private:
  EnrolledNode(std::filesystem::path state, sync::node::Identity identity, const platform::Clock& clock)
      : state_(std::move(state)), identity_(std::move(identity)), clock_(clock) {}

  // Ends the link, if there is one, and starts another. How often everything was caught up with before that.
  uint64_t Reconnect();
  Result<bool> TakeKeySet(ByteView signed_key_set);
  bool CaughtUp();
  Status Connected();  // kUnavailable says why not, once the first try has failed
  std::shared_ptr<sync::node::Link> CurrentLink();

  Answer Judged(const std::string& digits);
  // The same, within the limits of this person and this vehicle; what goes over them is reported, and CANNOT_SAY.
  Answer JudgedWithin(const SignedIn& who, const std::string& digits);                    // enrolled_limits.cc
  std::optional<Answer> OverLimit(const SignedIn& who, const std::string& digits);        // enrolled_limits.cc; counts the look
  void CountMiss(const SignedIn& who, const Answer& answer);                              // enrolled_limits.cc
  // Records the look before its answer leaves; an answer that cannot be recorded is taken back.
  Answer Recorded(const SignedIn& who, const LookupRequest& request, const std::string& action, Answer answer);
  Result<Answer> AskServer(const std::string& digits);  // enrolled_resolve.cc; not recorded yet
  sync::Event EventOf(const SignedIn& who, const std::string& digits, const std::string& incident, const Answer& answer);

  bool RingIsOverdue(const Orders::Now& orders);
  void DestroyRing();  // housekeeper's thread

  // Records that something happened which is about no child, as well as the disk allows.
  void Note(const std::string& action, const std::string& staff);
  bool CountRefusal();  // false when today's refusals are enough for the audit
  void CheckpointIfDue();

  Status MayShowAlerts(const std::string& token, Act act, SignedIn* who);  // enrolled_alerts.cc
  uint64_t UnacknowledgedAlerts();                                // also while locked
  Status ForgetOldAcknowledgements();

  void RenewLanPapers();        // enrolled_lan.cc
  void EndSessionsOfRemoved();  // enrolled_lan.cc
  Result<LanPapers> AskLanPapers(const std::vector<std::string>& names);

  const std::filesystem::path state_;
  sync::node::Identity identity_;
  KeepIdentity keep_identity_;
  const platform::Clock& clock_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<FormerJournals> former_;
  std::unique_ptr<WholeOutbox> outbox_;  // over both
  std::unique_ptr<TrustedTime> time_;
  std::unique_ptr<Limits> limits_;
  std::unique_ptr<Orders> orders_;
  std::unique_ptr<Inquiry> inquiry_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<Tablets> tablets_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;             // guarded by mutex_
  uint64_t caught_up_ = 0;            // guarded by mutex_; how often
  uint64_t received_ = 0;             // guarded by mutex_; bytes fetched
  uint64_t since_trim_ = 0;           // guarded by mutex_; the same, since memory was given back
  std::chrono::milliseconds verified_at_{};  // guarded by mutex_; since boot
  std::chrono::milliseconds checkpoint_at_{};   // guarded by mutex_; since boot
  std::chrono::milliseconds refusals_since_{};  // guarded by mutex_; since boot
  int refusals_ = 0;                            // guarded by mutex_; sign-ins refused since then

  std::atomic<int> asking_ = 0;           // how many ask the fleet server just now
  std::mutex alerts_mutex_;
  uint64_t alerts_counted_ = 0;  // guarded by alerts_mutex_; at which version of the orders; 0: to be counted again
  uint64_t alerts_open_ = 0;     // guarded by alerts_mutex_

  bool ring_destroyed_ = false;           // housekeeper's thread; and its place on disk is overwritten
  std::atomic<bool> repair_due_ = false;  // set from any thread, taken by Housekeep

  std::mutex lan_mutex_;
  std::optional<std::vector<std::string>> lan_names_;  // guarded by lan_mutex_
  std::shared_ptr<const LanPapers> lan_papers_;        // guarded by lan_mutex_; shared with the listener
  std::string lan_problem_;                            // guarded by lan_mutex_
  std::chrono::milliseconds lan_ask_at_{};             // guarded by lan_mutex_; since boot

  std::mutex reconnecting_;  // one at a time; taken before link_mutex_

  std::mutex link_mutex_;  // held for moments: lookups ask whether there is a link
  // Guarded by link_mutex_; last: ends before what it uses. Shared with those who ask the server just now; it stops before
  // another takes its place, so they cannot keep it going.
  std::shared_ptr<sync::node::Link> link_;
};

Status NotSignedIn();  // kDenied, with what to do

// "INC-1": printable, at most kMaxIncidentBytes. kInvalid quotes it.
Status CheckIncident(const std::string& incident);

}  // namespace cpis::edge
