// SPDX-License-Identifier: Apache-2.0
//
// Looks for byte strings in the memory of a process that runs, wherever something is mapped, as root on a stolen machine could.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace cpis::e2e {

struct Needle {
  std::string name;   // said when it is found
  std::string bytes;  // at least 4, or chance finds them
};

// Names of those that are there, each once, with the mapping it was found in: "index key in [heap]". Throws when memory cannot
// be read at all: not being allowed to look is not finding nothing.
std::vector<std::string> FindInMemory(pid_t process, const std::vector<Needle>& needles);

}  // namespace cpis::e2e
