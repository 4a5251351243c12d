// SPDX-License-Identifier: Apache-2.0
#include "edge/enrolled_node.h"

#include <algorithm>
#include <utility>

#include "edge/resolved.h"
#include "edge/tuning.h"
#include "platform/log.h"
#include "platform/memory.h"
#include "sync/nhs_number.h"

namespace cpis::edge {

Status NotSignedIn() { return platform::Denied("not signed in, or signed out by the idle or shift limit (sign in again)"); }

Status CheckIncident(const std::string& incident) {
  const bool printable = std::all_of(incident.begin(), incident.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  if (printable && incident.size() <= kMaxIncidentBytes) return Status::Ok();
  return platform::Invalid("the incident reference is longer than " + std::to_string(kMaxIncidentBytes) +
                           " bytes or has control characters (try the number of the call, as in 20261122-0145)");
}

Result<std::unique_ptr<EnrolledNode>> EnrolledNode::Open(const std::filesystem::path& state, sync::node::Identity identity,
                                                         const platform::Clock& clock, KeepIdentity keep, Beginning beginning) {
  std::unique_ptr<EnrolledNode> node(new EnrolledNode(state, std::move(identity), clock));
  node->keep_identity_ = std::move(keep);
  const sync::node::Identity& id = node->identity_;
  CPIS_ASSIGN(node->journal_, Journal::Open(state / "journal.db", id, beginning));
  node->former_ = std::make_unique<FormerJournals>(state);
  node->outbox_ = std::make_unique<WholeOutbox>(*node->journal_, *node->former_);
  CPIS_ASSIGN(node->replica_, Replica::Open({state / "replica.db", id.keys.Now()->freshness,
                                             crypto::DeriveSecret(id.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()}));
  CPIS_ASSIGN(const std::optional<Bytes> stored, node->journal_->Meta("time"));
  std::optional<TimeMarks> marks;
  if (stored) {
    auto decoded = DecodeTimeMarks(*stored);
    if (decoded.ok()) marks = *decoded;
  }
  node->time_ = std::make_unique<TrustedTime>(
      clock, marks, [raw = node.get()](const TimeMarks& latest) { raw->journal_->KeepMeta("time", Encode(latest)); });
  if (const auto as_of = node->replica_->CoverageOf({}).as_of) node->time_->AtLeast(*as_of);
  CPIS_TRY(node->journal_->Meta("time").status());  // waits until what a start costs is durable: see TrustedTime
  node->orders_ = std::make_unique<Orders>(id, *node->replica_);
  node->inquiry_ = std::make_unique<Inquiry>(*node->replica_, *node->time_);
  CPIS_ASSIGN(node->limits_, Limits::Open({*node->journal_, *node->time_, clock, id.journal_key, beginning}));
  node->keeper_ = std::make_unique<Keeper>(*node->orders_, *node->limits_, *node->time_, clock);
  CPIS_ASSIGN(node->tablets_, Tablets::Open(*node->journal_, *node->time_, id.journal_key));
  node->verified_at_ = node->checkpoint_at_ = node->refusals_since_ = clock.SinceBoot();
  // Sealed anew each time: of two nodes from one disk image, each says something else from its first start on.
  node->Note("start", "");
  node->replica_->OnDamage([raw = node.get()] { raw->repair_due_ = true; });
  node->Reconnect();
  return node;
}

EnrolledNode::~EnrolledNode() {
  if (link_) link_->Stop();
}

std::shared_ptr<sync::node::Link> EnrolledNode::CurrentLink() {
  const std::lock_guard lock(link_mutex_);
  return link_;
}

uint64_t EnrolledNode::Reconnect() {
  sync::node::Link::Events events;
  events.heard = [this](Instant server_time) { time_->Heard(server_time); };
  events.caught_up = [this] {
    const std::lock_guard lock(mutex_);
    ++caught_up_;
    if (std::exchange(since_trim_, 0) > kMuchFetched) platform::ReturnFreeMemory();
    changed_.notify_all();
  };
  events.fetched = [this](uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    received_ += bytes;
    since_trim_ += bytes;
    changed_.notify_all();
  };
  if (keep_identity_) events.key_set = [this](ByteView signed_key_set) { return TakeKeySet(signed_key_set); };
  const std::lock_guard one(reconnecting_);
  const std::shared_ptr<sync::node::Link> old = CurrentLink();
  if (old) old->Stop();  // two links must never write side by side
  uint64_t before = 0;
  {
    const std::lock_guard counts(mutex_);
    before = caught_up_;
    received_ = 0;
  }
  std::shared_ptr<sync::node::Link> link =
      sync::node::Link::Start(identity_, *replica_, *outbox_, clock_, std::move(events));
  const std::lock_guard lock(link_mutex_);
  link_ = std::move(link);
  return before;
}

// On the link's thread; there is one link at a time. The time first: between the two a node that loses its power only knows less.
Result<bool> EnrolledNode::TakeKeySet(ByteView signed_key_set) {
  const auto held = identity_.keys.Now();
  CPIS_ASSIGN(const sync::KeySet next, sync::DecodeNextKeySet(signed_key_set, *held));
  const bool freshness_replaced = next.freshness != held->freshness;
  if (freshness_replaced) time_->Distrust();
  CPIS_TRY(sync::node::TakeKeySet(identity_, signed_key_set, keep_identity_));
  return freshness_replaced;
}

Answer EnrolledNode::Judged(const std::string& digits) {
  const auto orders = orders_->Current();
  const auto ring = keeper_->Ring();
  const auto grounds = inquiry_->About(digits, *orders, ring.get());
  Answer answer = grounds.ok() ? Judge(*grounds, orders->policy) : CannotSay(Answer(), Reason::kRateLimited);
  if (!grounds.ok()) platform::LogWarning("lookup", grounds.status().message());
  answer.nhs_number = digits;
  if (orders->grant) answer.region = orders->grant->region;
  return answer;
}

sync::Event EnrolledNode::EventOf(const SignedIn& who, const std::string& digits, const std::string& incident,
                                  const Answer& answer) {
  sync::Event event;
  event.kind = sync::EntryKind::kAudit;
  event.nhs_number = digits;
  event.occurred_at = event.recorded_at = time_->Now().at;
  event.staff = who.staff;
  event.incident = incident;
  event.outcome_at_node = answer.outcome;
  event.reason = std::string(Name(answer.reason));
  return event;
}

Result<Answer> EnrolledNode::Lookup(const std::string& token, const LookupRequest& request) {
  const std::optional<SignedIn> who = keeper_->Use(token);
  if (!who) return NotSignedIn();
  CPIS_ASSIGN(const sync::NhsNumber number, sync::NhsNumber::Parse(request.nhs_number));
  CPIS_TRY(CheckIncident(request.incident));
  const bool silent = request.silent || who->right == sync::Right::kSilent;
  CPIS_TRY(MayDo(silent ? Act::kLookSilently : Act::kLook, who->duty, who->right));
  Answer answer = JudgedWithin(*who, std::string(number.digits()));
  const auto orders = orders_->Current();
  const bool revoked = orders->grant && orders->grant->revoked;
  answer.resolvable = !request.local && !revoked && WorthAsking(answer) && CurrentLink()->State().online;
  return Recorded(*who, request, "lookup", std::move(answer));
}

Answer EnrolledNode::Recorded(const SignedIn& who, const LookupRequest& request, const std::string& action, Answer answer) {
  const bool silent = request.silent || who.right == sync::Right::kSilent;
  Journal::Record record{EventOf(who, answer.nhs_number, request.incident, answer), {}};
  record.audit.action = action;
  record.audit.silent = silent;
  record.audit.resolving = answer.resolvable;
  record.marks = limits_->Looks();
  if (answer.outcome == Outcome::kFlagged && !silent) {
    record.attendance = record.audit;
    record.attendance->kind = sync::EntryKind::kAttendance;
  }
  auto kept = journal_->Append(std::move(record));
  if (!kept.ok()) {
    // Decided here: what cannot be recorded is not answered.
    platform::LogError("audit", kept.status().message());
    if (answer.source == Source::kFleetServer) answer.region.clear();  // it says who holds something
    answer.resolvable = false;
    return CannotSay(std::move(answer), Reason::kAuditUnavailable);
  }
  if (answer.outcome == Outcome::kFlagged && silent) {
    answer.notification = Notification::kSilent;
  } else if (*kept) {
    answer.notification = (*kept)->queued_before ? Notification::kAlreadyQueued : Notification::kQueued;
  }
  return answer;
}

Result<AttendReply> EnrolledNode::Attend(const std::string& token, const AttendRequest& request) {
  const std::optional<SignedIn> who = keeper_->Use(token);
  if (!who) return NotSignedIn();
  CPIS_TRY(MayDo(Act::kAttend, who->duty, who->right));
  CPIS_ASSIGN(const sync::NhsNumber number, sync::NhsNumber::Parse(request.nhs_number));
  if (request.incident.empty()) return platform::Invalid("an attendance needs an incident reference (try --incident 20261122-0145)");
  CPIS_TRY(CheckIncident(request.incident));
  const Instant now = time_->Now().at;
  const Instant occurred_at = request.occurred_at.value_or(now);
  if (occurred_at > now + kFutureTolerance) {
    return platform::Invalid("\"" + platform::Rfc3339(occurred_at) + "\" is in the future (it is " + platform::Rfc3339(now) + ")");
  }
  const std::string digits(number.digits());
  // Who may not see the outcome is told none, and so the server takes nobody for told.
  const bool told = MayDo(Act::kSeeOutcome, who->duty, who->right).ok();
  const Answer answer = told ? JudgedWithin(*who, digits) : Answer();
  Journal::Record record{EventOf(*who, digits, request.incident, answer), {}};
  record.audit.action = "attend";
  record.apart = !told;
  record.marks = limits_->Looks();
  record.attendance = record.audit;
  record.attendance->kind = sync::EntryKind::kAttendance;
  record.attendance->occurred_at = occurred_at;
  CPIS_ASSIGN(const auto kept, journal_->Append(std::move(record)));
  if (!kept) return platform::Internal("the journal kept no attendance");
  return AttendReply{kept->id, kept->queued_before ? Notification::kAlreadyQueued : Notification::kQueued, kept->occurred_at,
                     told ? std::optional(answer.outcome) : std::nullopt};
}

}  // namespace cpis::edge
