// SPDX-License-Identifier: Apache-2.0
#include "edge/orders.h"

#include "platform/log.h"

namespace cpis::edge {

using sync::KeyOf;
using sync::Topic;

std::shared_ptr<const Orders::Now> Orders::Current() {
  const std::lock_guard lock(mutex_);
  const uint64_t version = replica_.OrdersVersion();
  if (!current_ || version != version_) {
    current_ = Read();
    version_ = current_->readable ? version : 0;  // what could not be read is tried again next time
  }
  return current_;
}

std::shared_ptr<const Orders::Now> Orders::Read() {
  auto now = std::make_shared<Now>();
  for (const auto& [key, standard] : now->policy.Settings()) {
    const auto entry = replica_.Get(Topic::Policy(), KeyOf(key));
    if (!entry.ok()) {
      now->readable = now->readable && entry.status().code() == platform::Code::kNotFound;
      continue;
    }
    const auto setting = sync::DecodeSetting(*entry);
    const Status set = setting.ok() ? now->policy.Set(setting->key, setting->value) : setting.status();
    if (!set.ok()) platform::LogWarning("policy", "a setting is not understood and keeps its default: " + set.message());
  }
  for (const TopicState& state : replica_.States()) {
    if (state.topic == Topic::Policy() && state.damaged) now->readable = false;
  }
  // How long a "no" holds is not known then: no "no" is said.
  if (!now->readable) now->policy.fresh_for = std::chrono::seconds(-1);
  ReadOwn(*now);
  return now;
}

void Orders::ReadOwn(Now& now) {
  const Topic own = Topic::Node(identity_.node_id);
  if (const auto entry = replica_.Get(own, KeyOf(sync::kGrantEntry)); entry.ok()) {
    auto grant = sync::DecodeGrant(*entry);
    if (grant.ok()) now.grant = *std::move(grant);
  }
  if (auto entry = replica_.Get(own, KeyOf(sync::kRingEntry)); entry.ok()) now.wrapped_ring = *std::move(entry);
  if (const auto entry = replica_.Get(own, KeyOf(sync::kOrderEntry)); entry.ok()) {
    auto order = sync::DecodeOrder(*entry);
    if (order.ok()) now.order = *std::move(order);
    if (!order.ok()) platform::LogError("orders", "an order cannot be read: " + order.status().message());
  }
}

Result<sync::StaffMember> Orders::Find(const std::string& staff_id) {
  const auto now = Current();
  if (!now->grant || now->grant->revoked) {
    return platform::Unavailable("nobody can sign in yet: this vehicle has no roster (it comes with the first sync)");
  }
  CPIS_ASSIGN(const crypto::Secret roster_key, crypto::OpenBox(identity_.box, now->grant->boxed_roster_key));
  CPIS_ASSIGN(const Bytes sealed, replica_.Get(Topic::Roster(), KeyOf("staff/" + staff_id)));
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenWith(roster_key, "roster", sealed));
  CPIS_ASSIGN(sync::StaffMember member, sync::DecodeStaffMember(plain.Reveal()));
  // Two ids could share an 8-byte key; the record says whose it is.
  if (member.id != staff_id || member.disabled) return platform::NotFound("no such member of staff");
  return member;
}

Result<crypto::KeyRing> Orders::OpenRing(const crypto::Secret& ring_key) {
  const auto now = Current();
  if (!now->grant || now->grant->revoked) return platform::Unavailable("this vehicle holds no grant");
  if (now->wrapped_ring.empty()) return platform::NotFound("this vehicle's keys were destroyed, for its lease is long over");
  return crypto::UnwrapRing(now->wrapped_ring, identity_.box, ring_key);
}

}  // namespace cpis::edge
