// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "edge/node.h"

namespace cpis::edge::http {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// The numbers of the status in the Prometheus text exposition format 0.0.4. Nothing personal. What is not known, like
// the age of data that never came, has no sample: an alert on absence is honest, one on zero is not.
std::string Metrics(const NodeStatus& status);

}  // namespace cpis::edge::http
