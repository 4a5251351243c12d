// SPDX-License-Identifier: Apache-2.0
#include "edge/lookup.h"

#include <catch2/catch.hpp>
#include <functional>

#include "fleet_fixture.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using test::At;

const Instant kNow = At("2026-11-22T02:00:00Z");
const sync::Authority kLancashire{"E10000017", "Lancashire County Council", "03001236722", "03001236720"};
const sync::Authority kCumbria{"E10000006", "Cumbria Council", "03332401727", ""};

sync::Plan Current() { return {sync::PlanType::kCpp, At("2026-03-01T09:00:00Z"), std::nullopt}; }
sync::Plan Ended(std::chrono::hours ago) {
  return {sync::PlanType::kLac, At("2024-03-01T09:00:00Z"), std::chrono::floor<std::chrono::minutes>(kNow - ago)};
}

// Everything as it should be, and no row.
Grounds Sound() {
  Grounds grounds;
  grounds.enrolled = grounds.unlocked = grounds.clock_trusted = grounds.region_held = true;
  grounds.as_of = kNow - 1h;
  grounds.now = kNow;
  grounds.england = England::kNoMatch;
  return grounds;
}
Grounds Flagged() {
  Grounds grounds = Sound();
  grounds.evidence.push_back({kLancashire, {.plans = {Current()}, .accesses = {}}});
  return grounds;
}

struct Case {
  const char* what;
  std::function<void(Grounds&, sync::Policy&)> changed;
  Outcome without_row;
  Reason why_without_row;
  Outcome with_plan;
  Reason why_with_plan;
};

TEST_CASE("every ground has its outcome") {
  constexpr auto kFlagged = Outcome::kFlagged;
  constexpr auto kNot = Outcome::kNotFlagged;
  constexpr auto kPossibly = Outcome::kPossiblyElsewhere;
  constexpr auto kCannot = Outcome::kCannotSay;
  using G = Grounds;
  using P = sync::Policy;
  const Case cases[] = {
      {"nothing is known of the rest of England", [](G& g, P&) { g.england = England::kUnknown; }, kCannot,
       Reason::kNoEnglandIndex, kFlagged, Reason::kNone},
      {"not in the England index", [](G&, P&) {}, kNot, Reason::kNone, kFlagged, Reason::kNone},
      {"there is a notice", [](G& g, P&) { g.notice = sync::Notice::kWithheld; }, kCannot, Reason::kWithheld, kFlagged,
       Reason::kNone},
      {"the number was replaced", [](G& g, P&) { g.notice = sync::Notice::kReplaced; }, kCannot, Reason::kReplaced, kFlagged,
       Reason::kNone},
      {"the rows are not verified yet", [](G& g, P&) { g.verifying = true; }, kCannot, Reason::kVerifying, kFlagged,
       Reason::kNone},
      {"in the England index", [](G& g, P&) { g.england = England::kMatch; }, kPossibly, Reason::kNone, kFlagged,
       Reason::kNone},
      {"in the index, but the region is damaged",
       [](G& g, P&) { g.england = England::kMatch, g.region_damaged = true; }, kCannot, Reason::kReplicaDamaged,
       kFlagged, Reason::kNone},
      {"not enrolled", [](G& g, P&) { g.enrolled = false; }, kCannot, Reason::kNotEnrolled, kCannot,
       Reason::kNotEnrolled},
      {"never synced", [](G& g, P&) { g.as_of.reset(); }, kCannot, Reason::kNeverSynced, kCannot, Reason::kNeverSynced},
      {"revoked", [](G& g, P&) { g.revoked = true; }, kCannot, Reason::kLeaseExpired, kCannot, Reason::kLeaseExpired},
      {"lease over", [](G& g, P&) { g.as_of = kNow - 72h - 1s; }, kCannot, Reason::kLeaseExpired, kCannot,
       Reason::kLeaseExpired},
      {"end of the lease", [](G& g, P&) { g.as_of = kNow - 72h; }, kCannot, Reason::kStale, kFlagged, Reason::kNone},
      {"past fresh_for", [](G& g, P&) { g.as_of = kNow - 24h - 1s; }, kCannot,
       Reason::kStale, kFlagged, Reason::kNone},
      {"just fresh", [](G& g, P&) { g.as_of = kNow - 24h; }, kNot, Reason::kNone,
       kFlagged, Reason::kNone},
      {"locked",
       [](G& g, P&) {
         g.unlocked = false;
         g.evidence.clear();
       },
       kCannot, Reason::kLocked, kCannot, Reason::kLocked},
      {"a row does not open", [](G& g, P&) { g.unreadable_row = true; }, kCannot,
       Reason::kReplicaDamaged, kFlagged, Reason::kNone},
      {"the region is damaged", [](G& g, P&) { g.region_damaged = true; }, kCannot,
       Reason::kReplicaDamaged, kFlagged, Reason::kNone},
      {"part of the region is not here", [](G& g, P&) { g.region_held = false; },
       kCannot, Reason::kNeverSynced, kFlagged, Reason::kNone},
      {"the clock is not trusted", [](G& g, P&) { g.clock_trusted = false; }, kCannot,
       Reason::kClockNotTrusted, kFlagged, Reason::kNone},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    for (const bool with_plan : {false, true}) {
      Grounds grounds = with_plan ? Flagged() : Sound();
      sync::Policy policy;
      c.changed(grounds, policy);
      const Answer answer = Judge(grounds, policy);
      CHECK(sync::Name(answer.outcome) == sync::Name(with_plan ? c.with_plan : c.without_row));
      CHECK(Name(answer.reason) == Name(with_plan ? c.why_with_plan : c.why_without_row));
      CHECK(answer.plans.empty() == (answer.outcome != Outcome::kFlagged));
      CHECK(answer.advice.empty() == (answer.outcome == Outcome::kNotFlagged));
    }
  }
}

