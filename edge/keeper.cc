// SPDX-License-Identifier: Apache-2.0
#include "edge/keeper.h"

#include "crypto/pin.h"
#include "edge/tuning.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

constexpr std::string_view kRefused = "staff id or PIN is wrong";

std::chrono::milliseconds DelayAfter(int wrong) {
  if (wrong <= kFreeMistakes) return {};
  const auto step = static_cast<size_t>(wrong - kFreeMistakes - 1);
  return kPinDelays[std::min(step, kPinDelays.size() - 1)];
}

std::string InWords(std::chrono::milliseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  if (seconds <= 90) return std::to_string(seconds) + " seconds";
  return std::to_string((seconds + 59) / 60) + " minutes";
}

}  // namespace

Keeper::Keeper(Orders& orders, Journal& journal, TrustedTime& time, const platform::Clock& clock)
    : orders_(orders), journal_(journal), time_(time), sessions_(clock) {}

Status Keeper::WaitingOut(const std::string& staff, Instant now) {
  CPIS_ASSIGN(const Attempts attempts, journal_.AttemptsOf(staff));
  const Instant again = attempts.last + DelayAfter(attempts.wrong);
  if (attempts.wrong <= kFreeMistakes || now >= again) return Status::Ok();
  return platform::Denied("too many wrong PINs: wait " + InWords(again - now) + " and try again");
}

Result<crypto::Secret> Keeper::CheckPin(const std::string& staff, const std::string& pin, Instant now,
                                        sync::StaffMember* member) {
  CPIS_TRY(WaitingOut(staff, now));
  if (decoy_.empty()) {  // made for known and unknown names alike: its cost says nothing
    CPIS_ASSIGN(decoy_, crypto::MakePinRecord("0000", crypto::Secret::Random(32)));
  }
  auto known = orders_.Find(staff);
  if (!known.ok() && known.status().code() != platform::Code::kNotFound) return std::move(known).status();

  CPIS_ASSIGN(Attempts attempts, journal_.AttemptsOf(staff));
  CPIS_TRY(journal_.SaveAttempts(staff, {attempts.wrong + 1, now}));
  if (!known.ok()) {
    (void)crypto::OpenPinRecord(decoy_, pin);
    return platform::Denied(std::string(kRefused));
  }
  auto ring_key = crypto::OpenPinRecord(known->pin_record, pin);
  if (!ring_key.ok()) {
    if (ring_key.status().code() != platform::Code::kDenied) return std::move(ring_key).status();
    return platform::Denied(std::string(kRefused));
  }
  CPIS_TRY(journal_.SaveAttempts(staff, {}));
  *member = *std::move(known);
  return ring_key;
}

Result<SessionInfo> Keeper::SignIn(const std::string& staff, const std::string& pin) {
  const std::lock_guard one(sign_in_mutex_);
  const Instant now = time_.Now().at;
  sync::StaffMember member;
  CPIS_ASSIGN(crypto::Secret ring_key, CheckPin(staff, pin, now, &member));
  const auto orders = orders_.Current();  // first: a grant that lands in between only makes the ring be opened once more
  auto ring = orders_.OpenRing(ring_key);
  if (!ring.ok() && ring.status().code() != platform::Code::kNotFound) return std::move(ring).status();
  {
    const std::lock_guard lock(ring_mutex_);
    ring_key_ = std::move(ring_key);
    ring_ = ring.ok() ? std::make_shared<const crypto::KeyRing>(*std::move(ring)) : nullptr;
    ring_orders_ = orders;
  }
  return sessions_.Begin({member.id, member.right}, orders->policy, now);
}

bool Keeper::SignOut(const std::string& token) {
  const bool ended = sessions_.End(token);
  Sweep();
  return ended;
}

std::optional<SignedIn> Keeper::Use(const std::string& token) { return sessions_.Use(token, orders_.Current()->policy); }

std::shared_ptr<const crypto::KeyRing> Keeper::Ring() {
  const auto orders = orders_.Current();
  const std::lock_guard lock(ring_mutex_);
  if (ring_key_.empty()) return nullptr;
  if (orders != ring_orders_) {
    // The grant may be another one now: new epochs, another region, or none any more.
    ring_.reset();
    auto ring = orders_.OpenRing(ring_key_);
    ring_orders_ = orders;
    if (!ring.ok()) {
      platform::LogWarning("keys", "the key ring does not open: " + ring.status().message());
      return nullptr;
    }
    ring_ = std::make_shared<const crypto::KeyRing>(*std::move(ring));
  }
  return ring_;
}

bool Keeper::Locked() {
  const std::lock_guard lock(ring_mutex_);
  return ring_key_.empty();
}

void Keeper::Sweep() {
  for (const std::string& staff : sessions_.Staff()) {
    const auto member = orders_.Find(staff);
    if (!member.ok() && member.status().code() == platform::Code::kNotFound) sessions_.EndAllOf(staff);
  }
  const std::lock_guard one(sign_in_mutex_);  // nobody is signed in half while the ring goes
  if (!sessions_.Sweep(orders_.Current()->policy)) Lock();
}

void Keeper::Lock() {
  const std::lock_guard lock(ring_mutex_);
  if (!ring_key_.empty()) platform::LogInfo("keys", "locked");
  ring_key_ = crypto::Secret();
  ring_.reset();
  ring_orders_.reset();
}

}  // namespace cpis::edge
