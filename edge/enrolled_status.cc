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
  status.as_of = replica_->CoverageOf(region).as_of;
  if (status.as_of) {
    status.age = std::max(seconds(0), std::chrono::floor<seconds>(time_->Now().at - *status.as_of));
    status.lease_expires = *status.as_of + orders->policy.lease;
  }
  status.freshness = FreshnessOf(status.as_of, status.age, orders->policy);
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
      const auto entry = ReadDirectory(*ring, "authority/" + code);
      if (entry.ok() && entry->authority) partition.name = entry->authority->name;
    }
    status.region.push_back(std::move(partition));
  }
  if (const auto counts = journal_->Count(); counts.ok()) {
    status.attendances_waiting = counts->attendances_waiting;
    status.audit_waiting = counts->audit_waiting;
    status.quarantined = counts->quarantined;
  }
}

bool EnrolledNode::CaughtUp() {
  const auto counts = journal_->Count();
  return counts.ok() && counts->attendances_waiting == 0 && counts->audit_waiting == 0;
}

void EnrolledNode::Stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
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
  CPIS_ASSIGN(const std::vector<TopicState> states, replica_->Verify());
  std::vector<TopicVerdict> verdicts;
  bool damaged = false;
  for (const TopicState& state : states) {
    verdicts.push_back({state.topic.text(), state.entries, !state.damaged});
    damaged |= state.damaged;
  }
  if (damaged && repair) Reconnect();  // a damaged topic's cursor is zero: the next manifest fetches it whole
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

void EnrolledNode::Housekeep() {
  keeper_->Sweep();
  const auto orders = orders_->Current();
  const std::optional<Instant> as_of = replica_->CoverageOf({}).as_of;
  const bool revoked = orders->grant && orders->grant->revoked;
  if (revoked || (as_of && time_->Now().at - *as_of > orders->policy.lease + kRingOutlivesLease)) keeper_->Lock();
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
  if (const auto verified = Verify(true); !verified.ok()) platform::LogError("replica", verified.status().message());
  if (Status purged = journal_->Purge(time_->Now().at); !purged.ok()) platform::LogError("journal", purged.message());
}

}  // namespace cpis::edge
