// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "edge/json.h"
#include "tests/edge/http/requests.h"

namespace cpis::edge::http {

TEST_CASE("signing in gives a token and when it ends") {
  Vehicle vehicle;
  const HttpResponse response = vehicle.Post("/session", R"({"staff":"crew1","pin":"2468"})");
  CHECK(response.status == 200);
  CHECK(response.body == R"({"token":"token-1","expires":"2026-11-22T14:00:00Z"})");
  CHECK(Header(response, "Cache-Control") == "no-store");
  CHECK(vehicle.node.staff == "crew1");
  CHECK(vehicle.node.pin == "2468");
}

TEST_CASE("a wrong PIN is 401, and the answer does not repeat it") {
  Vehicle vehicle;
  vehicle.node.session = platform::Denied("staff or PIN is wrong");
  const HttpResponse response = vehicle.Post("/session", R"({"staff":"crew1","pin":"1357"})");
  CHECK(response.status == 401);
  CHECK(IssueCode(response) == "NOT_SIGNED_IN");
  CHECK(response.body.find("1357") == std::string::npos);
}

TEST_CASE("a body that is not what was asked for is 400 with what would be right") {
  Vehicle vehicle;
  const char* body = GENERATE("", "{", "[]", R"({"staff":"crew1"})", R"({"staff":"crew1","pin":2468})",
                              R"({"staff":"crew1","pin":"2468","extra":"1"})", R"({"staff":null,"pin":"2468"})");
  const HttpResponse response = vehicle.Post("/session", body);
  CHECK(response.status == 400);
  CHECK(IssueCode(response) == "INVALID_BODY");
  CHECK(response.body.find("\\\"staff\\\", \\\"pin\\\"") != std::string::npos);
  CHECK(response.body.find("2468") == std::string::npos);
  CHECK(vehicle.node.staff.empty());
}

TEST_CASE("signing out is 204, and 401 for a session that is not there") {
  Vehicle vehicle;
  CHECK(vehicle.Ask(Request("DELETE", "/session")).status == 204);
  CHECK(vehicle.node.token == "token-1");
  vehicle.node.sign_out = platform::Denied("no such session");
  CHECK(vehicle.Ask(Request("DELETE", "/session")).status == 401);
}

TEST_CASE("an attendance is answered with its id once it is kept") {
  Vehicle vehicle;
  const HttpResponse response =
      vehicle.Post("/attendances", R"({"nhs_number":"9990000018","incident":"INC-1","at":"2026-11-22T02:15:00Z"})");
  CHECK(response.status == 200);
  CHECK(
      response.body ==
      R"({"id":"0193A000-0000-7000-8000-000000000001","notification":"QUEUED","occurred_at":"2026-11-22T02:15:00Z","outcome":"FLAGGED"})");
  CHECK(vehicle.node.attend.nhs_number == "9990000018");
  CHECK(vehicle.node.attend.incident == "INC-1");
  CHECK(vehicle.node.attend.occurred_at == At("2026-11-22T02:15:00Z"));
}

TEST_CASE("an attendance without a time happened now") {
  Vehicle vehicle;
  CHECK(vehicle.Post("/attendances", R"({"nhs_number":"9990000018","incident":"INC-1","at":null})").status == 200);
  CHECK_FALSE(vehicle.node.attend.occurred_at.has_value());
}

TEST_CASE("an attendance that was not kept is a failure the caller sees") {
  Vehicle vehicle;
  const std::string good = R"({"nhs_number":"9990000018","incident":"INC-1"})";
  SECTION("not a time") {
    CHECK(vehicle.Post("/attendances", R"({"nhs_number":"9990000018","incident":"I","at":"yesterday"})").status == 400);
    CHECK(vehicle.node.attends == 0);
  }
  SECTION("no session sent") {
    HttpRequest request = Request("POST", "/attendances");
    RemoveHeader(request, "Authorization");
    request.body = good;
    CHECK(vehicle.Ask(request).status == 401);
    CHECK(vehicle.node.attends == 0);
  }
  SECTION("session ran out") {
    vehicle.node.attend_reply = platform::Denied("no such session");
    CHECK(vehicle.Post("/attendances", good).status == 401);
  }
  SECTION("not a number") {
    vehicle.node.attend_reply = platform::Invalid("not an NHS number");
    CHECK(vehicle.Post("/attendances", good).status == 400);
  }
  SECTION("disk full") {
    vehicle.node.attend_reply = platform::Exhausted("the journal's disk reserve is gone");
    CHECK(vehicle.Post("/attendances", good).status == 503);
  }
  SECTION("disk broken") {
    vehicle.node.attend_reply = platform::Internal("disk path /dev/x");
    const HttpResponse response = vehicle.Post("/attendances", good);
    CHECK(response.status == 500);
    CHECK(response.body.find("/dev/x") == std::string::npos);
  }
}

TEST_CASE("alerts are a list for whoever is signed in") {
  Vehicle vehicle;
  CHECK(vehicle.Ask(Request("GET", "/alerts")).body == "[]");
  vehicle.node.alerts = std::vector<AlertShown>{OneAlert()};
  const HttpResponse response = vehicle.Ask(Request("GET", "/alerts"));
  CHECK(response.status == 200);
  CHECK(response.content_type == "application/json");
  CHECK(response.body == ToJson(std::vector<AlertShown>{OneAlert()}));
  CHECK(vehicle.node.token == "token-1");
}

TEST_CASE("an alert is acknowledged by its id, and answered as it is then") {
  Vehicle vehicle;
  AlertShown alert = OneAlert();
  alert.acknowledged_by = "crew-1";
  vehicle.node.acknowledging = alert;
  const HttpResponse response = vehicle.Post("/alerts/" + alert.id + "/acknowledgement", "");
  CHECK(response.status == 200);
  CHECK(response.body == ToJson(alert));
  CHECK(vehicle.node.acknowledged == alert.id);
  vehicle.node.acknowledging = platform::NotFound("no such alert");
  CHECK(vehicle.Post("/alerts/other/acknowledgement", "").status == 404);
}

TEST_CASE("alerts are 401 without a session and 503 while locked") {
  Vehicle vehicle;
  const auto method = GENERATE(as<std::string>{}, "GET", "POST");
  HttpRequest request = Request(method, method == "GET" ? "/alerts" : "/alerts/a/acknowledgement");
  vehicle.node.alerts = platform::Denied("no such session");
  vehicle.node.acknowledging = platform::Denied("no such session");
  CHECK(vehicle.Ask(request).status == 401);
  vehicle.node.alerts = platform::Unavailable("locked");
  vehicle.node.acknowledging = platform::Unavailable("locked");
  CHECK(vehicle.Ask(request).status == 503);
  RemoveHeader(request, "Authorization");
  vehicle.node.token.clear();
  CHECK(vehicle.Ask(request).status == 401);
  CHECK(vehicle.node.token.empty());
}

TEST_CASE("status, health and metrics need no session") {
  Vehicle vehicle;
  vehicle.node.status.as_of = At("2026-11-22T02:00:00Z");
  vehicle.node.status.age = std::chrono::seconds(90);
  vehicle.node.status.attendances_waiting = 3;
  vehicle.node.status.alerts = 2;
  vehicle.node.status.region = {{"E10000017", "Lancashire \"CC\"", 12, 4}};
  for (const char* path : {"/status", "/healthz", "/metrics", "/cpis/FHIR/R4/metadata"}) {
    HttpRequest request = Request("GET", path);
    RemoveHeader(request, "Authorization");
    const HttpResponse response = vehicle.Ask(request);
    CHECK(response.status == 200);
    CHECK(Header(response, "X-CPIS-As-Of") == "2026-11-22T02:00:00Z");
  }
  CHECK(vehicle.Ask(Request("GET", "/healthz")).body == "ok\n");
  CHECK(Body(vehicle.Ask(Request("GET", "/status"))).at("age_seconds").to_number<int>() == 90);
  const std::string metrics = vehicle.Ask(Request("GET", "/metrics")).body;
  CHECK(metrics.find("# TYPE cpis_node_attendances_waiting gauge\ncpis_node_attendances_waiting 3\n") !=
        std::string::npos);
  CHECK(metrics.find("cpis_node_alerts 2\n") != std::string::npos);
  CHECK(metrics.find("cpis_node_data_age_seconds 90\n") != std::string::npos);
  CHECK(metrics.find("cpis_node_partition_rows{partition=\"E10000017\"} 12\n") != std::string::npos);
}

TEST_CASE("an age that is not known has no sample") {
  Vehicle vehicle;
  CHECK(vehicle.Ask(Request("GET", "/metrics")).body.find("data_age") == std::string::npos);
}

TEST_CASE("the CapabilityStatement names both searches") {
  Vehicle vehicle;
  vehicle.node.status.version = "0.1.0";
  const HttpResponse response = vehicle.Ask(Request("GET", "/cpis/FHIR/R4/metadata"));
  const boost::json::value statement = Body(response);
  CHECK(response.content_type == "application/fhir+json");
  CHECK(statement.at("resourceType").as_string() == "CapabilityStatement");
  CHECK(statement.at("kind").as_string() == "instance");
  CHECK(statement.at("fhirVersion").as_string() == "4.0.1");
  CHECK(statement.at_pointer("/software/version").as_string() == "0.1.0");
  CHECK(statement.at_pointer("/rest/0/resource/0/type").as_string() == "CareTeam");
  CHECK(statement.at_pointer("/rest/0/resource/1/type").as_string() == "AuditEvent");
  CHECK(statement.at_pointer("/rest/0/resource/1/searchInclude/0").as_string() == "AuditEvent:entity-type");
}

TEST_CASE("the Patient Flag API has a statement of its own") {
  Vehicle vehicle;
  const boost::json::value statement = Body(vehicle.Ask(Request("GET", "/patient-flags-api/FHIR/R4/metadata")));
  CHECK(statement.at("name").as_string() == "CpisEdgeNodePatientFlags");
  CHECK(statement.at_pointer("/rest/0/resource").as_array().size() == 1);
  CHECK(statement.at_pointer("/rest/0/resource/0/type").as_string() == "Flag");
  CHECK(statement.at_pointer("/rest/0/resource/0/searchParam/0/name").as_string() == "patient");
  CHECK(statement.at_pointer("/rest/0/resource/0/searchParam/1/name").as_string() == "code");
}

TEST_CASE("no answer may be stored, and none carries a tag to ask for it again") {
  Vehicle vehicle;
  for (const char* path : {"/cpis/FHIR/R4/metadata", "/cpis/FHIR/R4/CareTeam", "/patient-flags-api/FHIR/R4/metadata", "/nothing", "/status",
                           "/alerts", "/session"}) {
    CAPTURE(path);
    const HttpResponse response = vehicle.Ask(Request("GET", path));
    CHECK(Header(response, "Cache-Control") == "no-store");
    CHECK(Header(response, "ETag").empty());
    CHECK(Header(response, "Last-Modified").empty());
  }
}

TEST_CASE("HEAD is answered as GET, and is a look as GET is: its status and length tell what GET's would") {
  for (const char* resource : {"CareTeam", "AuditEvent"}) {
    Vehicle vehicle;
    HttpRequest request = Search(resource);
    const HttpResponse got = vehicle.Ask(request);
    request.method = "HEAD";
    const HttpResponse head = vehicle.Ask(request);
    CHECK(vehicle.node.lookups == 2);
    CHECK_FALSE(vehicle.node.lookup.silent);
    CHECK(head.status == got.status);
    CHECK(head.body == got.body);  // its length is what the server states; the body stays here
    CHECK(head.headers.size() == got.headers.size());
  }
}

TEST_CASE("an unknown path is 404 and a wrong method 405 with what is allowed") {
  Vehicle vehicle;
  for (const char* path : {"/nothing", "/page/nothing", "/alerts/", "/alerts/a", "/alertsa", "/alerts/acknowledgement", "/cpis/FHIR/R4/Patient", "/cpis/FHIR/R4",
                           "/cpis/FHIR/R4/CareTeam/1", "/cpis/FHIR/R4x/CareTeam", "/cpis/FHIR/R4/PatientFlag",
                           "/patient-flags-api/FHIR/R4", "/patient-flags-api/FHIR/R4/CareTeam", "/patient-flags-api/FHIR/R4/Flag",
                           "/patient-flags-api/FHIR/R4/PatientFlag/1"}) {
    const HttpResponse response = vehicle.Ask(Request("GET", path));
    CHECK(response.status == 404);
    CHECK(IssueCode(response) == "NOT_FOUND");
  }
  const HttpResponse response = vehicle.Ask(Request("PUT", "/cpis/FHIR/R4/CareTeam"));
  CHECK(response.status == 405);
  CHECK(Header(response, "Allow") == "GET, HEAD");
  CHECK(Header(vehicle.Ask(Request("PATCH", "/session")), "Allow") == "POST, GET, HEAD, PUT, DELETE");
  CHECK(Header(vehicle.Ask(Request("GET", "/attendances")), "Allow") == "POST");
  CHECK(Header(vehicle.Ask(Request("POST", "/status")), "Allow") == "GET, HEAD");
  CHECK(Header(vehicle.Ask(Request("POST", "/alerts")), "Allow") == "GET, HEAD");
  CHECK(Header(vehicle.Ask(Request("GET", "/alerts/a/acknowledgement")), "Allow") == "POST");
}

TEST_CASE("on loopback a request for another host's name is refused before anything else") {
  Vehicle vehicle;
  HttpRequest request = Search("CareTeam");
  RemoveHeader(request, "Host");
  SECTION("a name of its own") { request.headers.push_back({"Host", "evil.example:8750"}); }
  SECTION("a name that begins like an address") { request.headers.push_back({"Host", "127.0.0.1.evil.example"}); }
  SECTION("a port that is none") { request.headers.push_back({"Host", "localhost:8750\"><script>"}); }
  SECTION("no name") {}
  const HttpResponse response = vehicle.Ask(request);
  CHECK(response.status == 403);
  CHECK(IssueCode(response) == "ACCESS_DENIED");
  CHECK(vehicle.node.lookups == 0);
}

TEST_CASE("loopback names are ours on loopback") {
  Vehicle vehicle;
  for (const char* host : {"localhost", "LocalHost:8750", "127.0.0.1", "127.0.0.2:1", "[::1]:8750"}) {
    HttpRequest request = Search("CareTeam");
    RemoveHeader(request, "Host");
    request.headers.push_back({"Host", host});
    CHECK(vehicle.Ask(request).status == 200);
  }
}

TEST_CASE("what the server turns away is an OperationOutcome too") {
  const HttpResponse response = Refuse(413, "the body is over 65536 bytes");
  CHECK(response.status == 413);
  CHECK(IssueCode(response) == "PAYLOAD_TOO_LARGE");
  CHECK(response.content_type == "application/fhir+json");
  CHECK(IssueCode(Refuse(431, "")) == "HEADERS_TOO_LARGE");
  CHECK(IssueCode(Refuse(408, "")) == "REQUEST_TIMEOUT");
  CHECK(Header(Refuse(503, ""), "Retry-After") == "1");
}

}  // namespace cpis::edge::http
