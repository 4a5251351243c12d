// SPDX-License-Identifier: Apache-2.0
//
// Sign-in and lock. While a clinician is signed in the key ring is in memory; with their last session it is wiped. A PIN that is
// wrong is counted, durably, before it is looked at, so that pulling the plug wins no further try.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "edge/limits.h"
#include "edge/orders.h"
#include "edge/sessions.h"
#include "edge/trusted_time.h"

namespace cpis::edge {

// Thread-safe.
class Keeper {
 public:
  // All must outlive it.
  Keeper(Orders& orders, Limits& limits, TrustedTime& time, const platform::Clock& clock);

  // kDenied: unknown or wrong, without saying which, or waiting out a delay, or locked out; kUnavailable: no roster yet, or the key
  // store cannot count the try. Only a clinician's sign-in opens the ring. Where the ring was destroyed because the lease is long over, people
  // still sign in, to record attendances.
  Result<SessionInfo> SignIn(const std::string& staff, const std::string& pin, const std::string& place = "");
  bool SignOut(const std::string& token);
  std::optional<SignedIn> Use(const std::string& token);
  // How long they stay signed in. With `use`, asking is use of the session, else not. Nothing for no session.
  std::optional<SessionShown> Show(const std::string& token, bool use);

  // The ring as of the grant now; null while locked.
  std::shared_ptr<const crypto::KeyRing> Ring();
  bool Locked();
  // Ends the sessions that began at such a place; locks when no clinician's is left.
  void EndWhere(const std::function<bool(const std::string& place)>& gone);
  // Ends sessions that ran out, were begun before the clock jumped, or whose holder left the roster or is something else there
  // now; locks when no clinician's is left.
  void Sweep();
  void Lock();

 private:
  Result<sync::StaffMember> Find(const std::string& staff);
  Result<crypto::Secret> CheckPin(const std::string& staff, const std::string& pin, sync::StaffMember* member);
  void ReportLocked(LockedOut locked, const std::string& staff);
  Status OpenRing(crypto::Secret ring_key, const std::shared_ptr<const Orders::Now>& orders);

  Orders& orders_;
  Limits& limits_;
  TrustedTime& time_;
  Sessions sessions_;
  std::mutex sign_in_mutex_;  // one PIN at a time: what counts tries must not be raced
  Bytes decoy_;               // guarded by sign_in_mutex_; costs an unknown name as much time as a known one

  std::mutex ring_mutex_;
  crypto::Secret ring_key_;                         // guarded by ring_mutex_; empty while locked
  std::shared_ptr<const Orders::Now> ring_orders_;  // guarded by ring_mutex_; that the ring is of
  std::shared_ptr<const crypto::KeyRing> ring_;     // guarded by ring_mutex_
};

}  // namespace cpis::edge
