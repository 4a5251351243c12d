// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>

#include "edge/enrolled_node.h"
#include "edge/tuning.h"
#include "fleet_fixture.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using platform::Code;
using test::At;
using test::TemporaryDirectory;
using test::TestFleet;

const Instant kNow = At("2026-11-22T02:00:00Z");

struct Vehicle {
  Vehicle() {
    fleet.StartsWork();
    const sync::node::Identity identity = fleet.Identity();
    auto replica = Replica::Open({directory.path() / "replica.db", identity.keys.Now()->freshness,
                                  crypto::DeriveSecret(identity.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()});
    REQUIRE(replica.ok());
    REQUIRE(fleet.Feed(**replica, kNow).ok());
    replica->reset();
    Starts();
  }
  void Starts() {
    node.reset();
    auto opened = EnrolledNode::Open(directory.path(), fleet.Identity(), clock);
    REQUIRE(opened.ok());
    node = *std::move(opened);
  }
  std::vector<sync::node::Outbox::Item> Items() {
    auto items = node->journal().Oldest(1000);
    REQUIRE(items.ok());
    return *items;
  }
  // "action staff" of every entry of the audit, oldest first.
  std::vector<std::string> Audit() {
    std::vector<std::string> lines;
    for (const auto& item : Items()) {
      const sync::Event event = *fleet.Read(item);
      CHECK(event.nhs_number.empty());
      lines.push_back(event.action + (event.staff.empty() ? "" : " " + event.staff));
    }
    return lines;
  }

  TemporaryDirectory directory;
  TestFleet fleet;
  platform::ManualClock clock{kNow};
  std::unique_ptr<EnrolledNode> node;
};

TEST_CASE("starts, sign-ins, refusals and sign-outs are in the audit, and what was typed for a staff id is not repeated blindly") {
  Vehicle vehicle;
  const auto session = vehicle.node->SignIn("crew-1", "135790");
  REQUIRE(session.ok());
  CHECK(vehicle.node->SignIn("crew-1", "000000").status().code() == Code::kDenied);
  CHECK(vehicle.node->SignIn("9990000018", "135790").status().code() == Code::kDenied);
  CHECK(vehicle.node->SignIn("what?\n", "135790").status().code() == Code::kDenied);
  CHECK(vehicle.node->SignOut(session->token));
  CHECK_FALSE(vehicle.node->SignOut(session->token));
  vehicle.Starts();
  CHECK(vehicle.Audit() == std::vector<std::string>{"start", "sign-in crew-1", "sign-in-refused crew-1", "sign-in-refused",
                                                    "sign-in-refused", "sign-out crew-1", "start"});
  CHECK(vehicle.node->journal().VerifyAudit().ok());
}

TEST_CASE("somebody who tries names all day fills the audit with no more than fifty refusals") {
  Vehicle vehicle;
  for (int i = 0; i < kMostRefusalsADay + 5; ++i) {
    CHECK_FALSE(vehicle.node->SignIn("name-" + std::to_string(i), "000000").ok());
  }
  const std::vector<std::string> audit = vehicle.Audit();
  const auto of = [&](std::string_view action) {
    return std::count_if(audit.begin(), audit.end(), [&](const std::string& entry) { return entry.starts_with(action); });
  };
  CHECK(of("sign-in-refused") == kMostRefusalsADay);
  CHECK(of("node-locked") == 1);
  CHECK(audit.size() == 2 + kMostRefusalsADay);
}

TEST_CASE("each day of running leaves a checkpoint in the audit") {
  Vehicle vehicle;
  vehicle.node->Housekeep();
  CHECK(vehicle.Audit().size() == 1);
  vehicle.clock.Advance(kCheckpointEvery);
  vehicle.node->Housekeep();
  vehicle.node->Housekeep();
  CHECK(vehicle.Audit() == std::vector<std::string>{"start", "checkpoint"});
}

TEST_CASE("two nodes from one disk image sign different entries for one place from their first start on") {
  Vehicle vehicle;
  vehicle.node.reset();
  TemporaryDirectory other;
  std::filesystem::copy(vehicle.directory.path(), other.path(), std::filesystem::copy_options::recursive);
  vehicle.Starts();
  const auto own = vehicle.Items().back();
  vehicle.node.reset();
  auto clone = EnrolledNode::Open(other.path(), vehicle.fleet.Identity(), vehicle.clock);
  REQUIRE(clone.ok());
  const auto items = (*clone)->journal().Oldest(10);
  REQUIRE(items.ok());
  CHECK(items->back().node_sequence == own.node_sequence);
  CHECK(items->back().id != own.id);
  CHECK(items->back().envelope != own.envelope);
}

}  // namespace
}  // namespace cpis::edge
