// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "edge/http/prefer.h"
#include "sync/nhs_number.h"
#include "tests/edge/http/requests.h"

namespace cpis::edge::http {
namespace {

struct SearchedVehicle : Vehicle {
  HttpResponse AskWith(const std::string& name, const std::string& value) {
    HttpRequest request = Search("CareTeam");
    request.headers.push_back({name, value});
    return Ask(request);
  }
};

}  // namespace

TEST_CASE("the number and the session reach the node as they were sent") {
  SearchedVehicle vehicle;
  CHECK(vehicle.Ask(Search("CareTeam")).status == 200);
  CHECK(vehicle.node.token == "token-1");
  CHECK(vehicle.node.lookup.nhs_number == "9990000018");
  CHECK(vehicle.node.lookup.incident.empty());
}

TEST_CASE("patient.identifier is taken as patient:identifier") {
  SearchedVehicle vehicle;
  HttpRequest request = Search("CareTeam");
  request.query[0].name = "patient.identifier";
  CHECK(vehicle.Ask(request).status == 200);
}

TEST_CASE("a search without exactly one NHS number is INVALID_SEARCH_DATA and never reaches the node") {
  SearchedVehicle vehicle;
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
  SearchedVehicle vehicle;
  vehicle.node.answer = platform::Invalid("check digit is wrong");
  const HttpResponse response = vehicle.Ask(Search("CareTeam", "https://fhir.nhs.uk/Id/nhs-number|9990000019"));
  CHECK(response.status == 400);
  CHECK(IssueCode(response) == "INVALID_SEARCH_DATA");
  CHECK(response.body.find("check digit is wrong") != std::string::npos);
}

TEST_CASE("IsUnscheduledAccessEvent is true unless it says false") {
  SearchedVehicle vehicle;
  CHECK(vehicle.AskWith("IsUnscheduledAccessEvent", "true").status == 200);
  CHECK_FALSE(vehicle.node.lookup.silent);
  CHECK(vehicle.AskWith("isunscheduledaccessevent", "false").status == 200);
  CHECK(vehicle.node.lookup.silent);
}

TEST_CASE("a patient that is named otherwise than by one identifier is refused, strictly or not") {
  SearchedVehicle vehicle;
  const char* name = GENERATE("patient", "patient:Patient", "patient:exact", "patient.name", "patient:missing", "patient:identifier:exact");
  HttpRequest request = Search("CareTeam");
  request.query.push_back({name, "Patient/1"});
  const HttpResponse response = vehicle.Ask(request);
  CHECK(response.status == 400);
  CHECK(IssueCode(response) == "INVALID_SEARCH_DATA");
  CHECK(vehicle.node.lookups == 0);
}

TEST_CASE("no answer repeats a number that was wrong, wherever it was sent") {
  SearchedVehicle vehicle;
  vehicle.node.answer = sync::NhsNumber::Parse("9990000019").status();
  const HttpResponse refused = vehicle.Ask(Search("CareTeam", "https://fhir.nhs.uk/Id/nhs-number|9990000019"));
  CHECK(refused.status == 400);
  CHECK(refused.body.find("Modulus 11") != std::string::npos);
  CHECK(refused.body.find("9990000019") == std::string::npos);
  HttpRequest strict = Search("CareTeam");
  strict.query.push_back({"9990000019", ""});
  strict.headers.push_back({"Prefer", "handling=strict"});
  CHECK(vehicle.Ask(strict).body.find("9990000019") == std::string::npos);
  vehicle.node.attend_reply = sync::NhsNumber::Parse("9990000019").status();
  for (const char* body : {R"({"nhs_number":"9990000019","incident":"I"})", R"({"9990000019":"","incident":"I"})"}) {
    HttpRequest attend = Request("POST", "/attendances");
    attend.body = body;
    const HttpResponse response = vehicle.Ask(attend);
    CHECK(response.status == 400);
    CHECK(response.body.find("9990000019") == std::string::npos);
  }
}

TEST_CASE("any other IsUnscheduledAccessEvent is PRECONDITION_FAILED") {
  SearchedVehicle vehicle;
  const char* value = GENERATE("", "yes", "0", "true,false", "falsch");
  const HttpResponse response = vehicle.AskWith("IsUnscheduledAccessEvent", value);
  CHECK(response.status == 400);
  CHECK(IssueCode(response) == "PRECONDITION_FAILED");
  CHECK(vehicle.node.lookups == 0);
}

TEST_CASE("an incident that cannot be one is PRECONDITION_FAILED") {
  SearchedVehicle vehicle;
  CHECK(IssueCode(vehicle.AskWith("X-Incident-Ref", std::string(101, 'x'))) == "PRECONDITION_FAILED");
  CHECK(IssueCode(vehicle.AskWith("X-Incident-Ref", "a\tb")) == "PRECONDITION_FAILED");
}

TEST_CASE("before enrolment a search cannot say, to anyone, and gives no 401 that asks for a sign-in nobody can do") {
  SearchedVehicle vehicle;
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
  SearchedVehicle vehicle;
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
  SearchedVehicle vehicle;
  vehicle.node.answer = platform::Denied("no such session");
  CHECK(vehicle.Ask(Search("CareTeam")).status == 401);
}

TEST_CASE("only JSON is served") {
  SearchedVehicle vehicle;
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

TEST_CASE("a format is named in every way that FHIR has, and may say its version") {
  SearchedVehicle vehicle;
  HttpRequest request = Search("CareTeam");
  for (const char* format : {"JSON", "application/fhir+json; fhirVersion=4.0", "text/json"}) {
    request.query = {{"patient:identifier", kChild}, {"_format", format}};
    CHECK(vehicle.Ask(request).status == 200);
  }
  for (const char* format : {"", "*/*", "application/fhir+json;fhirVersion=3.0", "html", "json,xml"}) {
    CAPTURE(format);
    request.query = {{"patient:identifier", kChild}, {"_format", format}};
    CHECK(IssueCode(vehicle.Ask(request)) == "NOT_ACCEPTABLE");
  }
  request.query = {{"patient:identifier", kChild}, {"_format", "json"}, {"_format", "xml"}};
  CHECK(vehicle.Ask(request).status == 406);
  request.query = {{"patient:identifier", kChild}, {"_format", "json"}};
  request.headers.push_back({"Accept", "application/fhir+xml"});
  CHECK(vehicle.Ask(request).status == 200);  // what stands in the address counts
  CHECK(vehicle.node.lookups == 4);
}

TEST_CASE("Accept is read range by range") {
  SearchedVehicle vehicle;
  for (const char* accept : {"", "application/*;q=0.2", "text/html, application/json;q=0.9", "application/fhir+json; fhirVersion=\"4.0\""}) {
    CAPTURE(accept);
    CHECK(vehicle.AskWith("Accept", accept).status == 200);
  }
  for (const char* accept : {"application/fhir+json;q=0", "application/fhir+json; fhirVersion=3.0", "application/problem+json", "text/*"}) {
    CAPTURE(accept);
    CHECK(vehicle.AskWith("Accept", accept).status == 406);
  }
  HttpRequest request = Search("CareTeam");
  request.headers.push_back({"Accept", "text/html"});
  request.headers.push_back({"Accept", "application/json"});
  CHECK(vehicle.Ask(request).status == 200);
  HttpRequest metadata = Request("GET", "/cpis/FHIR/R4/metadata");
  metadata.query = {{"_format", "xml"}};
  CHECK(vehicle.Ask(metadata).status == 406);
}

TEST_CASE("the self link says what was understood, and nothing else") {
  SearchedVehicle vehicle;
  HttpRequest request = Search("AuditEvent");
  request.query.push_back({"_count", "3"});
  const auto self = [&] { return std::string(Body(vehicle.Ask(request)).at("link").at_pointer("/0/url").as_string()); };
  const std::string searched =
      "http://127.0.0.1:8750/cpis/FHIR/R4/AuditEvent?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018";
  CHECK(self() == searched);
  request.query.push_back({"_include", "AuditEvent:nonsense"});
  CHECK(self() == searched);
  const char* include = GENERATE("AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass|ASSIGNED",
                                 "AuditEvent:entity-type", "AuditEvent:agent", "AuditEvent:agent:PractitionerRole");
  request.query.push_back({"_include", include});
  request.query.push_back({"_format", "application/json"});
  CHECK(self() == searched + "&_include=AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass%7CASSIGNED&_format=json");
}

TEST_CASE("an include of anything else is an unknown parameter") {
  SearchedVehicle vehicle;
  HttpRequest request = Search("AuditEvent");
  request.query.push_back({"_include", GENERATE(as<std::string>{}, "AuditEvent:entity-typewriter", "AuditEvent:patient", "*",
                                               "AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass|PAT")});
  CHECK(vehicle.Ask(request).status == 200);
  CHECK(vehicle.Ask(request).body.find("PractitionerRole\",\"id") == std::string::npos);
  request.headers.push_back({"Prefer", "handling=strict"});
  CHECK(vehicle.Ask(request).status == 400);
}

TEST_CASE("Prefer is read as HTTP has it: many headers, many preferences, any case, quotes, the first counts") {
  const auto said = [](std::vector<std::string> headers) {
    HttpRequest request = Request("GET", "/");
    for (std::string& header : headers) request.headers.push_back({"prefer", std::move(header)});
    return PreferredHandling(request);
  };
  for (const char* strict : {"handling=strict", "Handling=STRICT", "handling = \"strict\"", "return=minimal, handling=strict",
                             "respond-async, wait=10,handling=strict; a=b", "handling=strict, handling=lenient",
                             "x=\"a, handling=lenient\", handling=strict", "handling=\"st\\rict\""}) {
    CAPTURE(strict);
    CHECK(said({strict}) == Handling::kStrict);
  }
  for (const char* lenient : {"handling=lenient", "handling=lenient, handling=strict"}) CHECK(said({lenient}) == Handling::kLenient);
  for (const char* unsaid : {"", "handling", "handling=", "handling=other, handling=strict", "x=\"handling=strict\"", "xhandling=strict",
                             "return=representation; handling=strict", "handling=strictly"}) {
    CAPTURE(unsaid);
    CHECK(said({unsaid}) == Handling::kUnsaid);
  }
  CHECK(said({"return=minimal", "handling=strict"}) == Handling::kStrict);
  CHECK(said({"handling=lenient", "handling=strict"}) == Handling::kLenient);
}

TEST_CASE("a lenient client's unknown parameter is ignored") {
  SearchedVehicle vehicle;
  HttpRequest request = Search("CareTeam");
  request.query.push_back({"_sort", "date"});
  request.headers.push_back({"Prefer", "handling=lenient"});
  CHECK(vehicle.Ask(request).status == 200);
}

TEST_CASE("an unknown parameter is ignored, or refused when the client asks for strictness") {
  SearchedVehicle vehicle;
  HttpRequest request = Search("CareTeam");
  request.query.push_back({"_sort", "date"});
  CHECK(vehicle.Ask(request).status == 200);
  request.headers.push_back({"Prefer", "handling=strict"});
  const HttpResponse response = vehicle.Ask(request);
  CHECK(response.status == 400);
  CHECK(response.body.find("_sort") != std::string::npos);
}

TEST_CASE("tracing headers come back, without what could break a header") {
  SearchedVehicle vehicle;
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
  SearchedVehicle vehicle;
  vehicle.node.status.as_of = At("2026-11-22T01:00:00Z");
  HttpRequest request = Search("CareTeam");
  request.query.clear();
  CHECK(Header(vehicle.Ask(request), "X-CPIS-As-Of") == "2026-11-22T01:00:00Z");
}

}  // namespace cpis::edge::http
