// SPDX-License-Identifier: Apache-2.0
//
// A tablet in somebody's hands: a real node on real files without a link, which can be restarted, set back and re-clocked.
#pragma once

#include <catch2/catch.hpp>

#include "edge/enrolled_node.h"
#include "fleet_fixture.h"
#include "platform/key_store.h"

namespace cpis::edge::test {

inline const Instant kTabletTime = At("2026-11-22T02:00:00Z");

// A key store that does nothing but count, as a TPM does: what is copied and put back does not reach it.
struct CountingStore final : platform::KeyStore {
  std::string_view Kind() const override { return "counting"; }
  bool HardwareBound() const override { return true; }
  Status Seal(ByteView) override { return {}; }
  Result<Bytes> Unseal() override { return platform::NotFound("nothing sealed"); }
  Status Forget() override { return {}; }
  Result<uint64_t> Tally() override { return broken ? Result<uint64_t>(platform::Internal("no TPM")) : count; }
  Result<uint64_t> AddToTally() override { return broken || worn ? Result<uint64_t>(platform::Internal("no TPM")) : ++count; }
  uint64_t count = 0;
  bool broken = false;
  bool worn = false;  // says what it counted, and counts no more
};

struct Tablet {
  Tablet() {
    fleet.StartsWork();
    fleet.EmploysAs(sync::Duty::kEventOnly, "driver-1", "864202");
    fleet.EmploysAs(sync::Duty::kEngineer, "engineer-1", "975313");
    fleet.EmploysAs(sync::Duty::kAuditor, "auditor-1", "112233");
  }

  // In coverage once, at the clock's time; then switched on.
  void Syncs() {
    node.reset();
    const sync::node::Identity identity = fleet.Identity();
    auto replica =
        Replica::Open({directory.path() / "replica.db", identity.keys.Now()->freshness,
                       crypto::DeriveSecret(identity.journal_key, {platform::AsBytes("cpis.v1.replica")}).Clone()});
    REQUIRE(replica.ok());
    REQUIRE(fleet.Feed(**replica, clock.Now()).ok());
    auto journal = Journal::Open(directory.path() / "journal.db", identity);
    REQUIRE(journal.ok());
    TrustedTime time(clock, std::nullopt, [&](const TimeMarks& marks) { (*journal)->KeepMeta("time", Encode(marks)); });
    time.Heard(clock.Now());
    journal->reset();
    replica->reset();
    Starts();
  }
  void Starts() {
    node.reset();
    const Beginning beginning = std::exchange(begun_, true) ? Beginning::kOfProcess : Beginning::kOfVehicle;
    auto opened = EnrolledNode::Open(directory.path(), fleet.Identity(), clock, {}, beginning);
    REQUIRE(opened.ok());
    node = *std::move(opened);
    REQUIRE(node->limits().CountIn(store).ok());
  }
  void SwitchesOff() { node.reset(); }
  Result<SessionInfo> Tries(const std::string& staff, const std::string& pin) { return node->keeper().SignIn(staff, pin); }
  std::string SignsIn(const std::string& staff = "crew-1", const std::string& pin = "135790") {
    auto session = Tries(staff, pin);
    REQUIRE(session.ok());
    return session->token;
  }
  // What the fleet would read of this kind of audit entry: staff ids.
  std::vector<std::string> Reported(const std::string& action) {
    std::vector<std::string> staff;
    const auto items = node->journal().Oldest(10'000);
    REQUIRE(items.ok());
    for (const auto& item : *items) {
      const auto event = fleet.Read(item);
      REQUIRE(event.ok());
      if (event->kind == sync::EntryKind::kAudit && event->action == action) staff.push_back(event->staff);
    }
    return staff;
  }

  TemporaryDirectory directory;
  TestFleet fleet;
  platform::ManualClock clock{kTabletTime};
  CountingStore store;
  bool begun_ = false;
  std::unique_ptr<EnrolledNode> node;
};

}  // namespace cpis::edge::test
