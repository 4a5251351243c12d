// SPDX-License-Identifier: Apache-2.0
//
// Tablets on the vehicle's LAN, and strangers there, with the real programs.
#include <catch2/catch.hpp>
#include <atomic>
#include <fstream>
#include <thread>

#include "crypto/certificates.h"
#include "tests/e2e/lan_call.h"
#include "tests/e2e/world.h"
#include "tests/patience.h"

namespace cpis::e2e {
namespace {

constexpr const char* kGateway = "127.0.0.2:0";
const std::string kCareTeam = "/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C";

std::string CodeOf(const HttpReply& reply) {
  boost::system::error_code failed;
  const json::value body = json::parse(reply.body, failed);
  if (failed || !body.is_object()) return "";
  const json::value* code = body.is_object() ? body.find_pointer("/issue/0/details/coding/0/code", failed) : nullptr;
  return code != nullptr ? Text(*code) : "";
}

// An ambulance that is a gateway.
struct Gateway : Ambulance {
  std::string authority;

  explicit Gateway(Arguments more = {}) {
    authority = Text(fleet.Does({"lan-ca"}).Json().at("certificate"));
    Restarts(std::move(more));
    REQUIRE(Opens());
  }
  void Restarts(Arguments more = {}) {
    REQUIRE(vehicle->Stops() == 0);
    Arguments options{"--key-store", "plain", "--lan", kGateway};
    options.insert(options.end(), more.begin(), more.end());
    vehicle->IsConfigured(options);
    vehicle->Starts();
  }
  std::string address() const { return Text(vehicle->daemon().ready().at("lan")); }
  json::value Lan() const { return vehicle->Status().at("lan"); }
  bool Opens() const {
    return Eventually([&] { return Stranger(9).Asks({"GET", "/healthz", {}, ""}).status == 200; }, seconds(20));
  }
  LanTablet Stranger(int from) const { return {address(), authority, from}; }
  std::string Code(const std::string& name) const {
    return Text(vehicle->Does({"tablet", "add", name}).Json().at("code"));
  }
  LanTablet Pairs(const std::string& name, int from) const {
    LanTablet tablet = Stranger(from);
    const HttpReply paired = tablet.Asks({"POST", "/pairing", {}, R"({"code":")" + Code(name) + R"("})"});
    REQUIRE(paired.status == 200);
    tablet.token = Text(paired.Json().at("token"));
    return tablet;
  }
};

std::string SignsIn(const LanTablet& tablet) {
  const HttpReply reply =
      tablet.Asks({"POST", "/session", {}, std::string(R"({"staff":")") + kSam + R"(","pin":")" + kSamsPin + R"("})"});
  REQUIRE(reply.status == 200);
  return Text(reply.Json().at("token"));
}
HttpReply LooksUp(const LanTablet& tablet, const std::string& session, const std::string& number) {
  return tablet.Asks({"GET", kCareTeam + number, {{"Authorization", "Bearer " + session}}, ""});
}

TEST_CASE("a tablet that was paired looks up a child over TLS that the fleet vouches for", "[lan]") {
  Gateway gateway;
  const LanTablet tablet = gateway.Pairs("saloon", 3);
  const HttpReply answer = LooksUp(tablet, SignsIn(tablet), Ambulance::Protected());
  CHECK(answer.status == 200);
  CHECK(answer.body.find("Lancashire") != std::string::npos);
  CHECK(gateway.Lan().at("open").as_bool());

  // By its own name too, and not by the name of another; with a browser's cookie instead of the header.
  LanTablet by_name = tablet;
  by_name.name = "a101.cpis.internal";
  CHECK(by_name.Asks({"GET", "/status", {}, ""}).status == 200);
  by_name.name = "a202.cpis.internal";
  CHECK(by_name.Asks({"GET", "/status", {}, ""}).status == 0);
  CHECK(gateway.Stranger(3).Asks({"GET", "/status", {{"Cookie", "a=b; __Host-cpis-tablet=" + tablet.token}}, ""}).status == 200);
  const json::array tablets = gateway.vehicle->Does({"tablet", "list"}).Json().as_array();
  REQUIRE(tablets.size() == 1);
  CHECK(Text(tablets[0].at("name")) == "saloon");
}

TEST_CASE("who is not paired gets the page, its files and the way in, and nothing else", "[lan]") {
  Gateway gateway;
  const LanTablet stranger = gateway.Stranger(3);
  for (const std::string path : {"/status", "/metrics", "/alerts", "/cpis/FHIR/R4/metadata", "/attendances", "/nothing"}) {
    CAPTURE(path);
    const HttpReply reply = stranger.Asks({"GET", path, {}, ""});
    CHECK(reply.status == 403);
    CHECK(CodeOf(reply) == "ACCESS_DENIED");
  }
  CHECK(stranger.Asks({"POST", "/session", {}, R"({"staff":"1","pin":"2"})"}).status == 403);
  CHECK(stranger.Asks({"GET", "/healthz", {}, ""}).status == 200);
  CHECK_FALSE(stranger.Asks({"GET", "/pairing", {}, ""}).Json().at("paired").as_bool());
  CHECK(stranger.Asks({"GET", "/", {}, ""}).status != 403);
  // Nor with what somebody made up, or with what it is called.
  for (const std::string token : {"saloon", "0000000000000000", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    LanTablet liar = stranger;
    liar.token = token;
    CHECK(liar.Asks({"GET", "/status", {}, ""}).status == 403);
  }
}

TEST_CASE("a code lets in once, and five wrong tries end it", "[lan]") {
  Gateway gateway;
  const LanTablet stranger = gateway.Stranger(3);
  const auto tries = [&](const std::string& code) { return stranger.Asks({"POST", "/pairing", {}, R"({"code":")" + code + R"("})"}).status; };
  std::string code = gateway.Code("saloon");
  CHECK(tries(code) == 200);
  CHECK(tries(code) == 403);
  code = gateway.Code("cab");
  const std::string wrong = code == "00000000" ? "00000001" : "00000000";
  for (int i = 0; i < 3; ++i) CHECK(tries(wrong) == 403);
  gateway.vehicle->IsKilled();  // what was tried stays tried
  gateway.vehicle->Starts();
  REQUIRE(gateway.Opens());
  const LanTablet again = gateway.Stranger(3);
  const auto tries_again = [&](const std::string& c) { return again.Asks({"POST", "/pairing", {}, R"({"code":")" + c + R"("})"}).status; };
  for (int i = 0; i < 2; ++i) CHECK(tries_again(wrong) == 403);
  CHECK(tries_again(code) == 403);
  CHECK(gateway.vehicle->Does({"tablet", "list"}).Json().as_array().size() == 1);
}

TEST_CASE("a kill right after pairing loses no tablet", "[lan]") {
  Gateway gateway;
  for (int round = 0; round < 3; ++round) {
    LanTablet tablet = gateway.Pairs("tablet " + std::to_string(round), 3);
    gateway.vehicle->IsKilled();
    gateway.vehicle->Starts();
    REQUIRE(gateway.Opens());
    tablet.address = gateway.address();
    CHECK(tablet.Asks({"GET", "/status", {}, ""}).status == 200);
  }
}

TEST_CASE("a tablet that was removed is refused at once, and what was begun there ends", "[lan]") {
  Gateway gateway;
  const LanTablet lost = gateway.Pairs("saloon", 3);
  const LanTablet kept = gateway.Pairs("cab", 4);
  const std::string session = SignsIn(lost);
  REQUIRE(LooksUp(lost, session, Ambulance::Protected()).status == 200);
  REQUIRE_FALSE(gateway.vehicle->Status().at("locked").as_bool());
  REQUIRE(gateway.vehicle->Does({"tablet", "remove", "saloon"}).exit_code == 0);
  CHECK(LooksUp(lost, session, Ambulance::Protected()).status == 403);
  CHECK(gateway.vehicle->Status().at("locked").as_bool());  // nobody else was signed in
  CHECK(LooksUp(kept, session, Ambulance::Protected()).status == 401);
  CHECK(kept.Asks({"GET", "/status", {}, ""}).status == 200);
  CHECK(gateway.vehicle->Does({"tablet", "remove", "saloon"}).exit_code == 1);
}

TEST_CASE("a session works where it began and nowhere else", "[lan]") {
  Gateway gateway;
  const LanTablet saloon = gateway.Pairs("saloon", 3);
  const LanTablet cab = gateway.Pairs("cab", 4);
  const std::string session = SignsIn(saloon);
  CHECK(LooksUp(saloon, session, Ambulance::Protected()).status == 200);
  CHECK(LooksUp(cab, session, Ambulance::Protected()).status == 401);
  const std::string id = Text(gateway.vehicle->Does({"tablet", "list"}).Json().as_array()[0].at("id"));
  for (const std::string& token : {session, session + "@" + id}) {
    const HttpCall here{"GET", kCareTeam + Ambulance::Protected(), {{"Authorization", "Bearer " + token}}, ""};
    CHECK(Ask(gateway.vehicle->http(), here).status == 401);
    CHECK(Crew(*gateway.vehicle, token).LooksUp(Ambulance::Protected()).exit_code == 4);
    CHECK(LooksUp(cab, token, Ambulance::Protected()).status == 401);
  }
  const Crew here = gateway.vehicle->SignsIn(kSam, kSamsPin);
  CHECK(LooksUp(saloon, here.session(), Ambulance::Protected()).status == 401);
  CHECK(here.LooksUp(Ambulance::Protected()).exit_code == 0);
}

TEST_CASE("a name that is not the gateway's is not answered, whatever it points at", "[lan]") {
  Gateway gateway;
  const LanTablet tablet = gateway.Pairs("saloon", 3);
  const std::string port = gateway.address().substr(gateway.address().find(':'));
  for (const std::string& host : {"evil.example" + port, std::string("127.0.0.2"), std::string("127.0.0.2:1"), "localhost" + port,
                                 "127.0.0.1" + port, std::string("a101.cpis.internal"), "a101.cpis.internal." + port}) {
    CAPTURE(host);
    CHECK(tablet.Asks({"GET", "/status", {{"Host", host}}, ""}).status == 403);
  }
  CHECK(tablet.Asks({"GET", "/status", {{"Host", "A101.cpis.internal" + port}}, ""}).status == 200);
}

TEST_CASE("pages of other origins change nothing and read nothing, unless they were named", "[lan]") {
  const std::string named = "https://epcr.example.nhs.uk";
  Gateway gateway({"--allow-origin", named});
  const LanTablet tablet = gateway.Pairs("saloon", 3);
  const std::string body = std::string(R"({"staff":")") + kSam + R"(","pin":")" + kSamsPin + R"("})";
  const auto signs_in = [&](std::map<std::string, std::string> headers) { return tablet.Asks({"POST", "/session", std::move(headers), body}); };
  CHECK(signs_in({{"Origin", "https://evil.example"}}).status == 403);
  CHECK(signs_in({{"Origin", "null"}}).status == 403);
  CHECK(signs_in({{"Origin", named + ".evil.example"}}).status == 403);
  CHECK(signs_in({{"Sec-Fetch-Site", "cross-site"}}).status == 403);
  CHECK(signs_in({{"Origin", "https://" + gateway.address()}}).status == 200);
  const HttpReply allowed = signs_in({{"Origin", named}, {"Sec-Fetch-Site", "cross-site"}});
  CHECK(allowed.status == 200);
  CHECK(allowed.headers.at("access-control-allow-origin") == named);
  CHECK(allowed.headers.at("vary") == "Origin");
  CHECK_FALSE(allowed.headers.contains("access-control-allow-credentials"));
  const HttpReply read = tablet.Asks({"GET", "/status", {{"Origin", "https://evil.example"}}, ""});
  CHECK_FALSE(read.headers.contains("access-control-allow-origin"));
  const std::map<std::string, std::string> asks{{"Origin", named}, {"Access-Control-Request-Method", "POST"}};
  CHECK(gateway.Stranger(4).Asks({"OPTIONS", "/session", asks, ""}).status == 204);
  CHECK(gateway.Stranger(4).Asks({"OPTIONS", "/session", {{"Origin", "https://evil.example"}, {"Access-Control-Request-Method", "POST"}}, ""}).status == 403);
  // On this machine the same.
  CHECK(Ask(gateway.vehicle->http(), {"POST", "/session", {{"Origin", "https://evil.example"}}, body}).status == 403);
  CHECK(Ask(gateway.vehicle->http(), {"POST", "/session", {{"Origin", named}}, body}).status == 200);
}

TEST_CASE("one tablet or stranger that floods does not keep another from its answers", "[lan]") {
  Gateway gateway;
  const LanTablet flooder = gateway.Pairs("saloon", 3);
  const LanTablet crew = gateway.Pairs("cab", 4);
  const LanTablet stranger = gateway.Stranger(5);
  const std::string session = SignsIn(crew);
  std::atomic<bool> stop = false;
  std::atomic<int> slowed = 0;
  std::vector<std::thread> floods;
  for (const LanTablet* who : {&flooder, &flooder, &flooder, &stranger, &stranger}) {
    floods.emplace_back([&, who] {
      while (!stop) slowed += who->Asks({"GET", "/healthz", {}, ""}).status == 200 ? 0 : 1;
    });
  }
  REQUIRE(Eventually([&] { return slowed > 50; }, seconds(60)));
  std::vector<milliseconds> took;
  for (int look = 0; look < 20; ++look) {
    const auto began = std::chrono::steady_clock::now();
    CHECK(LooksUp(crew, session, Ambulance::Protected()).status == 200);
    took.push_back(std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began));
  }
  stop = true;
  for (std::thread& flood : floods) flood.join();
  CHECK(*std::max_element(took.begin(), took.end()) < Patient(seconds(1)));
}

TEST_CASE("hundreds of silent connections from many addresses cost little, and keep no paired tablet out", "[lan]") {
  constexpr size_t kGrowth = 256 * 128 * 1024;  // kLanConnections of edge/http/gate.h; one with a TLS session that waits takes 90 KiB
  Gateway gateway;
  const LanTablet crew = gateway.Pairs("cab", 4);
  const std::string session = SignsIn(crew);
  const auto is_answered = [&] {
    const auto began = std::chrono::steady_clock::now();
    return LooksUp(crew, session, Ambulance::Protected()).status == 200 && std::chrono::steady_clock::now() - began < Patient(seconds(1));
  };
  for (int i = 0; i < 8; ++i) CHECK(is_answered());
  const auto memory = [&] { return MemoryOf(gateway.vehicle->daemon().pid(), "VmRSS"); };
  const size_t settled = memory();
  std::vector<std::shared_ptr<void>> held;
  for (int address = 10; address < 50; ++address) {
    for (int i = 0; i < 15; ++i) held.push_back(gateway.Stranger(address).Holds());
  }
  for (const auto& line : held) CHECK(line);  // each was let in, and who waited longest gave way
  for (int i = 0; i < 5; ++i) CHECK(is_answered());
  if (kMemoryTells) CHECK(memory() < settled + kGrowth);
  held.clear();
  CHECK(is_answered());
}

TEST_CASE("a name that no vehicle's LAN has is refused with 78 and quoted, and plain HTTP does not leave the machine", "[lan]") {
  Gateway gateway;
  REQUIRE(gateway.vehicle->Stops() == 0);
  const auto refuses = [&](Arguments options, const std::string& quoted, const std::string& advice) {
    options.insert(options.begin(), {Program("cpis-edged"), "--state", gateway.vehicle->state().string(), "--key-store", "plain"});
    const Output refused = Run({options, "", {}});
    CAPTURE(refused.err);
    CHECK(refused.exit_code == 78);
    CHECK(refused.err.find("\"" + quoted + "\"") != std::string::npos);
    CHECK(refused.err.find(advice) != std::string::npos);
  };
  for (const std::string name : {"spine.nhs.uk", "8.8.8.8", "fleet.cpis-edge.invalid", "a,IP:8.8.8.8.lan", "internal", "*.lan"}) {
    refuses({"--http", "127.0.0.1:0", "--lan", kGateway, "--lan-name", name}, name, "gateway.lan");
  }
  refuses({"--http", "0.0.0.0:8750"}, "0.0.0.0:8750", "--lan");
  refuses({"--http", "192.168.8.1:8750"}, "192.168.8.1:8750", "--lan");
  refuses({"--http", "127.0.0.1:0", "--allow-origin", "*"}, "*", "https://");
  refuses({"--http", "127.0.0.1:0", "--lan", "nowhere"}, "nowhere", "");
}

TEST_CASE("a configuration file says of the LAN what the options say", "[lan]") {
  Gateway gateway;
  REQUIRE(gateway.vehicle->Stops() == 0);
  const Path file = gateway.fleet.directory() / "edged.toml";
  std::ofstream(file) << "lan = \"127.0.0.2:0\"\nlan-name = [\"gateway.lan\", \"10.9.8.7\"]\nallow-origin = \"https://epcr.example\"\n"
                      << "http = \"0.0.0.0:0\"\n";  // which is refused, but the flag wins
  gateway.vehicle->IsConfigured({"--key-store", "plain", "--config", file.string()});
  gateway.vehicle->Starts();
  LanTablet by_name = gateway.Stranger(3);
  by_name.name = "gateway.lan";
  REQUIRE(Eventually([&] { return by_name.Asks({"GET", "/healthz", {}, ""}).status == 200; }, seconds(20)));
  by_name.from = 4;  // who asked until it was so has used up its connections
  CHECK(by_name.Asks({"GET", "/healthz", {{"Origin", "https://epcr.example"}}, ""}).headers.at("access-control-allow-origin") ==
        "https://epcr.example");
  REQUIRE(gateway.vehicle->Stops() == 0);
  std::ofstream(file) << "lan-name = [7]\n";
  const Output refused = Run({{Program("cpis-edged"), "--config", file.string()}, "", {}});
  CHECK(refused.exit_code == 78);
  CHECK(refused.err.find("\"lan-name\"") != std::string::npos);
}

TEST_CASE("another name brings another certificate, a name of another vehicle none, and the doctor says why", "[lan]") {
  Gateway gateway;
  const std::string first = gateway.Stranger(3).certificate();
  gateway.Restarts({"--lan-name", "gateway.lan"});
  LanTablet by_name = gateway.Stranger(3);
  by_name.name = "gateway.lan";
  REQUIRE(Eventually([&] { return by_name.Asks({"GET", "/healthz", {}, ""}).status == 200; }, seconds(20)));
  const std::string second_certificate = gateway.Stranger(4).certificate();
  CHECK_FALSE(second_certificate.empty());
  CHECK(second_certificate != first);

  // A second vehicle may be called neither what the first is, nor what the first called itself.
  auto second = gateway.fleet.Equips("A202", Lancashire().code);
  for (const std::string name : {"a101.cpis.internal", "gateway.lan", "a303.cpis.internal"}) {
    REQUIRE(second->Stops() == 0);
    second->IsConfigured({"--key-store", "plain", "--lan", kGateway, "--lan-name", name});
    second->Starts();
    CAPTURE(name);
    CHECK(Eventually([&] { return second->Does({"doctor"}).out.find(name) != std::string::npos; }, seconds(20)));
    const LanTablet there{Text(second->daemon().ready().at("lan")), gateway.authority, 5};
    CHECK(there.Asks({"GET", "/healthz", {}, ""}).status == 0);
  }
}

TEST_CASE("a vehicle that is off line keeps its certificate, and one that was revoked gets none", "[lan]") {
  Gateway gateway;
  const std::string first = gateway.Stranger(3).certificate();
  gateway.vehicle->LosesLink();
  gateway.Restarts();
  REQUIRE(gateway.Opens());
  CHECK(gateway.Stranger(3).certificate() == first);
  gateway.Restarts({"--lan-name", "other.lan"});
  REQUIRE(gateway.Opens());  // with the old one, for its old names
  REQUIRE(gateway.fleet.Does({"node", "revoke", "A101"}).exit_code == 0);
  gateway.vehicle->FindsLink();
  REQUIRE(Eventually([&] { return !gateway.Lan().at("open").as_bool(); }, seconds(30)));
  CHECK(Text(gateway.Lan().at("detail")).find("not enrolled") != std::string::npos);  // it is erased, and closed
  CHECK(Eventually([&] { return gateway.Stranger(5).certificate().empty(); }, seconds(5)));
  CHECK_FALSE(std::filesystem::exists(gateway.vehicle->state() / "lan"));
}

}  // namespace
}  // namespace cpis::e2e
