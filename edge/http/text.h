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

// What a stranger called a parameter or a key, without what could be a number or a name of a person: letters and "_-.:" of the
// first 64 characters.
std::string NameShown(std::string_view name);

// A message without what it quotes: errors of the node quote what was sent, and over HTTP that may be a number.
std::string WithoutQuotes(std::string_view message);

std::string_view Trimmed(std::string_view text);  // without spaces and tabs at its ends
std::string Unquoted(std::string_view text);      // a quoted-string of RFC 9110 §5.6.4 as what it means; other text as it is

// The parts between separators that stand in no quoted-string; at least one, which may be empty.
std::vector<std::string_view> SplitOutsideQuotes(std::string_view text, char separator);

// "0", "0.0", "0.000": not acceptable (RFC 9110 §12.4.2)
bool IsZeroWeight(std::string_view weight);

inline bool IsRead(const platform::HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

// Every value of a header, in order; an empty value is a value.
std::vector<std::string_view> HeaderValues(const platform::HttpRequest& request, std::string_view name);

}  // namespace cpis::edge::http
