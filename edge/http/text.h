// SPDX-License-Identifier: Apache-2.0
//
// Header values and other text that a stranger sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/http.h"

namespace cpis::edge::http {

std::string LowerCase(std::string_view text);                // ASCII only
bool IsPrintable(std::string_view text);                     // ASCII, no control characters
std::string Printable(std::string_view text, size_t limit);  // without the characters that are not; cut to the limit

// Every value of a header, in order; an empty value is a value.
std::vector<std::string_view> HeaderValues(const platform::HttpRequest& request, std::string_view name);

}  // namespace cpis::edge::http
