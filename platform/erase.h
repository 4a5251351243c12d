// SPDX-License-Identifier: Apache-2.0
//
// Files that must not be found again.
#pragma once

#include <filesystem>

#include "platform/status.h"

namespace cpis::platform {

// Writes zeros over `file` and removes it, and with it what a WriteFileDurably of the same name left that lost power half-way.
// A missing file is not an error. A journalling file system or flash may keep the old bytes all the same: what matters must
// not rest on this alone.
Status EraseFile(const std::filesystem::path& file);

}  // namespace cpis::platform
