// SPDX-License-Identifier: Apache-2.0
//
// A vehicle with no link: everything real but the server, whose topics are fed to the replica before the node starts.
#include "edge/enrolled_node.h"

#include <catch2/catch.hpp>

#include "fleet_fixture.h"
#include "platform/sqlite.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using platform::Code;
using test::At;
using test::TemporaryDirectory;
using test::TestFleet;

const Instant kNow = At("2026-11-22T02:00:00Z");
const std::string kChild(TestFleet::kChild);
const std::string kUnknown(TestFleet::kUnknown);

struct Vehicle {
  Vehicle() { fleet.StartsWork(); }

  // In coverage at `at`: gets what the fleet has. Ends the daemon, and starts it again.
  void Syncs(Instant at) {
    node.reset();
    const sync::node::Identity identity = fleet.Identity();
    auto replica =
        Replica::Open({file(), identity.keys.Now()->freshness,
                       crypto::DeriveSecret(identity.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()});
    REQUIRE(replica.ok());
    REQUIRE(fleet.Feed(**replica, at).ok());
    {
      auto journal = Journal::Open(directory.path() / "journal.db", identity);
      REQUIRE(journal.ok());
      TrustedTime time(clock, std::nullopt,
                       [&](const TimeMarks& marks) { (*journal)->KeepMeta("time", Encode(marks)); });
      time.Heard(at);
    }
    replica->reset();
    Starts();
  }
  void Starts() {
    node.reset();
    auto opened = EnrolledNode::Open(directory.path(), fleet.Identity(), clock);
    REQUIRE(opened.ok());
    node = *std::move(opened);
  }
  Result<SessionInfo> Tries(const std::string& staff, const std::string& pin) {
    return node->keeper().SignIn(staff, pin);
  }
  void SignsIn(const std::string& staff = "crew-1", const std::string& pin = "135790") {
    auto session = Tries(staff, pin);
    REQUIRE(session.ok());
    token = session->token;
  }
  Answer Looks(const std::string& number, const std::string& incident = "INC-1", bool silent = false) {
    auto answer = node->Lookup(token, {number, incident, silent});
    REQUIRE(answer.ok());
    return *answer;
  }
  void Tamper(std::string_view name, std::string_view sql) {
    auto database = platform::Database::Open(directory.path() / name);
    REQUIRE(database.ok());
    REQUIRE(database->Run(sql).ok());
  }
  NodeStatus Status() {
    NodeStatus status;
    node->FillStatus(status);
    return status;
  }
  std::filesystem::path file() const { return directory.path() / "replica.db"; }

  TemporaryDirectory directory;
  TestFleet fleet;
  platform::ManualClock clock{kNow};
  std::unique_ptr<EnrolledNode> node;
  std::string token;
};

TEST_CASE("a vehicle without a link answers for a flagged child, and queues one attendance") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.SignsIn();
  vehicle.clock.Advance(1h);
  vehicle.SignsIn();
  const Answer answer = vehicle.Looks(kChild);
  CHECK(answer.outcome == Outcome::kFlagged);
  CHECK(answer.as_of == kNow);
  CHECK(answer.age == 1h);
  REQUIRE(answer.plans.size() == 1);
  CHECK(answer.plans.front().authority.name == "Lancashire County Council");
  REQUIRE(answer.accesses.size() == 1);
  CHECK(answer.accesses.front().viewer.role_name == "Paramedic");
  CHECK(answer.notification == Notification::kQueued);
  CHECK(vehicle.Looks(kChild).notification == Notification::kAlreadyQueued);
  CHECK(vehicle.Looks("999 000 0018").notification == Notification::kAlreadyQueued);
  vehicle.Starts();
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kChild).notification == Notification::kAlreadyQueued);
  CHECK(vehicle.Status().attendances_waiting == 1);
  CHECK(vehicle.Status().audit_waiting == 2 + 4);  // two starts
}

TEST_CASE("a number in no row is NOT_FLAGGED unless it is flagged elsewhere in England, or there is a notice about it") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kUnknown).outcome == Outcome::kNotFlagged);
  CHECK(vehicle.Looks(kUnknown).notification == Notification::kNotNeeded);
  CHECK(vehicle.Looks(std::string(TestFleet::kElsewhere)).outcome == Outcome::kPossiblyElsewhere);
  const Answer withheld = vehicle.Looks(std::string(TestFleet::kWithheld));
  CHECK(withheld.outcome == Outcome::kCannotSay);
  CHECK(withheld.reason == Reason::kWithheld);
  CHECK(withheld.advice.size() >= 1);
  vehicle.fleet.Notices(kUnknown, sync::Notice::kReplaced);
  vehicle.Syncs(kNow + 1min);
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kUnknown).reason == Reason::kReplaced);
  CHECK(vehicle.Status().attendances_waiting == 0);
}

