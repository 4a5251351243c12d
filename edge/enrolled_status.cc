// SPDX-License-Identifier: Apache-2.0
//
// What an enrolled node says of itself, and what it does without being asked.
#include <algorithm>

#include "crypto/certificates.h"
#include "edge/enrolled_node.h"
#include "edge/tuning.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

using std::chrono::seconds;
using sync::Topic;

Freshness FreshnessOf(std::optional<Instant> as_of, seconds age, const sync::Policy& policy) {
  if (!as_of) return Freshness::kNever;
  if (age > policy.lease) return Freshness::kExpired;
  return age > policy.fresh_for ? Freshness::kAgeing : Freshness::kFresh;
}

bool AnyDamaged(const std::vector<TopicState>& states) {
  return std::any_of(states.begin(), states.end(), [](const TopicState& state) { return state.damaged; });
}

}  // namespace

std::string_view Name(Freshness freshness) {
  switch (freshness) {
    case Freshness::kNever: return "NEVER";
    case Freshness::kFresh: return "FRESH";
    case Freshness::kAgeing: return "AGEING";
    case Freshness::kExpired: return "EXPIRED";
  }
  return "";
}

void EnrolledNode::FillStatus(NodeStatus& status) {
  const auto orders = orders_->Current();
  const std::vector<std::string> region = orders->grant ? orders->grant->region : std::vector<std::string>();
  const auto ring = keeper_->Ring();
  status.node = identity_.name;
  status.node_id = identity_.node_id;
  status.trust = identity_.trust_code;
  status.enrolled = true;
  status.locked = ring == nullptr;
  {
    const std::lock_guard lock(link_mutex_);
    const sync::node::LinkState link = link_->State();
    status.online = link.online;
    status.link_since = link.since;
    status.link_error = link.last_error;
  }
  status.as_of = AsOf();
  if (status.as_of) {
    status.age = std::max(seconds(0), std::chrono::floor<seconds>(time_->Now().at - *status.as_of));
    status.lease_expires = *status.as_of + orders->policy.lease;
  }
  status.freshness = FreshnessOf(status.as_of, status.age, orders->policy);
  if (const EnglandState england = replica_->EnglandNow(); england.as_of) {
    status.england_prefixes = england.prefixes;
    status.england_false_positives = england.false_positive_rate;
    status.england_as_of = england.as_of;
  }
  replica_->WaitVerified(kGlance);  // rows are not counted before
  const std::vector<TopicState> states = replica_->States();
  for (const std::string& code : region) {
    PartitionStatus partition{code, "", 0, 0};
    const Topic topic = Topic::Rows(code);
    const auto state = std::find_if(states.begin(), states.end(), [&](const TopicState& s) { return s.topic == topic; });
    if (state != states.end()) {
      partition.rows = state->entries;
      partition.sequence = static_cast<uint64_t>(state->sequence);
    }
    if (ring) {
      const auto entry = inquiry_->Directory(*ring, "authority/" + code);
      if (entry.ok() && entry->authority) partition.name = entry->authority->name;
    }
    status.region.push_back(std::move(partition));
  }
  status.alerts = UnacknowledgedAlerts();
  if (const auto counts = journal_->Count(); counts.ok()) {
    status.attendances_waiting = counts->attendances_waiting;
    status.audit_waiting = counts->audit_waiting;
    status.quarantined = counts->quarantined;
  }
  if (const auto former = former_->Count(); former.ok()) AddTo(status, *former);
}

bool EnrolledNode::CaughtUp() {
  const auto counts = journal_->Count();
  return counts.ok() && counts->attendances_waiting == 0 && counts->audit_waiting == 0;
}

bool EnrolledNode::ForwardsWaiting(const std::function<bool()>& enough) {
  std::unique_lock lock(mutex_);
  for (;;) {
    lock.unlock();
    const bool online = CurrentLink()->State().online;
    if (!online || enough() || CaughtUp()) return online;
    lock.lock();
    changed_.wait_for(lock, kForwardTurn);
  }
}

Status EnrolledNode::Prove(ByteView signed_erasure) {
  if (!CurrentLink()->State().online) return platform::Unavailable("off line");
  return sync::node::Prove(identity_, signed_erasure, kProvePatience);
}

void EnrolledNode::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  CurrentLink()->Stop();  // ends what is asked of the server
}

Status EnrolledNode::Connected() {
  const std::lock_guard lock(link_mutex_);
  const sync::node::LinkState link = link_->State();
  if (link.online || link.last_error.empty()) return Status::Ok();
  return platform::Unavailable("off line: " + link.last_error + " (try again where there is coverage; nothing is lost)");
}

Status EnrolledNode::Sync(std::chrono::milliseconds wait, const Node::Progress& progress) {
  const uint64_t before = Reconnect();
  if (wait.count() == 0) {
    // Not a wait, but what is said of the link next should be true of the new one.
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kGlance, [&] { return caught_up_ > before; });
    return Status::Ok();
  }
  const auto began = std::chrono::steady_clock::now();
  const auto deadline = began + wait;
  std::unique_lock lock(mutex_);
  while (std::chrono::steady_clock::now() < deadline) {
    if (stopping_) return platform::Unavailable("the daemon is stopping (what was done stays done)");
    if (caught_up_ > before) {
      lock.unlock();
      const bool forwarded = CaughtUp();
      lock.lock();
      if (forwarded) return Status::Ok();
    }
    if (std::chrono::steady_clock::now() - began > kNoConnection && caught_up_ == before && received_ == 0) {
      lock.unlock();
      CPIS_TRY(Connected());
      lock.lock();
    }
    const uint64_t received = received_;
    changed_.wait_for(lock, std::chrono::milliseconds(50));
    if (progress && received != received_) {
      const uint64_t bytes = received_;
      lock.unlock();
      progress(bytes, 0);
      lock.lock();
    }
  }
  return platform::Unavailable("not caught up yet: no link, or a slow one (what was done stays done; it goes on by itself)");
}

