// SPDX-License-Identifier: Apache-2.0
#include "edge/json.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "edge/local_methods.h"
#include "tests/edge/http/fake_node.h"

namespace cpis::edge {

TEST_CASE("a lookup is rendered as the contract writes it") {
  Answer answer = FlaggedAnswer();
  answer.plans.resize(1);
  answer.accesses.resize(1);
  CHECK(
      ToJson(answer) ==
      R"({"nhs_number":"9990000018","outcome":"FLAGGED","as_of":"2026-11-22T02:00:00Z","age_seconds":4210,"stale":false,)"
      R"("source":"REPLICA","region":["E10000017"],"notification":"QUEUED",)"
      R"("plans":[{"type":"CPP","snomed":"342191000000101","start":"2026-03-01T09:00:00Z","end":null,"state":"CURRENT",)"
      R"("subject":"CHILD","authority":{"code":"E10000017","name":"Lancashire County Council",)"
      R"("emergency_duty_tel":"03001236722","office_hours_tel":"03001236720"}}],)"
      R"("pattern":{"accesses_90_days":3,"organisations_90_days":2,"frequent":true},)"
      R"("accesses":[{"at":"2026-11-21T23:15:00Z","viewer":"Ms Sam Crew","role":"Paramedic",)"
      R"("organisation":"NORTH WEST AMBULANCE SERVICE NHS TRUST"}],"advice":[],"resolvable":false})");
}

TEST_CASE("the reason stands beside CANNOT_SAY and nowhere else") {
  const std::string cannot_say = ToJson(OtherAnswer(Outcome::kCannotSay, Reason::kStale));
  CHECK(cannot_say.find(R"("outcome":"CANNOT_SAY","reason":"STALE","as_of")") != std::string::npos);
  CHECK(ToJson(OtherAnswer(Outcome::kNotFlagged)).find("reason") == std::string::npos);
  CHECK(ToJson(OtherAnswer(Outcome::kPossiblyElsewhere)).find("reason") == std::string::npos);
}

TEST_CASE("data that never came has no age") {
  Answer answer = OtherAnswer(Outcome::kCannotSay, Reason::kNeverSynced);
  answer.as_of.reset();
  CHECK(ToJson(answer).find(R"("as_of":null,"age_seconds":null)") != std::string::npos);
}

TEST_CASE("an unborn child's plan has the mother as its subject, and an ended plan says so") {
  Answer answer = FlaggedAnswer();
  answer.plans[0].plan.type = sync::PlanType::kUcpp;
  const std::string json = ToJson(answer);
  CHECK(json.find(R"("subject":"MOTHER_OF_UNBORN")") != std::string::npos);
  CHECK(json.find(R"("end":"2026-02-01T00:00:00Z","state":"ENDED")") != std::string::npos);
  CHECK(json.find(R"("office_hours_tel":null)") != std::string::npos);
}

TEST_CASE("a status says how a wipe stands") {
  NodeStatus status;
  status.wiped = NodeStatus::Wiped{true, "local", *platform::ParseRfc3339("2026-11-22T02:00:00Z"), false, false};
  CHECK(ToJson(status).find(R"("wiped":{"state":"UNDER_WAY","order":"local","at":"2026-11-22T02:00:00Z","proof":false,"told":false})") !=
        std::string::npos);
  status.wiped->under_way = false;
  CHECK(ToJson(status).find(R"("wiped":{"state":"ERASED",)") != std::string::npos);
}

TEST_CASE("a status is rendered as the contract writes it") {
  NodeStatus status;
  status.node = "amb-12";
  status.node_id = "node-0123456789abcdef";
  status.trust = "RX7";
  status.version = "0.1.0";
  status.enrolled = true;
  status.locked = false;
  status.online = true;
  status.link_since = At("2026-11-22T01:00:00Z");
  status.as_of = At("2026-11-22T02:00:00Z");
  status.age = std::chrono::seconds(12);
  status.freshness = Freshness::kFresh;
  status.region = {{"E10000017", "Lancashire County Council", 5, 2}};
  status.attendances_waiting = 1;
  status.audit_waiting = 4;
  status.lease_expires = At("2026-11-25T02:00:00Z");
  status.key_store_kind = "plain";
  CHECK(
      ToJson(status) ==
      R"({"node":"amb-12","node_id":"node-0123456789abcdef","trust":"RX7","version":"0.1.0","enrolled":true,"locked":false,)"
      R"("link":{"state":"ONLINE","since":"2026-11-22T01:00:00Z","error":null},"as_of":"2026-11-22T02:00:00Z",)"
      R"("age_seconds":12,"freshness":"FRESH",)"
      R"("region":[{"code":"E10000017","name":"Lancashire County Council","rows":5,"sequence":2}],)"
      R"("england_index":{"prefixes":0,"false_positive_rate":null,"as_of":null},)"
      R"("journal":{"attendances_waiting":1,"audit_waiting":4,"quarantined":0},"lease":{"expires":"2026-11-25T02:00:00Z"},)"
      R"("key_store":{"kind":"plain","hardware_bound":false},"wiped":null,"alerts":0,"lan":null})");
}

TEST_CASE("outbox, verify and doctor are lists") {
  OutboxItem item;
  item.id = "0193A000";
  item.sequence = 9;
  item.kind = "attendance";
  item.state = "WAITING";
  item.queued_at = At("2026-11-22T02:15:00Z");
  item.bytes = 210;
  CHECK(ToJson(std::vector<OutboxItem>{item}) ==
        R"([{"id":"0193A000","sequence":9,"kind":"attendance","state":"WAITING","queued_at":"2026-11-22T02:15:00Z",)"
        R"("reason":null,"receipt_at":null,"bytes":210}])");
  CHECK(ToJson(std::vector<TopicVerdict>{{"rows/E10000017", 5, true}}) ==
        R"([{"topic":"rows/E10000017","entries":5,"matches":true}])");
  CHECK(ToJson(std::vector<Finding>{{"link", false, "no connection for 3 h", "check the SIM"}}) ==
        R"([{"check":"link","good":false,"detail":"no connection for 3 h","advice":"check the SIM"}])");
  CHECK(ToJson(std::vector<Finding>{}) == "[]");
}

TEST_CASE("an alert says who looked, when, what they were told, and the plans as a lookup does") {
  AlertShown alert = OneAlert();
  const std::string start =
      R"({"id":"0193A000-0000-7000-8000-00000000000A","nhs_number":"9990000018","staff":"crew-9","incident":"INC-7",)"
      R"("occurred_at":"2026-11-22T02:15:00Z","raised_at":"2026-11-22T06:00:00Z","outcome_at_node":"NOT_FLAGGED",)"
      R"("plans":[{"type":"CPP","snomed":"342191000000101","start":"2026-11-20T09:00:00Z","end":null,"state":"CURRENT",)"
      R"("subject":"CHILD","authority":{"code":"E10000017","name":"Lancashire County Council",)"
      R"("emergency_duty_tel":"03001236722","office_hours_tel":"03001236720"}}],)";
  CHECK(ToJson(alert) == start + R"("acknowledged_by":null,"acknowledged_at":null})");
  alert.acknowledged_by = "crew-1";
  alert.acknowledged_at = At("2026-11-22T08:00:00Z");
  CHECK(ToJson(std::vector<AlertShown>{alert}) ==
        "[" + start + R"("acknowledged_by":"crew-1","acknowledged_at":"2026-11-22T08:00:00Z"}])");
}

namespace {

Result<std::string> Call(FakeNode& node, const std::string& method, const std::string& json) {
  return HandleLocal(node, {method, json, {}}, {});
}

}  // namespace

TEST_CASE("a local lookup carries session, number, incident and silence to the node") {
  FakeNode node;
  const auto answer =
      Call(node, "node.lookup", R"({"token":"t","nhs_number":"9990000018","incident":"INC-1","silent":true})");
  REQUIRE(answer.ok());
  CHECK(*answer == ToJson(FlaggedAnswer()));
  CHECK(node.token == "t");
  CHECK(node.lookup.nhs_number == "9990000018");
  CHECK(node.lookup.incident == "INC-1");
  CHECK(node.lookup.silent);
  CHECK_FALSE(node.lookup.local);
  CHECK(Call(node, "node.lookup", R"({"token":"t","nhs_number":"9990000018","local":true})").ok());
  CHECK(node.lookup.local);
}

TEST_CASE("resolving asks the node the same, and what can be resolved says so") {
  FakeNode node;
  const std::string same = R"({"token":"t","nhs_number":"9990000018","incident":"INC-1","silent":true})";
  CHECK(Call(node, "node.resolve", same).status().code() == platform::Code::kUnavailable);
  Answer answer = FlaggedAnswer();
  answer.source = Source::kFleetServer;
  node.resolved_answer = answer;
  CHECK(*Call(node, "node.resolve", same) == ToJson(answer));
  CHECK(node.token == "t");
  CHECK(node.resolved.nhs_number == "9990000018");
  CHECK(node.resolved.incident == "INC-1");
  CHECK(node.resolved.silent);
  CHECK(node.lookups == 0);
  answer.resolvable = true;
  CHECK(ToJson(answer).find(R"("source":"FLEET_SERVER")") != std::string::npos);
  CHECK(ToJson(answer).ends_with(R"("resolvable":true})"));
}

TEST_CASE("a local argument that is unknown or of the wrong type never reaches the node") {
  FakeNode node;
  for (const char* json : {R"({"token":"t","nhs_number":"9990000018","silnet":true})",
                           R"({"token":"t","nhs_number":9990000018})", R"({"token":"t","silent":"yes"})", "[]", "{"}) {
    CHECK(Call(node, "node.lookup", json).status().code() == platform::Code::kInvalid);
  }
  CHECK(Call(node, "node.attend", R"({"token":"t","nhs_number":"9990000018","incident":"I","at":"noon"})")
            .status()
            .code() == platform::Code::kInvalid);
  CHECK(node.lookups == 0);
  CHECK(node.attends == 0);
  CHECK(Call(node, "node.nothing", "{}").status().message().find("node.nothing") != std::string::npos);
}

TEST_CASE("local failures keep the node's code and words") {
  FakeNode node;
  node.session = platform::Denied("staff or PIN is wrong");
  const Status failure = Call(node, "node.sign-in", R"({"staff":"crew1","pin":"2468"})").status();
  CHECK(failure.code() == platform::Code::kDenied);
  CHECK(failure.message() == "staff or PIN is wrong");
}

TEST_CASE("enrolment stands although the first sync is not over") {
  FakeNode node;
  node.sync_now = platform::Unavailable("not caught up in time");
  std::vector<std::pair<uint64_t, uint64_t>> shown;
  const auto answer = HandleLocal(node, {"node.enrol", R"({"server":"fleet:7444","code":"ABC"})", {}},
                                  [&](std::string_view, uint64_t done, uint64_t total) {
                                    shown.push_back({done, total});
                                  });
  CHECK(answer.ok());
  CHECK(node.server == "fleet:7444");
  CHECK(node.waited > std::chrono::milliseconds(0));
  CHECK(shown == std::vector<std::pair<uint64_t, uint64_t>>{{5, 10}});

  node.enrol = platform::Denied("the code was used before");
  CHECK(Call(node, "node.enrol", R"({"server":"fleet:7444","code":"ABC"})").status().code() == platform::Code::kDenied);
}

TEST_CASE("sync waits only when asked, and says when it was in vain") {
  FakeNode node;
  CHECK(Call(node, "node.sync", "{}").ok());
  CHECK(node.waited == std::chrono::milliseconds(0));
  node.sync_now = platform::Unavailable("no connection");
  CHECK(Call(node, "node.sync", R"({"wait":true})").status().code() == platform::Code::kUnavailable);
  CHECK(node.waited == std::chrono::seconds(60));
}

TEST_CASE("every other local method reaches its call") {
  FakeNode node;
  CHECK(Call(node, "node.status", "").ok());
  CHECK(Call(node, "node.outbox.list", "{}").ok());
  CHECK(Call(node, "node.outbox.show", R"({"id":"a"})").ok());
  CHECK(node.id == "a");
  CHECK(Call(node, "node.outbox.restore", R"({"id":"b"})").ok());
  CHECK(node.id == "b");
  CHECK(Call(node, "node.verify", R"({"repair":true})").ok());
  CHECK(node.repaired);
  CHECK(*Call(node, "node.audit.verify", "{}") == R"({"good":true,"detail":"1024 entries, chain unbroken"})");
  CHECK(*Call(node, "node.doctor", "{}") == "[]");
  node.alerts = std::vector<AlertShown>{OneAlert()};
  node.acknowledging = OneAlert();
  CHECK(*Call(node, "node.alerts", R"({"token":"t"})") == ToJson(std::vector<AlertShown>{OneAlert()}));
  CHECK(*Call(node, "node.alerts.acknowledge", R"({"token":"t","id":"c"})") == ToJson(OneAlert()));
  CHECK(node.acknowledged == "c");
  CHECK(*Call(node, "node.sign-out", R"({"token":"t"})") == "{}");
  CHECK(*Call(node, "node.attend", R"({"token":"t","nhs_number":"9990000018","incident":"I"})") ==
        ToJson(AttendReply{"0193A000-0000-7000-8000-000000000001", Notification::kQueued, At("2026-11-22T02:15:00Z"), Outcome::kFlagged}));
}

}  // namespace cpis::edge
