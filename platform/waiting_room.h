// SPDX-License-Identifier: Apache-2.0
//
// Who keeps a server waiting, and who of them gives way to a newcomer when there is no room left. One thread.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>

namespace cpis::platform {

template <typename Guest>
class WaitingRoom {
 public:
  // Who gives way first: one that has been answered for the last time, one that was never answered, one that comes back.
  enum class Standing { kLeaving, kStranger, kKnown };

  // From now on; again for a guest that has moved.
  void Enter(Guest* guest, Standing standing) {
    Leave(guest);
    order_.insert(places_[guest] = {standing, ++entered_, guest});
  }

  // Also for a guest that is not there.
  void Leave(Guest* guest) {
    const auto place = places_.find(guest);
    if (place == places_.end()) return;
    order_.erase(place->second);
    places_.erase(place);
  }

  // Who gives way: of the lowest standing the one that waits longest. Null when nobody waits.
  Guest* First() const { return order_.empty() ? nullptr : order_.begin()->guest; }

 private:
  struct Place {
    Standing standing;
    uint64_t since;
    Guest* guest;
    auto operator<=>(const Place&) const = default;
  };

  uint64_t entered_ = 0;
  std::map<Guest*, Place> places_;
  std::set<Place> order_;
};

}  // namespace cpis::platform
