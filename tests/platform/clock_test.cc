// SPDX-License-Identifier: Apache-2.0
#include "platform/clock.h"

#include <catch2/catch.hpp>

namespace cpis::platform {
namespace {

std::string Utc(std::string_view uk_minute, Overlap overlap = Overlap::kEarlier) {
  const auto at = ParseUkMinute(uk_minute, overlap);
  return at.ok() ? Rfc3339(*at) : std::string(Name(at.status().code()));
}

std::string Normal(std::string_view rfc3339) {
  const auto at = ParseRfc3339(rfc3339);
  return at.ok() ? Rfc3339(*at) : std::string(Name(at.status().code()));
}

TEST_CASE("a local minute is GMT in winter and an hour ahead of UTC in summer") {
  CHECK(Utc("202601150900") == "2026-01-15T09:00:00Z");
  CHECK(Utc("202607150900") == "2026-07-15T08:00:00Z");
  CHECK(Utc("202607010030") == "2026-06-30T23:30:00Z");
}

TEST_CASE("summer time begins on the last Sunday of March and skips an hour") {
  CHECK(Utc("202603290059") == "2026-03-29T00:59:00Z");
  CHECK(Utc("202603290100") == "invalid");
  CHECK(Utc("202603290159") == "invalid");
  CHECK(Utc("202603290200") == "2026-03-29T01:00:00Z");
  CHECK(Utc("202603280130") == "2026-03-28T01:30:00Z");
  CHECK(Utc("202403310130") == "invalid");  // the 31st is the last Sunday
}

TEST_CASE("summer time ends on the last Sunday of October and repeats an hour") {
  CHECK(Utc("202610250059") == "2026-10-24T23:59:00Z");
  CHECK(Utc("202610250100", Overlap::kEarlier) == "2026-10-25T00:00:00Z");
  CHECK(Utc("202610250100", Overlap::kLater) == "2026-10-25T01:00:00Z");
  CHECK(Utc("202610250159", Overlap::kEarlier) == "2026-10-25T00:59:00Z");
  CHECK(Utc("202610250159", Overlap::kLater) == "2026-10-25T01:59:00Z");
  CHECK(Utc("202610250200", Overlap::kEarlier) == "2026-10-25T02:00:00Z");
}

TEST_CASE("minutes that no calendar has are refused") {
  for (const char* text : {"202602300900", "202602290900", "202600100900", "202613010900", "202604310900",
                           "202601150960", "202601152400", "202601000900"}) {
    CAPTURE(text);
    CHECK(Utc(text) == "invalid");
  }
  CHECK(Utc("202402290900") == "2024-02-29T09:00:00Z");
  CHECK(Utc("210002290900") == "invalid");
  CHECK(Utc("200002290900") == "2000-02-29T09:00:00Z");
}

TEST_CASE("what is not twelve digits is refused and not repeated in the error") {
  for (const char* text : {"", "2026011509", "20260115090000", "2026-01-15 9", "20260115 900", "+02601150900"}) {
    CAPTURE(text);
    CHECK(Utc(text) == "invalid");
  }
  const std::string message = ParseUkMinute("9990000018", Overlap::kEarlier).status().message();
  CHECK(message.find("9990000018") == std::string::npos);
}

TEST_CASE("an instant is shown in local time, on both sides of each change") {
  CHECK(UkSecond(*ParseRfc3339("2026-03-29T00:59:59Z")) == "20260329005959");
  CHECK(UkSecond(*ParseRfc3339("2026-03-29T01:00:00Z")) == "20260329020000");
  CHECK(UkSecond(*ParseRfc3339("2026-10-25T00:59:59Z")) == "20261025015959");
  CHECK(UkSecond(*ParseRfc3339("2026-10-25T01:00:00Z")) == "20261025010000");
  CHECK(UkSecond(*ParseRfc3339("2025-12-31T23:30:00Z")) == "20251231233000");
}

TEST_CASE("every local minute of a year that exists is shown as it was written") {
  for (int day = 1; day <= 31; ++day) {
    for (int month : {3, 10}) {
      for (int hour = 0; hour < 24; ++hour) {
        char text[16];
        snprintf(text, sizeof text, "2026%02d%02d%02d30", month, day, hour);
        for (Overlap overlap : {Overlap::kEarlier, Overlap::kLater}) {
          const auto at = ParseUkMinute(text, overlap);
          if (at.ok()) CHECK(UkSecond(*at) == std::string(text) + "00");
        }
      }
    }
  }
}

TEST_CASE("RFC 3339 times of any offset and fraction become UTC") {
  CHECK(Normal("2026-11-22T02:00:00Z") == "2026-11-22T02:00:00Z");
  CHECK(Normal("2026-11-22t02:00:00z") == "2026-11-22T02:00:00Z");
  CHECK(Normal("2026-11-22T02:00:00+05:30") == "2026-11-21T20:30:00Z");
  CHECK(Normal("2026-11-22T02:00:00-00:00") == "2026-11-22T02:00:00Z");
  CHECK(Normal("2026-12-31T23:00:00-02:00") == "2027-01-01T01:00:00Z");
  CHECK(Normal("1969-12-31T23:59:59.5Z") == "1969-12-31T23:59:59Z");
  const auto fine = ParseRfc3339("2026-11-22T02:00:00.0567891234567891Z");
  REQUIRE(fine.ok());
  CHECK(fine->time_since_epoch().count() % 1000 == 56);
  CHECK(Rfc3339(*fine) == "2026-11-22T02:00:00Z");
}

TEST_CASE("RFC 3339 texts that are incomplete or name no time are refused") {
  for (const char* text :
       {"", "2026-11-22", "2026-11-22T02:00:00", "2026-11-22T02:00Z", "2026-11-22 02:00:00Z", "2026-02-30T02:00:00Z",
        "2026-11-22T24:00:00Z", "2026-11-22T02:60:00Z", "2026-12-31T23:59:60Z", "2026-11-22T02:00:00.Z",
        "2026-11-22T02:00:00+24:00", "2026-11-22T02:00:00+01:60", "2026-11-22T02:00:00+0100", "2026-11-22T02:00:00Zx",
        "2026-1-22T02:00:00Z", "-026-11-22T02:00:00Z"}) {
    CAPTURE(text);
    CHECK(Normal(text) == "invalid");
  }
}

TEST_CASE("Unix seconds are rounded down, before 1970 too") {
  CHECK(ToUnixSeconds(Instant(std::chrono::milliseconds(1999))) == 1);
  CHECK(ToUnixSeconds(Instant(std::chrono::milliseconds(-1))) == -1);
  CHECK(ToUnixSeconds(FromUnixSeconds(1795312800)) == 1795312800);
}

TEST_CASE("the machine's clock knows the time, the uptime and the boot") {
  const Clock& clock = SystemClock();
  const auto before = clock.SinceBoot();
  CHECK(before.count() > 0);
  CHECK(clock.SinceBoot() >= before);
  CHECK(clock.Now() > *ParseRfc3339("2020-01-01T00:00:00Z"));
  CHECK(clock.BootId().size() == 36);
  CHECK(clock.BootId() == clock.BootId());
}

}  // namespace
}  // namespace cpis::platform
