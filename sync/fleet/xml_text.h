// SPDX-License-Identifier: Apache-2.0
//
// Characters of XML 1.0 (§2.2): what may stand in a document, and how text is written so that it may.
#pragma once

#include <string>
#include <string_view>

namespace cpis::sync::fleet {

struct DecodedCharacter {
  char32_t code = 0;
  size_t size = 0;  // bytes taken; 0: not UTF-8 (over-long forms, surrogates and what is past U+10FFFF included)
};
DecodedCharacter DecodeUtf8(std::string_view text);  // the first character of a text that is not empty

bool IsXmlCharacter(char32_t code);

// Fit for an attribute or an element: markup escaped, bytes that are not UTF-8 become U+FFFD, characters that XML
// cannot hold are left out. Line breaks and tabs become spaces: the national messages hold none.
std::string EscapeXml(std::string_view text);

}  // namespace cpis::sync::fleet
