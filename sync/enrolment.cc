// SPDX-License-Identifier: Apache-2.0
#include "sync/enrolment.h"

namespace cpis::sync {

namespace {
constexpr size_t kGroup = 6;
}

std::string FormatEnrolmentCode(const EnrolmentCode& code) {
  platform::Bytes all = code.secret;
  all.insert(all.end(), code.server_pin.begin(), code.server_pin.end());
  const std::string plain = platform::Crockford32(all);
  std::string grouped;
  for (size_t i = 0; i < plain.size(); ++i) {
    if (i > 0 && i % kGroup == 0) grouped += '-';
    grouped += plain[i];
  }
  return grouped;
}

platform::Result<EnrolmentCode> ParseEnrolmentCode(std::string_view text) {
  auto bytes = platform::ParseCrockford32(text);
  if (!bytes.ok() || bytes->size() != kEnrolmentSecretBytes + kEnrolmentPinBytes) {
    return platform::Invalid("that is not an enrolment code (42 letters and digits in groups of 6, as \"fleet node add\" prints)");
  }
  const auto middle = bytes->begin() + kEnrolmentSecretBytes;
  return EnrolmentCode{{bytes->begin(), middle}, {middle, bytes->end()}};
}

}  // namespace cpis::sync
