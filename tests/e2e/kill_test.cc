// SPDX-License-Identifier: Apache-2.0
//
// kill -9 of either side at random moments, while crews attend and an authority sends changes. What was acknowledged is never
// lost, nothing arrives twice, and in the end every replica is the server's, to the digest.
//
// CPIS_KILLS says how many kills (200), CPIS_SEED replays a schedule (the moments, not the machine's own timing).
#include <atomic>
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

using Random = std::mt19937_64;

constexpr size_t kChildren = 40;

// One crew of a vehicle, working until told to stop; a person presses again when the tablet did not answer, or gives up.
class BusyCrew {
 public:
  BusyCrew(const Vehicle& vehicle, std::string staff, std::string pin, std::string prefix, uint64_t seed)
      : vehicle_(vehicle), staff_(std::move(staff)), pin_(std::move(pin)), prefix_(std::move(prefix)), random_(seed),
        thread_([this] { Work(); }) {}
  ~BusyCrew() { GoesHome(); }
  BusyCrew(const BusyCrew&) = delete;
  BusyCrew& operator=(const BusyCrew&) = delete;

  void GoesHome() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
  }

  // After GoesHome. Incident → attendance id, of those that were acknowledged; and those that were tried.
  const std::map<std::string, std::string>& acknowledged() const { return acknowledged_; }
  const std::set<std::string>& tried() const { return tried_; }

 private:
  void Work() {
    std::string session;
    std::string child = NhsNumber(random_() % kChildren);
    for (int n = 0; !done_;) {
      if (session.empty()) {
        const Output in = vehicle_.TriesToSignIn(staff_, pin_);
        if (in.exit_code == 0) session = Text(in.Json().at("token"));
        continue;
      }
      const std::string incident = prefix_ + std::to_string(n);
      tried_.insert(incident);
      const Said said = Crew(vehicle_, session).Attends(child, incident);
      if (said.exit_code == 0) acknowledged_[incident] = said.Text("id");
      if (said.exit_code == 4) session.clear();
      if (said.exit_code != 0 && random_() % 3 != 0) continue;
      child = NhsNumber(random_() % kChildren);
      ++n;
    }
  }

  const Vehicle& vehicle_;
  std::string staff_, pin_, prefix_;
  Random random_;
  std::map<std::string, std::string> acknowledged_;
  std::set<std::string> tried_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

// An authority that changes its mind all the time.
class BusyAuthority {
 public:
  BusyAuthority(const Fleet& fleet, uint64_t seed) : fleet_(fleet), random_(seed), thread_([this] { Work(); }) {}
  ~BusyAuthority() { GoesHome(); }
  BusyAuthority(const BusyAuthority&) = delete;
  BusyAuthority& operator=(const BusyAuthority&) = delete;

  void GoesHome() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int loaded() const { return loaded_; }

 private:
  void Work() {
    for (int n = 0; !done_; ++n) {
      AuthorityFile file(Lancashire(), "LANCS-CHANGE-" + std::to_string(n));
      for (int record = 0; record < 5; ++record) {
        const std::string child = NhsNumber(kChildren + random_() % 100);
        if (random_() % 4 == 0) {
          file.DeletesProtection(child, Day(-10));
        } else {
          file.Protects(child, Day(-10 - static_cast<int>(random_() % 300)));
        }
      }
      if (fleet_.Imports(file).exit_code == 0) ++loaded_;
    }
  }

