// SPDX-License-Identifier: Apache-2.0
//
// Nothing personal rests in the clear on a vehicle: marked numbers, names, PINs and incidents are looked for in every file and
// log of the node after a kill.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

std::string Hex(const std::string& text) {
  std::string hex;
  for (const unsigned char c : text) {
    hex += "0123456789abcdef"[c >> 4];
    hex += "0123456789abcdef"[c & 15];
  }
  return hex;
}

std::string Wide(const std::string& text) {
  std::string wide;
  for (const char c : text) (wide += c) += '\0';
  return wide;
}

// RFC 4648 of the text as it stands at each of the three places in a group: only the characters it decides alone.
std::vector<std::string> Base64Cores(const std::string& text) {
  static const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::string> cores;
  for (size_t skip = 0; skip < 3; ++skip) {
    std::string core;
    for (size_t i = skip; i + 2 < text.size(); i += 3) {
      const auto at = [&](size_t n) { return static_cast<unsigned>(static_cast<unsigned char>(text[n])); };
      const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
      for (int shift = 18; shift >= 0; shift -= 6) core += letters[group >> shift & 63];
    }
    cores.push_back(core);
  }
  return cores;
}

std::vector<std::string> FormsOf(const std::string& marker) {
  std::vector<std::string> forms{marker, Wide(marker), Hex(marker), {marker.rbegin(), marker.rend()}};
  std::string upper = Hex(marker);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  forms.push_back(upper);
  if (marker.size() == 10) forms.push_back(marker.substr(0, 3) + " " + marker.substr(3, 3) + " " + marker.substr(6));
  if (marker.size() >= 8) {
    for (const auto& core : Base64Cores(marker)) forms.push_back(core);
  }
  return forms;
}

// "file: marker" for every marker found, in any form.
std::vector<std::string> Find(const std::vector<std::string>& markers, const std::vector<Path>& places) {
  std::vector<std::string> found;
  const auto look = [&](const Path& file) {
    std::ostringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    for (const auto& marker : markers) {
      for (const auto& form : FormsOf(marker)) {
        if (bytes.str().find(form) == std::string::npos) continue;
        found.push_back(file.filename().string() + ": " + marker);
        break;
      }
    }
  };
  for (const auto& place : places) {
    if (!std::filesystem::is_directory(place)) {
      look(place);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place)) {
      if (entry.is_regular_file()) look(entry.path());
    }
  }
  return found;
}

constexpr const char* kMarkedStaff = "730051994226";
constexpr const char* kMarkedPin = "860417593302";
constexpr const char* kWrongPin = "415926535897";
constexpr const char* kMarkedIncident = "INC-QUAGGA-77810";

}  // namespace

TEST_CASE("after a kill no number, name, PIN or incident is found in any file or log of the node", "[privacy]") {
  const std::string child = NhsNumber(4321);
  const std::string unknown = NhsNumber(4322);
  const std::vector<std::string> markers{child,      unknown,   "Zebedee",  "Okapimarker", "Quaggamarker",
                                         kMarkedPin, kWrongPin, "QUAGGA-77810"};
  Ambulance ambulance;
  Fleet& fleet = ambulance.fleet;
  Vehicle& vehicle = *ambulance.vehicle;
  AuthorityFile file(Lancashire(), "LANCS-002");
  REQUIRE(fleet.Imports(file.Named("Zebedee", "Okapimarker").Protects(child, Day(-5))).exit_code == 0);
  fleet.Hires(kMarkedStaff, "Ms Edith Quaggamarker", kMarkedPin);
  REQUIRE(vehicle.CatchesUp());

  // Everything a crew can do, and do wrongly, with the link cut so that it all still waits in the journal.
  vehicle.LosesLink();
  CHECK(vehicle.TriesToSignIn(kMarkedStaff, kWrongPin).exit_code == 4);
  const Crew crew = vehicle.SignsIn(kMarkedStaff, kMarkedPin);
  CHECK(crew.LooksUp(child, {"--incident", kMarkedIncident}).outcome() == "FLAGGED");
  CHECK(crew.LooksUp(unknown, {"--incident", kMarkedIncident}).exit_code == 0);
  CHECK(crew.Attends(child, kMarkedIncident).exit_code == 0);
  CHECK(crew.LooksUp(child + "1").exit_code == 2);
  const std::string target = "/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C" + child;
  CHECK(Ask(vehicle.http(), {"GET", target, {{"Authorization", "Bearer " + crew.session()}}, ""}).status == 200);
  Ask(vehicle.http(), {"POST", "/session", {}, std::string("{\"staff\":\"") + kMarkedStaff + "\",\"pin\":\"" + kWrongPin + "\"}"});
  vehicle.IsKilled();

  const std::vector<Path> places{vehicle.state(), vehicle.log().string() + ".out", vehicle.log().string() + ".err"};
  for (const auto& found : Find(markers, places)) FAIL_CHECK(found);
  CHECK(Find({crew.session()}, places).empty());

  SECTION("nor after it has run again, forwarded everything and been stopped") {
    vehicle.FindsLink();
    vehicle.Starts();
    REQUIRE(vehicle.CatchesUp());
    CHECK(fleet.AttendancesOf(kMarkedIncident).size() == 1);
    CHECK(vehicle.Stops() == 0);
    for (const auto& found : Find(markers, places)) FAIL_CHECK(found);
    // The server's own logs are no place for them either.
    for (const auto& found : Find(markers, {fleet.directory() / "fleet-server.out", fleet.directory() / "fleet-server.err"})) {
      FAIL_CHECK(found);
    }
  }
  SECTION("and the search does find what is planted") {
    for (const auto& marker : markers) {
      for (const auto& form : FormsOf(marker)) {
        std::ofstream(vehicle.state() / "planted", std::ios::binary) << "xy" << form << "z";
        CHECK(Find({marker}, places).size() == 1);
      }
    }
  }
}

TEST_CASE("a node that crashes leaves no core file behind", "[privacy]") {
  rlimit limit{};
  getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_CORE, &limit);
  if (limit.rlim_max == 0) WARN("core files are off for this whole session: nothing is shown here");
  Ambulance ambulance;
  ambulance.vehicle->SignsIn(kSam, kSamsPin);
  ambulance.vehicle->daemon().Signal(SIGABRT);
  CHECK(ambulance.vehicle->daemon().ExitWithin(seconds(5)).has_value());
  CHECK_FALSE(ambulance.vehicle->daemon().DumpedCore());
}

}  // namespace cpis::e2e
