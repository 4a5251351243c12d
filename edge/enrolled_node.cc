// SPDX-License-Identifier: Apache-2.0
#include "edge/enrolled_node.h"

#include <algorithm>
#include <utility>

#include "edge/tuning.h"
#include "platform/log.h"
#include "platform/memory.h"
#include "sync/nhs_number.h"

namespace cpis::edge {
namespace {

using sync::KeyOf;
using sync::Topic;

Status NotSignedIn() { return platform::Denied("not signed in, or signed out by the idle or shift limit (sign in again)"); }

bool InRegion(const std::vector<std::string>& region, const std::string& partition) {
  return std::find(region.begin(), region.end(), partition) != region.end();
}

}  // namespace

Status CheckIncident(const std::string& incident) {
  const bool printable = std::all_of(incident.begin(), incident.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  if (printable && incident.size() <= kMaxIncidentBytes) return Status::Ok();
  return platform::Invalid("the incident reference is longer than " + std::to_string(kMaxIncidentBytes) +
                           " bytes or has control characters (try the number of the call, as in 20261122-0145)");
}

Result<std::unique_ptr<EnrolledNode>> EnrolledNode::Open(const std::filesystem::path& state, sync::node::Identity identity,
                                                         const platform::Clock& clock) {
  std::unique_ptr<EnrolledNode> node(new EnrolledNode(std::move(identity), clock));
  const sync::node::Identity& id = node->identity_;
  CPIS_ASSIGN(node->journal_, Journal::Open(state / "journal.db", id));
  CPIS_ASSIGN(node->replica_, Replica::Open({state / "replica.db", id.keys.freshness,
                                             crypto::DeriveSecret(id.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()}));
  CPIS_ASSIGN(const std::optional<Bytes> stored, node->journal_->Meta("time"));
  std::optional<TimeMarks> marks;
  if (stored) {
    auto decoded = DecodeTimeMarks(*stored);
    if (decoded.ok()) marks = *decoded;
  }
  node->time_ = std::make_unique<TrustedTime>(
      clock, marks, [raw = node.get()](const TimeMarks& keep) { raw->journal_->KeepMeta("time", Encode(keep)); });
  node->orders_ = std::make_unique<Orders>(id, *node->replica_);
  node->keeper_ = std::make_unique<Keeper>(*node->orders_, *node->journal_, *node->time_, clock);
  node->verified_at_ = clock.SinceBoot();
  node->replica_->OnDamage([raw = node.get()] { raw->repair_due_ = true; });
  node->Reconnect();
  return node;
}

EnrolledNode::~EnrolledNode() {
  const std::lock_guard lock(link_mutex_);
  link_.reset();
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
  const std::lock_guard lock(link_mutex_);
  link_.reset();  // two links must never write side by side
  uint64_t before = 0;
  {
    const std::lock_guard counts(mutex_);
    before = caught_up_;
    received_ = 0;
  }
  link_ = sync::node::Link::Start(identity_, *replica_, *journal_, clock_, std::move(events));
  return before;
}

Result<sync::DirectoryEntry> EnrolledNode::ReadDirectory(const crypto::KeyRing& ring, const std::string& name) {
  CPIS_ASSIGN(const Bytes sealed, replica_->Get(Topic::Directory(), KeyOf(name)));
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenWith(ring.directory_key, "directory", sealed));
  return sync::DecodeDirectoryEntry(plain.Reveal());
}

Status EnrolledNode::ReadRows(const crypto::KeyRing& ring, const std::vector<std::string>& region,
                              const std::string& digits, Grounds& grounds) {
  const crypto::NumberKeys deriver(ring.pepper.Clone(), ring.hardness);
  CPIS_ASSIGN(const crypto::Secret number_key, deriver.Derive(digits));
  const sync::RowIndex index = crypto::IndexOf(ring.index_key, number_key);
  const FoundRows found = replica_->Find(index);
  grounds.unreadable_row = found.damaged;
  for (const StoredRow& row : found.rows) {
    if (!InRegion(region, row.partition)) continue;
    const auto epoch = crypto::EpochOfRow(row.sealed);
    const crypto::Secret* key = epoch.ok() ? ring.EpochKey(row.partition, *epoch) : nullptr;
    auto opened = key == nullptr ? Result<crypto::Secret>(platform::Corrupt("no key for this row"))
                                 : crypto::OpenRow(*key, number_key, {row.partition, index, row.version, *epoch}, row.sealed);
    auto flag = opened.ok() ? sync::DecodeFlag(opened->Reveal()) : Result<sync::Flag>(opened.status());
    if (!flag.ok()) {
      grounds.unreadable_row = true;
      continue;
    }
    const auto entry = ReadDirectory(ring, "authority/" + row.partition);
    const bool named = entry.ok() && entry->authority;
    grounds.evidence.push_back({named ? *entry->authority : sync::Authority{row.partition, row.partition, "", ""}, *std::move(flag)});
  }
  return Status::Ok();
}

// An access whose viewer is not named is still shown: that somebody looked matters more than who.
void EnrolledNode::ReadViewers(const crypto::KeyRing& ring, Grounds& grounds) {
  for (const Evidence& evidence : grounds.evidence) {
    for (const sync::Access& access : evidence.flag.accesses) {
      if (grounds.viewers.contains(access.viewer)) continue;
      const auto entry = ReadDirectory(ring, "person/" + std::to_string(static_cast<uint32_t>(access.viewer)));
      if (entry.ok() && entry->viewer) grounds.viewers.emplace(access.viewer, *entry->viewer);
    }
  }
}

// Called before and after the rows are read: a partition that came, went or broke in between vouches for nothing.
void EnrolledNode::CountCoverage(const std::vector<std::string>& region, Grounds& grounds) {
  const Coverage coverage = replica_->CoverageOf(region);
  if (!grounds.as_of) grounds.as_of = coverage.as_of;
  grounds.region_held = grounds.region_held && coverage.complete;
  grounds.region_damaged = grounds.region_damaged || coverage.damaged;
}

Result<Grounds> EnrolledNode::GroundsFor(const Orders::Now& orders, const std::string& digits) {
  const TrustedNow now = time_->Now();
  const auto ring = keeper_->Ring();
  Grounds grounds;
  grounds.enrolled = true;
  grounds.unlocked = ring != nullptr;
  grounds.revoked = orders.grant && orders.grant->revoked;
  grounds.now = now.at;
  grounds.clock_trusted = now.trusted;
  const std::vector<std::string> region = orders.grant ? orders.grant->region : std::vector<std::string>();
  grounds.region_held = true;
  CountCoverage(region, grounds);
  if (ring) {
    CPIS_TRY(ReadRows(*ring, region, digits, grounds));
    ReadViewers(*ring, grounds);
    CountCoverage(region, grounds);
  }
  return grounds;
}

Answer EnrolledNode::Judged(const std::string& digits) {
  const auto orders = orders_->Current();
  const auto grounds = GroundsFor(*orders, digits);
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
  const std::string digits(number.digits());
  Answer answer = Judged(digits);

  const bool silent = request.silent || who->right == sync::Right::kSilent;
  Journal::Record record{EventOf(*who, digits, request.incident, answer), {}};
  record.audit.action = "lookup";
  record.audit.silent = silent;
  if (answer.outcome == Outcome::kFlagged && !silent) {
    record.attendance = record.audit;
    record.attendance->kind = sync::EntryKind::kAttendance;
  }
  auto kept = journal_->Append(std::move(record));
  if (!kept.ok()) {
    // Decided here: what cannot be recorded is not answered.
    platform::LogError("audit", kept.status().message());
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
  if (who->right == sync::Right::kSilent) {
    return platform::Forbidden("your right B0170 looks silently: an attendance needs B0107 (ask operations)");
  }
  CPIS_ASSIGN(const sync::NhsNumber number, sync::NhsNumber::Parse(request.nhs_number));
  if (request.incident.empty()) return platform::Invalid("an attendance needs an incident reference (try --incident 20261122-0145)");
  CPIS_TRY(CheckIncident(request.incident));
  const Instant now = time_->Now().at;
  const Instant occurred_at = request.occurred_at.value_or(now);
  if (occurred_at > now + kFutureTolerance) {
    return platform::Invalid("\"" + platform::Rfc3339(occurred_at) + "\" is in the future (it is " + platform::Rfc3339(now) + ")");
  }
  const std::string digits(number.digits());
  const Answer answer = Judged(digits);
  Journal::Record record{EventOf(*who, digits, request.incident, answer), {}};
  record.audit.action = "attend";
  record.attendance = record.audit;
  record.attendance->kind = sync::EntryKind::kAttendance;
  record.attendance->occurred_at = occurred_at;
  CPIS_ASSIGN(const auto kept, journal_->Append(std::move(record)));
  if (!kept) return platform::Internal("the journal kept no attendance");
  return AttendReply{kept->id, kept->queued_before ? Notification::kAlreadyQueued : Notification::kQueued, kept->occurred_at};
}

}  // namespace cpis::edge
