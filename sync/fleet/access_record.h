// SPDX-License-Identifier: Apache-2.0
//
// What follows from an attendance of a flagged child: the access in the child's history, and the notification to every authority
// that has a plan. Store thread, inside a change of the caller's.
#pragma once

#include <string>
#include <vector>

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

// A plan that may be shown now, and the number it is kept under.
struct PlanOnShow {
  NhsNumber number;
  PlanRow row;
};
// Under every authority and every number that the person is known by.
Result<std::vector<PlanOnShow>> PlansOnShow(Store& store, const NhsNumber& number);

// A member of staff; one whom the roll does not know has the id for a name.
Result<StaffMember> StaffOrStranger(Store& store, const std::string& id);

// Adds the access at its true time, and queues the notification, for each authority that was not notified of this case before.
// `attendance` is in the register.
Status RecordAccess(Store& store, const WatchedEvent& attendance, const std::vector<PlanOnShow>& plans);

}  // namespace cpis::sync::fleet