TEST_CASE("off line nothing is resolvable, and asking the fleet server fails at once and leaves no trace") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.SignsIn();
  const Answer answer = vehicle.Looks(std::string(TestFleet::kElsewhere));
  CHECK(answer.outcome == Outcome::kPossiblyElsewhere);
  CHECK_FALSE(answer.resolvable);
  const uint64_t audit = vehicle.Status().audit_waiting;
  CHECK(vehicle.node->Resolve(vehicle.token, {kUnknown, "INC-1"}).status().code() == Code::kUnavailable);
  CHECK(vehicle.Status().audit_waiting == audit);
  CHECK(vehicle.node->Resolve("made-up", {kUnknown}).status().code() == Code::kDenied);
  CHECK(vehicle.node->Resolve(vehicle.token, {"9990000019"}).status().code() == Code::kInvalid);
  CHECK(vehicle.node->Resolve(vehicle.token, {kUnknown, std::string(101, 'x')}).status().code() == Code::kInvalid);
}

TEST_CASE("positives persist to the end of the lease, negatives expire") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.clock.Advance(25h);
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kUnknown).reason == Reason::kStale);
  CHECK(vehicle.Looks(kChild).stale);
  vehicle.clock.Advance(47h + 1s);
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kChild).reason == Reason::kLeaseExpired);
  CHECK(vehicle.Looks(kChild).plans.empty());
  CHECK(vehicle.node->Attend(vehicle.token, {kChild, "INC-7", {}}).ok());
  CHECK(vehicle.Status().freshness == Freshness::kExpired);
}

TEST_CASE("keys are wiped a day after the lease is over, though somebody is signed in") {
  Vehicle vehicle;
  vehicle.fleet.Sets("idle_limit_minutes", "240");
  vehicle.Syncs(kNow);
  vehicle.clock.Advance(95h);
  vehicle.SignsIn();
  vehicle.node->Housekeep();
  CHECK_FALSE(vehicle.node->keeper().Locked());
  vehicle.clock.Advance(1h + 1s);
  vehicle.node->Housekeep();
  CHECK(vehicle.node->keeper().Locked());
  CHECK(vehicle.node->Attend(vehicle.token, {kChild, "INC-7", {}}).ok());
}

TEST_CASE("a clock set back never lengthens a lease; a dead one after a reboot takes negatives away, not positives") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.clock.Advance(23h);
  vehicle.clock.SetWall(kNow - 1000h);
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kUnknown).outcome == Outcome::kNotFlagged);
  vehicle.clock.Advance(2h);
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kUnknown).reason == Reason::kStale);

  vehicle.Syncs(kNow + 30h);
  vehicle.node.reset();
  vehicle.clock.Reboot("boot-2");
  vehicle.clock.SetWall(kNow - 1000h);
  vehicle.Starts();
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kUnknown).reason == Reason::kClockNotTrusted);
  CHECK(vehicle.Looks(kChild).outcome == Outcome::kFlagged);
}

TEST_CASE("a policy that was damaged on disk makes no negative last longer than it allowed") {
  const bool while_running = GENERATE(false, true);
  Vehicle vehicle;
  vehicle.fleet.Sets("fresh_for_hours", "1");
  vehicle.Syncs(kNow);
  vehicle.clock.Advance(2h);
  vehicle.SignsIn();
  REQUIRE(vehicle.Looks(kUnknown).reason == Reason::kStale);
  if (!while_running) vehicle.node.reset();
  vehicle.Tamper("replica.db",
                 "DELETE FROM orders WHERE instr(body, CAST('fresh_for_hours' AS BLOB)) > 0 AND"
                 " topic_id IN (SELECT id FROM topics WHERE topic = 'policy')");
  if (!while_running) {
    vehicle.Starts();
    vehicle.SignsIn();
  }
  CHECK(vehicle.Looks(kUnknown).outcome == Outcome::kCannotSay);
}

