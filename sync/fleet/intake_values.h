// SPDX-License-Identifier: Apache-2.0
//
// Values that several national messages hold, by the rules that they share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/clock.h"
#include "platform/status.h"
#include "sync/nhs_number.h"

namespace cpis::sync::fleet {

constexpr std::string_view kNhsNumberRoot = "2.16.840.1.113883.2.1.4.1";
constexpr std::string_view kContentRoot = "2.16.840.1.113883.2.1.3.2.4.18.16";

bool AllDigits(std::string_view text);

// YYYYMMDDhhmm[ss[.f…]], UK local time, or with an offset [+-]hhmm.
std::optional<platform::Instant> ParseTimeStamp(std::string_view text);

// What is wrong with the id of an organisation, and what would be right; empty when nothing is.
std::string OrganisationRootFault(std::string_view root);
std::string OrganisationCodeFault(std::string_view code);  // it names the partition: fit for paths and topics

// Ten digits as a file must have them: spaces, as people type them, are not accepted. The failure does not show the
// number.
platform::Result<NhsNumber> ReadNumber(std::string_view text);

}  // namespace cpis::sync::fleet
