// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/edge/http/requests.h"

namespace cpis::edge::http {
namespace {

HttpRequest WithViewers() {
  HttpRequest request = Search("AuditEvent");
  request.query.push_back(
      {"_include", "AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass|ASSIGNED"});
  return request;
}

}  // namespace

TEST_CASE("an access is an AuditEvent with everything that R4 demands") {
  Vehicle vehicle;
  const HttpResponse response = vehicle.service.Answer(Search("AuditEvent"));
  REQUIRE(response.status == 200);
  const boost::json::value bundle = Body(response);
  CHECK(bundle.at("total").to_number<int>() == 2);
  const boost::json::value& event = bundle.at_pointer("/entry/0/resource");
  CHECK(event.at("resourceType").as_string() == "AuditEvent");
  CHECK(event.at_pointer("/type/system").as_string() == "http://dicom.nema.org/resources/ontology/DCM");
  CHECK(event.at_pointer("/type/code").as_string() == "110112");
  CHECK(event.at("action").as_string() == "E");
  CHECK(event.at("recorded").as_string() == "2026-11-21T23:15:00Z");
  CHECK(event.at("outcome").as_string() == "0");
  CHECK(event.at_pointer("/agent/0/requestor").as_bool());
  CHECK(event.at_pointer("/agent/0/who/display").as_string() == "Ms Sam Crew");
  CHECK(event.at_pointer("/source/observer").is_object());
  CHECK(event.at_pointer("/entity/0/what/identifier/system").as_string() == "https://fhir.nhs.uk/Id/nhs-number");
  CHECK(event.at_pointer("/entity/0/what/identifier/value").as_string() == "9990000018");
  CHECK(event.at_pointer("/entity/0/type/code").as_string() == "1");
  CHECK(bundle.at_pointer("/entry/1/resource/recorded").as_string() == "2026-11-20T08:00:00Z");  // newest first
}

TEST_CASE("without _include nobody is included and nothing points to somebody who is not there") {
  Vehicle vehicle;
  const HttpResponse response = vehicle.service.Answer(Search("AuditEvent"));
  CHECK(response.body.find("\"include\"") == std::string::npos);
  CHECK(response.body.find("\"reference\"") == std::string::npos);
}

TEST_CASE("with _include each viewer is there once, and every reference leads to an entry") {
  Vehicle vehicle;
  const boost::json::value bundle = Body(vehicle.service.Answer(WithViewers()));
  CHECK(bundle.at("total").to_number<int>() == 2);  // matches only
  REQUIRE(bundle.at("entry").as_array().size() == 4);
  const boost::json::value& entry = bundle.at_pointer("/entry/2");
  CHECK(entry.at_pointer("/search/mode").as_string() == "include");
  const boost::json::value& role = entry.at("resource");
  CHECK(role.at("resourceType").as_string() == "PractitionerRole");
  CHECK(role.at_pointer("/practitioner/display").as_string() == "Ms Sam Crew");
  CHECK(role.at_pointer("/organization/display").as_string() == "NORTH WEST AMBULANCE SERVICE NHS TRUST");
  CHECK(role.at_pointer("/code/0/coding/0/system").as_string() ==
        "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode");
  CHECK(role.at_pointer("/code/0/coding/0/code").as_string() == "R1070");
  CHECK(role.at_pointer("/code/0/coding/0/display").as_string() == "Paramedic");
  for (const char* event : {"/entry/0", "/entry/1"}) {
    const std::string at = std::string(event) + "/resource";
    CHECK(bundle.at_pointer(at + "/agent/0/who/reference").as_string() == entry.at("fullUrl").as_string());
    CHECK(bundle.at_pointer(at + "/entity/1/what/reference").as_string() == entry.at("fullUrl").as_string());
    CHECK(bundle.at_pointer(at + "/entity/1/type/code").as_string() == "ASSIGNED");
  }
}

TEST_CASE("two looks of one person within one second are two entries with two names") {
  Vehicle vehicle;
  Answer answer = FlaggedAnswer();
  answer.accesses.push_back(answer.accesses.back());
  vehicle.node.answer = answer;
  const boost::json::value bundle = Body(vehicle.service.Answer(Search("AuditEvent")));
  CHECK(bundle.at_pointer("/entry/1/fullUrl") != bundle.at_pointer("/entry/2/fullUrl"));
}

TEST_CASE("a flagged child nobody looked at does not read as a child who is not flagged") {
  Vehicle vehicle;
  Answer answer = FlaggedAnswer();
  answer.accesses.clear();
  answer.pattern = {};
  vehicle.node.answer = answer;
  const boost::json::value bundle = Body(vehicle.service.Answer(WithViewers()));
  CHECK(bundle.at("total").to_number<int>() == 0);
  REQUIRE(bundle.at("entry").as_array().size() == 1);
  CHECK(bundle.at_pointer("/entry/0/search/mode").as_string() == "outcome");
  CHECK(bundle.at_pointer("/entry/0/resource/issue/0/details/coding/0/code").as_string() == "FLAGGED");
}

TEST_CASE("a search for accesses is the same look as one for plans") {
  Vehicle vehicle;
  HttpRequest request = WithViewers();
  request.headers.push_back({"X-Incident-Ref", "INC-1"});
  (void)vehicle.service.Answer(request);
  CHECK(vehicle.node.lookups == 1);
  CHECK(vehicle.node.attends == 0);
  CHECK(vehicle.node.lookup.incident == "INC-1");
  CHECK_FALSE(vehicle.node.lookup.silent);
}

}  // namespace cpis::edge::http
