// SPDX-License-Identifier: Apache-2.0
//
// No call answers for more than one number, or lists anything: every way that FHIR, HTTP and the socket's JSON have of asking
// for many is refused, or asks for exactly the one number that it names.
#include <catch2/catch.hpp>

#include "edge/local_methods.h"
#include "sync/nhs_number.h"
#include "tests/edge/http/requests.h"

namespace cpis::edge::http {
namespace {

const std::string kSystem = "https://fhir.nhs.uk/Id/nhs-number|";
const std::string kSecond = kSystem + "9990000026";

struct Asked {
  HttpResponse response;
  int lookups;
  std::string number;
};

Asked Ask(const HttpRequest& request) {
  FakeNode node;
  Gate gate;
  const Service service(node, gate);
  HttpResponse response = service.Answer(request);
  return {std::move(response), node.lookups, node.lookup.nhs_number};
}

HttpRequest With(std::vector<platform::HttpHeader> query, const std::string& resource = "CareTeam") {
  HttpRequest request = Request("GET", "/cpis/FHIR/R4/" + resource);
  request.query = std::move(query);
  return request;
}

TEST_CASE("a search that names no number, several, or a pattern is refused before anything is looked up") {
  const std::string resource = GENERATE("CareTeam", "AuditEvent");
  const std::vector<std::vector<platform::HttpHeader>> queries{
      {},
      {{"_count", "1000"}},
      {{"_id", "1"}},
      {{"_lastUpdated", "gt2020-01-01"}},
      {{"patient:identifier", ""}},
      {{"patient:identifier", kSystem}},
      {{"patient:identifier", "https://fhir.nhs.uk/Id/nhs-number"}},
      {{"patient:identifier", "9990000018"}},
      {{"patient:identifier", "|9990000018"}},
      {{"patient:identifier", kChild}, {"patient:identifier", kSecond}},
      {{"patient:identifier", kChild}, {"patient.identifier", kSecond}},
      {{"patient.identifier", kChild}, {"patient.identifier", kSecond}},
      {{"patient", "Patient/1"}},
      {{"patient:Patient.identifier", kChild}},
      {{"patient:not", kChild}},
      {{"patient:missing", "false"}},
      {{"subject:identifier", kChild}},
      {{"_has:CareTeam:patient:identifier", kChild}},
      {{"_filter", "patient eq x"}},
      {{"_content", "CPP"}},
      {{"category", "342191000000101"}},
  };
  for (const auto& query : queries) {
    CAPTURE(query.empty() ? "none" : query.front().name + "=" + query.front().value);
    const Asked asked = Ask(With(query, resource));
    CHECK(asked.response.status == 400);
    CHECK(asked.lookups == 0);
  }
}

TEST_CASE("a list or a pattern in the place of a number reaches the node as it stands, which takes one number of ten digits only") {
  const std::vector<std::string> many{"9990000018,9990000026", "9990000018," + kSecond, "*", "%", "999*", "9990000018 9990000026",
                                      "9990000018|9990000026", "99900000189990000026", "9990000018;9990000026",
                                      "[\"9990000018\",\"9990000026\"]", "999000001_"};
  for (const std::string& text : many) {
    CAPTURE(text);
    const Asked asked = Ask(With({{"patient:identifier", kSystem + text}}));
    CHECK(asked.lookups == 1);
    CHECK(asked.number == text);
    CHECK_FALSE(sync::NhsNumber::Parse(text).ok());
  }
}

TEST_CASE("parameters that would widen a search change nothing about it") {
  for (const char* name : {"_count", "_revinclude", "_summary", "_total", "_sort", "_elements", "page", "_include:iterate"}) {
    const Asked asked = Ask(With({{"patient:identifier", kChild}, {name, "1000"}}));
    CHECK(asked.lookups == 1);
    CHECK(asked.number == "9990000018");
  }
}

TEST_CASE("FHIR's other ways to ask for many are not there") {
  for (const char* path : {"/cpis/FHIR/R4", "/cpis/FHIR/R4/", "/cpis/FHIR/R4/CareTeam/", "/cpis/FHIR/R4/CareTeam/1",
                           "/cpis/FHIR/R4/CareTeam/_search", "/cpis/FHIR/R4/CareTeam/_history", "/cpis/FHIR/R4/_history",
                           "/cpis/FHIR/R4/_search", "/cpis/FHIR/R4/Patient", "/cpis/FHIR/R4/Patient/$everything", "/cpis/FHIR/R4/$export",
                           "/cpis/FHIR/R4/$graphql", "/cpis/FHIR/R4/Group/1/$export", "/cpis/FHIR/R4/Bundle", "/lookup", "/flags",
                           "/attendances/1"}) {
    for (const char* method : {"GET", "POST", "PUT", "PATCH"}) {
      CAPTURE(path, method);
      HttpRequest request = Request(method, path);
      request.query = {{"patient:identifier", kChild}};
      request.body = R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"CareTeam?patient:identifier=)"
                     R"(https://fhir.nhs.uk/Id/nhs-number|9990000018"}},{"request":{"method":"GET","url":"CareTeam"}}]})";
      const Asked asked = Ask(request);
      CHECK((asked.response.status == 404 || asked.response.status == 405));
      CHECK(asked.lookups == 0);
    }
  }
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    HttpRequest request = Search("CareTeam");
    request.method = method;
    CHECK(Ask(request).response.status == 405);
  }
}

TEST_CASE("an attendance is of one number, and its list cannot be read") {
  for (const char* body : {R"({"nhs_number":["9990000018","9990000026"],"incident":"INC-1"})", R"([{"nhs_number":"9990000018","incident":"I"}])",
                           R"({"nhs_number":{"$gt":""},"incident":"INC-1"})", R"({"nhs_numbers":["9990000018"],"incident":"INC-1"})"}) {
    FakeNode node;
    Gate gate;
    const Service service(node, gate);
    HttpRequest request = Request("POST", "/attendances");
    request.body = body;
    CHECK(service.Answer(request).status == 400);
    CHECK(node.attends == 0);
  }
  CHECK(Ask(Request("GET", "/attendances")).response.status == 405);
}

TEST_CASE("the socket's methods take one number as text, and there is none that lists") {
  for (const char* method : {"node.lookup", "node.resolve", "node.attend"}) {
    for (const char* json : {R"({"token":"t","nhs_number":["9990000018","9990000026"],"incident":"I"})", R"(["9990000018","9990000026"])",
                             R"({"token":"t","nhs_number":9990000018,"incident":"I"})", R"({"token":"t","nhs_number":{"from":"0"},"incident":"I"})",
                             R"({"token":"t","nhs_numbers":["9990000018"],"incident":"I"})",
                             R"([{"token":"t","nhs_number":"9990000018"},{"token":"t","nhs_number":"9990000026"}])",
                             R"({"token":"t","nhs_number":"9990000018","incident":"I","more":["9990000026"]})"}) {
      CAPTURE(method, json);
      FakeNode node;
      CHECK(HandleLocal(node, {method, json, {}}, {}).status().code() == platform::Code::kInvalid);
      CHECK(node.lookups + node.resolves + node.attends == 0);
    }
  }
  for (const char* method : {"node.list", "node.rows", "node.export", "node.dump", "node.search", "node.lookups", "node.lookup.batch", ""}) {
    FakeNode node;
    CHECK(HandleLocal(node, {method, "{}", {}}, {}).status().code() == platform::Code::kInvalid);
  }
}

}  // namespace
}  // namespace cpis::edge::http
