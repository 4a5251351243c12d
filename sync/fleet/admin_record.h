// SPDX-License-Identifier: Apache-2.0
//
// Puts each call of the admin socket on record, in the one place where all of them pass.
#pragma once

#include "sync/local/local_service.h"

namespace cpis::sync::fleet {

class Store;

// Calls `methods` between the two entries of AdminActs; "fleet.acts" and "fleet.acts.verify" are answered here. What shows neither
// persons nor changes anything is not recorded. kInternal, and nothing is done, when it cannot be recorded.
LocalHandler Recorded(Store& store, LocalHandler methods);

}  // namespace cpis::sync::fleet
