// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/edge/http/requests.h"

namespace cpis::edge::http {
namespace {

struct Vehicle {
  FakeNode node;
  Service service{node, "127.0.0.1:8750"};

  HttpResponse Ask(const HttpRequest& request) { return service.Answer(request); }
  HttpResponse AskWith(const std::string& name, const std::string& value) {
    HttpRequest request = Search("CareTeam");
    request.headers.push_back({name, value});
    return Ask(request);
  }
};

}  // namespace

TEST_CASE("the number and the session reach the node as they were sent") {
  Vehicle vehicle;
  CHECK(vehicle.Ask(Search("CareTeam")).status == 200);
  CHECK(vehicle.node.token == "token-1");
  CHECK(vehicle.node.lookup.nhs_number == "9990000018");
  CHECK(vehicle.node.lookup.incident.empty());
}

TEST_CASE("patient.identifier is taken as patient:identifier") {
  Vehicle vehicle;
  HttpRequest request = Search("CareTeam");
  request.query[0].name = "patient.identifier";
  CHECK(vehicle.Ask(request).status == 200);
}

TEST_CASE("a search without exactly one NHS number is INVALID_SEARCH_DATA and never reaches the node") {
  Vehicle vehicle;
  HttpRequest request = Search("CareTeam");
  SECTION("missing") { request.query.clear(); }
  SECTION("given twice") { request.query.push_back(request.query[0]); }
  SECTION("given in both forms") { request.query.push_back({"patient.identifier", kChild}); }
  SECTION("no system") { request.query[0].value = "9990000018"; }
  SECTION("another system") { request.query[0].value = "https://fhir.nhs.uk/Id/other|9990000018"; }
  SECTION("no number") { request.query[0].value = "https://fhir.nhs.uk/Id/nhs-number|"; }
  const HttpResponse response = vehicle.Ask(request);
  CHECK(response.status == 400);
  CHECK(IssueCode(response) == "INVALID_SEARCH_DATA");
  CHECK(Body(response).at("issue").at(0).at("code").as_string() == "invalid");
  CHECK(vehicle.node.lookups == 0);
}

TEST_CASE("a number that the node refuses is INVALID_SEARCH_DATA with the node's words") {
  Vehicle vehicle;
  vehicle.node.answer = platform::Invalid("check digit is wrong");
  const HttpResponse response = vehicle.Ask(Search("CareTeam", "https://fhir.nhs.uk/Id/nhs-number|9990000019"));
  CHECK(response.status == 400);
  CHECK(IssueCode(response) == "INVALID_SEARCH_DATA");
  CHECK(response.body.find("check digit is wrong") != std::string::npos);
}

TEST_CASE("IsUnscheduledAccessEvent is true unless it says false") {
  Vehicle vehicle;
  CHECK(vehicle.AskWith("IsUnscheduledAccessEvent", "true").status == 200);
  CHECK_FALSE(vehicle.node.lookup.silent);
  CHECK(vehicle.AskWith("isunscheduledaccessevent", "false").status == 200);
  CHECK(vehicle.node.lookup.silent);
}

TEST_CASE("any other IsUnscheduledAccessEvent is PRECONDITION_FAILED") {
  Vehicle vehicle;
  const char* value = GENERATE("", "yes", "0", "true,false", "falsch");
  const HttpResponse response = vehicle.AskWith("IsUnscheduledAccessEvent", value);
  CHECK(response.status == 400);
  CHECK(IssueCode(response) == "PRECONDITION_FAILED");
  CHECK(vehicle.node.lookups == 0);
}

TEST_CASE("an incident that cannot be one is PRECONDITION_FAILED") {
  Vehicle vehicle;
  CHECK(IssueCode(vehicle.AskWith("X-Incident-Ref", std::string(65, 'x'))) == "PRECONDITION_FAILED");
  CHECK(IssueCode(vehicle.AskWith("X-Incident-Ref", "a\tb")) == "PRECONDITION_FAILED");
}

TEST_CASE("before enrolment a search cannot say, to anyone, and gives no 401 that asks for a sign-in nobody can do") {
  Vehicle vehicle;
  vehicle.node.status.enrolled = false;
  Answer nothing;
  nothing.reason = Reason::kNotEnrolled;
  vehicle.node.answer = nothing;
  HttpRequest request = Search("CareTeam");
  RemoveHeader(request, "Authorization");
  const HttpResponse response = vehicle.Ask(request);
  CHECK(response.status == 503);
  CHECK(IssueCode(response) == "NOT_ENROLLED");
}

TEST_CASE("nobody looks without a session") {
  Vehicle vehicle;
  HttpRequest request = Search("CareTeam");
  RemoveHeader(request, "Authorization");
  SECTION("no header") {}
  SECTION("another scheme") { request.headers.push_back({"Authorization", "Basic dG9rZW4tMQ=="}); }
  SECTION("no token") { request.headers.push_back({"Authorization", "Bearer "}); }
  const HttpResponse response = vehicle.Ask(request);
  CHECK(response.status == 401);
  CHECK(IssueCode(response) == "NOT_SIGNED_IN");
  CHECK(Header(response, "WWW-Authenticate").starts_with("Bearer"));
  CHECK(vehicle.node.lookups == 0);
}

TEST_CASE("a session that the node does not know is 401") {
  Vehicle vehicle;
  vehicle.node.answer = platform::Denied("no such session");
  CHECK(vehicle.Ask(Search("CareTeam")).status == 401);
}

TEST_CASE("only JSON is served") {
  Vehicle vehicle;
  HttpRequest request = Search("CareTeam");
  SECTION("asked for by _format") {
    for (const char* format : {"json", "application/fhir+json", "application/json", "application/fhir json"}) {
      request.query = {{"patient:identifier", kChild}, {"_format", format}};
      CHECK(vehicle.Ask(request).status == 200);
    }
    for (const char* format : {"xml", "application/fhir+xml", "ttl"}) {
      request.query = {{"patient:identifier", kChild}, {"_format", format}};
      CHECK(vehicle.Ask(request).status == 406);
    }
  }
  SECTION("asked for by Accept") {
    CHECK(vehicle.AskWith("Accept", "application/fhir+xml").status == 406);
    CHECK(vehicle.AskWith("Accept", "application/fhir+xml, */*;q=0.1").status == 200);
    CHECK(vehicle.AskWith("Accept", "application/fhir+json").status == 200);
  }
}

TEST_CASE("an unknown parameter is ignored, or refused when the client asks for strictness") {
  Vehicle vehicle;
  HttpRequest request = Search("CareTeam");
  request.query.push_back({"_sort", "date"});
  CHECK(vehicle.Ask(request).status == 200);
  request.headers.push_back({"Prefer", "handling=strict"});
  const HttpResponse response = vehicle.Ask(request);
  CHECK(response.status == 400);
  CHECK(response.body.find("_sort") != std::string::npos);
}

TEST_CASE("tracing headers come back, without what could break a header") {
  Vehicle vehicle;
  for (const char* name : {"TraceID", "X-Request-ID", "X-Correlation-ID"}) {
    CHECK(Header(vehicle.AskWith(name, "6ede3b9d"), name) == "6ede3b9d");
    CHECK(Header(vehicle.AskWith(name, "a\r\nSet-Cookie: b\x01"), name) == "aSet-Cookie: b");
    CHECK(Header(vehicle.AskWith(name, std::string(300, 'x')), name).size() == 256);
  }
  HttpRequest refused = Search("CareTeam");
  refused.query.clear();
  refused.headers.push_back({"TraceID", "t-1"});
  CHECK(Header(vehicle.Ask(refused), "TraceID") == "t-1");
}

TEST_CASE("a failed request says as of when the node knows things too") {
  Vehicle vehicle;
  vehicle.node.status.as_of = At("2026-11-22T01:00:00Z");
  HttpRequest request = Search("CareTeam");
  request.query.clear();
  CHECK(Header(vehicle.Ask(request), "X-CPIS-As-Of") == "2026-11-22T01:00:00Z");
}

}  // namespace cpis::edge::http
