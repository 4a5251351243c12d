// SPDX-License-Identifier: Apache-2.0
//
// Late alerts: what the fleet server found out after somebody here had looked. They are entries of this node's own topic, and
// go from it when the server has heard who acknowledged them.
#include <algorithm>
#include <tuple>

#include "edge/enrolled_node.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

using sync::KeyOf;
using sync::Topic;

std::string EntryName(const std::string& id) { return "alert/" + id; }

// Or one of the other entries of the topic.
bool IsAlert(sync::RowIndex key) {
  return key != KeyOf(sync::kGrantEntry) && key != KeyOf(sync::kRingEntry) && key != KeyOf(sync::kOrderEntry);
}

// Plans whose window is over since the alert was raised are left out.
std::vector<PlanShown> PlansAt(const sync::Alert& alert, Instant now) {
  std::vector<PlanShown> plans;
  for (const auto& [authority, plan] : alert.plans) plans.push_back({plan, sync::PlanState::kGone, authority});
  return ShownAt(std::move(plans), now);
}

Result<sync::Alert> OpenAlert(const crypto::BoxKey& box, const crypto::KeyRing& ring, const std::pair<sync::RowIndex, Bytes>& entry) {
  CPIS_ASSIGN(const crypto::Secret sealed, crypto::OpenBox(box, entry.second));
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenWith(ring.directory_key, "alert", sealed.Reveal()));
  CPIS_ASSIGN(sync::Alert alert, sync::DecodeAlert(plain.Reveal()));
  if (KeyOf(EntryName(alert.id)) != entry.first) return platform::Corrupt("the entry is another alert's");
  return alert;
}

}  // namespace

Status EnrolledNode::MayShowAlerts(const std::string& token, Act act, SignedIn* who) {
  const std::optional<SignedIn> signed_in = keeper_->Use(token);
  if (!signed_in) return NotSignedIn();
  *who = *signed_in;
  CPIS_TRY(MayDo(act, who->duty, who->right));
  const auto orders = orders_->Current();
  const std::optional<Instant> as_of = replica_->CoverageOf({}).as_of;
  if (as_of && time_->Now().at - *as_of > orders->policy.lease) {
    return platform::Unavailable("this vehicle's data is too old to be shown (bring it into coverage)");
  }
  return Status::Ok();
}

Result<std::vector<AlertShown>> EnrolledNode::Alerts(const std::string& token) {
  SignedIn who;
  CPIS_TRY(MayShowAlerts(token, Act::kSeeAlerts, &who));
  const auto ring = keeper_->Ring();
  if (!ring) return platform::Unavailable("this vehicle is locked: alerts cannot be read (sign in again)");
  CPIS_ASSIGN(const auto entries, replica_->All(Topic::Node(identity_.node_id)));
  CPIS_ASSIGN(const std::vector<Acknowledgement> marks, journal_->Acknowledged());
  const Instant now = time_->Now().at;
  std::vector<AlertShown> shown;
  for (const auto& entry : entries) {
    if (!IsAlert(entry.first)) continue;
    auto opened = OpenAlert(identity_.box, *ring, entry);
    if (!opened.ok()) {
      platform::LogWarning("alerts", "an alert does not open: " + opened.status().message());
      continue;
    }
    sync::Alert& alert = *opened;
    AlertShown item{alert.id, alert.nhs_number, alert.staff, alert.incident, alert.occurred_at, alert.outcome_at_node,
                    alert.raised_at, PlansAt(alert, now), "", std::nullopt};
    if (item.plans.empty()) continue;  // the server takes it back soon
    const auto mark = std::find_if(marks.begin(), marks.end(), [&](const auto& m) { return m.alert == entry.first; });
    if (mark != marks.end()) {
      item.acknowledged_by = mark->staff;
      item.acknowledged_at = mark->at;
    }
    shown.push_back(std::move(item));
  }
  std::sort(shown.begin(), shown.end(), [](const AlertShown& a, const AlertShown& b) {
    return std::tie(a.raised_at, a.id) > std::tie(b.raised_at, b.id);
  });
  return shown;
}

Result<AlertShown> EnrolledNode::AcknowledgeAlert(const std::string& token, const std::string& id) {
  SignedIn who;
  CPIS_TRY(MayShowAlerts(token, Act::kAcknowledge, &who));
  const std::lock_guard one(alerts_mutex_);  // of two people at once, the second must see the first
  CPIS_ASSIGN(std::vector<AlertShown> shown, Alerts(token));
  const auto alert = std::find_if(shown.begin(), shown.end(), [&](const AlertShown& a) { return a.id == id; });
  if (alert == shown.end()) return platform::NotFound("this vehicle has no such alert (see: cpisctl node alerts)");
  if (alert->acknowledged_at) return *alert;
  Journal::Record record;
  record.audit.action = "acknowledge-alert";
  record.audit.alert = id;
  record.audit.staff = who.staff;
  record.audit.incident = alert->incident;
  const Instant now = time_->Now().at;
  record.audit.occurred_at = record.audit.recorded_at = now;
  record.acknowledgement = Acknowledgement{KeyOf(EntryName(id)), who.staff, now};
  CPIS_TRY(journal_->Append(std::move(record)).status());
  alerts_counted_ = 0;
  alert->acknowledged_by = who.staff;
  alert->acknowledged_at = now;
  return *alert;
}

// Asked for with every status: counted again only when a topic has changed, or something was acknowledged.
uint64_t EnrolledNode::UnacknowledgedAlerts() {
  const std::lock_guard lock(alerts_mutex_);
  const uint64_t version = replica_->OrdersVersion();
  if (version == alerts_counted_) return alerts_open_;
  const auto entries = replica_->All(Topic::Node(identity_.node_id));
  const auto marks = journal_->Acknowledged();
  if (!entries.ok() || !marks.ok()) return alerts_open_;  // as it was, until they can be read
  alerts_open_ = 0;
  for (const auto& [index, body] : *entries) {
    const bool marked = std::any_of(marks->begin(), marks->end(), [&](const auto& m) { return m.alert == index; });
    alerts_open_ += IsAlert(index) && !marked ? 1 : 0;
  }
  alerts_counted_ = version;
  return alerts_open_;
}

// Once the server has taken an alert back, nobody needs to know here that it was acknowledged.
Status EnrolledNode::ForgetOldAcknowledgements() {
  const Topic topic = Topic::Node(identity_.node_id);
  const std::vector<TopicState> states = replica_->States();
  const bool held = std::any_of(states.begin(), states.end(), [&](const auto& s) { return s.topic == topic && !s.damaged; });
  if (!held) return Status::Ok();  // an entry that is not here now may come back
  CPIS_ASSIGN(const std::vector<Acknowledgement> marks, journal_->Acknowledged());
  if (marks.empty()) return Status::Ok();
  CPIS_ASSIGN(const auto entries, replica_->All(topic));
  std::vector<sync::RowIndex> gone;
  for (const Acknowledgement& mark : marks) {
    const bool here = std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.first == mark.alert; });
    if (!here) gone.push_back(mark.alert);
  }
  return gone.empty() ? Status::Ok() : journal_->ForgetAcknowledged(gone);
}

}  // namespace cpis::edge
