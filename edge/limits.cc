// SPDX-License-Identifier: Apache-2.0
#include "edge/limits.h"

#include <algorithm>

#include "edge/tuning.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

using std::chrono::milliseconds;

constexpr const char* kLived = "limits.lived";
constexpr const char* kAttempts = "limits.attempts";
constexpr const char* kLooks = "limits.looks";

std::string InWords(milliseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  if (seconds <= 90) return std::to_string(seconds) + " seconds";
  if (seconds <= 90 * 60) return std::to_string((seconds + 59) / 60) + " minutes";
  return std::to_string((seconds + 3599) / 3600) + " hours";
}

uint64_t Short(ByteView hash) {
  platform::ByteReader in(hash);
  return in.U64();
}

Bytes Hash(const crypto::Secret& key, std::string_view what, std::string_view text, std::string_view more = "") {
  platform::ByteWriter fields;
  fields.Sized(what);
  fields.Sized(text);
  fields.Sized(more);
  return crypto::KeyedBlake2b(32, key.Reveal(), {fields.bytes()});
}

}  // namespace

Result<std::unique_ptr<Limits>> Limits::Open(Parts parts) {
  std::unique_ptr<Limits> limits(
      new Limits(parts, crypto::DeriveSecret(parts.journal_key, {platform::AsBytes("cpis.v1.limits")}).Clone()));
  CPIS_TRY(limits->Load());
  return limits;
}

Result<std::optional<Bytes>> Limits::Stored(const char* name) {
  CPIS_ASSIGN(const std::optional<Bytes> sealed, parts_.journal.Meta(name));
  if (!sealed) return std::optional<Bytes>();
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenWith(key_, name, *sealed));
  return std::optional<Bytes>(platform::ToBytes(plain.Reveal()));
}

std::pair<std::string, Bytes> Limits::Sealed(const char* name, ByteView plain) const {
  return {name, crypto::SealWith(key_, name, plain)};
}

// A journal that is not new and has no limits, or limits that do not open, has been tampered with, or is damaged: nobody knows
// what was counted, and that is no reason to allow it again.
Status Limits::Load() {
  const auto lived = Stored(kLived);
  const auto attempts = Stored(kAttempts);
  const auto looks = Stored(kLooks);
  CPIS_ASSIGN(const std::optional<Bytes> audit, parts_.journal.Meta("audit.head"));
  const std::lock_guard lock(mutex_);
  std::optional<LivedMarks> marks;
  bool lost_attempts = audit.has_value() || parts_.beginning == Beginning::kOfProcess;
  bool lost_looks = lost_attempts;
  if (lived.ok() && *lived) {
    if (auto decoded = DecodeLivedMarks(**lived); decoded.ok()) marks = *std::move(decoded);
  }
  if (attempts.ok() && *attempts) {
    auto decoded = AttemptBook::Decode(**attempts);
    lost_attempts = !decoded.ok();
    if (decoded.ok()) attempts_ = *std::move(decoded);
  }
  if (looks.ok() && *looks) {
    auto decoded = LookBook::Decode(**looks);
    lost_looks = !decoded.ok();
    if (decoded.ok()) looks_ = *std::move(decoded);
  }
  lost_attempts = lost_attempts || !attempts.ok();
  lost_looks = lost_looks || !looks.ok();
  lived_ = std::make_unique<LivedTime>(parts_.clock, std::move(marks));
  const LivedMarks now = Now();
  if (lost_attempts) attempts_.Lost(now.lived);
  if (lost_looks) looks_.Lost(now.lived);
  if (lost_attempts || lost_looks) platform::LogError("limits", "what was counted before is lost: nobody is let in for a while");
  return parts_.journal.Keep({0,
                              {Sealed(kLived, edge::Encode(now)), Sealed(kAttempts, attempts_.Encode()),
                               Sealed(kLooks, looks_.Encode())}});
}

LivedMarks Limits::Now() { return lived_->Now(parts_.time.Vouched()); }

Trying Limits::TryingOf(const Try& who) const {
  const auto key = static_cast<uint16_t>(Short(Hash(key_, "staff", who.staff)));
  const uint64_t record = who.pin_record.empty() ? 0 : Short(Hash(key_, "record", platform::AsText(who.pin_record)));
  return {key, record};
}

Status Limits::SaveAttempts(const LivedMarks& now) {
  return parts_.journal.Keep({0, {Sealed(kLived, edge::Encode(now)), Sealed(kAttempts, attempts_.Encode())}});
}

Status Limits::MayTry(const Try& who) {
  const std::lock_guard lock(mutex_);
  const LivedMarks now = Now();
  const AttemptBook::Verdict verdict = attempts_.MayTry(TryingOf(who), now.lived);
  switch (verdict.locked) {
    case LockedOut::kNode:
      return platform::Denied("too many wrong PINs on this vehicle today: nobody can sign in for " + InWords(verdict.wait) +
                              " (attendances wait safely; phone instead of looking up)");
    case LockedOut::kPerson:
      if (attempts_.NoteLocked(TryingOf(who), now.lived)) CPIS_TRY(SaveAttempts(now));
      return platform::Denied("too many wrong PINs: you are locked out of this vehicle until operations give you a new PIN");
    case LockedOut::kNothing:
      break;
  }
  if (verdict.may_try()) return Status::Ok();
  return platform::Denied("too many wrong PINs: wait " + InWords(verdict.wait) + " and try again");
}

