// SPDX-License-Identifier: Apache-2.0
//
// What the tree must look like (DESIGN §3, STYLE): which folder may include which, where each vendor's headers may be, and
// what every file owes its reader.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cpis::structure {

struct Fault {
  std::string file;  // relative to the root
  int line;          // 0: the file as a whole
  std::string rule;  // "direction", "vendor", "length", "licence", "name", "words", "include"
  std::string detail;
};

// Checks every source file under the project's folders below `root`; build directories are not looked at.
std::vector<Fault> FaultsOf(const std::filesystem::path& root);

}  // namespace cpis::structure
