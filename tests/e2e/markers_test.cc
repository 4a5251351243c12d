// SPDX-License-Identifier: Apache-2.0
//
// 200 markers, 10,000 operations, kills in between and at the end: nothing of a person is in any file or log of the node, nor in
// its memory 100 ms after it was locked. CPIS_OPERATIONS and CPIS_SEED replay a run.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "tests/e2e/http_call.h"
#include "tests/e2e/markers.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

std::string Numbered(const char* text, int i) { return text + std::to_string(10'000 + i * 37).substr(1); }

// Who and what is marked.
struct Marked {
  std::vector<std::string> children, unknown, staff, names, pins, incidents;
  std::vector<Council> councils;
  Markers all;

  Marked() {
    for (int i = 0; i < 80; ++i) children.push_back(NhsNumber(5000 + i));
    for (int i = 0; i < 40; ++i) unknown.push_back(NhsNumber(6000 + i));
    for (int i = 0; i < 20; ++i) {
      staff.push_back("5550219" + std::to_string(40'000 + i * 113));
      names.push_back(Numbered("Quaggacrew", i));
      pins.push_back("8604" + std::to_string(17'593'302 + i * 7919));
      incidents.push_back(Numbered("INC-OKAPI-", i));
    }
    for (int i = 0; i < 10; ++i) {
      councils.push_back({"E100009" + std::to_string(10 + i), Numbered("Zebracouncil", i), "0301" + std::to_string(7'654'321 + i * 1009),
                          "0302" + std::to_string(1'234'567 + i * 1013)});
    }
    for (const auto* group : {&children, &unknown, &names, &pins, &incidents}) {
      for (const std::string& marker : *group) all.Add(marker);
    }
    for (const Council& council : councils) {
      all.Add(council.name);
      all.Add(council.emergency_tel.substr(1));  // however it is written in front
    }
  }
};

// The node's people at work, by HTTP as an ePCR application, with a seed.
class Shift {
 public:
  Shift(Fleet& fleet, Vehicle& vehicle, const Marked& marked, uint64_t seed)
      : fleet_(fleet), vehicle_(vehicle), marked_(marked), random_(seed) {}

  void Works(uint64_t operations, uint64_t kills) {
    const uint64_t between = operations / (kills + 1) + 1;
    for (uint64_t i = 1; i <= operations; ++i) {
      if (i % between == 0) {
        vehicle_.IsKilled();
        vehicle_.Starts();
        token_.clear();
      }
      One();
    }
  }
  void SignsOut() {
    if (!token_.empty()) Ask(vehicle_.http(), {"DELETE", "/session", Session(), ""});
    token_.clear();
  }
  uint64_t answered() const { return answered_; }

 private:
  size_t Below(size_t end) { return random_() % end; }
  const std::string& Any(const std::vector<std::string>& of) { return of[Below(of.size())]; }
  std::map<std::string, std::string> Session() const { return {{"Authorization", "Bearer " + token_}}; }

  void SignsIn() {
    SignsOut();
    const size_t who = Below(marked_.staff.size());
    const auto reply = Ask(vehicle_.http(), {"POST", "/session", {{"Content-Type", "application/json"}},
                                             R"({"staff":")" + marked_.staff[who] + R"(","pin":")" + marked_.pins[who] + "\"}"});
    if (reply.status == 200 || reply.status == 201) token_ = Text(reply.Json().at("token"));
  }

  void One() {
    const size_t kind = Below(1000);
    if (token_.empty() || kind < 15) SignsIn();
    const std::string& number = Below(3) == 0 ? Any(marked_.unknown) : Any(marked_.children);
    auto headers = Session();
    headers["X-Incident-Ref"] = Any(marked_.incidents);
    if (Below(4) == 0) headers["IsUnscheduledAccessEvent"] = "false";
    const std::string by = "?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C" + number;
    HttpReply reply;
    if (kind < 700) {
      reply = Ask(vehicle_.http(), {"GET", "/cpis/FHIR/R4/CareTeam" + by, headers, ""});
    } else if (kind < 780) {
      reply = Ask(vehicle_.http(), {"GET", "/cpis/FHIR/R4/AuditEvent" + by, headers, ""});
    } else if (kind < 880) {
      headers["Content-Type"] = "application/json";
      reply = Ask(vehicle_.http(), {"POST", "/attendances", headers,
                                    R"({"nhs_number":")" + number + R"(","incident":")" + headers["X-Incident-Ref"] + "\"}"});
    } else if (kind < 930) {
      reply = Ask(vehicle_.http(), {"GET", "/alerts", Session(), ""});
    } else if (kind < 985) {
      reply = Ask(vehicle_.http(), {"GET", Below(2) == 0 ? "/status" : "/metrics", {}, ""});
    } else if (kind < 990) {  // what is no number, no session, no path
      reply = Ask(vehicle_.http(), {"GET", "/cpis/FHIR/R4/CareTeam" + by + "1", headers, ""});
      reply = Ask(vehicle_.http(), {"GET", "/cpis/FHIR/R4/CareTeam" + by, {}, ""});
      reply = Ask(vehicle_.http(), {"POST", "/" + number, headers, R"({"pin":")" + Any(marked_.pins) + "\"}"});
    } else if (kind < 994) {
      Below(2) == 0 ? vehicle_.LosesLink() : vehicle_.FindsLink();
    } else if (kind < 998) {
      AuthorityFile file(marked_.councils[Below(10)], "MARKED-1" + std::to_string(1000 + ++files_));
      fleet_.Imports(file.Protects(Any(marked_.children), Day(-static_cast<int>(1 + Below(100)))));
    } else if (mistakes_ < 5) {
      ++mistakes_;
      Ask(vehicle_.http(), {"POST", "/session", {{"Content-Type", "application/json"}},
                            R"({"staff":")" + Any(marked_.staff) + R"(","pin":"111122223333"})"});
    }
    if (reply.status != 0) ++answered_;
    if (reply.status == 401) token_.clear();
  }

  Fleet& fleet_;
  Vehicle& vehicle_;
  const Marked& marked_;
  std::mt19937_64 random_;
  std::string token_;
  uint64_t answered_ = 0;
  int files_ = 0;
  int mistakes_ = 0;
};

struct MarkedWorld {
  Marked marked;
  Fleet fleet;
  std::unique_ptr<Vehicle> vehicle;

  MarkedWorld() {
    std::string region;
    for (size_t i = 0; i < marked.councils.size(); ++i) {
      AuthorityFile file(marked.councils[i], "MARKED-0" + std::to_string(i));
      for (size_t child = i; child < marked.children.size(); child += 10) file.Protects(marked.children[child], Day(-20));
      REQUIRE(fleet.Imports(file).exit_code == 0);
      region += (region.empty() ? "" : ",") + marked.councils[i].code;
    }
    for (size_t i = 0; i < marked.staff.size(); ++i) fleet.Hires(marked.staff[i], marked.names[i], marked.pins[i]);
    fleet.WidensLimits();
    vehicle = fleet.Equips("A101", region);
  }
  std::vector<Path> Places() const {
    return {vehicle->state(), vehicle->log().string() + ".out", vehicle->log().string() + ".err"};
  }
};

}  // namespace

