// SPDX-License-Identifier: Apache-2.0
//
// New epochs, new keys and a server from a backup, over a real link.
#include <iostream>
#include <map>

#include "tests/sync/fleet/watching_vehicle.h"

namespace cpis::sync::fleet {
namespace {

using crypto::Epoch;

const Topic kRows = Topic::Rows(kLancashire);

TEST_CASE("a new epoch costs each node its grant: no row is fetched again") {
  StandingServer server;
  server.FillsRows(5000);
  std::vector<std::unique_ptr<WatchingVehicle>> vehicles;
  for (const char* name : {"A", "B", "C"}) {
    vehicles.push_back(std::make_unique<WatchingVehicle>(server, server.Adds(name), server.address));
    vehicles.back()->Connects();
  }
  for (auto& vehicle : vehicles) REQUIRE(vehicle->replica.WaitFor(server.HeadOf(kRows)));
  std::vector<uint64_t> before;
  std::vector<int> parts;
  for (auto& vehicle : vehicles) {
    REQUIRE(Eventually([&] { return vehicle->AdoptedEpoch() == Epoch{1}; }));
    before.push_back(vehicle->bytes);
    parts.push_back(vehicle->replica.parts_taken());
  }
  server.Rotates();
  for (size_t i = 0; i < vehicles.size(); ++i) {
    WatchingVehicle& vehicle = *vehicles[i];
    const Topic own = Topic::Node(vehicle.identity.node_id);
    REQUIRE(Eventually([&] { return vehicle.AdoptedEpoch() == Epoch{2} && vehicle.replica.CursorOf(own).epoch == Epoch{2}; }));
    vehicle.LosesLink();  // its thread counts a message only after the replica has taken it
    const uint64_t cost = vehicle.bytes - before[i];
    if (i == 0) std::cout << "a new epoch cost a node " << cost << " bytes; the first sync of 5000 rows " << before[i] << "\n";
    CHECK(cost > 0);
    CHECK(cost < 1000);
    CHECK(vehicle.replica.parts_taken() == parts[i]);
    CHECK(vehicle.replica.CursorOf(kRows).epoch == Epoch{2});
    CHECK(vehicle.replica.CursorOf(kRows).digest == server.HeadOf(kRows).digest);
  }
}

TEST_CASE("a node that was off line through three epochs and a change catches up by deltas") {
  StandingServer server;
  server.FillsRows(2000);
  WatchingVehicle vehicle(server, server.Adds("A"), server.address);
  vehicle.Connects();
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));
  vehicle.LosesLink();
  const uint64_t before = vehicle.bytes;
  const int parts = vehicle.replica.parts_taken();
  for (int i = 0; i < 3; ++i) {
    server.Rotates();
    server.FillsRows(1 + static_cast<uint64_t>(i));
  }
  vehicle.Connects();
  REQUIRE(Eventually([&] { return vehicle.AdoptedEpoch() == Epoch{4}; }));
  CHECK(vehicle.replica.CursorOf(kRows).digest == server.HeadOf(kRows).digest);
  vehicle.LosesLink();
  CHECK(vehicle.replica.parts_taken() == parts);
  CHECK(vehicle.bytes - before < 5000);
}

struct Keyholder {
  explicit Keyholder(World& world) : w(world), store(platform::NewPlainKeyStore(w.state / "device")) {
    root = *crypto::SigningKeyFromSecret(crypto::Secret::Copy(*platform::ReadFile(RootKeyFile(w.state.path()), 1024)));
  }
  void Replaces(RotatableKey which) {
    KeyRotation rotation(w.state.path(), w.keys, *store);
    const auto proposed = rotation.Propose(which, crypto::NewSigningKey().public_key);
    REQUIRE(proposed.ok());
    REQUIRE(rotation.Adopt(EncodeKeySet(*proposed, root), kNoon).ok());
    w.StartsAnew();
  }
  World& w;
  std::unique_ptr<platform::KeyStore> store;
  crypto::SigningKey root;
};

TEST_CASE("new keys reach a node in turn before what they sign, and no row is fetched again") {
  StandingServer server;
  server.FillsRows(2000);
  WatchingVehicle vehicle(server, server.Adds("A"), server.address);
  vehicle.Connects();
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));
  const uint64_t before = vehicle.bytes;
  const int parts = vehicle.replica.parts_taken();

  server.Falls();
  Keyholder keyholder(server);
  for (const RotatableKey which : {RotatableKey::kContent, RotatableKey::kFreshness, RotatableKey::kPolicy}) {
    keyholder.Replaces(which);
  }
  server.Stands();
  vehicle.link->Nudge();
  REQUIRE(Eventually([&] { return vehicle.AdoptedEpoch() == Epoch{4}; }));
  CHECK(vehicle.key_sets == 3);
  CHECK(vehicle.identity.keys.Now()->version == 4);
  CHECK(vehicle.replica.parts_taken() <= parts + 1);  // the node's own topic, signed anew, may come whole
  server.FillsRows(3);
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));
  vehicle.LosesLink();
  CHECK(vehicle.bytes - before < 5000);
}

