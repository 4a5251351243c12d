// SPDX-License-Identifier: Apache-2.0
//
// What an authority changes reaches the vehicles of its region, and no others, over links as they are.
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <random>

#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

AuthorityFile ManyChildren(const std::string& id, size_t children) {
  AuthorityFile file(Lancashire(), id);
  for (size_t n = 0; n < children; ++n) file.Protects(NhsNumber(1000 + n), Day(-static_cast<int>(n % 300) - 1));
  return file;
}

}  // namespace

TEST_CASE("a change reaches a connected vehicle within two seconds of the import", "[sync]") {
  Ambulance ambulance;
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  const std::string child = NhsNumber(50);
  const int64_t before = ambulance.vehicle->SequenceOf(Lancashire().code);
  REQUIRE(ambulance.fleet.Imports(AuthorityFile(Lancashire(), "LANCS-002").Protects(child, Day(-1))).exit_code == 0);
  REQUIRE(Eventually([&] { return ambulance.vehicle->SequenceOf(Lancashire().code) > before; }, seconds(2)));
  CHECK(sam.LooksUp(child, {"--silent", "--local"}).outcome() == "FLAGGED");

  SECTION("and so does a deletion") {
    REQUIRE(ambulance.fleet.Imports(AuthorityFile(Lancashire(), "LANCS-003").DeletesProtection(child, Day(-1))).exit_code == 0);
    CHECK(Eventually([&] { return sam.LooksUp(child, {"--silent", "--local"}).outcome() == "NOT_FLAGGED"; }, seconds(2)));
  }
  SECTION("and so does an end date") {
    REQUIRE(ambulance.fleet.Imports(AuthorityFile(Lancashire(), "LANCS-003").Protects(child, Day(-9), Day(-1))).exit_code == 0);
    CHECK(Eventually([&] {
      const Said answer = sam.LooksUp(child, {"--silent", "--local"});
      return answer.List("plans").size() == 1 && answer.List("plans")[0].at("state") == "ENDED";
    }, seconds(2)));
  }
}

TEST_CASE("what was imported while the link was lost is there soon after it is found", "[sync]") {
  Ambulance ambulance;
  ambulance.vehicle->LosesLink();
  const std::string child = NhsNumber(51);
  REQUIRE(ambulance.fleet.Imports(AuthorityFile(Halton(), "HALTON-002").LooksAfter(child, Day(-1))).exit_code == 0);
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  CHECK(sam.LooksUp(child, {"--silent", "--local"}).outcome() == "NOT_FLAGGED");
  ambulance.vehicle->FindsLink();
  REQUIRE(ambulance.vehicle->CatchesUp());
  CHECK(sam.LooksUp(child, {"--silent", "--local"}).outcome() == "FLAGGED");
}

TEST_CASE("a vehicle holds its own region and nothing else", "[sync]") {
  Ambulance ambulance;
  const std::string elsewhere = NhsNumber(52);
  REQUIRE(ambulance.fleet.Imports(AuthorityFile(Cumbria(), "CUMBRIA-001").Protects(elsewhere, Day(-1))).exit_code == 0);
  const auto second = ambulance.fleet.Equips("A103", Cumbria().code);
  CHECK(second->Partition(Cumbria().code).at("rows") == 1);
  CHECK(second->Partition(Lancashire().code).empty());
  CHECK(ambulance.vehicle->Partition(Cumbria().code).empty());

  const Crew sam = second->SignsIn(kSam, kSamsPin);
  CHECK(sam.LooksUp(elsewhere, {"--local"}).outcome() == "FLAGGED");
  CHECK(sam.LooksUp(Ambulance::Protected(), {"--local"}).outcome() == "POSSIBLY_FLAGGED_ELSEWHERE");
  REQUIRE(ambulance.vehicle->CatchesUp());
  CHECK(ambulance.vehicle->SignsIn(kSam, kSamsPin).LooksUp(elsewhere, {"--local"}).outcome() == "POSSIBLY_FLAGGED_ELSEWHERE");
}

