// SPDX-License-Identifier: Apache-2.0
//
// Pieces of a daemon's JSON as words for people. A key that is missing or null reads as absent, never as a crash:
// cpisctl may be older or newer than the daemon.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace cpis::edge::ctl {

const boost::json::value& Member(const boost::json::value& object, std::string_view key);  // null when absent
// Strings as they are, numbers in digits, "yes" or "no"; "" when absent.
std::string Text(const boost::json::value& object, std::string_view key);
std::string Text(const boost::json::value& object, std::string_view key, std::string_view if_absent);
bool IsTrue(const boost::json::value& object, std::string_view key);
int64_t Number(const boost::json::value& object, std::string_view key);                  // 0 when absent
const boost::json::array& List(const boost::json::value& object, std::string_view key);  // empty when absent
std::string Joined(const boost::json::array& texts, std::string_view separator);

std::string Age(int64_t seconds);                                         // "just now", "4 minutes", "1 hour", "3 days"
std::string Ago(const boost::json::value& object, std::string_view key);  // "4 hours ago"; "never" when absent
std::string LocalTime(std::string_view rfc3339);  // United Kingdom: "22 Nov 2026 02:15"; unreadable input as it came
std::string LocalTime(const boost::json::value& object, std::string_view key);  // "" when absent
std::string GroupedNumber(std::string_view nhs_number);                         // "999 000 0018"

}  // namespace cpis::edge::ctl
