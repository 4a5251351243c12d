// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/words.h"

#include <array>

#include "platform/clock.h"

namespace cpis::edge::ctl {

namespace json = boost::json;

const json::value& Member(const json::value& object, std::string_view key) {
  static const json::value kNull;
  if (!object.is_object()) return kNull;
  const json::value* found = object.as_object().if_contains(key);
  return found ? *found : kNull;
}

std::string Text(const json::value& object, std::string_view key) {
  const json::value& value = Member(object, key);
  if (value.is_null()) return "";
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_bool()) return value.as_bool() ? "yes" : "no";
  return json::serialize(value);
}

std::string Text(const json::value& object, std::string_view key, std::string_view if_absent) {
  std::string text = Text(object, key);
  return text.empty() ? std::string(if_absent) : text;
}

bool IsTrue(const json::value& object, std::string_view key) {
  const json::value& value = Member(object, key);
  return value.is_bool() && value.as_bool();
}

int64_t Number(const json::value& object, std::string_view key) {
  const json::value& value = Member(object, key);
  json::error_code error;
  const int64_t number = value.is_number() ? value.to_number<int64_t>(error) : 0;
  return error ? 0 : number;
}

const json::array& List(const json::value& object, std::string_view key) {
  static const json::array kEmpty;
  const json::value& value = Member(object, key);
  return value.is_array() ? value.as_array() : kEmpty;
}

std::string Joined(const json::array& texts, std::string_view separator) {
  std::string joined;
  for (const json::value& text : texts) {
    if (!joined.empty()) joined += separator;
    if (text.is_string()) joined += std::string(text.as_string());
  }
  return joined;
}

std::string Age(int64_t seconds) {
  struct Unit {
    int64_t seconds;
    const char* name;
  };
  constexpr std::array<Unit, 3> kUnits{{{86400, "day"}, {3600, "hour"}, {60, "minute"}}};
  for (const Unit& unit : kUnits) {
    // Days only from two on: "30 hours" says more than "1 day".
    if (seconds < unit.seconds * (unit.seconds == 86400 ? 2 : 1)) continue;
    const int64_t count = seconds / unit.seconds;
    return std::to_string(count) + " " + unit.name + (count == 1 ? "" : "s");
  }
  return "just now";
}

std::string Ago(const json::value& object, std::string_view key) {
  if (Member(object, key).is_null()) return "never";
  const std::string age = Age(Number(object, key));
  return age == "just now" ? age : age + " ago";
}

std::string LocalTime(std::string_view rfc3339) {
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto at = platform::ParseRfc3339(rfc3339);
  if (!at.ok()) return std::string(rfc3339);
  const std::string digits = platform::UkSecond(*at);  // YYYYMMDDhhmmss
  if (digits.size() != 14) return std::string(rfc3339);
  const size_t month = static_cast<size_t>((digits[4] - '0') * 10 + digits[5] - '0');
  const std::string day = digits[6] == '0' ? digits.substr(7, 1) : digits.substr(6, 2);
  return day + " " + kMonths.at(month - 1) + " " + digits.substr(0, 4) + " " + digits.substr(8, 2) + ":" +
         digits.substr(10, 2);
}

std::string LocalTime(const json::value& object, std::string_view key) {
  const std::string text = Text(object, key);
  return text.empty() ? "" : LocalTime(text);
}

std::string GroupedNumber(std::string_view nhs_number) {
  if (nhs_number.size() != 10) return std::string(nhs_number);
  return std::string(nhs_number.substr(0, 3)) + " " + std::string(nhs_number.substr(3, 3)) + " " +
         std::string(nhs_number.substr(6));
}

}  // namespace cpis::edge::ctl
