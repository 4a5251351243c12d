// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/lan_desk.h"

#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

struct Lan : World {
  LanDesk lan_desk{*store};

  Result<std::string> Asks(const std::string& node, std::vector<std::string> names) {
    return lan_desk.Certify(node, {crypto::NewCertificateRequest("x")->request_pem, std::move(names)});
  }
  std::vector<std::string> NamesOf(const std::string& pem) {
    std::vector<std::string> texts;
    const std::vector<crypto::LanName> names = *crypto::CertificateNames(pem);
    for (const crypto::LanName& name : names) texts.push_back(name.text);
    return texts;
  }
};

TEST_CASE("a vehicle gets a certificate for its own names and what it asks for, and for ninety days") {
  Lan w;
  const Node node = w.Enrols("A101", {kLancashire});
  const auto pem = w.Asks(node.id, {"192.168.8.1", "Gateway.LAN", "a101.cpis.internal"});
  REQUIRE(pem.ok());
  CHECK(w.NamesOf(*pem) == std::vector<std::string>{node.id + ".cpis.internal", "a101.cpis.internal", "192.168.8.1", "gateway.lan"});
  const auto left = *crypto::CertificateExpiry(*pem) - std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  CHECK(std::chrono::abs(left - kLanCertificateLife) < std::chrono::minutes(5));
  // What cannot be a DNS label is no name; the vehicle's id always is.
  const Node spaced = w.Enrols("Rapid response 7", {kLancashire});
  CHECK(w.NamesOf(*w.Asks(spaced.id, {})) == std::vector<std::string>{spaced.id + ".cpis.internal"});
  const Node dotted = w.Enrols("a101.x", {kLancashire});
  CHECK(w.NamesOf(*w.Asks(dotted.id, {})) == std::vector<std::string>{dotted.id + ".cpis.internal"});
}

TEST_CASE("a vehicle gets no certificate in the name of another, of the fleet server or of anything public") {
  Lan w;
  const Node first = w.Enrols("A101", {kLancashire});
  const Node thief = w.Enrols("A202", {kLancashire});
  REQUIRE(w.Asks(first.id, {"gateway.lan", "192.168.8.1"}).ok());
  for (const std::string& name : {std::string("a101.cpis.internal"), std::string("A101.CPIS.internal"), first.id + ".cpis.internal",
                                 std::string("x.a202.cpis.internal"), std::string("gateway.lan")}) {
    CAPTURE(name);
    CHECK(w.Asks(thief.id, {name}).status().code() == Code::kDenied);
  }
  for (const std::string& name : {std::string(crypto::kFleetServerName), std::string("8.8.8.8"), std::string("spine.nhs.uk")}) {
    CAPTURE(name);
    const auto refused = w.Asks(thief.id, {name});
    CHECK(refused.status().code() == Code::kInvalid);
    CHECK(refused.status().message().find("\"" + name + "\"") != std::string::npos);
  }
  CHECK(w.Asks(thief.id, {"192.168.8.1", "other.lan"}).ok());  // every vehicle has that address
  // One that differs from the first in case only does without that name.
  const Node same = w.Enrols("a101", {kLancashire});
  CHECK(w.NamesOf(*w.Asks(same.id, {})) == std::vector<std::string>{same.id + ".cpis.internal"});
  CHECK(w.Asks(thief.id, std::vector<std::string>(17, "x.lan")).status().code() == Code::kInvalid);
}

TEST_CASE("a vehicle that left the fleet gets none, and its names are free") {
  Lan w;
  const Node lost = w.Enrols("A101", {kLancashire});
  const Node other = w.Enrols("A202", {kLancashire});
  REQUIRE(w.Asks(lost.id, {"gateway.lan"}).ok());
  REQUIRE(w.roll->Revoke("A101").ok());
  CHECK(w.Asks(lost.id, {}).status().code() == Code::kDenied);
  CHECK(w.Asks(other.id, {"gateway.lan"}).ok());
  CHECK(w.Asks("node-0000000000000000", {}).status().code() == Code::kDenied);
}

TEST_CASE("one vehicle cannot take every name there is") {
  Lan w;
  const Node node = w.Enrols("A101", {kLancashire});
  int given = 0;
  for (int i = 0; i < 100; ++i) given += w.Asks(node.id, {"x" + std::to_string(i) + ".lan"}).ok() ? 1 : 0;
  CHECK(given == 63);  // and its own
  CHECK(w.Asks(node.id, {"x1.lan"}).ok());
}

}  // namespace
}  // namespace cpis::sync::fleet