TEST_CASE("an ended plan is shown in its window, after current ones; past it the row counts as none") {
  Grounds grounds = Sound();
  grounds.evidence.push_back({kCumbria, {.plans = {Ended(24h * 364)}, .accesses = {}}});
  Answer answer = Judge(grounds, {});
  REQUIRE(answer.outcome == Outcome::kFlagged);
  CHECK(answer.plans.front().state == sync::PlanState::kEnded);
  grounds.evidence.push_back({kLancashire, {.plans = {Current()}, .accesses = {}}});
  answer = Judge(grounds, {});
  REQUIRE(answer.plans.size() == 2);
  CHECK(answer.plans.front().authority.code == kLancashire.code);
  grounds.evidence = {{kCumbria, {.plans = {Ended(24h * 366)}, .accesses = {{kNow - 1h, sync::PersonId{1}}}}}};
  answer = Judge(grounds, {});
  CHECK(answer.outcome == Outcome::kNotFlagged);
  CHECK(answer.accesses.empty());
}

TEST_CASE("a positive past fresh_for is marked stale and says so") {
  Grounds grounds = Flagged();
  grounds.as_of = kNow - 30h;
  const Answer answer = Judge(grounds, {});
  CHECK(answer.stale);
  CHECK(answer.age == 30h);
  CHECK(answer.advice.back().find("30 hours ago") != std::string::npos);
  CHECK(answer.advice.front().find("03001236722") != std::string::npos);
}

TEST_CASE("the same look seen through two authorities is one access, and the newest 25 are shown") {
  Grounds grounds = Flagged();
  sync::Flag other{.plans = {Current()}, .accesses = {}};
  for (int i = 0; i < 20; ++i) {
    grounds.evidence[0].flag.accesses.push_back({kNow - i * 1h, sync::PersonId{1}});
    other.accesses.push_back({kNow - (i + 10) * 1h, sync::PersonId{1}});
  }
  grounds.evidence.push_back({kCumbria, other});
  const Answer answer = Judge(grounds, {});
  REQUIRE(answer.accesses.size() == 25);
  CHECK(answer.accesses.front().at == kNow);
  CHECK(answer.accesses.back().at == kNow - 24h);
}

