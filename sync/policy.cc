// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "sync/quote.h"
#include "sync/records.h"

namespace cpis::sync {
namespace {

using platform::Invalid;
using std::chrono::seconds;

constexpr seconds kMinute{60};
constexpr seconds kHour{3600};

struct DurationKnob {
  std::string_view key;
  seconds Policy::*field;
  seconds unit;
  std::string_view unit_name;
  int longest;  // in units; the shortest is 1
};

// Longest values: past them, what the knob protects would in effect be off.
constexpr std::array kDurations{
    DurationKnob{"fresh_for_hours", &Policy::fresh_for, kHour, "hours", 168},
    DurationKnob{"lease_hours", &Policy::lease, kHour, "hours", 720},
    DurationKnob{"idle_limit_minutes", &Policy::idle_limit, kMinute, "minutes", 240},
    DurationKnob{"shift_limit_hours", &Policy::shift_limit, kHour, "hours", 24},
};
struct LookKnob {
  std::string_view key;
  int Policy::*field;
  int largest;  // past it a vehicle could be made to list a town in a day
};
constexpr std::array kLooks{
    LookKnob{"looks_per_hour_person", &Policy::looks_per_hour_person, 10'000},
    LookKnob{"looks_per_day_person", &Policy::looks_per_day_person, 100'000},
    LookKnob{"looks_per_hour_node", &Policy::looks_per_hour_node, 10'000},
    LookKnob{"looks_per_day_node", &Policy::looks_per_day_node, 100'000},
    LookKnob{"misses_per_hour_person", &Policy::misses_per_hour_person, 10'000},
};
constexpr std::string_view kEnglandOneIn = "england_false_positive_one_in";
constexpr int kFewestOneIn = 16;   // more often, and crews would stop to heed "possibly elsewhere"
constexpr int kMostOneIn = 256;    // rarer, and most of what trying all numbers gives would be flagged
constexpr std::string_view kFrequentAccesses = "frequent_accesses";
constexpr std::string_view kOnClone = "on_clone";
constexpr std::array<std::string_view, 3> kOnCloneNames{"revoke", "re-enrol", "alert"};  // as the enumerators

Status Wrong(std::string_view key, std::string_view value, const std::string& right) {
  return Invalid(std::string(key) + " cannot be " + Quoted(value) + ": use " + right);
}

Result<int> ReadNumber(std::string_view key, std::string_view value, int smallest, int largest, std::string_view unit) {
  int number = 0;
  const auto* const end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc() && stopped == end && number >= smallest && number <= largest) return number;
  return Wrong(key, value, "a whole number of " + std::string(unit) + " from " + std::to_string(smallest) + " to " + std::to_string(largest));
}

}  // namespace

Status Policy::Set(std::string_view key, std::string_view value) {
  for (const auto& knob : kDurations) {
    if (key != knob.key) continue;
    CPIS_ASSIGN(const int number, ReadNumber(key, value, 1, knob.longest, knob.unit_name));
    this->*knob.field = number * knob.unit;
    return Status::Ok();
  }
  for (const auto& knob : kLooks) {
    if (key != knob.key) continue;
    CPIS_ASSIGN(this->*knob.field, ReadNumber(key, value, 1, knob.largest, "looks"));
    return Status::Ok();
  }
  if (key == kFrequentAccesses) {
    CPIS_ASSIGN(frequent_accesses, ReadNumber(key, value, 1, kMaxAccesses, "accesses"));
    return Status::Ok();
  }
  if (key == kEnglandOneIn) {
    CPIS_ASSIGN(england_one_in, ReadNumber(key, value, kFewestOneIn, kMostOneIn, "unflagged numbers"));
    return Status::Ok();
  }
  if (key == kOnClone) {
    const auto* const name = std::find(kOnCloneNames.begin(), kOnCloneNames.end(), value);
    if (name == kOnCloneNames.end()) return Wrong(key, value, "revoke, re-enrol or alert");
    on_clone = static_cast<OnClone>(name - kOnCloneNames.begin());
    return Status::Ok();
  }
  std::string known;
  for (const auto& [name, _] : Settings()) known += (known.empty() ? "" : ", ") + name;
  return Invalid(Quoted(key) + " is not a policy: use one of " + known);
}

std::vector<std::pair<std::string, std::string>> Policy::Settings() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& knob : kDurations) all.emplace_back(knob.key, std::to_string(this->*knob.field / knob.unit));
  for (const auto& knob : kLooks) all.emplace_back(knob.key, std::to_string(this->*knob.field));
  all.emplace_back(kEnglandOneIn, std::to_string(england_one_in));
  all.emplace_back(kFrequentAccesses, std::to_string(frequent_accesses));
  all.emplace_back(kOnClone, kOnCloneNames[static_cast<size_t>(on_clone)]);
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace cpis::sync