TEST_CASE("a first sync that breaks again and again is finished in the end, and true", "[sync]") {
  const uint64_t seed = FromEnvironment("CPIS_SEED", std::random_device{}());
  std::cout << "CPIS_SEED=" << seed << std::endl;
  std::mt19937_64 random(seed);
  constexpr size_t kChildren = 1500;
  Fleet fleet;
  REQUIRE(fleet.Imports(ManyChildren("LANCS-001", kChildren)).exit_code == 0);
  const uint64_t whole = fleet.Equips("A101", Lancashire().code)->link().bytes_down();

  const auto vehicle = fleet.Delivers("A102");
  vehicle->link().BreakAfter(whole / 2);
  vehicle->Enrols(fleet.IssuesCode("A102", Lancashire().code));
  for (uint64_t breaks = 1; breaks <= 4; ++breaks) {
    CHECK(Eventually([&] { return vehicle->Does({"sync"}).exit_code == 0 && vehicle->link().breaks() == breaks; }));
    vehicle->link().BreakAfter(random() % (whole / 2));
  }
  REQUIRE(vehicle->CatchesUp());
  CHECK(vehicle->Partition(Lancashire().code).at("rows") == kChildren);
  CHECK(vehicle->SequenceOf(Lancashire().code) == fleet.SequenceOf(Lancashire().code));
  CHECK(vehicle->Verifies());
}

TEST_CASE("a disk that loses bits is found out, denies nobody, and is mended over the link", "[sync]") {
  constexpr size_t kChildren = 1500;
  Fleet fleet;
  fleet.Hires(kSam, "Ms Sam Crew", kSamsPin);
  REQUIRE(fleet.Imports(ManyChildren("LANCS-001", kChildren)).exit_code == 0);
  const auto vehicle = fleet.Equips("A101", Lancashire().code);
  REQUIRE(vehicle->Stops() == 0);
  vehicle->LosesLink();
  {
    std::fstream file(vehicle->state() / "replica.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    const auto size = static_cast<int64_t>(file.tellg());
    for (int64_t at = size / 3; at < size; at += size / 7) {
      file.seekg(at);
      const int byte = file.get();
      file.seekp(at);
      file.put(static_cast<char>(byte ^ 0x10));
    }
  }
  vehicle->Starts();
  const Crew sam = vehicle->SignsIn(kSam, kSamsPin);
  CHECK(vehicle->Does({"verify"}).exit_code == 1);
  for (size_t child = 0; child < kChildren; child += 100) CHECK(sam.LooksUp(NhsNumber(1000 + child), {"--local"}).outcome() != "NOT_FLAGGED");
  vehicle->FindsLink();
  CHECK(vehicle->Does({"verify", "--repair"}).exit_code == 0);
  CHECK(vehicle->Partition(Lancashire().code).at("rows") == kChildren);
  for (size_t child = 0; child < kChildren; child += 100) CHECK(sam.LooksUp(NhsNumber(1000 + child), {"--local", "--silent"}).outcome() == "FLAGGED");
}

TEST_CASE("a link that is held and tells nobody does not stop a vehicle for good", "[sync]") {
  Ambulance ambulance;
  ambulance.vehicle->link().Hold();
  REQUIRE(ambulance.fleet.Imports(AuthorityFile(Lancashire(), "LANCS-002").Protects(NhsNumber(60), Day(-1))).exit_code == 0);
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  CHECK(sam.LooksUp(Ambulance::Protected(), {"--local"}).outcome() == "FLAGGED");
  ambulance.vehicle->FindsLink();
  REQUIRE(ambulance.vehicle->CatchesUp());
  CHECK(sam.LooksUp(NhsNumber(60), {"--local"}).outcome() == "FLAGGED");
}

}  // namespace cpis::e2e
