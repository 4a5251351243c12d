// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/target.h"

namespace cpis::fuzz {

std::vector<Target>& Targets() {
  static std::vector<Target> all;
  return all;
}

}  // namespace cpis::fuzz
