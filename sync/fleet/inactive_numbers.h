// SPDX-License-Identifier: Apache-2.0
//
// What a message of inactive numbers does to the register and to what nodes hold. A number that is erased leaves a mark
// that only the fleet's keys can match: no digits, and nothing that leads from it to another number.
#pragma once

#include "sync/fleet/intake_inactive.h"
#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

struct Renumbering {
  int replaced = 0;
  int erased = 0;
  int unknown = 0;      // of these the authority had no plan, or a later message has spoken
  uint64_t ending = 0;  // flags that were erased
};

// Store thread, in a change. The keys of every number in the message must be known.
Result<Renumbering> ApplyInactiveNumbers(Store& store, const InactiveMessage& message);

// What an upload may no longer name. A snapshot, for use outside the store thread while nothing else is taken in.
class NumbersOutOfUse {
 public:
  static Result<NumbersOutOfUse> Read(Store& store);  // not on the store thread
  // CPR05 for a number that was replaced, CPR01 for one that was erased.
  bool IsErased(std::string_view authority, const NhsNumber& number) const;
  std::optional<NumberRefusal> Refuses(std::string_view authority, const NhsNumber& number) const;

 private:
  explicit NumbersOutOfUse(const FleetKeys& keys) : keys_(&keys) {}
  const FleetKeys* keys_;
  std::set<NhsNumber> replaced_;
  std::set<Bytes> erased_;
};

}  // namespace cpis::sync::fleet