  const Fleet& fleet_;
  Random random_;
  std::atomic<int> loaded_{0};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

void Pause(uint64_t ms) { std::this_thread::sleep_for(milliseconds(ms)); }  // the schedule itself, not a wait for something

// Kills it after a random moment and starts it again; one time in four kills it again before it has come up.
template <typename Part>
int KillOnce(Part& part, Random& random) {
  Pause(5 + random() % 396);
  part.IsKilled();
  int kills = 1;
  if (random() % 4 == 0) {
    auto early = part.Launch();
    Pause(1 + random() % 80);
    early->Kill();
    ++kills;
  }
  part.Starts();
  return kills;
}

AuthorityFile Children(const Council& council, const std::string& id, size_t first, size_t last) {
  AuthorityFile file(council, id);
  for (size_t n = first; n < last; ++n) file.Protects(NhsNumber(n), Day(-100));
  return file;
}

// Everything of the fleet's status that a replica must equal.
bool HasWhatTheFleetHas(const Vehicle& vehicle, const Fleet& fleet) {
  const json::object fleet_status = fleet.Status();
  const json::object status = vehicle.Status();
  std::map<std::string, int64_t> held;
  for (const auto& p : status.at("region").as_array()) held[Text(p.at("code"))] = p.at("sequence").to_number<int64_t>();
  for (const auto& p : fleet_status.at("partitions").as_array()) {
    if (held[Text(p.at("code"))] != p.at("sequence").to_number<int64_t>()) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("however often either side is killed, nothing acknowledged is lost, nothing doubled, and replicas are equal", "[kill]") {
  const uint64_t seed = FromEnvironment("CPIS_SEED", std::random_device{}());
  const auto wanted = static_cast<int>(FromEnvironment("CPIS_KILLS", 200));
  std::cout << "CPIS_SEED=" << seed << " CPIS_KILLS=" << wanted << std::endl;
  Random random(seed);

  Fleet fleet;
  REQUIRE(fleet.Imports(Children(Lancashire(), "LANCS-001", 0, kChildren / 2)).exit_code == 0);
  REQUIRE(fleet.Imports(Children(Halton(), "HALTON-001", kChildren / 2, kChildren)).exit_code == 0);
  fleet.Hires(kSam, "Ms Sam Crew", kSamsPin);
  fleet.WidensLimits();
  const std::string region = Lancashire().code + "," + Halton().code;
  const auto first = fleet.Equips("A101", region);
  const auto second = fleet.Equips("A202", region);

  int kills = 0;
  std::map<std::string, std::string> acknowledged;
  std::set<std::string> tried;
  {
    BusyCrew a(*first, kSam, kSamsPin, "A-", random());
    BusyCrew b(*second, kSam, kSamsPin, "B-", random());
    BusyAuthority authority(fleet, random());
    while (kills < wanted) {
      const uint64_t draw = random() % 8;
      if (draw == 0) {  // the radio goes too
        first->LosesLink();
        second->link().BreakAfter(random() % 5000);
        Pause(random() % 300);
        first->FindsLink();
      }
      kills += draw < 4 ? KillOnce(fleet, random) : KillOnce(draw < 6 ? *first : *second, random);
    }
    for (auto* crew : {&a, &b}) crew->GoesHome();
    authority.GoesHome();
    for (const auto* crew : {&a, &b}) {
      acknowledged.insert(crew->acknowledged().begin(), crew->acknowledged().end());
      tried.insert(crew->tried().begin(), crew->tried().end());
    }
    std::cout << kills << " kills, " << tried.size() << " attendances tried, " << acknowledged.size() << " acknowledged, "
              << authority.loaded() << " changes loaded" << std::endl;
    REQUIRE(acknowledged.size() >= static_cast<size_t>(wanted) / 10);
  }

  for (const auto* vehicle : {first.get(), second.get()}) {
    REQUIRE(vehicle->CatchesUp());
    CHECK(Eventually([&] { return vehicle->Waiting() == 0; }, seconds(60)));
  }
  std::map<std::string, int> arrived;
  std::set<std::string> ids, files;
  for (const auto& attendance : fleet.Attendances()) {
    ++arrived[Text(attendance.at("incident"))];
    CHECK(ids.insert(Text(attendance.at("id"))).second);
    CHECK(attendance.at("notified").as_array().size() == 1);
    for (const auto& sent : attendance.at("notified").as_array()) CHECK(files.insert(Text(sent.at("file"))).second);
  }
  for (const auto& [incident, id] : acknowledged) {
    INFO("acknowledged " << incident);
    CHECK(arrived[incident] == 1);
    CHECK(ids.count(id) == 1);
  }
  for (const auto& [incident, count] : arrived) {
    INFO("arrived " << incident);
    CHECK(count <= 1);
    CHECK((count == 0 || tried.count(incident) == 1));
  }
  for (const auto* vehicle : {first.get(), second.get()}) {
    CHECK(Eventually([&] { return HasWhatTheFleetHas(*vehicle, fleet); }, seconds(60)));
    CHECK(vehicle->Verifies());
    const Output audit = vehicle->Does({"audit", "verify"});
    INFO(audit.err);
    CHECK(audit.exit_code == 0);
  }
  // Whatever was sent twice, late or never, no honest vehicle is taken for a thief's.
  CHECK(fleet.Status().at("security").at("total").to_number<int64_t>() == 0);
  const Output record = fleet.Does({"audit", "verify"});
  INFO(record.err);
  CHECK(record.exit_code == 0);
}

}  // namespace cpis::e2e
