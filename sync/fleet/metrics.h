// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace cpis::sync::fleet {

class Fleet;

// Prometheus text: counts only.
std::string MetricsText(Fleet& fleet);

}  // namespace cpis::sync::fleet
