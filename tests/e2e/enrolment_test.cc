// SPDX-License-Identifier: Apache-2.0
//
// Who gets in, and who does not.
#include <catch2/catch.hpp>
#include <unistd.h>

#include "tests/e2e/http_call.h"
#include "tests/e2e/tls_probe.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

bool Listens(const std::string& address) {
  const int fd = Connect(PortOf(address));
  if (fd >= 0) close(fd);
  return fd >= 0;
}

Output ImportOneChild(const Fleet& fleet) {
  return fleet.Imports(AuthorityFile(Lancashire(), "LANCS-001").Protects(NhsNumber(0), Day(-1)));
}

}  // namespace

TEST_CASE("an enrolment code works once, and the listener is open only while a code is outstanding", "[enrolment]") {
  Fleet fleet;
  REQUIRE(ImportOneChild(fleet).exit_code == 0);
  CHECK_FALSE(Listens(fleet.enrol_address()));
  const auto first = fleet.Delivers("A101");
  const auto second = fleet.Delivers("A102");

  const std::string code = fleet.IssuesCode("A101", Lancashire().code);
  CHECK(Listens(fleet.enrol_address()));
  CHECK(fleet.Status().at("codes_outstanding") == 1);
  REQUIRE(first->Enrols(code).exit_code == 0);
  CHECK(first->Status().at("enrolled").as_bool());
  CHECK(Eventually([&] { return !Listens(fleet.enrol_address()); }));
  CHECK(fleet.Status().at("codes_outstanding") == 0);
  CHECK(fleet.Status().at("enrol_listen").is_null());

  SECTION("nobody answers a used code when none is outstanding") {
    CHECK(second->Enrols(code).exit_code == 75);
  }
  SECTION("a used code is refused while another one is outstanding, and that one still works") {
    const std::string other = fleet.IssuesCode("A102", Lancashire().code);
    CHECK(second->Enrols(code).exit_code == 4);
    CHECK_FALSE(second->Status().at("enrolled").as_bool());
    CHECK(second->Enrols(other).exit_code == 0);
  }
}

TEST_CASE("a code that was never issued is refused, and so is what is no code", "[enrolment]") {
  Fleet fleet;
  REQUIRE(ImportOneChild(fleet).exit_code == 0);
  const auto vehicle = fleet.Delivers("A101");
  std::string code = fleet.IssuesCode("A101", Lancashire().code);
  // The server's pin stays, the secret changes: its first character, which no checksum of ours may tell apart.
  code.front() = code.front() == '7' ? '8' : '7';
  const Output wrong = vehicle->Enrols(code);
  CHECK((wrong.exit_code == 4 || wrong.exit_code == 2));
  CHECK_FALSE(vehicle->Status().at("enrolled").as_bool());
  const Output nonsense = vehicle->Enrols("nonsense");
  CHECK(nonsense.exit_code == 2);
  CHECK(nonsense.err.find("fleet node add") != std::string::npos);
}

TEST_CASE("a code of one fleet does not enrol a vehicle with another that answers in its place", "[enrolment]") {
  Fleet fleet;
  Fleet impostor;
  REQUIRE(ImportOneChild(fleet).exit_code == 0);
  REQUIRE(ImportOneChild(impostor).exit_code == 0);
  const auto vehicle = fleet.Delivers("A101");
  const std::string code = fleet.IssuesCode("A101", Lancashire().code);
  impostor.IssuesCode("A101", Lancashire().code);
  const Output misled = vehicle->Does({"enrol", "--server", impostor.enrol_address(), "--code", code});
  CHECK(misled.exit_code == 4);
  CHECK(impostor.Status().at("nodes").at("enrolled") == 0);
  CHECK(vehicle->Enrols(code).exit_code == 0);
}

TEST_CASE("nobody without a certificate of this fleet is let in on the sync port", "[enrolment]") {
  Fleet fleet;
  CHECK_FALSE(LetsIn(fleet.sync_port(), Stranger::kPlainText));
  CHECK_FALSE(LetsIn(fleet.sync_port(), Stranger::kNoCertificate));
  CHECK_FALSE(LetsIn(fleet.sync_port(), Stranger::kCertificateOfItsOwn));

  // The enrolment listener has to talk to strangers: so the question does tell an open door from a closed one.
  REQUIRE(ImportOneChild(fleet).exit_code == 0);
  fleet.IssuesCode("A101", Lancashire().code);
  CHECK(LetsIn(PortOf(fleet.enrol_address()), Stranger::kNoCertificate));
  CHECK_FALSE(LetsIn(PortOf(fleet.enrol_address()), Stranger::kPlainText));
}

TEST_CASE("an enrolled vehicle says whom it belongs to, and that a plain key store is not hardware bound", "[enrolment]") {
  Ambulance ambulance;
  const json::object status = ambulance.vehicle->Status();
  CHECK(status.at("node") == "A101");
  CHECK(status.at("trust") == "RX7");
  CHECK(status.at("enrolled").as_bool());
  CHECK(status.at("link").at("state") == "ONLINE");
  CHECK(status.at("freshness") == "FRESH");
  CHECK(status.at("key_store").at("kind") == "plain");
  CHECK_FALSE(status.at("key_store").at("hardware_bound").as_bool());
  const json::object fleet = ambulance.fleet.Status();
  CHECK(fleet.at("nodes").at("enrolled") == 1);
  CHECK(fleet.at("nodes").at("connected") == 1);
}

}  // namespace cpis::e2e
