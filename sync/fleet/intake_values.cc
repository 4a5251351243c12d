// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/intake_values.h"

#include <algorithm>
#include <array>

#include "sync/fleet/intake.h"
#include "sync/fleet/intake_quote.h"

namespace cpis::sync::fleet {
namespace {

using platform::Overlap;

constexpr std::array<std::string_view, 2> kOrganisationRoots = {"2.16.840.1.113883.2.1.3.2.4.19.1",
                                                                "2.16.840.1.113883.2.1.3.2.4.19.2"};

}  // namespace

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<Instant> ParseTimeStamp(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits != 12 && digits != 14) return std::nullopt;
  const std::string_view civil = text.substr(0, digits);
  const std::string seconds(digits == 14 ? civil.substr(12) : "00");
  std::string_view rest = text.substr(digits);
  if (digits == 14 && rest.starts_with('.')) {
    const size_t fraction = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    if (fraction < 2) return std::nullopt;
    rest.remove_prefix(fraction);
  }
  if (rest.empty()) {
    const Result<Instant> minute = platform::ParseUkMinute(civil.substr(0, 12), Overlap::kEarlier);
    if (!minute.ok() || seconds > "59") return std::nullopt;
    return *minute + std::chrono::seconds(std::stoi(seconds));
  }
  if (rest.size() != 5 || (rest[0] != '+' && rest[0] != '-') || !AllDigits(rest.substr(1))) return std::nullopt;
  const auto part = [](std::string_view from, size_t at, size_t size) { return std::string(from.substr(at, size)); };
  const Result<Instant> zoned = platform::ParseRfc3339(
      part(civil, 0, 4) + "-" + part(civil, 4, 2) + "-" + part(civil, 6, 2) + "T" + part(civil, 8, 2) + ":" +
      part(civil, 10, 2) + ":" + seconds + part(rest, 0, 3) + ":" + part(rest, 3, 2));
  if (!zoned.ok()) return std::nullopt;
  return *zoned;
}

std::string OrganisationRootFault(std::string_view root) {
  if (std::find(kOrganisationRoots.begin(), kOrganisationRoots.end(), root) != kOrganisationRoots.end()) return "";
  return "organisation id root is " + QuoteText(root) + ", " + std::string(kOrganisationRoots[0]) + " or " +
         std::string(kOrganisationRoots[1]) + " is needed";
}

std::string OrganisationCodeFault(std::string_view code) {
  const auto allowed = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (!code.empty() && code.size() <= kMaxCodeBytes && std::all_of(code.begin(), code.end(), allowed)) return "";
  return "organisation id extension is " + QuoteText(code) + ", an ODS or GSS code (A to Z, 0 to 9) is needed";
}

platform::Result<NhsNumber> ReadNumber(std::string_view text) {
  if (!AllDigits(text)) {
    return platform::Invalid("NHS number has something other than digits 0 to 9 in it, 10 digits are needed");
  }
  if (text.size() != 10) {
    return platform::Invalid("NHS number has " + std::to_string(text.size()) + " digits, 10 are needed");
  }
  platform::Result<NhsNumber> number = NhsNumber::Parse(text);
  if (!number.ok()) return platform::Invalid("NHS number: check digit does not fit (Modulus 11)");
  return number;
}

}  // namespace cpis::sync::fleet
