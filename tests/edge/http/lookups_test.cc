// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "edge/json.h"
#include "tests/edge/http/requests.h"

namespace cpis::edge::http {
namespace {

constexpr const char* kAsked = R"({"nhs_number":"9990000018","incident":"INC-1"})";

}  // namespace

TEST_CASE("every outcome of a lookup is a 200 that says what it is, as cpisctl prints it") {
  Vehicle vehicle;
  const auto [outcome, reason] = GENERATE(std::pair{Outcome::kFlagged, Reason::kNone}, std::pair{Outcome::kNotFlagged, Reason::kNone},
                                          std::pair{Outcome::kPossiblyElsewhere, Reason::kNone},
                                          std::pair{Outcome::kCannotSay, Reason::kStale},
                                          std::pair{Outcome::kCannotSay, Reason::kRateLimited});
  vehicle.node.answer = outcome == Outcome::kFlagged ? FlaggedAnswer() : OtherAnswer(outcome, reason);
  vehicle.node.answer->resolvable = outcome == Outcome::kPossiblyElsewhere;
  const HttpResponse response = vehicle.Post("/lookups", kAsked);
  CHECK(response.status == 200);
  CHECK(response.content_type == "application/json");
  CHECK(response.body == ToJson(*vehicle.node.answer));
  CHECK(Header(response, "Cache-Control") == "no-store");
  CHECK(vehicle.node.lookup.nhs_number == "9990000018");
  CHECK(vehicle.node.lookup.incident == "INC-1");
  CHECK_FALSE(vehicle.node.lookup.silent);
  CHECK_FALSE(vehicle.node.lookup.local);
  CHECK(vehicle.node.resolves == 0);  // the page asks for that itself
}

TEST_CASE("a lookup is silent when the body says so") {
  Vehicle vehicle;
  CHECK(vehicle.Post("/lookups", R"({"nhs_number":"9990000018","silent":true})").status == 200);
  CHECK(vehicle.node.lookup.silent);
  CHECK(vehicle.Post("/lookups", R"({"nhs_number":"9990000018","silent":false})").status == 200);
  CHECK_FALSE(vehicle.node.lookup.silent);
  CHECK(vehicle.Post("/lookups", R"({"nhs_number":"9990000018","silent":null,"incident":null})").status == 200);
  CHECK_FALSE(vehicle.node.lookup.silent);
}

TEST_CASE("a lookup whose body is not what was asked for is 400, quotes no number and is not made") {
  Vehicle vehicle;
  const char* body = GENERATE("", "[]", R"({"incident":"INC-1"})", R"({"nhs_number":9990000018})",
                              R"({"nhs_number":"9990000018","silent":"true"})", R"({"nhs_number":"9990000018","silent":1})",
                              R"({"nhs_number":"9990000018","other":"x"})");
  const HttpResponse response = vehicle.Post("/lookups", body);
  CHECK(response.status == 400);
  CHECK(IssueCode(response) == "INVALID_BODY");
  CHECK(response.body.find("9990000018") == std::string::npos);
  CHECK(vehicle.node.lookups == 0);
}

TEST_CASE("the fleet server's answer is asked for by itself, and 503 leaves the vehicle's own standing") {
  Vehicle vehicle;
  vehicle.node.resolved_answer = FlaggedAnswer();
  vehicle.node.resolved_answer->source = Source::kFleetServer;
  const HttpResponse resolved = vehicle.Post("/lookups/resolution", kAsked);
  CHECK(resolved.status == 200);
  CHECK(resolved.body == ToJson(*vehicle.node.resolved_answer));
  CHECK(vehicle.node.resolved.nhs_number == "9990000018");
  CHECK(vehicle.node.lookups == 0);
  vehicle.node.resolved_answer = platform::Unavailable("the fleet server cannot be asked");
  CHECK(vehicle.Post("/lookups/resolution", kAsked).status == 503);
}

TEST_CASE("nobody looks up without a session, nor by GET; before enrolment everyone hears CANNOT_SAY") {
  Vehicle vehicle;
  HttpRequest request = Request("POST", "/lookups");
  request.body = kAsked;
  RemoveHeader(request, "Authorization");
  CHECK(vehicle.Ask(request).status == 401);
  CHECK(vehicle.node.lookups == 0);
  vehicle.node.status.enrolled = false;
  vehicle.node.answer = OtherAnswer(Outcome::kCannotSay, Reason::kNotEnrolled);
  CHECK(Body(vehicle.Ask(request)).at("reason") == "NOT_ENROLLED");

  vehicle.node.status.enrolled = true;
  vehicle.node.answer = platform::Denied("not signed in");
  CHECK(vehicle.Post("/lookups", kAsked).status == 401);
  vehicle.node.answer = platform::Forbidden("your duty is event-only");
  CHECK(vehicle.Post("/lookups", kAsked).status == 403);
  const HttpResponse got = vehicle.Ask(Request("GET", "/lookups"));
  CHECK(got.status == 405);
  CHECK(Header(got, "Allow") == "POST");
}

TEST_CASE("a session says who holds it and how long it lasts; only PUT is use of it") {
  Vehicle vehicle;
  const HttpResponse shown = vehicle.Ask(Request("GET", "/session"));
  CHECK(shown.status == 200);
  CHECK(shown.body ==
        R"({"staff":"crew1","duty":"clinician","right":"B0107","idle_limit_seconds":900,"idle_left_seconds":610,"shift_left_seconds":40000})");
  CHECK(vehicle.node.token == "token-1");
  CHECK(vehicle.node.used == 0);
  CHECK(vehicle.Ask(Request("PUT", "/session")).status == 200);
  CHECK(vehicle.node.used == 1);

  vehicle.node.session_shown = platform::Denied("not signed in");
  CHECK(vehicle.Ask(Request("GET", "/session")).status == 401);
  HttpRequest without = Request("GET", "/session");
  RemoveHeader(without, "Authorization");
  CHECK(vehicle.Ask(without).status == 401);
}

}  // namespace cpis::edge::http
