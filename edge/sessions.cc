// SPDX-License-Identifier: Apache-2.0
#include "edge/sessions.h"

#include <algorithm>

#include "edge/place.h"
#include "edge/rights.h"
#include "edge/tuning.h"

namespace cpis::edge {
namespace {

constexpr size_t kTokenBytes = 32;

}  // namespace

Sessions::TokenHash Sessions::HashOf(std::string_view token) {
  return crypto::Blake2b32({platform::AsBytes("cpis.v1.session"), platform::AsBytes(token)});
}

std::map<Sessions::TokenHash, Sessions::Session>::iterator Sessions::Find(const std::string& placed) {
  const auto [token, place] = SplitToken(placed);
  const auto found = sessions_.find(HashOf(token));
  return found != sessions_.end() && found->second.who.place == place ? found : sessions_.end();
}

bool Sessions::Over(const Session& session, const sync::Policy& policy) const {
  const auto now = clock_.SinceBoot();
  const bool jumped = std::chrono::abs(WallAhead() - session.wall_ahead) > kClockJump;
  return jumped || now - session.used > policy.idle_limit || now - session.began > policy.shift_limit;
}

SessionInfo Sessions::Begin(SignedIn who, const sync::Policy& policy, Instant now) {
  const std::string token = platform::Base64Url(crypto::RandomBytes(kTokenBytes));
  const std::lock_guard lock(mutex_);
  sessions_[HashOf(token)] = {std::move(who), clock_.SinceBoot(), clock_.SinceBoot(), WallAhead()};
  return {token, now + policy.shift_limit};
}

std::optional<SignedIn> Sessions::Use(const std::string& token, const sync::Policy& policy) {
  const std::lock_guard lock(mutex_);
  const auto found = Find(token);
  if (found == sessions_.end()) return std::nullopt;
  if (Over(found->second, policy)) {
    sessions_.erase(found);
    return std::nullopt;
  }
  found->second.used = clock_.SinceBoot();
  return found->second.who;
}

std::optional<SessionLeft> Sessions::Look(const std::string& token, const sync::Policy& policy) {
  const std::lock_guard lock(mutex_);
  const auto found = Find(token);
  if (found == sessions_.end() || Over(found->second, policy)) return std::nullopt;
  const Session& session = found->second;
  const auto now = clock_.SinceBoot();
  return SessionLeft{session.who, policy.idle_limit - (now - session.used), policy.shift_limit - (now - session.began)};
}

bool Sessions::End(const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto found = Find(token);
  if (found == sessions_.end()) return false;
  sessions_.erase(found);
  return true;
}

void Sessions::EndAllWhere(const std::function<bool(const std::string& place)>& gone) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return gone(entry.second.who.place); });
}

void Sessions::EndAllOf(const std::string& staff) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.who.staff == staff; });
}

bool Sessions::Sweep(const sync::Policy& policy) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return Over(entry.second, policy); });
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const auto& entry) { return NeedsRecords(entry.second.who.duty); });
}

std::vector<SignedIn> Sessions::Staff() const {
  const std::lock_guard lock(mutex_);
  std::vector<SignedIn> staff;
  for (const auto& [hash, session] : sessions_) staff.push_back(session.who);
  return staff;
}

}  // namespace cpis::edge
