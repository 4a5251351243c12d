// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/intake_quote.h"

#include <algorithm>

namespace cpis::sync::fleet {
namespace {

constexpr size_t kLongest = 60;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsDigitOrPunctuation(char c) {
  return IsDigit(c) || std::string_view("+-.:/TZ ").find(c) != std::string_view::npos;
}
bool IsPlain(char c) { return c >= ' ' && c <= '~' && c != '"'; }

std::string Quote(std::string_view value, bool (*allowed)(char)) {
  const auto digits = std::count_if(value.begin(), value.end(), IsDigit);
  if (value.size() <= kLongest && digits != 10 && std::all_of(value.begin(), value.end(), allowed)) {
    return "\"" + std::string(value) + "\"";
  }
  return "(" + std::to_string(value.size()) + " bytes, not shown)";
}

}  // namespace

std::string QuoteDigits(std::string_view value) { return Quote(value, IsDigitOrPunctuation); }
std::string QuoteText(std::string_view value) { return Quote(value, IsPlain); }

}  // namespace cpis::sync::fleet
