// SPDX-License-Identifier: Apache-2.0
//
// Looks for byte strings in the memory of a process that runs, wherever something is mapped, as root on a stolen machine could.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cpis::e2e {

// Shows `visit` every stretch that can be read and that holds more than zeros, with the name of its mapping. Of a mapping that
// is shown in several, one begins with the last `overlap` bytes of the one before, so that nothing of up to that length is cut
// in two; a page that cannot be read costs that page and no other. Throws when no byte could be read.
void VisitMemory(pid_t process, size_t overlap, const std::function<void(const std::string& mapping, std::string_view bytes)>& visit);

struct Needle {
  std::string name;   // said when it is found
  std::string bytes;  // at least 4, or chance finds them
};

// Names of those that are there, each once, with the mapping it was found in: "index key in [heap]". Throws when memory cannot
// be read at all: not being allowed to look is not finding nothing.
std::vector<std::string> FindInMemory(pid_t process, const std::vector<Needle>& needles);

}  // namespace cpis::e2e
