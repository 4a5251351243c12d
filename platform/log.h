// SPDX-License-Identifier: Apache-2.0
//
// Log lines for journald on stderr: "<6>forward: 3 attendances sent". Never a number, a name, a key or a PIN: callers pass
// counts, codes, ids and Status messages that were made for the log.
#pragma once

#include <string_view>

#include "platform/status.h"

namespace cpis::platform {

enum class Level { kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };

void Log(Level level, std::string_view part, std::string_view message);
inline void LogInfo(std::string_view part, std::string_view message) { Log(Level::kInfo, part, message); }
inline void LogWarning(std::string_view part, std::string_view message) { Log(Level::kWarning, part, message); }
inline void LogError(std::string_view part, std::string_view message) { Log(Level::kError, part, message); }

// Lines above this level are dropped. Default kInfo.
void SetLogLevel(Level most_verbose);

}  // namespace cpis::platform
