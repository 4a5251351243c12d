// SPDX-License-Identifier: Apache-2.0
//
// `fleet keys rotate`: the server proposes a key set, the root key signs it here, the server takes it over and starts anew.
#pragma once

#include "edge/ctl/run.h"

namespace cpis::edge::ctl {

// The exit code of the contract. Waits until the server is back with the new key set.
int RotateKey(const Command& command, const Surroundings& around);

}  // namespace cpis::edge::ctl
