// SPDX-License-Identifier: Apache-2.0
//
// Who may ask a vehicle for what. What the table does not name is refused.
#pragma once

#include "platform/status.h"
#include "sync/records.h"

namespace cpis::edge {

enum class Act {
  kLook,          // a lookup that notifies
  kLookSilently,  // a lookup that notifies nobody
  kResolve,       // asking the fleet server about a number
  kAttend,        // recording that a person was attended
  kSeeOutcome,    // being told, with an attendance, what is known of the person
  kSeeAlerts,
  kAcknowledge,   // an alert
};

// kForbidden, with a sentence that says what is missing and whom to ask.
platform::Status MayDo(Act act, sync::Duty duty, sync::Right right);

// Whether a vehicle lets such a person in at all. One whom it does not is refused like an unknown name.
bool MaySignIn(sync::Duty duty);
// Whether their being signed in needs record keys in memory. Nobody else's PIN opens any.
bool NeedsRecords(sync::Duty duty);

}  // namespace cpis::edge
