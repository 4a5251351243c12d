// SPDX-License-Identifier: Apache-2.0
//
// What `cpisctl fleet …` can ask for, as methods with JSON arguments and answers.
#pragma once

#include "sync/local/local_service.h"

namespace cpis::sync::fleet {

class Fleet;

// Methods "fleet.import", "fleet.authorities", "fleet.node.add", … of the command line's contract. kInvalid for a method or
// an argument that is not known.
LocalHandler AdminMethods(Fleet& fleet);

}  // namespace cpis::sync::fleet
