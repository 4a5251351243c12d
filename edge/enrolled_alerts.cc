// SPDX-License-Identifier: Apache-2.0
//
// Late alerts: what the fleet server found out after somebody here had looked.
#include "edge/enrolled_node.h"

namespace cpis::edge {

Result<std::vector<AlertShown>> EnrolledNode::Alerts(const std::string&) { return std::vector<AlertShown>(); }

Status EnrolledNode::AcknowledgeAlert(const std::string&, const std::string&) { return platform::NotFound("no such alert"); }

}  // namespace cpis::edge
