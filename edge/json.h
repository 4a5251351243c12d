// SPDX-License-Identifier: Apache-2.0
//
// What the node says, as the JSON of the contract: one line, snake_case, RFC 3339 UTC, keys in the contract's order,
// null for what is not there. HTTP and cpisctl both use this, so that they cannot drift apart.
#pragma once

#include <string>
#include <vector>

#include "edge/node.h"

namespace cpis::edge {

std::string ToJson(const Answer& answer);  // `reason` only beside CANNOT_SAY
std::string ToJson(const SessionInfo& session);
std::string ToJson(const SessionShown& session);
std::string ToJson(const AttendReply& reply);
std::string ToJson(const NodeStatus& status);  // nothing personal in it
std::string ToJson(const AlertShown& alert);
std::string ToJson(const std::vector<AlertShown>& alerts);
std::string ToJson(const OutboxItem& item);
std::string ToJson(const std::vector<OutboxItem>& items);
std::string ToJson(const std::vector<TopicVerdict>& verdicts);
std::string ToJson(const std::vector<Finding>& findings);

}  // namespace cpis::edge
