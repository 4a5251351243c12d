// SPDX-License-Identifier: Apache-2.0
#include "edge/http/gate.h"

#include <catch2/catch.hpp>

#include "edge/http/pairing.h"
#include "tests/edge/http/fake_lan.h"
#include "tests/edge/http/requests.h"

namespace cpis::edge::http {
namespace {

// The service behind a LAN gate that is called gateway.lan:8743.
struct Gateway {
  explicit Gateway(std::vector<std::string> origins = {}) : gate(lan, *Origins::Parse(origins)), service(node, gate) {
    gate.AnswerTo({"gateway.lan:8743", "192.168.8.1:8743"});
  }
  HttpRequest From(std::string method, std::string path, const std::string& token = "") {
    HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.peer = "192.168.8.20";
    request.headers = {{"Host", "gateway.lan:8743"}};
    if (!token.empty()) request.headers.push_back({"X-CPIS-Tablet", token});
    return request;
  }
  int Status(const HttpRequest& request) { return service.Answer(request).status; }

  FakeNode node;
  FakeLan lan;
  Gate gate;
  Service service;
};

HttpRequest With(HttpRequest request, std::string name, std::string value) {
  request.headers.push_back({std::move(name), std::move(value)});
  return request;
}

TEST_CASE("a session of a paired tablet is asked for as of that tablet") {
  Gateway gateway;
  HttpRequest signs_in = gateway.From("POST", "/session", FakeLan::kToken);
  signs_in.body = R"({"staff":"crew-1","pin":"2468"})";
  CHECK(gateway.Status(signs_in) == 200);
  CHECK(gateway.node.place == FakeLan::kTabletId);
  HttpRequest looks = With(gateway.From("GET", "/cpis/FHIR/R4/CareTeam", FakeLan::kToken), "Authorization", "Bearer token-1");
  looks.query = {{"patient:identifier", kChild}};
  looks.place = "what the wire cannot say";
  const HttpResponse response = gateway.service.Answer(looks);
  CHECK(response.status == 200);
  CHECK(gateway.node.token == std::string("token-1@") + FakeLan::kTabletId);
  CHECK(response.body.find("https://gateway.lan:8743/") != std::string::npos);
  gateway.node.lookups = 0;
  looks.headers.back().value = std::string("Bearer token-1@") + FakeLan::kTabletId;  // nobody's token
  CHECK(gateway.Status(looks) == 401);
  CHECK(gateway.node.lookups == 0);
}

TEST_CASE("on this machine a session has no place, whatever the request says of a tablet") {
  FakeNode node;
  Gate gate;
  const Service service(node, gate);
  HttpRequest request = Request("POST", "/session");
  request.headers.push_back({"X-CPIS-Tablet", FakeLan::kToken});
  request.body = R"({"staff":"crew-1","pin":"2468"})";
  CHECK(service.Answer(request).status == 200);
  CHECK(node.place.empty());
  CHECK(Body(service.Answer(Request("GET", "/pairing"))).at("paired").as_bool());
  CHECK(service.Answer(Request("POST", "/pairing")).status == 405);
}

TEST_CASE("a stranger gets the page, its files, health and pairing") {
  Gateway gateway;
  for (const char* path : {"/", "/page/app.mjs", "/healthz", "/pairing"}) CHECK(gateway.Status(gateway.From("GET", path)) != 403);
  for (const char* path : {"/status", "/metrics", "/page", "/pagefile", "/session", "/cpis/FHIR/R4/metadata", "/alerts", "//", "/pairing/x"}) {
    CAPTURE(path);
    const HttpResponse response = gateway.service.Answer(gateway.From("GET", path));
    CHECK(response.status == 403);
    CHECK(IssueCode(response) == "ACCESS_DENIED");
  }
  CHECK(gateway.Status(gateway.From("POST", "/")) == 403);
  CHECK(gateway.Status(gateway.From("POST", "/page/x")) == 403);
  CHECK(gateway.Status(gateway.From("GET", "/status", "wrong")) == 403);
  CHECK(gateway.Status(gateway.From("GET", "/status", FakeLan::kToken)) == 200);
}

TEST_CASE("pairing gives the token to the application, and to the browser as a cookie that is the host's alone") {
  Gateway gateway;
  HttpRequest pairs = gateway.From("POST", "/pairing");
  pairs.body = R"({"code":"12345678"})";
  const HttpResponse response = gateway.service.Answer(pairs);
  CHECK(response.status == 200);
  CHECK(Body(response).at("token").as_string() == FakeLan::kToken);
  CHECK(Header(response, "Set-Cookie") == std::string("__Host-cpis-tablet=") + FakeLan::kToken +
                                              "; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Strict");
  CHECK(Header(response, "Cache-Control") == "no-store");
  pairs.body = R"({"code":"00000000"})";
  CHECK(gateway.Status(pairs) == 403);
  CHECK(Header(gateway.service.Answer(pairs), "Set-Cookie").empty());
  pairs.body = R"({"code":12345678})";
  CHECK(gateway.Status(pairs) == 400);
  CHECK(gateway.Status(With(gateway.From("GET", "/status"), "Cookie", std::string("x=y;__Host-cpis-tablet=") + FakeLan::kToken)) == 200);
  CHECK(gateway.Status(With(gateway.From("GET", "/status"), "Cookie", std::string("x__Host-cpis-tablet=") + FakeLan::kToken)) == 403);
  CHECK(gateway.Status(With(gateway.From("GET", "/status", FakeLan::kToken), "X-CPIS-Tablet", FakeLan::kToken)) == 403);  // which one?
  CHECK(Body(gateway.service.Answer(gateway.From("GET", "/pairing", FakeLan::kToken))).at("tablet").as_string() == "saloon");
}

TEST_CASE("who asks too often waits, and nobody else does") {
  Gateway gateway;
  const HttpRequest stranger = gateway.From("GET", "/healthz");
  const HttpRequest tablet = gateway.From("GET", "/status", FakeLan::kToken);
  HttpRequest neighbour = stranger;
  neighbour.peer = "192.168.8.21";
  int answered = 0;
  for (int i = 0; i < 2 * kStrangerRequests; ++i) answered += gateway.Status(stranger) == 200 ? 1 : 0;
  CHECK(answered >= kStrangerRequests);
  CHECK(answered <= kStrangerRequests + 2);
  const HttpResponse refused = gateway.service.Answer(stranger);
  CHECK(refused.status == 429);
  CHECK(refused.last);
  CHECK(std::stoi(Header(refused, "Retry-After")) > 0);
  CHECK(gateway.Status(neighbour) == 200);
  CHECK(gateway.Status(tablet) == 200);  // the same address, and paired
  answered = 0;
  for (int i = 0; i < 2 * kTabletRequests; ++i) answered += gateway.Status(tablet) == 200 ? 1 : 0;
  CHECK(answered < kTabletRequests + 60);
}

TEST_CASE("an address has its share of connections and no more, at once and in a minute") {
  FakeLan lan;
  Gate gate(lan, {});
  CHECK(gate.Admits("192.168.8.20", kTabletConnections - 1));
  CHECK_FALSE(gate.Admits("192.168.8.20", kTabletConnections));
  int admitted = 0;
  for (int i = 0; i < 2 * kConnectionsAMinute; ++i) admitted += gate.Admits("192.168.8.20", 0) ? 1 : 0;
  CHECK(admitted <= kConnectionsAMinute + 2);
  CHECK(gate.Admits("192.168.8.21", 0));
}

TEST_CASE("what is remembered of strangers is bounded, and a tablet's allowance is not taken by them") {
  RequestRates rates(60);
  const RequestRates::Time now = std::chrono::steady_clock::now();
  for (int i = 0; i < 59; ++i) CHECK(rates.Take("known", now) == 0);
  int refused = 0;
  for (int i = 0; i < 10'000; ++i) refused += rates.Take("10.0.0." + std::to_string(i), now) > 0 ? 1 : 0;
  CHECK(refused > 9'000);  // all that are one too many have one allowance together
  CHECK(rates.Take("known", now) == 0);
  CHECK(rates.Take("known", now) == 1);
  CHECK(rates.Take("known", now + std::chrono::seconds(2)) == 0);
}

TEST_CASE("only the certificate's names at the right port are answered, before anybody is let in") {
  Gateway gateway;
  for (const char* host : {"gateway.lan:8743", "GATEWAY.lan:8743", "192.168.8.1:8743"}) {
    HttpRequest request = gateway.From("GET", "/status", FakeLan::kToken);
    request.headers[0].value = host;
    CHECK(gateway.Status(request) == 200);
  }
  for (const char* host : {"", "gateway.lan", "gateway.lan:8744", "localhost:8743", "127.0.0.1:8743", "evil.example:8743", "gateway.lan.:8743"}) {
    HttpRequest request = gateway.From("GET", "/status", FakeLan::kToken);
    request.headers[0].value = host;
    CAPTURE(host);
    CHECK(gateway.Status(request) == 403);
  }
  FakeLan lan;
  Gate closed(lan, {});
  CHECK(closed.Meet(gateway.From("GET", "/healthz")).answer->status == 403);
}

TEST_CASE("an origin is named exactly, and a star is none") {
  for (const char* good : {"https://epcr.example.nhs.uk", "http://localhost:3000", "https://[fd00::1]:8443"}) CHECK(Origins::Parse({good}).ok());
  for (const char* bad : {"*", "null", "", "https://", "epcr.example", "https://epcr.example/", "https://a.b/c", "https://a b", "ftp://a",
                          "https://a:", "https://a:99999", "https://*.nhs.uk", "https://user@a"}) {
    CAPTURE(bad);
    CHECK(Origins::Parse({bad}).status().code() == platform::Code::kInvalid);
  }
  CHECK(Origins::Parse({"*"}).status().message().find("\"*\"") != std::string::npos);
}

TEST_CASE("a page of a foreign origin changes nothing, a named one is answered, and no answer is for everybody") {
  Gateway gateway({"https://epcr.example"});
  HttpRequest signs_in = gateway.From("POST", "/session", FakeLan::kToken);
  signs_in.body = R"({"staff":"crew-1","pin":"2468"})";
  CHECK(gateway.Status(With(signs_in, "Origin", "https://gateway.lan:8743")) == 200);
  for (const char* origin : {"https://evil.example", "null", "http://gateway.lan:8743", "https://192.168.8.1:8743", "https://epcr.example.evil"}) {
    CAPTURE(origin);
    gateway.node.staff.clear();
    const HttpResponse response = gateway.service.Answer(With(signs_in, "Origin", origin));
    CHECK(response.status == 403);
    CHECK(Header(response, "Access-Control-Allow-Origin").empty());
    CHECK(gateway.node.staff.empty());
  }
  CHECK(gateway.Status(With(With(signs_in, "Origin", "https://epcr.example"), "Origin", "https://evil.example")) == 403);
  CHECK(gateway.Status(With(signs_in, "Sec-Fetch-Site", "cross-site")) == 403);
  CHECK(gateway.Status(With(gateway.From("DELETE", "/session", FakeLan::kToken), "Origin", "https://evil.example")) == 403);
  const HttpResponse named = gateway.service.Answer(With(With(signs_in, "Origin", "https://epcr.example"), "Sec-Fetch-Site", "cross-site"));
  CHECK(named.status == 200);
  CHECK(Header(named, "Access-Control-Allow-Origin") == "https://epcr.example");
  CHECK(Header(named, "Vary") == "Origin");
  CHECK(Header(named, "Access-Control-Allow-Credentials").empty());
  CHECK(Header(gateway.service.Answer(gateway.From("GET", "/healthz")), "Vary") == "Origin");
  CHECK(Header(Gateway().service.Answer(Gateway().From("GET", "/healthz")), "Access-Control-Allow-Origin").empty());
}

TEST_CASE("a preflight is answered for named origins, paired or not, and for no others") {
  Gateway gateway({"https://epcr.example"});
  const HttpRequest asks = With(gateway.From("OPTIONS", "/cpis/FHIR/R4/CareTeam"), "Access-Control-Request-Method", "GET");
  const HttpResponse named = gateway.service.Answer(With(asks, "Origin", "https://epcr.example"));
  CHECK(named.status == 204);
  CHECK(Header(named, "Access-Control-Allow-Headers").find("X-CPIS-Tablet") != std::string::npos);
  CHECK(Header(named, "Access-Control-Allow-Private-Network").empty());
  CHECK(Header(named, "Access-Control-Allow-Origin") == "https://epcr.example");
  const HttpResponse other = gateway.service.Answer(With(asks, "Origin", "https://evil.example"));
  CHECK(other.status == 403);
  CHECK(Header(other, "Access-Control-Allow-Methods").empty());
}

}  // namespace
}  // namespace cpis::edge::http
