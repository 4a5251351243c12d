// SPDX-License-Identifier: Apache-2.0
//
// The national CP-IS FHIR R4 API, from a vehicle with the link cut, as an ePCR application calls it.
#include <catch2/catch.hpp>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

constexpr const char* kIdentifier = "?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C";

HttpReply Gets(const Vehicle& vehicle, const std::string& session, const std::string& target,
               std::map<std::string, std::string> headers = {}) {
  if (!session.empty()) headers["Authorization"] = "Bearer " + session;
  return Ask(vehicle.http(), {"GET", target, std::move(headers), ""});
}

std::string CareTeam(const std::string& number) { return "/cpis/FHIR/R4/CareTeam" + std::string(kIdentifier) + number; }

std::string SignsInOverHttp(const Vehicle& vehicle, const std::string& staff, const std::string& pin) {
  const std::string body = json::serialize(json::object{{"staff", staff}, {"pin", pin}});
  const HttpReply reply = Ask(vehicle.http(), {"POST", "/session", {{"Content-Type", "application/json"}}, body});
  REQUIRE(reply.status / 100 == 2);
  return Text(reply.Json().at("token"));
}

bool IsOutcome(const HttpReply& reply, const std::string& code) {
  return reply.Json().at("resourceType") == "OperationOutcome" && reply.body.find("\"" + code + "\"") != std::string::npos;
}

}  // namespace

TEST_CASE("an ePCR application gets the plans as care teams, with the link cut", "[fhir]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();
  const std::string session = SignsInOverHttp(vehicle, kSam, kSamsPin);

  const HttpReply reply = Gets(vehicle, session, CareTeam(Ambulance::InTwoFiles()),
                               {{"TraceID", "trace-1"}, {"X-Request-ID", "request-1"}, {"X-Incident-Ref", "INC-60"}});
  REQUIRE(reply.status == 200);
  CHECK(reply.headers.at("content-type").rfind("application/fhir+json", 0) == 0);
  CHECK(reply.headers.at("traceid") == "trace-1");
  CHECK(reply.headers.at("x-request-id") == "request-1");
  CHECK(reply.headers.count("x-cpis-as-of") == 1);
  const json::value bundle = reply.Json();
  CHECK(bundle.at("resourceType") == "Bundle");
  CHECK(bundle.at("type") == "searchset");
  CHECK(bundle.at("total") == 2);
  for (const auto& entry : bundle.at("entry").as_array()) CHECK(entry.at("resource").at("resourceType") == "CareTeam");
  for (const std::string part : {"342191000000101", "764841000000100", "Halton Borough Council", "03001236722"}) {
    INFO(part);
    CHECK(reply.body.find(part) != std::string::npos);
  }
  CHECK(vehicle.Waiting() == 1);
}

TEST_CASE("a look that is no unscheduled access notifies nobody", "[fhir]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();
  const std::string session = SignsInOverHttp(vehicle, kSam, kSamsPin);
  CHECK(Gets(vehicle, session, CareTeam(Ambulance::Protected()), {{"IsUnscheduledAccessEvent", "false"}}).status == 200);
  CHECK(vehicle.Waiting() == 0);
}

TEST_CASE("what cannot be said is 503, never an empty bundle; what is said to be nothing says as of when", "[fhir]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  const std::string session = SignsInOverHttp(vehicle, kSam, kSamsPin);
  const std::string elsewhere = NhsNumber(200);
  REQUIRE(ambulance.fleet.Imports(AuthorityFile(Cumbria(), "CUMB-1").Protects(elsewhere, Day(-30))).exit_code == 0);
  REQUIRE(vehicle.CatchesUp());
  vehicle.LosesLink();
  REQUIRE(Eventually([&] { return vehicle.Status().at("link").at("state") == "OFFLINE"; }));
  const HttpReply cannot = Gets(vehicle, session, CareTeam(elsewhere));
  CHECK(cannot.status == 503);
  CHECK(IsOutcome(cannot, "POSSIBLY_FLAGGED_ELSEWHERE"));
  CHECK(cannot.headers.count("retry-after") == 1);
  CHECK(cannot.Json().at("resourceType") == "OperationOutcome");

  vehicle.FindsLink();
  REQUIRE(Eventually([&] { return Gets(vehicle, session, CareTeam(Ambulance::Unknown())).status == 200; }));
  const json::value bundle = Gets(vehicle, session, CareTeam(Ambulance::Unknown())).Json();
  CHECK(bundle.at("total") == 0);
  REQUIRE(bundle.at("entry").as_array().size() == 1);
  CHECK(bundle.at("entry").at(0).at("search").at("mode") == "outcome");
}

