// SPDX-License-Identifier: Apache-2.0
//
// Numbers whose record never leaves the server: nodes are told that it is withheld. Not on the store thread.
#pragma once

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

// Takes rows that nodes hold away and gives them the notice, in one change. Marked already: nothing changes.
Status MarkSensitive(Store& store, const NhsNumber& number);
// Publishes the rows again. kNotFound when it is not marked.
Status UnmarkSensitive(Store& store, const NhsNumber& number);

}  // namespace cpis::sync::fleet
