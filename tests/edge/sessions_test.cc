// SPDX-License-Identifier: Apache-2.0
#include "edge/sessions.h"

#include <catch2/catch.hpp>

#include "edge/place.h"

namespace cpis::edge {

using namespace std::chrono_literals;

TEST_CASE("asking how long a session lasts yet is no use of it") {
  platform::ManualClock clock(*platform::ParseRfc3339("2026-11-22T02:00:00Z"));
  const sync::Policy policy;  // 15 minutes, 12 hours
  Sessions sessions(clock);
  const std::string token = sessions.Begin({"crew-1"}, policy, clock.Now()).token;
  clock.Advance(10min);
  const auto left = sessions.Look(token, policy);
  REQUIRE(left);
  CHECK(left->who.staff == "crew-1");
  CHECK(left->idle == 5min);
  CHECK(left->shift == 12h - 10min);

  CHECK(sessions.Use(token, policy));
  CHECK(sessions.Look(token, policy)->idle == 15min);
  for (int i = 0; i < 15; ++i) {
    clock.Advance(1min);
    CHECK(sessions.Look(token, policy));
  }
  clock.Advance(1s);
  CHECK_FALSE(sessions.Look(token, policy));
  CHECK_FALSE(sessions.Use(token, policy));
  CHECK_FALSE(sessions.Look("nobody's token", policy));
}

TEST_CASE("a session is looked at, used and ended where it began, and nowhere else") {
  platform::ManualClock clock(*platform::ParseRfc3339("2026-11-22T02:00:00Z"));
  const sync::Policy policy;
  Sessions sessions(clock);
  SignedIn at_tablet{"crew-1"};
  at_tablet.place = "tablet-1";
  const std::string token = sessions.Begin(at_tablet, policy, clock.Now()).token;
  for (const std::string place : {"", "tablet-2", "tablet-1x"}) {
    CAPTURE(place);
    CHECK_FALSE(sessions.Look(TokenAt(place, token), policy));
    CHECK_FALSE(sessions.Use(TokenAt(place, token), policy));
    CHECK_FALSE(sessions.End(TokenAt(place, token)));
  }
  CHECK(sessions.Look(TokenAt("tablet-1", token), policy));
  CHECK(sessions.Use(TokenAt("tablet-1", token), policy));
  CHECK(sessions.End(TokenAt("tablet-1", token)));
  CHECK_FALSE(sessions.Look(TokenAt("tablet-1", token), policy));
}

}  // namespace cpis::edge