TEST_CASE("the accesses of a child are audit events", "[fhir]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  const Crew sam = vehicle.SignsIn(kSam, kSamsPin);
  REQUIRE(sam.Attends(Ambulance::Protected(), "INC-61").exit_code == 0);
  const std::string target = "/cpis/FHIR/R4/AuditEvent" + std::string(kIdentifier) + Ambulance::Protected();
  REQUIRE(Eventually([&] { return Gets(vehicle, sam.session(), target).Json().at("total") == 1; }));
  CHECK(Gets(vehicle, sam.session(), target).body.find("Ms Sam Crew") != std::string::npos);
}

TEST_CASE("wrong calls are answered with what was wrong", "[fhir]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  const std::string session = SignsInOverHttp(vehicle, kSam, kSamsPin);
  CHECK(Gets(vehicle, "", CareTeam(Ambulance::Protected())).status == 401);
  CHECK(Gets(vehicle, "made-up", CareTeam(Ambulance::Protected())).status == 401);
  const HttpReply number = Gets(vehicle, session, CareTeam("9990000019"));
  CHECK(number.status == 400);
  CHECK(IsOutcome(number, "INVALID_SEARCH_DATA"));
  CHECK(Gets(vehicle, session, "/cpis/FHIR/R4/CareTeam").status == 400);
  CHECK(Ask(vehicle.http(), {"POST", "/session", {}, std::string(80 * 1024, 'x')}).status == 413);
  CHECK(Ask(vehicle.http(), {"POST", "/session", {}, "{\"staff\":\"" + std::string(kSam) + "\",\"pin\":\"000000\"}"}).status == 401);
}

TEST_CASE("every answer says as of when the vehicle knows, also those about nobody and refusals", "[fhir]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  vehicle.LosesLink();
  const std::string as_of = Text(vehicle.Status().at("as_of"));
  REQUIRE_FALSE(as_of.empty());
  for (const std::string target : {"/healthz", "/status", "/", "/cpis/FHIR/R4/metadata", "/nowhere", "/alerts"}) {
    CAPTURE(target);
    const HttpReply reply = Gets(vehicle, "", target);
    REQUIRE(reply.headers.contains("x-cpis-as-of"));
    CHECK(reply.headers.at("x-cpis-as-of") == as_of);
  }
}

TEST_CASE("status, metadata, metrics and health need no session and hold nothing personal", "[fhir]") {
  Ambulance ambulance;
  Vehicle& vehicle = *ambulance.vehicle;
  const HttpReply metadata = Gets(vehicle, "", "/cpis/FHIR/R4/metadata");
  CHECK(metadata.status == 200);
  CHECK(metadata.Json().at("resourceType") == "CapabilityStatement");
  CHECK(metadata.Json().at("fhirVersion") == "4.0.1");
  CHECK(Gets(vehicle, "", "/healthz").status == 200);
  CHECK(Gets(vehicle, "", "/status").Json().at("node") == "A101");
  const HttpReply metrics = Gets(vehicle, "", "/metrics");
  CHECK(metrics.status == 200);
  CHECK(metrics.body.find("999000") == std::string::npos);
}

}  // namespace cpis::e2e
