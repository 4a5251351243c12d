// SPDX-License-Identifier: Apache-2.0
//
// The draft Patient Flag API, as far as it is about child protection.
#include <catch2/catch.hpp>

#include "edge/http/fhir.h"
#include "sync/nhs_number.h"
#include "tests/edge/http/requests.h"

namespace cpis::edge::http {
namespace {

constexpr const char* kCode = "child-protection-information-system-flag";
constexpr const char* kSharing = "child-protection-information-sharing-flag";

HttpRequest Flags(std::vector<platform::HttpHeader> query) {
  HttpRequest request = Request("GET", "/patient-flags-api/FHIR/R4/PatientFlag");
  request.query = std::move(query);
  return request;
}

struct FlagVehicle : Vehicle {
  HttpResponse Ask(const std::string& patient = "9990000018", const std::string& code = kCode) {
    return service.Answer(Flags({{"patient", patient}, {"code", code}}));
  }
};

std::string Text(const boost::json::value& value, const char* at) { return std::string(value.at_pointer(at).as_string()); }

}  // namespace

TEST_CASE("a flagged child is one Flag, and a CarePlan and CareTeam a plan that it leads to") {
  FlagVehicle vehicle;
  const HttpResponse response = vehicle.Ask();
  REQUIRE(response.status == 200);
  CHECK(response.content_type == "application/fhir+json");
  CHECK(Header(response, "X-CPIS-As-Of") == "2026-11-22T02:00:00Z");
  CHECK(Header(response, "Cache-Control") == "no-store");
  const boost::json::value bundle = Body(response);
  CHECK(Text(bundle, "/type") == "searchset");
  CHECK(bundle.at("total").to_number<int>() == 1);
  CHECK(Text(bundle, "/link/0/url") == "http://127.0.0.1:8750/patient-flags-api/FHIR/R4/PatientFlag?patient=9990000018&code=" + std::string(kCode));
  REQUIRE(bundle.at("entry").as_array().size() == 6);
  const boost::json::value& flag = bundle.at_pointer("/entry/0/resource");
  CHECK(Text(bundle, "/entry/0/search/mode") == "match");
  CHECK(Text(flag, "/resourceType") == "Flag");
  CHECK(Text(flag, "/status") == "active");
  CHECK(Text(flag, "/code/coding/0/system") == "https://fhir.nhs.uk/England/CodeSystem/England-FlagCategoryPatient");
  CHECK(Text(flag, "/code/coding/0/code") == kCode);
  CHECK(flag.at_pointer("/code/coding").as_array().size() == 1);
  CHECK(Text(flag, "/subject/identifier/value") == "9990000018");
  CHECK(Text(flag, "/period/start") == "2025-01-05T10:00:00Z");
  CHECK_FALSE(flag.at("period").as_object().contains("end"));
  for (const int plan : {0, 1}) {
    const std::string entry = "/entry/" + std::to_string(1 + 2 * plan);
    const std::string next = "/entry/" + std::to_string(2 + 2 * plan);
    const boost::json::value& care_plan = bundle.at_pointer(entry + "/resource");
    const boost::json::value& team = bundle.at_pointer(next + "/resource");
    CHECK(Text(care_plan, "/resourceType") == "CarePlan");
    CHECK(Text(team, "/resourceType") == "CareTeam");
    CHECK(bundle.at_pointer(entry + "/search/mode").as_string() == "include");
    CHECK(bundle.at_pointer(next + "/search/mode").as_string() == "include");
    const std::string detail = "/extension/" + std::to_string(plan);
    CHECK(flag.at_pointer(detail + "/url").as_string() == "http://hl7.org/fhir/StructureDefinition/flag-detail");
    CHECK(flag.at_pointer(detail + "/valueReference/reference").as_string() == bundle.at_pointer(entry + "/fullUrl").as_string());
    CHECK(Text(care_plan, "/careTeam/0/reference") == bundle.at_pointer(next + "/fullUrl").as_string());
  }
  CHECK(Text(bundle, "/entry/1/resource/status") == "active");
  CHECK(Text(bundle, "/entry/3/resource/status") == "completed");
  CHECK(Text(bundle, "/entry/1/resource/category/0/coding/0/code") == "342191000000101");
  CHECK(Text(bundle, "/entry/5/search/mode") == "outcome");
  CHECK(vehicle.node.lookups == 1);
  CHECK_FALSE(vehicle.node.lookup.silent);
}

TEST_CASE("a Flag whose plans have all ended is inactive, from the first start to the last end") {
  FlagVehicle vehicle;
  Answer ended = FlaggedAnswer();
  ended.plans.erase(ended.plans.begin());
  ended.plans.push_back(ended.plans.front());
  ended.plans.back().plan = {sync::PlanType::kLac, At("2024-01-05T10:00:00Z"), At("2024-02-01T00:00:00Z")};
  vehicle.node.answer = ended;
  const boost::json::value bundle = Body(vehicle.Ask());
  CHECK(Text(bundle, "/entry/0/resource/status") == "inactive");
  CHECK(Text(bundle, "/entry/0/resource/period/start") == "2024-01-05T10:00:00Z");
  CHECK(Text(bundle, "/entry/0/resource/period/end") == "2026-02-01T00:00:00Z");
  CHECK(Text(bundle, "/entry/1/fullUrl") != Text(bundle, "/entry/3/fullUrl"));  // twice in care of one authority
  CHECK(Text(bundle, "/entry/2/fullUrl") != Text(bundle, "/entry/4/fullUrl"));
}

TEST_CASE("both published spellings of the code are taken, alone or with their system, and the answer has the one asked for") {
  for (const std::string code : {kCode, kSharing}) {
    for (const std::string& asked : {code, "https://fhir.nhs.uk/England/CodeSystem/England-FlagCategoryPatient|" + code}) {
      FlagVehicle vehicle;
      const HttpResponse response = vehicle.Ask("9990000018", asked);
      REQUIRE(response.status == 200);
      CHECK(response.body.find("\"code\":\"" + code + "\"") != std::string::npos);
      CHECK(Text(Body(response), "/link/0/url").ends_with("&code=" + code));
    }
  }
}

TEST_CASE("the patient is a number, a reference of that number, or the number under its system") {
  for (const char* patient : {"9990000018", "Patient/9990000018", "https://fhir.nhs.uk/Id/nhs-number|9990000018"}) {
    FlagVehicle vehicle;
    CHECK(vehicle.Ask(patient).status == 200);
    CHECK(vehicle.node.lookup.nhs_number == "9990000018");
  }
  FlagVehicle vehicle;
  CHECK(vehicle.service.Answer(Flags({{"patient:identifier", kChild}, {"code", kCode}})).status == 200);
}

TEST_CASE("a search that is not of one patient and this flag is refused before anything is looked up") {
  const std::vector<std::vector<platform::HttpHeader>> queries{
      {},
      {{"code", kCode}},
      {{"patient", "9990000018"}},
      {{"patient", ""}, {"code", kCode}},
      {{"patient", "Patient/"}, {"code", kCode}},
      {{"patient", "https://fhir.nhs.uk/Id/other|9990000018"}, {"code", kCode}},
      {{"patient", "9990000018"}, {"patient", "9990000026"}, {"code", kCode}},
      {{"patient", "9990000018"}, {"patient:identifier", kChild}, {"code", kCode}},
      {{"patient:identifier", "9990000018"}, {"code", kCode}},
      {{"patient:Patient", "9990000018"}, {"code", kCode}},
      {{"patient", "9990000018"}, {"code", "female-genital-mutilation-flag"}},
      {{"patient", "9990000018"}, {"code", "national-reasonable-adjustment-flag"}},
      {{"patient", "9990000018"}, {"code", "CHILD-PROTECTION-INFORMATION-SYSTEM-FLAG"}},
      {{"patient", "9990000018"}, {"code", std::string("other|") + kCode}},
      {{"patient", "9990000018"}, {"code", std::string(kCode) + "," + kSharing}},
      {{"patient", "9990000018"}, {"code", kCode}, {"code", kCode}},
      {{"patient", "9990000018"}, {"code:not", kCode}},
  };
  for (const auto& query : queries) {
    FlagVehicle vehicle;
    CAPTURE(query.empty() ? "none" : query.front().value + " " + query.back().name + "=" + query.back().value);
    const HttpResponse response = vehicle.service.Answer(Flags(query));
    CHECK(response.status == 400);
    CHECK(IssueCode(response) == "INVALID_SEARCH_DATA");
    CHECK(response.body.find("9990000018") == std::string::npos);
    CHECK(vehicle.node.lookups == 0);
  }
}

TEST_CASE("a patient or a code that is none is of issue type not-found as the draft says, but never 404") {
  FlagVehicle vehicle;
  vehicle.node.answer = sync::NhsNumber::Parse("9990000019").status();
  for (const HttpResponse& response : {vehicle.Ask("9990000019"), vehicle.Ask("9990000018", "NRAF")}) {
    CHECK(response.status == 400);
    CHECK(Text(Body(response), "/issue/0/code") == "not-found");
    CHECK(response.body.find("9990000019") == std::string::npos);
  }
}

TEST_CASE("a child without a flag is total 0 and an entry that says as of when, also to a client that asks for flags") {
  FlagVehicle vehicle;
  vehicle.node.answer = OtherAnswer(Outcome::kNotFlagged);
  const boost::json::value bundle = Body(vehicle.Ask());
  CHECK(bundle.at("total").to_number<int>() == 0);
  REQUIRE(bundle.at("entry").as_array().size() == 1);
  CHECK(Text(bundle, "/entry/0/search/mode") == "outcome");
  CHECK(Text(bundle, "/entry/0/resource/issue/0/details/coding/0/code") == "NOT_FLAGGED");
}

TEST_CASE("what cannot be said of a flag is 503, never a Bundle") {
  FlagVehicle vehicle;
  vehicle.node.answer = OtherAnswer(Outcome::kPossiblyElsewhere);
  CHECK(vehicle.Ask().status == 503);
  CHECK(IssueCode(vehicle.Ask()) == "POSSIBLY_FLAGGED_ELSEWHERE");
  vehicle.node.answer = OtherAnswer(Outcome::kCannotSay, Reason::kStale);
  CHECK(vehicle.Ask().status == 503);
  CHECK(IssueCode(vehicle.Ask()) == "STALE");
  CHECK_FALSE(Header(vehicle.Ask(), "Retry-After").empty());
  vehicle.node.answer = OtherAnswer(Outcome::kCannotSay, Reason::kRateLimited);
  CHECK(vehicle.Ask().status == 429);
}

TEST_CASE("the headers of the CareTeam search hold for flags: session, silence, strictness, format") {
  FlagVehicle vehicle;
  HttpRequest request = Flags({{"patient", "9990000018"}, {"code", kCode}});
  request.headers.push_back({"IsUnscheduledAccessEvent", "false"});
  request.headers.push_back({"X-Incident-Ref", "INC-1"});
  CHECK(vehicle.service.Answer(request).status == 200);
  CHECK(vehicle.node.lookup.silent);
  CHECK(vehicle.node.lookup.incident == "INC-1");
  request.query.push_back({"_include", "Flag:subject"});
  CHECK(vehicle.service.Answer(request).status == 200);
  request.headers.push_back({"Prefer", "handling=strict"});
  CHECK(vehicle.service.Answer(request).status == 400);
  request.query.back() = {"_format", "xml"};
  CHECK(vehicle.service.Answer(request).status == 406);
  request.query.back().value = "json";
  RemoveHeader(request, "Authorization");
  CHECK(vehicle.service.Answer(request).status == 401);
  request.method = "POST";
  CHECK(vehicle.service.Answer(request).status == 405);
}

}  // namespace cpis::edge::http
