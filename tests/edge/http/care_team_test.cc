// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/edge/http/requests.h"

namespace cpis::edge::http {

TEST_CASE("a flagged child gives one CareTeam a plan, with its authority and both telephone numbers") {
  Vehicle vehicle;
  const HttpResponse response = vehicle.service.Answer(Search("CareTeam"));
  REQUIRE(response.status == 200);
  CHECK(response.content_type == "application/fhir+json");
  CHECK(Header(response, "X-CPIS-As-Of") == "2026-11-22T02:00:00Z");
  CHECK(Header(response, "Cache-Control") == "no-store");

  const boost::json::value bundle = Body(response);
  CHECK(bundle.at("resourceType").as_string() == "Bundle");
  CHECK(bundle.at("type").as_string() == "searchset");
  CHECK(bundle.at("total").to_number<int>() == 2);
  CHECK(bundle.at_pointer("/link/0/relation").as_string() == "self");
  CHECK(
      bundle.at_pointer("/link/0/url").as_string() ==
      "http://127.0.0.1:8750/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018");
  CHECK(bundle.at("entry").as_array().size() == 3);  // with a note on how often
  CHECK(bundle.at_pointer("/entry/0/search/mode").as_string() == "match");

  const boost::json::value& team = bundle.at_pointer("/entry/0/resource");
  CHECK(bundle.at_pointer("/entry/0/fullUrl").as_string() == "urn:uuid:" + std::string(team.at("id").as_string()));
  CHECK(team.at("resourceType").as_string() == "CareTeam");
  CHECK(team.at("status").as_string() == "active");
  CHECK(team.at("name").as_string() == "Lancashire County Council");
  CHECK(team.at_pointer("/category/0/coding/0/system").as_string() == "http://snomed.info/sct");
  CHECK(team.at_pointer("/category/0/coding/0/code").as_string() == "342191000000101");
  CHECK(team.at_pointer("/subject/identifier/system").as_string() == "https://fhir.nhs.uk/Id/nhs-number");
  CHECK(team.at_pointer("/subject/identifier/value").as_string() == "9990000018");
  CHECK(team.at_pointer("/period/start").as_string() == "2026-03-01T09:00:00Z");
  CHECK_FALSE(team.at("period").as_object().contains("end"));
  CHECK(
      boost::json::serialize(team.at("telecom")) ==
      R"([{"system":"phone","value":"03001236720","use":"work"},{"system":"phone","value":"03001236722","use":"mobile"}])");
}

TEST_CASE("an ended plan is an inactive CareTeam with an end, and a number that is not given is left out") {
  Vehicle vehicle;
  const boost::json::value bundle = Body(vehicle.service.Answer(Search("CareTeam")));
  const boost::json::value& team = bundle.at_pointer("/entry/1/resource");
  CHECK(team.at("status").as_string() == "inactive");
  CHECK(team.at_pointer("/period/end").as_string() == "2026-02-01T00:00:00Z");
  CHECK(boost::json::serialize(team.at("telecom")) == R"([{"system":"phone","value":"01612345001","use":"mobile"}])");
}

TEST_CASE("resources keep their id from one search to the next, and no two share one") {
  Vehicle vehicle;
  const boost::json::value first = Body(vehicle.service.Answer(Search("CareTeam")));
  const boost::json::value second = Body(vehicle.service.Answer(Search("CareTeam")));
  const auto id = [](const boost::json::value& bundle, int i) {
    return std::string(bundle.at_pointer("/entry/" + std::to_string(i) + "/resource/id").as_string());
  };
  CHECK(id(first, 0) == id(second, 0));
  CHECK(id(first, 0) != id(first, 1));
  CHECK(id(first, 0).size() == 36);
  CHECK(id(first, 0)[14] == '8');

  Vehicle other;  // another key: an id in a log gives nobody away
  CHECK(id(Body(other.service.Answer(Search("CareTeam"))), 0) != id(first, 0));
}

TEST_CASE("a child who is not flagged gives total 0 and an entry that says as of when") {
  Vehicle vehicle;
  vehicle.node.answer = OtherAnswer(Outcome::kNotFlagged);
  for (const char* resource : {"CareTeam", "AuditEvent"}) {
    const HttpResponse response = vehicle.service.Answer(Search(resource));
    REQUIRE(response.status == 200);
    const boost::json::value bundle = Body(response);
    CHECK(bundle.at("total").to_number<int>() == 0);
    REQUIRE(bundle.at("entry").as_array().size() == 1);
    CHECK(bundle.at_pointer("/entry/0/search/mode").as_string() == "outcome");
    const boost::json::value& outcome = bundle.at_pointer("/entry/0/resource");
    CHECK(outcome.at("resourceType").as_string() == "OperationOutcome");
    CHECK(outcome.at_pointer("/issue/0/severity").as_string() == "information");
    CHECK(outcome.at_pointer("/issue/0/details/coding/0/code").as_string() == "NOT_FLAGGED");
    CHECK(std::string(outcome.at_pointer("/issue/0/diagnostics").as_string()).find("as of 2026-11-22T02:00:00Z") !=
          std::string::npos);
  }
}

TEST_CASE("a stale positive is still given, with a warning") {
  Vehicle vehicle;
  Answer stale = FlaggedAnswer();
  stale.stale = true;
  vehicle.node.answer = stale;
  const boost::json::value bundle = Body(vehicle.service.Answer(Search("CareTeam")));
  CHECK(bundle.at("total").to_number<int>() == 2);
  REQUIRE(bundle.at("entry").as_array().size() == 4);
  CHECK(bundle.at_pointer("/entry/2/search/mode").as_string() == "outcome");
  CHECK(bundle.at_pointer("/entry/2/resource/issue/0/severity").as_string() == "warning");
}

TEST_CASE("frequent attendance is a note beside the matches, which clients that do not know it pass over") {
  Vehicle vehicle;
  Answer answer = FlaggedAnswer();
  for (const char* resource : {"CareTeam", "AuditEvent"}) {
    vehicle.node.answer = answer;
    const boost::json::value bundle = Body(vehicle.service.Answer(Search(resource)));
    CHECK(bundle.at("total").to_number<int>() == 2);
    const boost::json::value& note = bundle.at("entry").as_array().back();
    CHECK(note.at_pointer("/search/mode").as_string() == "outcome");
    const boost::json::value& issue = note.at_pointer("/resource/issue/0");
    CHECK(issue.at("severity").as_string() == "information");
    CHECK(issue.at("code").as_string() == "informational");
    CHECK(issue.at_pointer("/details/coding/0/code").as_string() == "FREQUENT_ATTENDANCE");
    CHECK(issue.at("diagnostics").as_string() ==
          "3 looks by 2 organisations in the last 90 days: frequent attendance can point to neglect");
  }
  answer.pattern = {1, 0, true};  // as a policy may have it
  vehicle.node.answer = answer;
  CHECK(vehicle.service.Answer(Search("CareTeam")).body.find("\"1 look in the last 90 days: ") != std::string::npos);
  answer.pattern.frequent = false;
  vehicle.node.answer = answer;
  CHECK(vehicle.service.Answer(Search("CareTeam")).body.find("FREQUENT_ATTENDANCE") == std::string::npos);
}

TEST_CASE("an answer that can be resolved is resolved in the same request: the client gets the last word") {
  Vehicle vehicle;
  Answer local = OtherAnswer(Outcome::kPossiblyElsewhere);
  local.resolvable = true;
  vehicle.node.answer = local;
  for (const char* resource : {"CareTeam", "AuditEvent"}) {
    INFO(resource);
    HttpRequest request = Search(resource);
    request.headers.push_back({"X-Incident-Ref", "INC-1"});
    request.headers.push_back({"IsUnscheduledAccessEvent", "false"});
    vehicle.node.resolved_answer = FlaggedAnswer();
    CHECK(Body(vehicle.service.Answer(request)).at("total").to_number<int>() == 2);
    CHECK(vehicle.node.resolved.nhs_number == "9990000018");
    CHECK(vehicle.node.resolved.incident == "INC-1");
    CHECK(vehicle.node.resolved.silent);
    vehicle.node.resolved_answer = OtherAnswer(Outcome::kNotFlagged);
    CHECK(Body(vehicle.service.Answer(request)).at("total").to_number<int>() == 0);
    vehicle.node.resolved_answer = OtherAnswer(Outcome::kCannotSay, Reason::kWithheld);
    CHECK(IssueCode(vehicle.service.Answer(request)) == "WITHHELD");
  }
}

TEST_CASE("when the server cannot be asked the local answer stands, and what is not resolvable is not asked") {
  Vehicle vehicle;
  Answer local = OtherAnswer(Outcome::kCannotSay, Reason::kStale);
  vehicle.node.answer = local;
  CHECK(IssueCode(vehicle.service.Answer(Search("CareTeam"))) == "STALE");
  CHECK(vehicle.node.resolves == 0);
  local.resolvable = true;
  vehicle.node.answer = local;
  const HttpResponse response = vehicle.service.Answer(Search("CareTeam"));
  CHECK(vehicle.node.resolves == 1);
  CHECK(response.status == 503);
  CHECK(IssueCode(response) == "STALE");
}

TEST_CASE("what the node cannot say is 503 with the reason and the advice, never a Bundle") {
  const Reason reason = GENERATE(Reason::kNotEnrolled, Reason::kNeverSynced, Reason::kStale, Reason::kLeaseExpired,
                                 Reason::kReplicaDamaged, Reason::kLocked, Reason::kClockNotTrusted,
                                 Reason::kAuditUnavailable, Reason::kNoEnglandIndex);
  Vehicle vehicle;
  vehicle.node.answer = OtherAnswer(Outcome::kCannotSay, reason);
  for (const char* resource : {"CareTeam", "AuditEvent"}) {
    const HttpResponse response = vehicle.service.Answer(Search(resource));
    CHECK(response.status == 503);
    CHECK(response.content_type == "application/fhir+json");
    CHECK(IssueCode(response) == Name(reason));
    CHECK(Header(response, "Retry-After") == "60");
    CHECK(Header(response, "X-CPIS-As-Of") == "2026-11-22T02:00:00Z");
    const boost::json::value body = Body(response);
    CHECK(body.at_pointer("/issue/0/severity").as_string() == "error");
    CHECK(body.at_pointer("/issue/0/diagnostics").as_string() == "Phone the emergency duty team.");
  }
}

TEST_CASE("possibly flagged elsewhere is 503 under its own name") {
  Vehicle vehicle;
  vehicle.node.answer = OtherAnswer(Outcome::kPossiblyElsewhere);
  const HttpResponse response = vehicle.service.Answer(Search("CareTeam"));
  CHECK(response.status == 503);
  CHECK(IssueCode(response) == "POSSIBLY_FLAGGED_ELSEWHERE");
  CHECK_FALSE(Header(response, "Retry-After").empty());
}

TEST_CASE("too many looks are 429") {
  Vehicle vehicle;
  vehicle.node.answer = OtherAnswer(Outcome::kCannotSay, Reason::kRateLimited);
  const HttpResponse response = vehicle.service.Answer(Search("CareTeam"));
  CHECK(response.status == 429);
  CHECK(IssueCode(response) == "RATE_LIMITED");
  CHECK_FALSE(Header(response, "Retry-After").empty());
}

}  // namespace cpis::edge::http
