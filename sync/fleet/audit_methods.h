// SPDX-License-Identifier: Apache-2.0
//
// Methods of `cpisctl fleet audit` and `cpisctl fleet security`, and what status and metrics say of security events.
#pragma once

#include <boost/json.hpp>

#include "platform/status.h"

namespace cpis::sync::fleet {

class Fleet;

// {"nhs_number"?, "staff"?, "node"?, "since"?, "auditor"?, "pin"?} → list of looks, newest first. kInvalid without any of the
// first four; kDenied as AuditorGate.
platform::Result<boost::json::value> AskAudit(Fleet& fleet, const boost::json::object& arguments);
// {} → {"entries", "outstanding": […]}; kCorrupt says where the record breaks.
platform::Result<boost::json::value> VerifyAudit(Fleet& fleet, const boost::json::object& arguments);
// {} → list of events, newest first.
platform::Result<boost::json::value> ListSecurity(Fleet& fleet, const boost::json::object& arguments);
// {"id"}: kNotFound.
platform::Result<boost::json::value> AcknowledgeSecurity(Fleet& fleet, const boost::json::object& arguments);

// {"open", "total", "latest": […]}
platform::Result<boost::json::value> SecurityStatus(Fleet& fleet);

}  // namespace cpis::sync::fleet
