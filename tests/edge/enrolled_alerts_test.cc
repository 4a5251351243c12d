// SPDX-License-Identifier: Apache-2.0
//
// Late alerts on a vehicle whose server's topics are fed to the replica before the node starts.
#include <catch2/catch.hpp>

#include "edge/enrolled_node.h"
#include "fleet_fixture.h"
#include "platform/files.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using platform::Code;
using test::At;
using test::TemporaryDirectory;
using test::TestFleet;

const Instant kNow = At("2026-11-22T08:00:00Z");
const Instant kNight = At("2026-11-22T02:15:00Z");
const sync::Authority kLancashire{"E10000017", "Lancashire County Council", "03001236722", "03001236720"};

sync::Alert AlertOf(const std::string& id, Instant raised_at = kNow - 1min) {
  const sync::Plan plan{sync::PlanType::kCpp, At("2026-11-21T09:00:00Z"), std::nullopt};
  return {id, "event-of-" + id, std::string(TestFleet::kUnknown), "crew-9", "INC-7", kNight, Outcome::kNotFlagged, raised_at,
          {{kLancashire, plan}}};
}

struct Vehicle {
  Vehicle() { fleet.StartsWork(); }

  // In coverage: gets what the fleet has. Ends the daemon, and starts it again.
  void Syncs() {
    node.reset();
    const sync::node::Identity identity = fleet.Identity();
    {
      auto replica = Replica::Open({directory.path() / "replica.db", identity.keys.Now()->freshness,
                                    crypto::DeriveSecret(identity.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()});
      REQUIRE(replica.ok());
      REQUIRE(fleet.Feed(**replica, clock.Now()).ok());
    }
    Starts();
  }
  void Starts() {
    node.reset();
    auto opened = EnrolledNode::Open(directory.path(), fleet.Identity(), clock);
    REQUIRE(opened.ok());
    node = *std::move(opened);
  }
  void SignsIn() {
    auto session = node->keeper().SignIn("crew-1", "135790");
    REQUIRE(session.ok());
    token = session->token;
  }
  std::vector<AlertShown> Shown() {
    auto alerts = node->Alerts(token);
    REQUIRE(alerts.ok());
    return *std::move(alerts);
  }
  NodeStatus Status() {
    NodeStatus status;
    node->FillStatus(status);
    return status;
  }
  std::vector<sync::Event> Audit() {
    std::vector<sync::Event> events;
    auto items = node->journal().Oldest(100);
    REQUIRE(items.ok());
    for (const auto& item : *items) {
      sync::Event event = *fleet.Read(item);
      if (event.action != "start") events.push_back(std::move(event));
    }
    return events;
  }

  TemporaryDirectory directory;
  TestFleet fleet;
  platform::ManualClock clock{kNow};
  std::unique_ptr<EnrolledNode> node;
  std::string token;
};

}  // namespace

TEST_CASE("alerts are shown newest first, with whom to phone") {
  Vehicle vehicle;
  vehicle.fleet.Raises(AlertOf("a-1", kNow - 2h));
  vehicle.fleet.Raises(AlertOf("a-2", kNow - 1h));
  vehicle.Syncs();
  vehicle.SignsIn();
  const auto shown = vehicle.Shown();
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].id == "a-2");
  CHECK(shown[1].id == "a-1");
  CHECK(shown[1].nhs_number == TestFleet::kUnknown);
  CHECK(shown[1].staff == "crew-9");
  CHECK(shown[1].incident == "INC-7");
  CHECK(shown[1].occurred_at == kNight);
  CHECK(shown[1].raised_at == kNow - 2h);
  CHECK(shown[1].outcome_at_node == Outcome::kNotFlagged);
  REQUIRE(shown[1].plans.size() == 1);
  CHECK(shown[1].plans[0].state == sync::PlanState::kCurrent);
  CHECK(shown[1].plans[0].authority == kLancashire);
  CHECK_FALSE(shown[1].acknowledged_at.has_value());
  CHECK(vehicle.Status().alerts == 2);
}

TEST_CASE("alerts take the device and somebody who is signed in, and are counted without") {
  Vehicle vehicle;
  vehicle.fleet.Raises(AlertOf("a-1"));
  vehicle.Syncs();
  CHECK(vehicle.node->Alerts("no-such-session").status().code() == Code::kDenied);
  CHECK(vehicle.node->AcknowledgeAlert("no-such-session", "a-1").status().code() == Code::kDenied);
  CHECK(vehicle.Status().locked);
  CHECK(vehicle.Status().alerts == 1);
  vehicle.SignsIn();
  CHECK(vehicle.Shown().size() == 1);
  vehicle.node->keeper().Lock();
  CHECK(vehicle.node->Alerts(vehicle.token).status().code() == Code::kUnavailable);
  CHECK(vehicle.node->AcknowledgeAlert(vehicle.token, "a-1").status().code() == Code::kUnavailable);
}

