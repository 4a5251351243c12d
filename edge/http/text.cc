// SPDX-License-Identifier: Apache-2.0
#include "edge/http/text.h"

#include <algorithm>

namespace cpis::edge::http {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string Printable(std::string_view text, size_t limit) {
  std::string printable;
  for (char c : text) {
    if (printable.size() == limit) break;
    if (c >= 0x20 && c < 0x7f) printable.push_back(c);
  }
  return printable;
}

std::vector<std::string_view> HeaderValues(const platform::HttpRequest& request, std::string_view name) {
  const std::string wanted = LowerCase(name);
  std::vector<std::string_view> values;
  for (const platform::HttpHeader& header : request.headers) {
    if (LowerCase(header.name) == wanted) values.push_back(header.value);
  }
  return values;
}

}  // namespace cpis::edge::http
