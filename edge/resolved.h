// SPDX-License-Identifier: Apache-2.0
//
// What the fleet server's word makes of an answer, apart from the asking.
#pragma once

#include "edge/lookup.h"
#include "sync/resolve.h"

namespace cpis::edge {

// Whether the fleet server could say more than this answer of the vehicle's own.
bool WorthAsking(const Answer& answer);

// The answer to a reply that is signed, to our query and of now: judged by the server's time, from FLEET_SERVER, with the
// authorities that hold a plan as its region. Number and notification are the caller's to fill in. kCorrupt: what the
// server concluded does not follow from what it sent.
platform::Result<Answer> Resolved(const sync::ResolveReply& reply, const sync::Policy& policy);

}  // namespace cpis::edge
