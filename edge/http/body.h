// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>

#include "edge/http/problem.h"

namespace cpis::edge::http {

struct BodyShape {
  std::initializer_list<const char*> required{};
  std::initializer_list<const char*> optional{};
  std::initializer_list<const char*> flags{};  // true or false, and optional
};

// Reads a JSON object of strings. A body that is not JSON, a key that is missing or unknown and a value that is not a
// string are 400 INVALID_BODY; values are never quoted. Keys of `optional` that are absent or null are absent in
// `values`; a flag is there as "true" when it is, and absent otherwise.
std::optional<Problem> ReadBody(const platform::HttpRequest& request, const BodyShape& shape,
                                std::map<std::string, std::string>* values);

}  // namespace cpis::edge::http
