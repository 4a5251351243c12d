// SPDX-License-Identifier: Apache-2.0
//
// How values of an upload are shown in messages that can reach a log: never an NHS number, never a person's name.
#pragma once

#include <string>
#include <string_view>

namespace cpis::sync::fleet {

// For fields that hold dates and counts: "\"202602300900\"" when it is digits and punctuation, otherwise only its size.
// Ten digits are never shown, whatever field they were typed into.
std::string QuoteDigits(std::string_view value);

// For fields about the authority and the form of the message: any short printable ASCII, under the same rule of ten
// digits.
std::string QuoteText(std::string_view value);

}  // namespace cpis::sync::fleet
