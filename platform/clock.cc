// SPDX-License-Identifier: Apache-2.0
#include "platform/clock.h"

#include <sys/timex.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "platform/files.h"

namespace cpis::platform {
namespace {

using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

milliseconds ReadClock(clockid_t id) {
  timespec at{};
  clock_gettime(id, &at);
  return floor<milliseconds>(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec));
}

class MachineClock : public Clock {
 public:
  Instant Now() const override { return Instant(ReadClock(CLOCK_REALTIME)); }
  milliseconds SinceBoot() const override { return ReadClock(CLOCK_BOOTTIME); }

  bool WallIsSynchronised() const override {
    timex state{};  // asks only
    return ::adjtimex(&state) != TIME_ERROR;
  }

  std::string BootId() const override {
    static const std::string id = [] {
      auto bytes = ReadFile("/proc/sys/kernel/random/boot_id", 64);
      return bytes.ok() ? std::string(AsText(*bytes).substr(0, 36)) : std::string("unknown");
    }();
    return id;
  }
};

// Takes fixed-width numbers and separators from the front of a text. After a mismatch, ok() stays false.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int Digits(size_t width) {
    int value = 0;
    for (size_t i = 0; i < width; ++i) {
      if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') {
        ok_ = false;
        return 0;
      }
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  // Takes one character of `accepted` and gives it back, or 0.
  char OneOf(std::string_view accepted) {
    if (rest_.empty() || accepted.find(rest_[0]) == std::string_view::npos) {
      ok_ = false;
      return 0;
    }
    const char taken = rest_[0];
    rest_.remove_prefix(1);
    return taken;
  }

  bool Next(char character) const { return !rest_.empty() && rest_[0] == character; }
  bool NextIsDigit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

struct Civil {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

  // No value for dates and times that no calendar has; leap seconds count as such, for Unix time has none.
  std::optional<std::chrono::local_seconds> Time() const {
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return std::chrono::local_days(date) + hours(hour) + minutes(minute) + Seconds(second);
  }
};

Civil ToCivil(std::chrono::sys_seconds at) {
  const auto day = floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count())};
}

std::string Print(const char* format, const Civil& at) {
  char text[80];
  const int length = snprintf(text, sizeof text, format, at.year, at.month, at.day, at.hour, at.minute, at.second);
  return std::string(text, static_cast<size_t>(length));
}

std::chrono::sys_seconds ChangeOver(std::chrono::year year, std::chrono::month month) {
  return std::chrono::sys_days(year / month / std::chrono::Sunday[std::chrono::last]) + hours(1);
}

// Directive 2000/84/EC, which the United Kingdom kept: summer time from 01:00 UTC on the last Sunday of March until
// 01:00 UTC on the last Sunday of October.
bool IsSummerTime(std::chrono::sys_seconds at) {
  const std::chrono::year year = std::chrono::year_month_day(floor<std::chrono::days>(at)).year();
  return ChangeOver(year, std::chrono::March) <= at && at < ChangeOver(year, std::chrono::October);
}

}  // namespace

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

std::string Rfc3339(Instant at) { return Print("%04d-%02d-%02dT%02d:%02d:%02dZ", ToCivil(floor<Seconds>(at))); }

Result<Instant> ParseRfc3339(std::string_view text) {
  const Status refused = Invalid("not a time (write it like 2026-11-22T02:00:00Z)");
  Scanner scan(text);
  Civil civil;
  civil.year = scan.Digits(4);
  scan.OneOf("-");
  civil.month = scan.Digits(2);
  scan.OneOf("-");
  civil.day = scan.Digits(2);
  scan.OneOf("Tt");
  civil.hour = scan.Digits(2);
  scan.OneOf(":");
  civil.minute = scan.Digits(2);
  scan.OneOf(":");
  civil.second = scan.Digits(2);
  milliseconds fraction{};
  if (scan.Next('.')) {
    scan.OneOf(".");
    fraction = milliseconds(100 * scan.Digits(1));
    for (int unit = 10; scan.NextIsDigit(); unit /= 10) fraction += milliseconds(unit * scan.Digits(1));
  }
  minutes offset{};
  const char zone = scan.OneOf("Zz+-");
  if (zone == '+' || zone == '-') {
    const int offset_hours = scan.Digits(2);
    scan.OneOf(":");
    const int offset_minutes = scan.Digits(2);
    if (offset_hours > 23 || offset_minutes > 59) return refused;
    offset = hours(offset_hours) + minutes(offset_minutes);
    if (zone == '-') offset = -offset;
  }
  const auto time = civil.Time();
  if (!scan.AtEnd() || !time) return refused;
  return Instant(time->time_since_epoch() - offset + fraction);
}

Result<Instant> ParseUkMinute(std::string_view text, Overlap overlap) {
  Scanner scan(text);
  Civil civil;
  civil.year = scan.Digits(4);
  civil.month = scan.Digits(2);
  civil.day = scan.Digits(2);
  civil.hour = scan.Digits(2);
  civil.minute = scan.Digits(2);
  // What is not a date may be anything, a number or a name: it is not quoted.
  if (!scan.AtEnd()) return Invalid("not a time (write YYYYMMDDhhmm, 12 digits)");
  const auto time = civil.Time();
  if (!time) return Invalid("no such minute: \"" + std::string(text) + "\" (write YYYYMMDDhhmm)");

  const std::chrono::sys_seconds as_winter(time->time_since_epoch());
  const std::chrono::sys_seconds as_summer = as_winter - hours(1);
  const bool may_be_winter = !IsSummerTime(as_winter);
  const bool may_be_summer = IsSummerTime(as_summer);
  if (may_be_winter && may_be_summer) return Instant(overlap == Overlap::kEarlier ? as_summer : as_winter);
  if (may_be_winter) return Instant(as_winter);
  if (may_be_summer) return Instant(as_summer);
  return Invalid("no such minute: \"" + std::string(text) + "\" (clocks go forward from 01:00 to 02:00 that night)");
}

std::string UkSecond(Instant at) {
  const auto utc = floor<Seconds>(at);
  return Print("%04d%02d%02d%02d%02d%02d", ToCivil(IsSummerTime(utc) ? utc + hours(1) : utc));
}

int64_t ToUnixSeconds(Instant at) { return floor<Seconds>(at).time_since_epoch().count(); }

Instant FromUnixSeconds(int64_t seconds) { return Instant(Seconds(seconds)); }

}  // namespace cpis::platform
