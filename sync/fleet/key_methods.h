// SPDX-License-Identifier: Apache-2.0
//
// What cpisctl asks about keys and epochs: `fleet rotate`, `fleet keys show` and the two halves of `fleet keys rotate`.
#pragma once

#include "sync/fleet/method_call.h"

namespace cpis::sync::fleet {

// {"restored": true, "past": "7"}, both optional.
Result<json::value> BeginEpochByOrder(const Call& call);
Result<json::value> ShowKeys(const Call& call);
// {"key": "content", "new_root": base64url, for root only}; gives the unsigned key set, and the present one as root signed it.
Result<json::value> ProposeKeySet(const Call& call);
// The signed key set is the attachment. The server starts anew.
Result<json::value> AdoptKeySet(const Call& call);
// Of `fleet status`: epoch, and what somebody must do about it.
Result<json::object> EpochStatus(Fleet& fleet);
// The certificate that tablets are to trust: {certificate, sha256, expires}.
Result<json::value> ShowLanAuthority(const Call& call);

}  // namespace cpis::sync::fleet
