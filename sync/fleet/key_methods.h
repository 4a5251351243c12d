// SPDX-License-Identifier: Apache-2.0
//
// What cpisctl asks about keys and epochs: `fleet rotate`, `fleet keys show` and the two halves of `fleet keys rotate`.
#pragma once

#include <boost/json.hpp>

#include "sync/fleet/fleet.h"

namespace cpis::sync::fleet {

// {"restored": true, "past": "7"}, both optional.
Result<boost::json::value> BeginEpochByOrder(Fleet& fleet, const boost::json::object& arguments);
Result<boost::json::value> ShowKeys(Fleet& fleet);
// {"key": "content", "new_root": base64url, for root only}; gives the unsigned key set.
Result<boost::json::value> ProposeKeySet(Fleet& fleet, const boost::json::object& arguments);
// The signed key set is the attachment. The server starts anew.
Result<boost::json::value> AdoptKeySet(Fleet& fleet, ByteView signed_key_set);
// Of `fleet status`: epoch, and what somebody must do about it.
Result<boost::json::object> EpochStatus(Fleet& fleet);

}  // namespace cpis::sync::fleet