TEST_CASE("a row that was changed or deleted behind the node's back is never a silent no") {
  const char* tampering =
      GENERATE("DELETE FROM entries", "UPDATE entries SET body = substr(body, 1, 30) || x'55aa' || substr(body, 33)");
  const bool while_running = GENERATE(false, true);
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.SignsIn();
  REQUIRE(vehicle.Looks(kUnknown).outcome == Outcome::kNotFlagged);
  const std::string rows_only =
      std::string(tampering) + " WHERE topic_id IN (SELECT id FROM topics WHERE topic LIKE 'rows/%')";
  if (!while_running) vehicle.node.reset();
  vehicle.Tamper("replica.db", rows_only);
  if (!while_running) {
    vehicle.Starts();
    vehicle.SignsIn();
  }
  const Answer answer = vehicle.Looks(kChild);
  CHECK(answer.outcome == Outcome::kCannotSay);
  CHECK(answer.reason == Reason::kReplicaDamaged);
  CHECK(vehicle.Looks(kUnknown).reason == Reason::kReplicaDamaged);
  vehicle.Syncs(kNow + 1min);
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kChild).outcome == Outcome::kFlagged);
}

TEST_CASE("a partition that was granted but has not come yet makes every no uncertain") {
  Vehicle vehicle;
  vehicle.fleet.Grants({std::string(TestFleet::kLancashire), std::string(TestFleet::kCumbria), "E99999999"});
  vehicle.Syncs(kNow);
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kUnknown).reason == Reason::kNeverSynced);
  CHECK(vehicle.Looks(kChild).outcome == Outcome::kFlagged);
}

TEST_CASE("an answer that cannot be recorded is not given") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.SignsIn();
  vehicle.Tamper("journal.db", "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(FAIL, 'no'); END");
  const Answer answer = vehicle.Looks(kChild);
  CHECK(answer.outcome == Outcome::kCannotSay);
  CHECK(answer.reason == Reason::kAuditUnavailable);
  CHECK(answer.plans.empty());
  CHECK_FALSE(vehicle.node->Attend(vehicle.token, {kChild, "INC-1", {}}).ok());
}

TEST_CASE("silent looks and silent staff queue nothing but audit") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.SignsIn();
  CHECK(vehicle.Looks(kChild, "INC-1", true).notification == Notification::kSilent);
  vehicle.SignsIn("quiet-1", "246802");
  CHECK(vehicle.Looks(kChild).notification == Notification::kSilent);
  CHECK(vehicle.node->Attend(vehicle.token, {kChild, "INC-1", {}}).status().code() == Code::kForbidden);
  CHECK(vehicle.Status().attendances_waiting == 0);
  CHECK(vehicle.Status().audit_waiting == 1 + 2);  // the start
}

TEST_CASE("an attendance needs a number, an incident and a time that is not to come, and no plan") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.SignsIn();
  const auto code = [&](AttendRequest request) { return vehicle.node->Attend(vehicle.token, request).status().code(); };
  CHECK(code({"9990000019", "INC-1", {}}) == Code::kInvalid);
  CHECK(code({kUnknown, "", {}}) == Code::kInvalid);
  CHECK(code({kUnknown, std::string(101, 'x'), {}}) == Code::kInvalid);
  CHECK(code({kUnknown, "INC-1", kNow + 5min + 1s}) == Code::kInvalid);
  const auto reply = vehicle.node->Attend(vehicle.token, {kUnknown, "INC-1", kNow - 3h});
  REQUIRE(reply.ok());
  CHECK(reply->occurred_at == kNow - 3h);
  CHECK(reply->outcome == Outcome::kNotFlagged);
  CHECK(vehicle.node->Attend(vehicle.token, {kChild, "INC-1", {}})->outcome == Outcome::kFlagged);
  const auto again = vehicle.node->Attend(vehicle.token, {kUnknown, "INC-1", {}});
  CHECK(again->id == reply->id);
  CHECK(again->notification == Notification::kAlreadyQueued);
  CHECK(again->occurred_at == kNow - 3h);
}

TEST_CASE("a wrong PIN, an unknown name and a disabled one are refused in the same words") {
  Vehicle vehicle;
  vehicle.fleet.Employs("gone-1", "135790", sync::Right::kNotify, true);
  vehicle.Syncs(kNow);
  const std::string said = vehicle.Tries("crew-1", "000000").status().message();
  CHECK(vehicle.Tries("crew-1", "000000").status().code() == Code::kDenied);
  CHECK(vehicle.Tries("nobody", "135790").status().message() == said);
  CHECK(vehicle.Tries("gone-1", "135790").status().message() == said);
  CHECK(vehicle.node->keeper().Locked());
}

