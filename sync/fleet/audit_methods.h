// SPDX-License-Identifier: Apache-2.0
//
// Methods of `cpisctl fleet audit` and `cpisctl fleet security`, and what status and metrics say of security events.
#pragma once

#include "sync/fleet/method_call.h"

namespace cpis::sync::fleet {

// {"nhs_number"?, "staff"?, "node"?, "since"?, "auditor"?, "pin"?} → list of looks, newest first. kInvalid without any of the
// first four; kDenied as AuditorGate.
Result<json::value> AskAudit(const Call& call);
// {} → {"entries", "outstanding": […]}; kCorrupt says where the record breaks.
Result<json::value> VerifyAudit(const Call& call);
// {} → list of events, newest first.
Result<json::value> ListSecurity(const Call& call);
// {"id"}: kNotFound.
Result<json::value> AcknowledgeSecurity(const Call& call);

// {"open", "total", "latest": […]}
Result<json::value> SecurityStatus(Fleet& fleet);

}  // namespace cpis::sync::fleet