TEST_CASE("two looks of one person in one second are two accesses, under one authority or two") {
  Grounds grounds = Flagged();
  grounds.evidence[0].flag.accesses = {{kNow, sync::PersonId{1}}, {kNow, sync::PersonId{1}}};
  CHECK(Judge(grounds, {}).accesses.size() == 2);
  grounds.evidence.push_back({kCumbria, {.plans = {Current()}, .accesses = grounds.evidence[0].flag.accesses}});
  CHECK(Judge(grounds, {}).accesses.size() == 2);
}

TEST_CASE("the pattern counts accesses and organisations of the last 90 days") {
  Grounds grounds = Flagged();
  for (const int days : {1, 20, 89, 91}) {
    grounds.evidence[0].flag.accesses.push_back({kNow - 24h * days, sync::PersonId{static_cast<uint32_t>(days % 2)}});
  }
  grounds.viewers[sync::PersonId{0}] = {sync::PersonId{0}, "A", "R1070", "Paramedic", "RX7", "North West"};
  grounds.viewers[sync::PersonId{1}] = {sync::PersonId{1}, "B", "R8000", "Nurse", "RXN", "Preston"};
  sync::Policy policy;
  Answer answer = Judge(grounds, policy);
  CHECK(answer.pattern.accesses_90_days == 3);
  CHECK(answer.pattern.organisations_90_days == 2);
  CHECK(answer.pattern.frequent);
  policy.frequent_accesses = 4;
  CHECK_FALSE(Judge(grounds, policy).pattern.frequent);
}

TEST_CASE("an access counts for 90 days, to the minute") {
  Grounds grounds = Flagged();
  grounds.evidence[0].flag.accesses = {{kNow, sync::PersonId{1}}, {kNow - 24h * 90, sync::PersonId{1}}};
  CHECK(Judge(grounds, {}).pattern.accesses_90_days == 2);
  grounds.now += 1min;
  CHECK(Judge(grounds, {}).pattern.accesses_90_days == 1);
}

TEST_CASE("the pattern counts what is shown: an access under two authorities once, and no more than 25") {
  Grounds grounds = Flagged();
  grounds.evidence.push_back({kCumbria, {.plans = {Current()}, .accesses = {}}});
  for (int i = 0; i < 25; ++i) {
    grounds.evidence[0].flag.accesses.push_back({kNow - i * 2h, sync::PersonId{1}});
    grounds.evidence[1].flag.accesses.push_back({kNow - i * 2h - (i < 2 ? 0h : 1h), sync::PersonId{1}});
  }
  const Answer answer = Judge(grounds, {});
  CHECK(answer.accesses.size() == 25);
  CHECK(answer.pattern.accesses_90_days == 25);
  grounds.evidence[0].flag.accesses.resize(2);
  grounds.evidence[1].flag.accesses.resize(2);
  CHECK(Judge(grounds, {}).pattern.accesses_90_days == 2);
}

TEST_CASE("whose organisation is not known counts as a look, not as an organisation") {
  Grounds grounds = Flagged();
  grounds.evidence[0].flag.accesses = {{kNow, sync::PersonId{1}}, {kNow - 1h, sync::PersonId{2}}, {kNow - 2h, sync::PersonId{2}}};
  grounds.viewers[sync::PersonId{1}] = {sync::PersonId{1}, "A", "R1070", "Paramedic", "RX7", "North West"};
  const Answer answer = Judge(grounds, {});
  CHECK(answer.pattern.accesses_90_days == 3);
  CHECK(answer.pattern.organisations_90_days == 1);
  CHECK(answer.pattern.frequent);
  sync::Policy policy;
  policy.frequent_accesses = 4;
  CHECK_FALSE(Judge(grounds, policy).pattern.frequent);
}

TEST_CASE("taking an answer back leaves nothing of what it knew") {
  const Answer taken = CannotSay(Judge(Flagged(), {}), Reason::kAuditUnavailable);
  CHECK(taken.outcome == Outcome::kCannotSay);
  CHECK(taken.plans.empty());
  CHECK(taken.accesses.empty());
  for (const std::string& line : taken.advice) CHECK(line.find("Lancashire") == std::string::npos);
}

}  // namespace
}  // namespace cpis::edge