TEST_CASE("five wrong PINs start a delay that grows, survives a restart and ends with the right PIN") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  for (int i = 0; i < 5; ++i) CHECK_FALSE(vehicle.Tries("crew-1", "000000").ok());
  vehicle.Starts();
  const Status waiting = vehicle.Tries("crew-1", "135790").status();
  CHECK(waiting.code() == Code::kDenied);
  CHECK(waiting.message().find("30 seconds") != std::string::npos);
  vehicle.clock.Advance(30s);
  CHECK_FALSE(vehicle.Tries("crew-1", "000000").ok());
  vehicle.clock.Advance(119s);
  CHECK_FALSE(vehicle.Tries("crew-1", "135790").ok());
  vehicle.clock.Advance(1s);
  CHECK(vehicle.Tries("crew-1", "135790").ok());
  CHECK_FALSE(vehicle.Tries("crew-1", "000000").ok());
  CHECK(vehicle.Tries("crew-1", "135790").ok());
}

TEST_CASE("the last session that ends locks: by sign-out, idleness or the end of a shift") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.SignsIn();
  const std::string first = vehicle.token;
  vehicle.SignsIn("quiet-1", "246802");
  CHECK(vehicle.node->keeper().SignOut(first));
  CHECK_FALSE(vehicle.node->keeper().Locked());
  CHECK(vehicle.node->Lookup(first, {kChild, "", false}).status().code() == Code::kDenied);
  vehicle.clock.Advance(15min + 1s);
  vehicle.node->Housekeep();  // nobody asked for anything
  CHECK(vehicle.node->keeper().Locked());
  CHECK(vehicle.node->Lookup(vehicle.token, {kChild, "", false}).status().code() == Code::kDenied);
  vehicle.SignsIn();
  for (int i = 0; i < 60; ++i) {
    vehicle.clock.Advance(12min);
    (void)vehicle.node->Lookup(vehicle.token, {kUnknown, "", false});
  }
  vehicle.clock.Advance(1s);
  CHECK(vehicle.node->Lookup(vehicle.token, {kUnknown, "", false}).status().code() == Code::kDenied);
}

TEST_CASE("a vehicle that was revoked answers nothing and lets nobody in") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  vehicle.fleet.Grants({std::string(TestFleet::kLancashire)}, true);
  vehicle.Syncs(kNow + 1min);
  CHECK_FALSE(vehicle.Tries("crew-1", "135790").ok());
  CHECK(vehicle.node->keeper().Ring() == nullptr);
}

TEST_CASE("verifying tells which topic is not as signed; a daemon that stops keeps nobody waiting for a repair") {
  Vehicle vehicle;
  vehicle.Syncs(kNow);
  const auto damaged = [](const std::vector<TopicVerdict>& verdicts) {
    std::vector<std::string> topics;
    for (const TopicVerdict& verdict : verdicts) {
      if (!verdict.matches) topics.push_back(verdict.topic);
    }
    return topics;
  };
  CHECK(damaged(*vehicle.node->Verify(true)).empty());
  vehicle.Tamper("replica.db", "UPDATE entries SET version = version + 1 WHERE topic_id = "
                               "(SELECT id FROM topics WHERE topic = 'rows/E10000017')");
  vehicle.node->Stop();
  const auto began = std::chrono::steady_clock::now();
  CHECK(damaged(*vehicle.node->Verify(true)) == std::vector<std::string>{"rows/E10000017"});
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(3));
}

TEST_CASE("what a status says names the region while somebody is signed in, and counts always") {
  Vehicle vehicle;
  vehicle.Starts();
  CHECK(vehicle.Status().freshness == Freshness::kNever);
  vehicle.Syncs(kNow);
  NodeStatus status = vehicle.Status();
  REQUIRE(status.region.size() == 2);
  CHECK(status.locked);
  CHECK(status.region.front().name.empty());
  CHECK(status.region.front().rows == 1);
  CHECK(status.lease_expires == kNow + 72h);
  vehicle.SignsIn();
  CHECK(vehicle.Status().region.front().name == "Lancashire County Council");
}

}  // namespace
}  // namespace cpis::edge
