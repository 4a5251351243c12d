// SPDX-License-Identifier: Apache-2.0
//
// The methods a node offers on its unix socket, for cpisctl: "node.lookup" and so on, arguments and answers in the JSON
// of the contract. An argument that a method does not know, or of the wrong type, is kInvalid: a misspelt "silnet" must
// not notify.
#pragma once

#include "edge/node.h"
#include "sync/local/local_service.h"

namespace cpis::edge {

// Thread-safe as the node is. Calls that need somebody signed in take the session as "token".
Result<std::string> HandleLocal(Node& node, const sync::LocalCall& call, const sync::LocalProgress& progress);

}  // namespace cpis::edge
