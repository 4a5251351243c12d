// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "platform/status.h"

namespace cpis::sync {

// Ten ASCII digits whose last is the Modulus 11 check digit (NHS Data Dictionary, NHS NUMBER). Only valid ones exist.
// No operator<<: a number must not reach a log by accident.
class NhsNumber {
 public:
  // Accepts "9990000018" and, from people, "999 000 0018". kInvalid says what is wrong; it quotes the input, so it must
  // reach only the person who typed it, never a log.
  static platform::Result<NhsNumber> Parse(std::string_view text);

  std::string_view digits() const { return digits_; }
  bool operator==(const NhsNumber&) const = default;
  auto operator<=>(const NhsNumber&) const = default;

 private:
  explicit NhsNumber(std::string digits) : digits_(std::move(digits)) {}
  std::string digits_;
};

}  // namespace cpis::sync