Status Limits::CountIn(platform::KeyStore& store) {
  const auto tally = store.Tally();
  if (!tally.ok() && tally.status().code() != platform::Code::kNotFound && parts_.beginning == Beginning::kOfVehicle) {
    return platform::Unavailable("the key store cannot say what it has counted: " + tally.status().message());
  }
  const std::lock_guard lock(mutex_);
  store_ = &store;
  if (parts_.beginning != Beginning::kOfVehicle || !tally.ok()) return Status::Ok();
  attempts_.BeginAt(*tally);
  return SaveAttempts(Now());
}

// Tries come one at a time; the key store is asked without the lock, for it may take long, and looks and locking must not wait.
Result<LockedOut> Limits::Count(const Try& who) {
  const auto tally = store_ != nullptr ? store_->Tally() : Result<uint64_t>(platform::NotFound(""));
  if (!tally.ok() && tally.status().code() != platform::Code::kNotFound) {
    return platform::Unavailable("the key store cannot count this try: " + tally.status().message());
  }
  CPIS_ASSIGN(const LockedOut locks, CountHere(who, tally.ok() ? std::optional(*tally) : std::nullopt));
  if (!tally.ok()) return locks;
  if (const auto added = store_->AddToTally(); !added.ok()) {
    GiveBack();
    return platform::Unavailable("the key store cannot count this try: " + added.status().message());
  }
  return locks;
}

Result<LockedOut> Limits::CountHere(const Try& who, std::optional<uint64_t> tally) {
  const std::lock_guard lock(mutex_);
  const LivedMarks now = Now();
  if (const uint64_t missing = tally ? attempts_.Reconcile(*tally, now.lived) : 0; missing > 0) {
    platform::LogError("limits", std::to_string(missing) + " tries are missing: the journal was put back");
    const auto after = attempts_.MayTry(TryingOf(who), now.lived);
    if (after.locked == LockedOut::kPerson) (void)attempts_.NoteLocked(TryingOf(who), now.lived);
    CPIS_TRY(SaveAttempts(now));
    Report("node-locked", who.staff, "tries are missing: the journal was put back");
    if (!after.may_try()) return platform::Denied("too many wrong PINs: tries are missing from this vehicle's journal (tell operations)");
  }
  before_ = attempts_;
  const LockedOut locks = attempts_.Count(TryingOf(who), now.lived);
  const Status saved = SaveAttempts(now);
  if (saved.ok()) return locks;
  attempts_ = before_;
  return saved;
}

void Limits::GiveBack() {
  const std::lock_guard lock(mutex_);
  attempts_ = before_;
  if (const Status saved = SaveAttempts(Now()); !saved.ok()) platform::LogError("limits", saved.message());
}

void Limits::KeepLived() {
  const std::lock_guard lock(mutex_);
  const LivedMarks now = Now();
  if (now.lived - kept_ < kKeepTimeEvery) return;
  kept_ = now.lived;
  auto [key, value] = Sealed(kLived, edge::Encode(now));
  parts_.journal.KeepMeta(std::move(key), std::move(value));
}

Status Limits::WasRight(const Try& who) {
  const std::lock_guard lock(mutex_);
  attempts_.WasRight(TryingOf(who));
  return SaveAttempts(Now());
}

void Limits::Report(const std::string& action, const std::string& staff, std::string_view reason) {
  Journal::Record record;
  record.audit.action = action;
  record.audit.staff = staff;
  record.audit.reason = std::string(reason);
  record.audit.occurred_at = record.audit.recorded_at = parts_.time.Now().at;
  if (const auto kept = parts_.journal.Append(std::move(record)); !kept.ok()) {
    platform::LogError("limits", action + " could not be recorded: " + kept.status().message());
  }
}

LookBook::Who Limits::WhoOf(const std::string& staff) const { return Short(Hash(key_, "look", staff)) | 1; }

Limits::Recent* Limits::FindRecent(const Bytes& name, Lived now) {
  std::erase_if(recent_, [&](const Recent& recent) { return recent.at + kSameLook <= now; });
  const auto found = std::find_if(recent_.begin(), recent_.end(), [&](const Recent& recent) { return recent.name == name; });
  return found == recent_.end() ? nullptr : &*found;
}

LookBook::Verdict Limits::Take(const std::string& staff, const std::string& digits, const sync::Policy& policy) {
  const std::lock_guard lock(mutex_);
  const Lived now = Now().lived;
  Bytes name = Hash(recent_key_, "number", staff, digits);
  if (FindRecent(name, now) != nullptr) return {};
  const LookBook::Verdict verdict = looks_.Take(WhoOf(staff), policy, now);
  ++version_;
  if (verdict.over) return verdict;
  if (recent_.size() >= kMostSameLooks) recent_.erase(recent_.begin());
  recent_.push_back({std::move(name), now, false});
  return verdict;
}

std::optional<Limit> Limits::Missed(const std::string& staff, const std::string& digits, const sync::Policy& policy) {
  const std::lock_guard lock(mutex_);
  const Lived now = Now().lived;
  Recent* recent = FindRecent(Hash(recent_key_, "number", staff, digits), now);
  if (recent != nullptr && std::exchange(recent->missed, true)) return std::nullopt;
  ++version_;
  return looks_.Missed(WhoOf(staff), policy, now);
}

Journal::Marks Limits::Looks() {
  const std::lock_guard lock(mutex_);
  return {version_, {Sealed(kLived, edge::Encode(Now())), Sealed(kLooks, looks_.Encode())}};
}

void Limits::ForgetNumbers() {
  const std::lock_guard lock(mutex_);
  recent_.clear();
  recent_key_ = crypto::Secret::Random(32);
}

}  // namespace cpis::edge