TEST_CASE("200 markers, 10,000 operations and kills leave nothing in any file or log", "[markers]") {
  const uint64_t operations = FromEnvironment("CPIS_OPERATIONS", 10'000);
  const uint64_t seed = FromEnvironment("CPIS_SEED", 20261123);
  std::cout << "CPIS_SEED=" << seed << " CPIS_OPERATIONS=" << operations << "\n";
  MarkedWorld world;
  REQUIRE(world.marked.all.size() == 200);
  Shift shift(world.fleet, *world.vehicle, world.marked, seed);
  shift.Works(operations, 5);
  CHECK(shift.answered() > operations * 9 / 10);
  world.vehicle->LosesLink();  // so that the journal holds what was done last
  Shift(world.fleet, *world.vehicle, world.marked, seed + 1).Works(50, 0);
  world.vehicle->IsKilled();
  for (const auto& found : world.marked.all.FindIn(world.Places())) FAIL_CHECK(found);
}

TEST_CASE("100 ms after it was locked no marker is in the memory of the node", "[markers-memory]") {
  MarkedWorld world;
  Shift shift(world.fleet, *world.vehicle, world.marked, FromEnvironment("CPIS_SEED", 20261123));
  shift.Works(FromEnvironment("CPIS_OPERATIONS", 10'000) / 10, 0);
  Markers there;  // the same search, of the same process, finds what is there
  there.Add(world.vehicle->state().string());
  CHECK_FALSE(there.FindInMemory(world.vehicle->daemon().pid()).empty());
  shift.SignsOut();
  std::this_thread::sleep_for(milliseconds(100));  // the bar's own: so long may what was locked be there
  for (const auto& found : world.marked.all.FindInMemory(world.vehicle->daemon().pid())) FAIL_CHECK(found);
}

TEST_CASE("the search finds every marker in every form, in files and in memory", "[markers-memory]") {
  const Marked marked;
  TemporaryDirectory place;
  size_t planted = 0;
  for (const std::string& marker : {marked.children[3], marked.pins[3], marked.names[3], marked.incidents[3], marked.councils[3].name}) {
    for (const std::string& form : Markers::FormsOf(marker)) {
      std::ofstream(place.path() / "planted", std::ios::binary) << "xy" << form << "z";
      // In base64 the end of a marker is not its own, so those that begin alike are found too.
      const auto found = marked.all.FindIn({place.path()});
      CHECK(std::find(found.begin(), found.end(), "planted: " + marker) != found.end());
      ++planted;
    }
  }
  CHECK(planted > 45);
  CHECK(marked.all.FindIn({place.path() / "missing"}).size() == 1);

  // In a process that has it in its memory and no other of them: one whose command line it is.
  Daemon other({"/bin/sleep", "100"}, place.path() / "none");
  CHECK(Eventually([&] { return marked.all.FindInMemory(other.pid()).empty(); }));
  Daemon holder({"/usr/bin/env", "MARK=" + marked.children[7], "/bin/sleep", "100"}, place.path() / "holder");
  CHECK(Eventually([&] {
    const auto found = marked.all.FindInMemory(holder.pid());
    return found.size() == 1 && found.front().find(marked.children[7]) != std::string::npos;
  }));
}

}  // namespace cpis::e2e
