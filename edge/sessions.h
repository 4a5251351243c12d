// SPDX-License-Identifier: Apache-2.0
//
// Who is signed in. Tokens are known to their holders only: here are their hashes. Idle and shift limits run on the clock that
// counts suspended time, so a tablet that slept is not still signed in. Who sets the wall clock while somebody is signed in has
// something in mind: a jump of it ends every session.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "crypto/hash.h"
#include "edge/node.h"
#include "sync/records.h"

namespace cpis::edge {

struct SignedIn {
  std::string staff;
  sync::Right right = sync::Right::kNotify;
  sync::Duty duty = sync::Duty::kClinician;
  std::string place{};  // where (place.h)
};

// How long somebody stays signed in yet.
struct SessionLeft {
  SignedIn who;
  std::chrono::milliseconds idle;   // unless something is asked for before
  std::chrono::milliseconds shift;
};

// Thread-safe.
class Sessions {
 public:
  explicit Sessions(const platform::Clock& clock) : clock_(clock) {}

  // A new token, good until the shift limit, or until nothing is asked for as long as the idle limit.
  SessionInfo Begin(SignedIn who, const sync::Policy& policy, Instant now);
  // Who holds the token, if it comes from where it was given (place.h); asking counts as use.
  std::optional<SignedIn> Use(const std::string& token, const sync::Policy& policy);
  // As Use, and for how long yet; asking is no use.
  std::optional<SessionLeft> Look(const std::string& token, const sync::Policy& policy);
  bool End(const std::string& token);
  // Ends everyone of that staff id: they were struck off the roster.
  void EndAllOf(const std::string& staff);
  // Ends everyone who signed in at such a place.
  void EndAllWhere(const std::function<bool(const std::string& place)>& gone);
  // Ends what has run out. True when somebody is still signed in who needs record keys.
  bool Sweep(const sync::Policy& policy);
  std::vector<SignedIn> Staff() const;

 private:
  struct Session {
    SignedIn who;
    std::chrono::milliseconds began;  // since boot
    std::chrono::milliseconds used;
    std::chrono::milliseconds wall_ahead;  // of the clock since boot, when it began
  };
  using TokenHash = crypto::Digest;
  static TokenHash HashOf(std::string_view token);
  // mutex_ is held. The end when nobody has it, or not there.
  std::map<TokenHash, Session>::iterator Find(const std::string& placed);
  bool Over(const Session& session, const sync::Policy& policy) const;
  std::chrono::milliseconds WallAhead() const { return clock_.Now().time_since_epoch() - clock_.SinceBoot(); }

  const platform::Clock& clock_;
  mutable std::mutex mutex_;
  std::map<TokenHash, Session> sessions_;  // guarded by mutex_
};

}  // namespace cpis::edge
