// SPDX-License-Identifier: Apache-2.0
//
// What time alone takes away. Not on the store thread; cheap to call when nothing is due.
#pragma once

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

// Deletes plans whose history window is over (sync::GoneAt), everywhere at once: register and rows.
Status RemoveGonePlans(Store& store);

}  // namespace cpis::sync::fleet
