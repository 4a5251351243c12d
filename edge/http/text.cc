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

std::string NameShown(std::string_view name) {
  std::string shown;
  for (const char c : name.substr(0, 64)) {
    const char lower = static_cast<char>(c | 0x20);
    if ((lower >= 'a' && lower <= 'z') || std::string_view("_-.:").find(c) != std::string_view::npos) shown.push_back(c);
  }
  return shown;
}

std::string WithoutQuotes(std::string_view message) {
  std::string kept;
  bool quoted = false;
  for (const char c : message) {
    if (c == '"' && !quoted) kept += "what was sent";
    if (c == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      kept.push_back(c);
    }
  }
  return kept;
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

std::string Unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string meant;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    meant.push_back(text[i]);
  }
  return meant;
}

std::vector<std::string_view> SplitOutsideQuotes(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

bool IsZeroWeight(std::string_view weight) {
  return weight.starts_with('0') && weight.find_first_not_of("0.") == std::string_view::npos;
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
