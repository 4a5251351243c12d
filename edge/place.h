// SPDX-License-Identifier: Apache-2.0
//
// Where a session began: at this machine (empty), or at a paired tablet (its id). A session works there and nowhere else, so the
// node is told where a token comes from: TOKEN@PLACE. Tokens have no @, and one that has is nobody's.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace cpis::edge {

// `token` as somebody at `place` sent it, for the node; empty when it cannot be a token.
inline std::string TokenAt(std::string_view place, std::string token) {
  if (token.find('@') != std::string::npos) return "";
  return token.empty() || place.empty() ? std::move(token) : std::move(token) + "@" + std::string(place);
}

// Token and place.
inline std::pair<std::string_view, std::string_view> SplitToken(std::string_view placed) {
  const size_t at = placed.find('@');
  if (at == std::string_view::npos) return {placed, {}};
  return {placed.substr(0, at), placed.substr(at + 1)};
}

}  // namespace cpis::edge