TEST_CASE("an acknowledgement is durable, told to the server, and kept until the server has taken the alert back") {
  Vehicle vehicle;
  const sync::Alert alert = AlertOf("a-1");
  vehicle.fleet.Raises(alert);
  vehicle.Syncs();
  vehicle.SignsIn();
  CHECK(vehicle.node->AcknowledgeAlert(vehicle.token, "a-2").status().code() == Code::kNotFound);
  CHECK(vehicle.Status().alerts == 1);
  vehicle.clock.Advance(1min);
  const Instant when = vehicle.clock.Now();
  const auto acknowledged = vehicle.node->AcknowledgeAlert(vehicle.token, "a-1");
  REQUIRE(acknowledged.ok());
  CHECK(acknowledged->acknowledged_by == "crew-1");
  CHECK(acknowledged->acknowledged_at == when);
  vehicle.clock.Advance(1min);
  CHECK(vehicle.node->AcknowledgeAlert(vehicle.token, "a-1")->acknowledged_at == when);
  CHECK(vehicle.Status().alerts == 0);

  const auto audit = vehicle.Audit();
  REQUIRE(audit.size() == 1);
  CHECK(audit[0].kind == sync::EntryKind::kAudit);
  CHECK(audit[0].action == "acknowledge-alert");
  CHECK(audit[0].alert == "a-1");
  CHECK(audit[0].staff == "crew-1");
  CHECK(audit[0].nhs_number.empty());
  CHECK(audit[0].occurred_at == when);

  vehicle.Starts();
  vehicle.SignsIn();
  CHECK(vehicle.Status().alerts == 0);
  REQUIRE(vehicle.Shown().size() == 1);
  CHECK(vehicle.Shown()[0].acknowledged_by == "crew-1");
  CHECK(vehicle.Shown()[0].acknowledged_at == when);

  vehicle.fleet.TakesBack(alert);
  vehicle.fleet.Raises(AlertOf("a-3"));
  vehicle.Syncs();
  vehicle.SignsIn();
  REQUIRE(vehicle.Shown().size() == 1);
  CHECK(vehicle.Shown()[0].id == "a-3");
  CHECK(vehicle.Status().alerts == 1);
  CHECK(vehicle.node->journal().Acknowledged()->size() == 1);
  vehicle.clock.Advance(2h);  // the hourly round
  vehicle.node->Housekeep();
  CHECK(vehicle.node->journal().Acknowledged()->empty());
}

TEST_CASE("an acknowledgement is not forgotten while the node's topic is not held") {
  Vehicle vehicle;
  vehicle.fleet.Raises(AlertOf("a-1"));
  vehicle.Syncs();
  vehicle.SignsIn();
  REQUIRE(vehicle.node->AcknowledgeAlert(vehicle.token, "a-1").ok());
  vehicle.node.reset();
  std::filesystem::remove(vehicle.directory.path() / "replica.db");
  vehicle.Starts();
  vehicle.clock.Advance(2h);
  vehicle.node->Housekeep();
  vehicle.Syncs();
  CHECK(vehicle.Status().alerts == 0);
}

TEST_CASE("an entry that does not open does not hide the others, and still counts") {
  Vehicle vehicle;
  vehicle.fleet.Raises(AlertOf("a-1"));
  vehicle.fleet.RaisesAs("a-2", AlertOf("a-3"));  // moved to another's place
  vehicle.Syncs();
  vehicle.SignsIn();
  REQUIRE(vehicle.Shown().size() == 1);
  CHECK(vehicle.Shown()[0].id == "a-1");
  CHECK(vehicle.Status().alerts == 2);
}

TEST_CASE("plans are judged by the time now, and an alert without any is not shown") {
  Vehicle vehicle;
  sync::Alert alert = AlertOf("a-1");
  alert.plans.front().plan = {sync::PlanType::kUcpp, At("2026-10-01T09:00:00Z"), kNow - 28 * 24h + 1h};
  alert.plans.push_back({kLancashire, {sync::PlanType::kLac, At("2026-11-01T09:00:00Z"), std::nullopt}});
  vehicle.fleet.Raises(alert);
  sync::Alert over = AlertOf("a-2");
  over.plans = {alert.plans.front()};
  vehicle.fleet.Raises(over);
  vehicle.Syncs();
  vehicle.SignsIn();
  REQUIRE(vehicle.Shown().size() == 2);
  CHECK(vehicle.Shown()[1].plans.at(0).plan.type == sync::PlanType::kLac);
  CHECK(vehicle.Shown()[1].plans.at(1).state == sync::PlanState::kEnded);
  vehicle.clock.Advance(2h);
  vehicle.SignsIn();
  REQUIRE(vehicle.Shown().size() == 1);
  CHECK(vehicle.Shown()[0].plans.size() == 1);
}

TEST_CASE("a vehicle that is revoked, or whose lease is over, shows no alert") {
  Vehicle vehicle;
  vehicle.fleet.Raises(AlertOf("a-1"));
  vehicle.Syncs();
  vehicle.SignsIn();
  CHECK(vehicle.Shown().size() == 1);
  vehicle.clock.Advance(72h + 1s);
  vehicle.SignsIn();
  CHECK(vehicle.node->Alerts(vehicle.token).status().code() == Code::kUnavailable);
  CHECK(vehicle.node->AcknowledgeAlert(vehicle.token, "a-1").status().code() == Code::kUnavailable);
  vehicle.fleet.Grants({std::string(TestFleet::kLancashire)}, true);
  vehicle.Syncs();
  CHECK_FALSE(vehicle.node->Alerts(vehicle.token).ok());
}

TEST_CASE("a stolen disk does not say who acknowledged what") {
  Vehicle vehicle;
  vehicle.fleet.Raises(AlertOf("a-1"));
  vehicle.Syncs();
  vehicle.SignsIn();
  REQUIRE(vehicle.node->AcknowledgeAlert(vehicle.token, "a-1").ok());
  vehicle.node.reset();
  for (const char* name : {"journal.db", "journal.db-wal", "replica.db", "replica.db-wal"}) {
    const auto bytes = platform::ReadFile(vehicle.directory.path() / name, 1 << 24);
    if (!bytes.ok()) continue;
    const std::string text(platform::AsText(*bytes));
    for (const char* word : {"crew-1", "crew-9", "INC-7", "9990000026", "event-of-a-1"}) {
      CHECK(text.find(word) == std::string::npos);
    }
  }
}

}  // namespace cpis::edge
