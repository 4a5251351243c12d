// SPDX-License-Identifier: Apache-2.0
#include "sync/quote.h"

namespace cpis::sync {

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 64;
  auto shown = text.substr(0, kShown);
  if (shown.size() < text.size()) {
    // A UTF-8 character that the cut would split is left out whole.
    while (!shown.empty() && (static_cast<uint8_t>(text[shown.size()]) & 0xC0) == 0x80) shown.remove_suffix(1);
  }
  std::string out = "\"";
  for (const char c : shown) {
    const auto byte = static_cast<uint8_t>(c);
    out += byte < 0x20 || byte == 0x7F || c == '"' ? '?' : c;
  }
  out += shown.size() < text.size() ? "…\"" : "\"";
  return out;
}

}  // namespace cpis::sync
