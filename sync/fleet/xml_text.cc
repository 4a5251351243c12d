// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/xml_text.h"

namespace cpis::sync::fleet {
namespace {

uint8_t At(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

// Bytes of a sequence by its first byte, 0 for a byte that cannot start one.
size_t SequenceSize(uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

}  // namespace

DecodedCharacter DecodeUtf8(std::string_view text) {
  const uint8_t first = At(text, 0);
  const size_t size = SequenceSize(first);
  if (size == 1) return {first, 1};
  if (size == 0 || text.size() < size) return {};

  char32_t code = first & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((At(text, i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (At(text, i) & 0x3F);
  }
  const bool over_long = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (over_long || surrogate || code > 0x10FFFF) return {};
  return {code, size};
}

bool IsXmlCharacter(char32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  if (code >= 0xD800 && code <= 0xDFFF) return false;
  return code != 0xFFFE && code != 0xFFFF && code <= 0x10FFFF;
}

std::string EscapeXml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const DecodedCharacter character = DecodeUtf8(text);
    const std::string_view bytes = text.substr(0, character.size == 0 ? 1 : character.size);
    text.remove_prefix(bytes.size());
    if (character.size == 0) {
      out += "\xEF\xBF\xBD";
    } else if (character.code == '&') {
      out += "&amp;";
    } else if (character.code == '<') {
      out += "&lt;";
    } else if (character.code == '>') {
      out += "&gt;";
    } else if (character.code == '"') {
      out += "&quot;";
    } else if (character.code == '\t' || character.code == '\n' || character.code == '\r') {
      out += ' ';
    } else if (IsXmlCharacter(character.code)) {
      out += bytes;
    }
  }
  return out;
}

}  // namespace cpis::sync::fleet
