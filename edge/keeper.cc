// SPDX-License-Identifier: Apache-2.0
#include "edge/keeper.h"

#include "crypto/pin.h"
#include "edge/rights.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

constexpr std::string_view kRefused = "staff id or PIN is wrong";

}  // namespace

Keeper::Keeper(Orders& orders, Limits& limits, TrustedTime& time, const platform::Clock& clock)
    : orders_(orders), limits_(limits), time_(time), sessions_(clock) {}

Result<sync::StaffMember> Keeper::Find(const std::string& staff) {
  CPIS_ASSIGN(sync::StaffMember member, orders_.Find(staff));
  if (!MaySignIn(member.duty)) return platform::NotFound("vehicles do not let them in");
  return member;
}

void Keeper::ReportLocked(LockedOut locked, const std::string& staff) {
  if (locked == LockedOut::kPerson) limits_.Report("person-locked", staff, "wrong PINs");
  if (locked == LockedOut::kNode) limits_.Report("node-locked", staff, "wrong PINs");
}

Result<crypto::Secret> Keeper::CheckPin(const std::string& staff, const std::string& pin, sync::StaffMember* member) {
  if (decoy_.empty()) {  // made for known and unknown names alike: its cost says nothing
    CPIS_ASSIGN(decoy_, crypto::MakePinRecord("0000", crypto::Secret::Random(32)));
  }
  auto known = Find(staff);
  if (!known.ok() && known.status().code() != platform::Code::kNotFound) return std::move(known).status();

  const Limits::Try who{staff, known.ok() ? ByteView(known->pin_record) : ByteView()};
  CPIS_TRY(limits_.MayTry(who));
  CPIS_ASSIGN(const LockedOut locks, limits_.Count(who));
  auto ring_key = crypto::OpenPinRecord(known.ok() ? known->pin_record : decoy_, pin);
  if (!ring_key.ok() || !known.ok()) {
    // A name that nobody has may be anything, a PIN too: it is not passed on.
    ReportLocked(locks, known.ok() ? staff : "");
    if (!ring_key.ok() && ring_key.status().code() != platform::Code::kDenied) return std::move(ring_key).status();
    return platform::Denied(std::string(kRefused));
  }
  CPIS_TRY(limits_.WasRight(who));
  *member = *std::move(known);
  return ring_key;
}

Status Keeper::OpenRing(crypto::Secret ring_key, const std::shared_ptr<const Orders::Now>& orders) {
  auto ring = orders_.OpenRing(ring_key);
  if (!ring.ok() && ring.status().code() != platform::Code::kNotFound) return std::move(ring).status();
  const std::lock_guard lock(ring_mutex_);
  ring_key_ = std::move(ring_key);
  ring_ = ring.ok() ? std::make_shared<const crypto::KeyRing>(*std::move(ring)) : nullptr;
  ring_orders_ = orders;
  return Status::Ok();
}

Result<SessionInfo> Keeper::SignIn(const std::string& staff, const std::string& pin, const std::string& place) {
  const std::lock_guard one(sign_in_mutex_);
  sync::StaffMember member;
  CPIS_ASSIGN(crypto::Secret ring_key, CheckPin(staff, pin, &member));
  const auto orders = orders_.Current();  // first: a grant that lands in between only makes the ring be opened once more
  if (NeedsRecords(member.duty)) CPIS_TRY(OpenRing(std::move(ring_key), orders));
  return sessions_.Begin({member.id, member.right, member.duty, place}, orders->policy, time_.Now().at);
}

bool Keeper::SignOut(const std::string& token) {
  const bool ended = sessions_.End(token);
  Sweep();
  return ended;
}

void Keeper::EndWhere(const std::function<bool(const std::string& place)>& gone) {
  sessions_.EndAllWhere(gone);
  Sweep();
}

std::optional<SignedIn> Keeper::Use(const std::string& token) { return sessions_.Use(token, orders_.Current()->policy); }

std::optional<SessionShown> Keeper::Show(const std::string& token, bool use) {
  using std::chrono::seconds;
  const auto orders = orders_.Current();
  if (use && !sessions_.Use(token, orders->policy)) return std::nullopt;
  const auto left = sessions_.Look(token, orders->policy);
  if (!left) return std::nullopt;
  return SessionShown{left->who.staff,
                      left->who.duty,
                      left->who.right,
                      orders->policy.idle_limit,
                      std::chrono::floor<seconds>(left->idle),
                      std::chrono::floor<seconds>(left->shift)};
}

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
  for (const SignedIn& who : sessions_.Staff()) {
    const auto member = Find(who.staff);
    const bool gone = !member.ok() && member.status().code() == platform::Code::kNotFound;
    const bool other = member.ok() && (member->right != who.right || member->duty != who.duty);
    if (gone || other) sessions_.EndAllOf(who.staff);
  }
  const std::lock_guard one(sign_in_mutex_);  // nobody is signed in half while the ring goes
  if (!sessions_.Sweep(orders_.Current()->policy)) Lock();
}

void Keeper::Lock() {
  const std::lock_guard lock(ring_mutex_);
  const bool held = !ring_key_.empty();
  ring_key_ = crypto::Secret();
  ring_.reset();
  ring_orders_.reset();
  if (!held) return;
  platform::LogInfo("keys", "locked");
  limits_.ForgetNumbers();
}

}  // namespace cpis::edge