Result<std::vector<TopicVerdict>> EnrolledNode::Verify(bool repair) {
  CPIS_ASSIGN(std::vector<TopicState> states, replica_->Verify());
  if (repair && (states.empty() || AnyDamaged(states))) {
    const uint64_t before = Reconnect();  // a damaged topic's cursor is zero: the next manifest has it repaired
    const auto began = std::chrono::steady_clock::now();
    const auto waited = [&] { return std::chrono::steady_clock::now() - began; };
    std::unique_lock lock(mutex_);
    const auto whole = [&] { return caught_up_ > before && !AnyDamaged(replica_->States()); };
    while (!stopping_ && !whole() && waited() < kRepairPatience) {
      changed_.wait_for(lock, kRepairTurn);
      lock.unlock();
      const bool online = [&] {
        const std::lock_guard link(link_mutex_);
        return link_->State().online;
      }();
      lock.lock();
      if (!online && waited() > kNoConnection) break;
    }
    states = replica_->States();
  }
  std::vector<TopicVerdict> verdicts;
  // Without the manifest nothing says where the topics should be, and nothing negative is said.
  if (!states.empty() && !replica_->CoverageOf({}).as_of) verdicts.push_back({"manifest", 0, false});
  for (const TopicState& state : states) verdicts.push_back({state.topic.text(), state.entries, !state.damaged});
  return verdicts;
}

void EnrolledNode::Findings(std::vector<Finding>& findings) {
  NodeStatus status;
  FillStatus(status);
  findings.push_back({"link", status.online,
                      std::string(status.online ? "on line" : "off line") + " since " + platform::Rfc3339(status.link_since) +
                          (status.link_error.empty() ? "" : " (" + status.link_error + ")"),
                      status.online ? "" : "check the vehicle's connection; data and attendances wait safely meanwhile"});
  const bool trusted = time_->Now().trusted;
  findings.push_back({"clock", trusted, trusted ? "trusted" : "behind what this node has seen, and no contact since it started",
                      trusted ? "" : "set the clock, or bring the vehicle into coverage once"});
  const bool fresh = status.freshness == Freshness::kFresh;
  findings.push_back({"data_age", fresh,
                      status.as_of ? "as of " + platform::Rfc3339(*status.as_of) : std::string("nothing has been synchronised"),
                      fresh ? "" : "bring the vehicle into coverage and run: cpisctl node sync --wait"});
  const auto expiry = crypto::CertificateExpiry(identity_.tls_certificate_pem);
  const bool valid = expiry.ok() && *expiry > time_->Now().at + kCertificateWarning;
  findings.push_back({"certificate", valid,
                      expiry.ok() ? "good until " + platform::Rfc3339(Instant(*expiry)) : expiry.status().message(),
                      valid ? "" : "enrol this vehicle again before then"});
}

// By the time that leases are judged by, trusted or not: nothing takes that back, and where a clock set forward led it astray, the
// ring comes back with the contact that sets it right. Whoever is heard of by the server, though not all of it came, is not lost.
bool EnrolledNode::RingIsOverdue(const Orders::Now& orders) {
  const Instant now = time_->Now().at;  // also keeps the time, each minute
  const std::optional<Instant> as_of = replica_->CoverageOf({}).as_of;
  const std::optional<Instant> last = std::max(as_of, time_->HeardAt());
  return last && now - *last > orders.policy.lease + kRingOutlivesLease;
}

// Until it is known to be gone from the disk it is tried again: a kill in between left it in the log.
void EnrolledNode::DestroyRing() {
  const bool here = !orders_->Current()->wrapped_ring.empty();
  if (ring_destroyed_ && !here) return;
  keeper_->Lock();
  const Status erased = replica_->Erase(sync::Topic::Node(identity_.node_id), sync::KeyOf(sync::kRingEntry));
  keeper_->Lock();  // again: somebody may have signed in meanwhile
  ring_destroyed_ = erased.ok();
  if (!erased.ok()) platform::LogError("lease", "the key ring is not destroyed yet: " + erased.message());
  if (erased.ok() && here) platform::LogWarning("lease", "long over: the key ring is destroyed; it comes back on contact");
}

void EnrolledNode::Housekeep() {
  keeper_->Sweep();
  const auto orders = orders_->Current();
  if (orders->grant && orders->grant->revoked) keeper_->Lock();
  if (RingIsOverdue(*orders)) DestroyRing();
  CheckpointIfDue();
  limits_->KeepLived();
  journal_->reserve().Refill();
  RenewLanPapers();
  EndSessionsOfRemoved();
  if (repair_due_.exchange(false)) Reconnect();  // the first manifest of a new link fetches what is damaged
  bool verify = false;
  {
    const std::lock_guard lock(mutex_);
    if (clock_.SinceBoot() - verified_at_ >= kVerifyEvery) {
      verified_at_ = clock_.SinceBoot();
      verify = true;
    }
  }
  if (!verify) return;
  // What it finds to be damaged is due for repair then; nobody waits for that here.
  if (const auto verified = Verify(false); !verified.ok()) platform::LogError("replica", verified.status().message());
  if (Status forgotten = ForgetOldAcknowledgements(); !forgotten.ok()) platform::LogError("alerts", forgotten.message());
  if (Status purged = journal_->Purge(time_->Now().at); !purged.ok()) platform::LogError("journal", purged.message());
}

}  // namespace cpis::edge
