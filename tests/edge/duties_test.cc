// SPDX-License-Identifier: Apache-2.0
//
// What people of each duty get from a vehicle, and what their being signed in leaves in its memory.
#include "crypto/pin.h"
#include "edge/tuning.h"
#include "tablet.h"

namespace cpis::edge {
namespace {

using platform::Code;
using test::Tablet;
using test::TestFleet;

const std::string kChild(TestFleet::kChild);

TEST_CASE("an event-only person records attendances, learns no outcome, and the record says that nobody was told") {
  Tablet tablet;
  tablet.Syncs();
  const bool beside_a_clinician = GENERATE(false, true);
  if (beside_a_clinician) tablet.SignsIn();
  const std::string token = tablet.SignsIn("driver-1", "864202");
  CHECK(tablet.node->keeper().Locked() == !beside_a_clinician);
  for (const std::string& number : {kChild, std::string(TestFleet::kUnknown)}) {
    const auto reply = tablet.node->Attend(token, {number, "INC-1", {}});
    REQUIRE(reply.ok());
    CHECK(reply->notification == Notification::kQueued);
    CHECK_FALSE(reply->outcome);
  }
  int attendances = 0;
  const auto items = tablet.node->journal().Oldest(100);
  REQUIRE(items.ok());
  for (const auto& item : *items) {
    const auto event = tablet.fleet.Read(item);
    REQUIRE(event.ok());
    CHECK(event->outcome_at_node == Outcome::kCannotSay);
    attendances += event->kind == sync::EntryKind::kAttendance ? 1 : 0;
  }
  CHECK(attendances == 2);
}

TEST_CASE("who may not look is told so, whatever they ask, and nothing is recorded as a look") {
  const auto [staff, pin] = GENERATE(table<std::string, std::string>({{"driver-1", "864202"}, {"engineer-1", "975313"}}));
  Tablet tablet;
  tablet.Syncs();
  tablet.SignsIn();  // the keys are in memory, for somebody else
  const std::string token = tablet.SignsIn(staff, pin);
  CHECK(tablet.node->Lookup(token, {kChild, "INC-1"}).status().code() == Code::kForbidden);
  CHECK(tablet.node->Lookup(token, {kChild, "INC-1", true}).status().code() == Code::kForbidden);
  CHECK(tablet.node->Resolve(token, {kChild, "INC-1"}).status().code() == Code::kForbidden);
  CHECK(tablet.node->Alerts(token).status().code() == Code::kForbidden);
  CHECK(tablet.node->AcknowledgeAlert(token, "x").status().code() == Code::kForbidden);
  CHECK(tablet.node->Attend(token, {kChild, "INC-1", {}}).ok() == (staff == "driver-1"));
  CHECK(tablet.Reported("lookup").empty());
}

TEST_CASE("an auditor is refused like somebody unknown") {
  Tablet tablet;
  tablet.Syncs();
  CHECK(tablet.Tries("auditor-1", "112233").status().message() == tablet.Tries("nobody", "112233").status().message());
}

TEST_CASE("the node locks when the last clinician leaves, though others are signed in") {
  Tablet tablet;
  tablet.Syncs();
  const std::string clinician = tablet.SignsIn();
  const std::string driver = tablet.SignsIn("driver-1", "864202");
  REQUIRE_FALSE(tablet.node->keeper().Locked());
  CHECK(tablet.node->keeper().SignOut(clinician));
  CHECK(tablet.node->keeper().Locked());
  CHECK(tablet.node->Attend(driver, {kChild, "INC-1", {}}).ok());
}

TEST_CASE("a clock that jumps while somebody is signed in ends every session and locks; one that is slewed does not") {
  const auto jump = GENERATE(kClockJump + 1s, -kClockJump - 1s, std::chrono::milliseconds(10'000h));
  Tablet tablet;
  tablet.Syncs();
  const std::string token = tablet.SignsIn();
  tablet.clock.Advance(10min);
  tablet.clock.SetWall(tablet.clock.Now() + (jump > 0s ? kClockJump : -kClockJump));
  tablet.node->Housekeep();
  CHECK_FALSE(tablet.node->keeper().Locked());
  tablet.clock.SetWall(test::kTabletTime + 10min + jump);
  const bool nobody_asks = GENERATE(false, true);
  if (!nobody_asks) CHECK(tablet.node->Lookup(token, {kChild, "INC-1"}).status().code() == Code::kDenied);
  tablet.node->Housekeep();
  CHECK(tablet.node->keeper().Locked());
  CHECK(tablet.node->Attend(token, {kChild, "INC-1", {}}).status().code() == Code::kDenied);
  tablet.SignsIn();
  CHECK_FALSE(tablet.node->keeper().Locked());
}

TEST_CASE("many small steps of the clock are a jump, too") {
  Tablet tablet;
  tablet.Syncs();
  const std::string token = tablet.SignsIn();
  for (int i = 0; i < 5; ++i) tablet.clock.SetWall(tablet.clock.Now() + 25s);
  CHECK(tablet.node->Lookup(token, {kChild, "INC-1"}).status().code() == Code::kDenied);
}

TEST_CASE("whose duty or right the fleet changes is signed out within a sweep") {
  test::TemporaryDirectory directory;
  TestFleet fleet;
  fleet.StartsWork();
  const sync::node::Identity identity = fleet.Identity();
  platform::ManualClock clock(test::kTabletTime);
  auto journal = Journal::Open(directory.path() / "journal.db", identity);
  auto replica = Replica::Open({directory.path() / "replica.db", identity.keys.Now()->freshness, crypto::Secret::Random(32)});
  REQUIRE((journal.ok() && replica.ok()));
  REQUIRE(fleet.Feed(**replica, clock.Now()).ok());
  TrustedTime time(clock, std::nullopt, {});
  auto limits = Limits::Open({**journal, time, clock, identity.journal_key});
  REQUIRE(limits.ok());
  Orders orders(identity, **replica);
  Keeper keeper(orders, **limits, time, clock);
  const auto crew = keeper.SignIn("crew-1", "135790");
  const auto quiet = keeper.SignIn("quiet-1", "246802");
  REQUIRE((crew.ok() && quiet.ok()));
  fleet.EmploysAs(sync::Duty::kEventOnly, "crew-1", "135790");
  REQUIRE(fleet.Feed(**replica, clock.Now()).ok());
  keeper.Sweep();
  CHECK_FALSE(keeper.Use(crew->token));
  CHECK(keeper.Use(quiet->token));
  CHECK_FALSE(keeper.Locked());
  fleet.Employs("quiet-1", "246802", sync::Right::kNotify);
  REQUIRE(fleet.Feed(**replica, clock.Now()).ok());
  keeper.Sweep();
  CHECK(keeper.Locked());
}

// The files of a stolen disk, and one of the two other things that it takes.
TEST_CASE("neither a PIN without the device secret nor the device secret without a PIN opens a key ring") {
  Tablet tablet;
  tablet.Syncs();
  tablet.SwitchesOff();
  const sync::node::Identity device = tablet.fleet.Identity();
  const auto open = [&](const sync::node::Identity& identity, auto use) {
    auto replica =
        Replica::Open({tablet.directory.path() / "replica.db", identity.keys.Now()->freshness,
                       crypto::DeriveSecret(device.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()});
    REQUIRE(replica.ok());
    Orders orders(identity, **replica);
    use(orders, **replica);
  };
  open(device, [&](Orders& orders, Replica&) {  // both: the control
    const auto member = orders.Find("crew-1");
    REQUIRE(member.ok());
    const auto key = crypto::OpenPinRecord(member->pin_record, "135790");
    REQUIRE(key.ok());
    CHECK(orders.OpenRing(*key).ok());
  });
  open(device, [&](Orders& orders, Replica&) {  // the device secret, and a wrong PIN, or that of somebody who may not look
    CHECK_FALSE(crypto::OpenPinRecord(orders.Find("crew-1")->pin_record, "135791").ok());
    CHECK_FALSE(orders.OpenRing(crypto::Secret::Random(32)).ok());
    for (const auto& [staff, pin] : {std::pair{"driver-1", "864202"}, std::pair{"engineer-1", "975313"}}) {
      const auto key = crypto::OpenPinRecord(orders.Find(staff)->pin_record, pin);
      REQUIRE(key.ok());
      CHECK_FALSE(orders.OpenRing(*key).ok());
    }
  });
  sync::node::Identity thief = tablet.fleet.Identity();
  thief.box = crypto::NewBoxKey();
  open(thief, [&](Orders& orders, Replica&) {  // the PIN, without the device secret
    CHECK_FALSE(orders.Find("crew-1").ok());
  });
}

}  // namespace
}  // namespace cpis::edge
