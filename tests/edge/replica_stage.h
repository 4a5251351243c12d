// SPDX-License-Identifier: Apache-2.0
//
// A replica, a fleet that feeds it, and somebody who gets at its disk.
#pragma once

#include <catch2/catch.hpp>

#include "edge/replica.h"
#include "fleet_fixture.h"
#include "platform/sqlite.h"

namespace cpis::edge::test {

inline const Instant kNow = At("2026-11-22T02:00:00Z");
inline const std::vector<std::string> kRegion = {std::string(TestFleet::kLancashire), std::string(TestFleet::kCumbria)};
inline const sync::Topic kRows = sync::Topic::Rows(TestFleet::kLancashire);

struct Stage {
  Stage() { fleet.StartsWork(); }

  std::filesystem::path file() const { return directory.path() / "replica.db"; }
  std::unique_ptr<Replica> OpenUnverified(std::function<void()> before_rows = {}) {
    auto replica = Replica::Open({file(), fleet.Identity().keys.Now()->freshness, fleet.Identity().journal_key.Clone(),
                                  std::move(before_rows)});
    REQUIRE(replica.ok());
    return *std::move(replica);
  }
  std::unique_ptr<Replica> Open() {
    auto replica = OpenUnverified();
    REQUIRE(replica->WaitVerified(std::chrono::seconds(10)));
    return replica;
  }
  // As somebody with the disk would, behind the node's back.
  void Tamper(std::string_view sql) {
    auto database = platform::Database::Open(file());
    REQUIRE(database.ok());
    REQUIRE(database->Run(sql).ok());
  }
  // Enough rows for a snapshot of several parts; their bodies need not open.
  void GrowsBy(int children) {
    sync::Flag flag;
    flag.plans = {{sync::PlanType::kLac, At("2026-01-01T00:00:00Z"), std::nullopt}};
    for (int i = 0; i < children; ++i) fleet.Knows(TestFleet::kLancashire, "998" + std::to_string(1000000 + i), flag);
  }

  TemporaryDirectory directory;
  TestFleet fleet;
};

}  // namespace cpis::edge::test
