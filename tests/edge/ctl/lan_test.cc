// SPDX-License-Identifier: Apache-2.0
//
// What cpisctl asks and says about a vehicle's LAN.
#include <catch2/catch.hpp>

#include "edge/ctl/arguments.h"
#include "edge/ctl/render.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

std::string Asked(const std::vector<std::string>& words) {
  const Parsed parsed = ParseArguments(words);
  INFO(parsed.text);
  REQUIRE(parsed.command.has_value());
  return parsed.command->method + " " + json::serialize(parsed.command->arguments);
}

TEST_CASE("tablets are listed, added and removed by name, and the fleet's LAN certificate is asked for") {
  CHECK(Asked({"node", "tablet"}) == "node.tablet.list {}");
  CHECK(Asked({"node", "tablet", "list"}) == "node.tablet.list {}");
  CHECK(Asked({"node", "tablet", "add", "saloon"}) == R"(node.tablet.add {"name":"saloon"})");
  CHECK(Asked({"node", "tablet", "remove", "saloon"}) == R"(node.tablet.remove {"name":"saloon"})");
  CHECK(Asked({"fleet", "lan-ca"}) == "fleet.lan-ca {}");
  CHECK(ParseArguments({"node", "tablet", "add"}).exit_code == 2);
}

TEST_CASE("a pairing code is shown in two groups, with its tablet and its end") {
  const std::string text = Render("node.tablet.add", json::parse(R"({"name":"saloon","code":"01234567","expires":"2026-11-22T02:10:00Z"})"));
  CHECK(text == "Type this on the tablet: 0123 4567\nIt lets \"saloon\" in once, until 22 Nov 2026 02:10; five wrong tries end it.\n");
  CHECK(Render("node.tablet.list", json::parse("[]")) == "No tablet may come in (cpisctl node tablet add NAME).\n");
  const std::string list = Render("node.tablet.list", json::parse(R"([{"name":"saloon","id":"1","paired_at":"2026-11-22T02:00:00Z"}])"));
  CHECK(list.find("saloon") != std::string::npos);
  CHECK(list.find("22 Nov 2026 02:00") != std::string::npos);
  CHECK(Render("fleet.lan-ca", json::parse(R"({"certificate":"-----BEGIN\n","sha256":"00","expires":"2036-11-22T02:00:00Z"})")) == "-----BEGIN\n");
}

TEST_CASE("status says how the LAN is, where there is one") {
  const char* status = R"j({"enrolled":true,"node":"A101","trust":"RX7","lan":{"open":false,"detail":"not open: no certificate yet (off line)"}})j";
  CHECK(Render("node.status", json::parse(status)).find("LAN           not open: no certificate yet (off line)\n") != std::string::npos);
  CHECK(Render("node.status", json::parse(R"({"enrolled":true,"lan":null})")).find("LAN") == std::string::npos);
}

}  // namespace
}  // namespace cpis::edge::ctl
