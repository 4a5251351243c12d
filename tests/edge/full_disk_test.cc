// SPDX-License-Identifier: Apache-2.0
//
// A disk that is really full, and the journal's reserve on it.
#include <catch2/catch.hpp>

#include "edge/enrolled_node.h"
#include "edge/tuning.h"
#include "fleet_fixture.h"
#include "tests/platform/small_disk.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using platform::Code;
using platform::SmallDisk;
using test::At;
using test::TemporaryDirectory;
using test::TestFleet;

const Instant kNow = At("2026-11-22T02:00:00Z");
constexpr uint64_t kMiB = 1024 * 1024;

struct FullVehicle {
  FullVehicle() : disk(directory.path(), 64) {
    if (!disk.mounted()) {
      WARN("not allowed to mount a file system: not tested here");
      return;
    }
    fleet.StartsWork();
    identity = fleet.Identity();
    auto replica = Replica::Open({directory.path() / "replica.db", identity.keys.Now()->freshness,
                                  crypto::DeriveSecret(identity.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()});
    REQUIRE(replica.ok());
    REQUIRE(fleet.Feed(**replica, kNow).ok());
    replica->reset();
    {
      auto journal = Journal::Open(directory.path() / "journal.db", identity);
      REQUIRE(journal.ok());
      TrustedTime time(clock, std::nullopt, [&](const TimeMarks& marks) { (*journal)->KeepMeta("time", Encode(marks)); });
      time.Heard(kNow);
    }
    Starts();
  }
  void Starts() {
    node.reset();
    auto opened = EnrolledNode::Open(directory.path(), fleet.Identity(), clock);
    REQUIRE(opened.ok());
    node = *std::move(opened);
    auto session = node->SignIn("crew-1", "135790");
    REQUIRE(session.ok());
    token = session->token;
  }
  Answer Looks() {
    auto answer = node->Lookup(token, {std::string(TestFleet::kUnknown), "INC-1"});
    REQUIRE(answer.ok());
    return *answer;
  }
  Result<AttendReply> Attends(int n) {
    return node->Attend(token, {std::string(TestFleet::kChild), "INC-" + std::to_string(n), {}});
  }

  TemporaryDirectory directory;
  SmallDisk disk;
  TestFleet fleet;
  sync::node::Identity identity;
  platform::ManualClock clock{kNow};
  std::unique_ptr<EnrolledNode> node;
  std::string token;
};

TEST_CASE("on a full disk attendances and audit go on from the reserve, through restarts, until it is gone; then nothing is answered") {
  FullVehicle vehicle;
  if (!vehicle.disk.mounted()) return;
  REQUIRE(vehicle.node->journal().reserve().whole());
  vehicle.disk.FillsUp();
  REQUIRE(vehicle.disk.free() == 0);

  int attended = 0;
  // A crew's whole shift; each is kept in its own commit.
  for (; attended < 400; ++attended) REQUIRE(vehicle.Attends(attended).ok());
  CHECK(vehicle.Looks().outcome == Outcome::kNotFlagged);
  const uint64_t left = vehicle.node->journal().reserve().left();
  CHECK(left < kReserveBytes);
  CHECK(left > kReserveBytes / 2);

  vehicle.disk.FillsUp();
  vehicle.Starts();  // on a disk that is full again
  CHECK(vehicle.Attends(++attended).ok());
  CHECK(vehicle.node->journal().VerifyAudit().ok());

  // Others on this disk take whatever is freed, until the reserve is used up.
  Result<AttendReply> last = vehicle.Attends(++attended);
  while (last.ok()) {
    vehicle.disk.FillsUp();
    last = vehicle.Attends(++attended);
  }
  CHECK(last.status().code() == Code::kExhausted);
  CHECK(vehicle.node->journal().reserve().left() == 0);
  // Opening the file again empties its log, and frees a little once more.
  Answer answer = vehicle.Looks();
  for (int i = 0; i < 50 && answer.outcome != Outcome::kCannotSay; ++i) {
    vehicle.disk.FillsUp();
    answer = vehicle.Looks();
  }
  CHECK(answer.outcome == Outcome::kCannotSay);
  CHECK(answer.reason == Reason::kAuditUnavailable);

  vehicle.disk.IsTidied();
  CHECK(vehicle.Looks().outcome == Outcome::kNotFlagged);
  CHECK(vehicle.Attends(++attended).ok());
  vehicle.node->Housekeep();
  CHECK(vehicle.node->journal().reserve().whole());
  CHECK(vehicle.node->journal().VerifyAudit().ok());
}

TEST_CASE("the replica leaves what is left of a disk to the journal") {
  FullVehicle vehicle;
  if (!vehicle.disk.mounted()) return;
  vehicle.node.reset();
  auto replica = Replica::Open({vehicle.directory.path() / "replica.db", vehicle.identity.keys.Now()->freshness,
                                crypto::DeriveSecret(vehicle.identity.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()});
  REQUIRE(replica.ok());
  CHECK((*replica)->MayGrow().ok());
  vehicle.disk.FillsUp(kReplicaLeaves - kMiB);
  CHECK((*replica)->MayGrow().code() == Code::kExhausted);
  vehicle.disk.IsTidied();
  CHECK((*replica)->MayGrow().ok());
}

}  // namespace
}  // namespace cpis::edge
