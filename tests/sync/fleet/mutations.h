// SPDX-License-Identifier: Apache-2.0
//
// A good message with a few bytes wrong, as a line, a disk or an enemy would leave it.
#pragma once

#include <algorithm>
#include <random>
#include <string>

namespace cpis::sync::fleet {

inline std::string Mutated(const std::string& good, std::mt19937_64& random) {
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  std::string xml = good;
  for (size_t change = 0, changes = 1 + below(3); change < changes; ++change) {
    const size_t at = below(xml.size());
    const size_t size = std::min(1 + below(12), xml.size() - at);
    switch (below(4)) {
      case 0:
        xml[at] = static_cast<char>(xml[at] ^ (1 << below(8)));
        break;
      case 1:
        xml.erase(at, size);
        break;
      case 2:
        xml.insert(at, xml.substr(at, size));
        break;
      default:
        xml[at] = good[below(good.size())];
        break;
    }
  }
  return xml;
}

}  // namespace cpis::sync::fleet
