// SPDX-License-Identifier: Apache-2.0
#include "sync/nhs_number.h"

#include <algorithm>

#include "sync/quote.h"

namespace cpis::sync {
namespace {

constexpr size_t kLength = 10;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// As printed on letters and wristbands: 3, 3 and 4 digits with single spaces.
bool IsSpaced(std::string_view text) { return text.size() == kLength + 2 && text[3] == ' ' && text[7] == ' '; }

// Weights 10 to 2 over the first nine digits. A check digit of 10 does not exist: such numbers are never issued.
bool CheckDigitFits(std::string_view digits) {
  int sum = 0;
  for (int i = 0; i < 9; ++i) sum += (digits[i] - '0') * (10 - i);
  return (11 - sum % 11) % 11 == digits[9] - '0';
}

platform::Status Refuse(std::string_view text, std::string_view why) {
  return platform::Invalid(Quoted(text) + " is not an NHS number: " + std::string(why));
}

}  // namespace

platform::Result<NhsNumber> NhsNumber::Parse(std::string_view text) {
  std::string digits(text);
  if (IsSpaced(text)) {
    digits = text.substr(0, 3);
    digits += text.substr(4, 3);
    digits += text.substr(8);
  }
  if (!std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return Refuse(text, "it must be ten digits 0 to 9, at most with spaces as in 999 000 0018");
  }
  if (digits.size() != kLength) {
    return Refuse(text, "it has " + std::to_string(digits.size()) + " digits and must have ten");
  }
  if (!CheckDigitFits(digits)) {
    return Refuse(text, "its last digit does not fit the other nine (Modulus 11); check for a typing mistake");
  }
  return NhsNumber(std::move(digits));
}

}  // namespace cpis::sync
