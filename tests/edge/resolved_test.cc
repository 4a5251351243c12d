// SPDX-License-Identifier: Apache-2.0
#include "edge/resolved.h"

#include <catch2/catch.hpp>

#include "fleet_fixture.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using test::At;

const Instant kNow = At("2026-11-22T02:00:00Z");
const sync::Authority kLancashire{"E10000017", "Lancashire County Council", "03001236722", "03001236720"};
const sync::Authority kCumbria{"E06000063", "Cumberland Council", "03332401727", ""};
const sync::Viewer kCrew{sync::PersonId{7}, "Ms Sam Crew", "R1070", "Paramedic", "RX7", "NWAS"};

sync::Plan Cpp() { return {sync::PlanType::kCpp, At("2026-03-01T09:00:00Z"), std::nullopt}; }

sync::ResolveReply Reply(Outcome outcome) {
  sync::ResolveReply reply;
  reply.server_time = kNow;
  reply.outcome = outcome;
  return reply;
}
sync::ResolveReply Flagged() {
  sync::ResolveReply reply = Reply(Outcome::kFlagged);
  reply.evidence = {{kCumbria, {{Cpp()}, {{kNow - 24h, kCrew.id}, {kNow - 48h, kCrew.id}, {kNow - 72h, kCrew.id}}}},
                    {kLancashire, {{{sync::PlanType::kLac, kNow - 48h, kNow - 24h}}, {}}}};
  reply.viewers = {kCrew};
  return reply;
}

Answer Local(Outcome outcome, Reason reason = Reason::kNone) {
  Answer answer;
  answer.outcome = outcome;
  answer.reason = reason;
  return answer;
}

TEST_CASE("what the fleet server holds becomes an answer of now, with whom to phone and who looked") {
  const auto resolved = Resolved(Flagged(), {});
  REQUIRE(resolved.ok());
  CHECK(resolved->outcome == Outcome::kFlagged);
  CHECK(resolved->source == Source::kFleetServer);
  CHECK(resolved->as_of == kNow);
  CHECK(resolved->age == 0s);
  CHECK_FALSE(resolved->stale);
  CHECK_FALSE(resolved->resolvable);
  CHECK(resolved->region == std::vector<std::string>{kCumbria.code, kLancashire.code});
  REQUIRE(resolved->plans.size() == 2);
  CHECK(resolved->plans[0].state == sync::PlanState::kCurrent);
  CHECK(resolved->plans[1].state == sync::PlanState::kEnded);
  CHECK(resolved->advice.front().find(kCumbria.emergency_duty_tel) != std::string::npos);
  REQUIRE(resolved->accesses.size() == 3);
  CHECK(resolved->accesses[0].viewer == kCrew);
  CHECK(resolved->pattern.frequent);
  sync::Policy policy;
  policy.frequent_accesses = 4;
  CHECK_FALSE(Resolved(Flagged(), policy)->pattern.frequent);
}

TEST_CASE("when the fleet server holds nothing there is nothing: no index and no region can say otherwise") {
  const auto resolved = Resolved(Reply(Outcome::kNotFlagged), {});
  REQUIRE(resolved.ok());
  CHECK(resolved->outcome == Outcome::kNotFlagged);
  CHECK(resolved->source == Source::kFleetServer);
  CHECK(resolved->as_of == kNow);
  CHECK(resolved->region.empty());
}

TEST_CASE("a notice is CANNOT_SAY with its reason and what to do") {
  sync::ResolveReply reply = Reply(Outcome::kCannotSay);
  for (const auto& [notice, reason] : {std::pair(sync::Notice::kWithheld, Reason::kWithheld),
                                       std::pair(sync::Notice::kReplaced, Reason::kReplaced)}) {
    reply.notice = notice;
    const auto resolved = Resolved(reply, {});
    REQUIRE(resolved.ok());
    CHECK(resolved->outcome == Outcome::kCannotSay);
    CHECK(resolved->reason == reason);
    CHECK(resolved->source == Source::kFleetServer);
    CHECK_FALSE(resolved->advice.empty());
    CHECK_FALSE(WorthAsking(*resolved));
  }
}

TEST_CASE("a reply whose plans are over by its own time is not believed") {
  sync::ResolveReply reply = Flagged();
  reply.evidence = {{kLancashire, {{{sync::PlanType::kLac, kNow - 24h * 800, kNow - 24h * 400}}, {}}}};
  CHECK(Resolved(reply, {}).status().code() == platform::Code::kCorrupt);
}

TEST_CASE("the fleet server is asked where it could say more, and never to take back a plan or a no") {
  CHECK(WorthAsking(Local(Outcome::kPossiblyElsewhere)));
  for (const Reason reason : {Reason::kNeverSynced, Reason::kStale, Reason::kLeaseExpired, Reason::kReplicaDamaged,
                              Reason::kClockNotTrusted, Reason::kNoEnglandIndex, Reason::kVerifying}) {
    CHECK(WorthAsking(Local(Outcome::kCannotSay, reason)));
  }
  for (const Reason reason : {Reason::kNotEnrolled, Reason::kLocked, Reason::kAuditUnavailable, Reason::kRateLimited,
                              Reason::kWithheld, Reason::kReplaced}) {
    CHECK_FALSE(WorthAsking(Local(Outcome::kCannotSay, reason)));
  }
  CHECK_FALSE(WorthAsking(Local(Outcome::kFlagged)));
  CHECK_FALSE(WorthAsking(Local(Outcome::kNotFlagged)));
}

}  // namespace
}  // namespace cpis::edge
