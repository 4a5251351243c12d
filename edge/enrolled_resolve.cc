// SPDX-License-Identifier: Apache-2.0
//
// Asking the fleet server about a number that this node cannot answer for.
#include "edge/enrolled_node.h"

namespace cpis::edge {

Result<Answer> EnrolledNode::Resolve(const std::string&, const LookupRequest&) {
  return platform::Unavailable("the fleet server cannot be asked");
}

}  // namespace cpis::edge
