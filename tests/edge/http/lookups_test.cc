// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "edge/json.h"
#include "tests/edge/http/requests.h"

namespace cpis::edge::http {
namespace {

struct Page {
  FakeNode node;
  Service service{node, "127.0.0.1:8750"};

  HttpResponse Ask(const HttpRequest& request) { return service.Answer(request); }
  HttpResponse Post(const std::string& path, const std::string& body) {
    HttpRequest request = Request("POST", path);
    request.body = body;
    return Ask(request);
  }
};

constexpr const char* kAsked = R"({"nhs_number":"9990000018","incident":"INC-1"})";

}  // namespace

TEST_CASE("every outcome of a lookup is a 200 that says what it is, as cpisctl prints it") {
  Page page;
  const auto [outcome, reason] = GENERATE(std::pair{Outcome::kFlagged, Reason::kNone}, std::pair{Outcome::kNotFlagged, Reason::kNone},
                                          std::pair{Outcome::kPossiblyElsewhere, Reason::kNone},
                                          std::pair{Outcome::kCannotSay, Reason::kStale},
                                          std::pair{Outcome::kCannotSay, Reason::kRateLimited});
  page.node.answer = outcome == Outcome::kFlagged ? FlaggedAnswer() : OtherAnswer(outcome, reason);
  page.node.answer->resolvable = outcome == Outcome::kPossiblyElsewhere;
  const HttpResponse response = page.Post("/lookups", kAsked);
  CHECK(response.status == 200);
  CHECK(response.content_type == "application/json");
  CHECK(response.body == ToJson(*page.node.answer));
  CHECK(Header(response, "Cache-Control") == "no-store");
  CHECK(page.node.lookup.nhs_number == "9990000018");
  CHECK(page.node.lookup.incident == "INC-1");
  CHECK_FALSE(page.node.lookup.silent);
  CHECK_FALSE(page.node.lookup.local);
  CHECK(page.node.resolves == 0);  // the page asks for that itself
}

TEST_CASE("a lookup is silent when the body says so") {
  Page page;
  CHECK(page.Post("/lookups", R"({"nhs_number":"9990000018","silent":true})").status == 200);
  CHECK(page.node.lookup.silent);
  CHECK(page.Post("/lookups", R"({"nhs_number":"9990000018","silent":false})").status == 200);
  CHECK_FALSE(page.node.lookup.silent);
  CHECK(page.Post("/lookups", R"({"nhs_number":"9990000018","silent":null,"incident":null})").status == 200);
  CHECK_FALSE(page.node.lookup.silent);
}

TEST_CASE("a lookup whose body is not what was asked for is 400, quotes no number and is not made") {
  Page page;
  const char* body = GENERATE("", "[]", R"({"incident":"INC-1"})", R"({"nhs_number":9990000018})",
                              R"({"nhs_number":"9990000018","silent":"true"})", R"({"nhs_number":"9990000018","silent":1})",
                              R"({"nhs_number":"9990000018","other":"x"})");
  const HttpResponse response = page.Post("/lookups", body);
  CHECK(response.status == 400);
  CHECK(IssueCode(response) == "INVALID_BODY");
  CHECK(response.body.find("9990000018") == std::string::npos);
  CHECK(page.node.lookups == 0);
}

TEST_CASE("the fleet server's answer is asked for by itself, and 503 leaves the vehicle's own standing") {
  Page page;
  page.node.resolved_answer = FlaggedAnswer();
  page.node.resolved_answer->source = Source::kFleetServer;
  const HttpResponse resolved = page.Post("/lookups/resolution", kAsked);
  CHECK(resolved.status == 200);
  CHECK(resolved.body == ToJson(*page.node.resolved_answer));
  CHECK(page.node.resolved.nhs_number == "9990000018");
  CHECK(page.node.lookups == 0);
  page.node.resolved_answer = platform::Unavailable("the fleet server cannot be asked");
  CHECK(page.Post("/lookups/resolution", kAsked).status == 503);
}

TEST_CASE("nobody looks up without a session, nor by GET; before enrolment everyone hears CANNOT_SAY") {
  Page page;
  HttpRequest request = Request("POST", "/lookups");
  request.body = kAsked;
  RemoveHeader(request, "Authorization");
  CHECK(page.Ask(request).status == 401);
  CHECK(page.node.lookups == 0);
  page.node.status.enrolled = false;
  page.node.answer = OtherAnswer(Outcome::kCannotSay, Reason::kNotEnrolled);
  CHECK(Body(page.Ask(request)).at("reason") == "NOT_ENROLLED");

  page.node.status.enrolled = true;
  page.node.answer = platform::Denied("not signed in");
  CHECK(page.Post("/lookups", kAsked).status == 401);
  page.node.answer = platform::Forbidden("your duty is event-only");
  CHECK(page.Post("/lookups", kAsked).status == 403);
  const HttpResponse got = page.Ask(Request("GET", "/lookups"));
  CHECK(got.status == 405);
  CHECK(Header(got, "Allow") == "POST");
}

TEST_CASE("a session says who holds it and how long it lasts; only PUT is use of it") {
  Page page;
  const HttpResponse shown = page.Ask(Request("GET", "/session"));
  CHECK(shown.status == 200);
  CHECK(shown.body ==
        R"({"staff":"crew1","duty":"clinician","right":"B0107","idle_limit_seconds":900,"idle_left_seconds":610,"shift_left_seconds":40000})");
  CHECK(page.node.token == "token-1");
  CHECK(page.node.used == 0);
  CHECK(page.Ask(Request("PUT", "/session")).status == 200);
  CHECK(page.node.used == 1);

  page.node.session_shown = platform::Denied("not signed in");
  CHECK(page.Ask(Request("GET", "/session")).status == 401);
  HttpRequest without = Request("GET", "/session");
  RemoveHeader(without, "Authorization");
  CHECK(page.Ask(without).status == 401);
}

}  // namespace cpis::edge::http