TEST_CASE("a node that cannot keep a new key set believes nothing that it vouches for") {
  StandingServer server;
  server.FillsRows(10);
  WatchingVehicle vehicle(server, server.Adds("A"), server.address);
  vehicle.Connects(false);
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));
  vehicle.LosesLink();
  const std::string before = vehicle.replica.Picture();
  server.Falls();
  Keyholder(server).Replaces(RotatableKey::kFreshness);
  server.Stands();
  vehicle.Connects(false);
  REQUIRE(Eventually([&] { return vehicle.link->State().last_error.find("cannot be kept") != std::string::npos; }));
  CHECK(vehicle.replica.Picture() == before);
}

TEST_CASE("a node refuses a server from a backup until it has begun a new epoch, which it learns from the node") {
  StandingServer server;
  server.FillsRows(100);
  WatchingVehicle vehicle(server, server.Adds("A"), server.address);
  WatchingVehicle away(server, server.Adds("B"), server.address);
  vehicle.Connects();
  away.Connects();
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));
  REQUIRE(away.replica.WaitFor(server.HeadOf(kRows)));
  away.LosesLink();

  // The backup, and what is lost with it.
  server.Falls();
  server.store.reset();
  const auto backup = server.state / "backup.db";
  std::filesystem::copy_file(server.state / "fleet.db", backup);
  server.Restart();
  server.Stands();
  server.FillsRows(7);
  vehicle.link->Nudge();
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));
  const TopicHead lost = server.HeadOf(kRows);
  server.Falls();
  server.store.reset();
  for (const char* file : {"fleet.db", "fleet.db-wal", "fleet.db-shm"}) std::filesystem::remove(server.state / file);
  std::filesystem::copy_file(backup, server.state / "fleet.db");
  server.Restart();
  server.Stands();
  REQUIRE(server.SequenceOf(kRows) < static_cast<uint64_t>(lost.sequence));

  const std::string before = vehicle.replica.Picture();
  vehicle.link->Nudge();
  REQUIRE(Eventually([&] { return server.Future().has_value(); }));
  REQUIRE(Eventually([&] { return vehicle.link->State().last_error.find("goes back") != std::string::npos; }));
  CHECK(vehicle.replica.Picture() == before);

  REQUIRE(ReturnFromBackup(*server.store, *server.Future()).ok());
  server.FillsRows(1);
  vehicle.link->Nudge();
  REQUIRE(Eventually([&] { return vehicle.AdoptedEpoch() == Epoch{2}; }));
  CHECK(vehicle.replica.CursorOf(kRows).digest == server.HeadOf(kRows).digest);
  away.Connects();
  REQUIRE(Eventually([&] { return away.AdoptedEpoch() == Epoch{2}; }));
  CHECK(away.replica.CursorOf(kRows).digest == server.HeadOf(kRows).digest);
}

TEST_CASE("after a backup from before a key was replaced, the keys are replaced again until nodes follow") {
  StandingServer server;
  server.FillsRows(10);
  WatchingVehicle vehicle(server, server.Adds("A"), server.address);
  std::map<std::string, Bytes> backup;
  for (const char* name : {"keys", "device"}) backup[name] = *platform::ReadFile(server.state / name, 1 << 20);
  server.Falls();
  Keyholder keyholder(server);
  for (int i = 0; i < 2; ++i) keyholder.Replaces(RotatableKey::kFreshness);
  server.Stands();
  vehicle.Connects();
  REQUIRE(Eventually([&] { return vehicle.identity.keys.Now()->version == 3 && vehicle.AdoptedEpoch() == Epoch{3}; }));
  vehicle.LosesLink();

  server.Falls();
  for (const auto& [name, bytes] : backup) REQUIRE(platform::WriteFileDurably(server.state / name, bytes).ok());
  server.StartsAnew();
  for (int i = 0; i < 3; ++i) keyholder.Replaces(RotatableKey::kFreshness);
  server.Stands();
  vehicle.Connects();
  CHECK(Eventually([&] { return vehicle.identity.keys.Now()->version == 4 && vehicle.AdoptedEpoch() > Epoch{3}; }));
}

}  // namespace
}  // namespace cpis::sync::fleet
