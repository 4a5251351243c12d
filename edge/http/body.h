// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>

#include "edge/http/problem.h"

namespace cpis::edge::http {

// Reads a JSON object of strings. A body that is not JSON, a key that is missing or unknown and a value that is not a
// string are 400 INVALID_BODY; values are never quoted. Keys of `optional` that are absent or null are absent in
// `values`.
std::optional<Problem> ReadBody(const platform::HttpRequest& request, std::initializer_list<const char*> required,
                                std::initializer_list<const char*> optional,
                                std::map<std::string, std::string>* values);

}  // namespace cpis::edge::http
