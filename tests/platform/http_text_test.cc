// SPDX-License-Identifier: Apache-2.0
#include "platform/http_text.h"

#include <catch2/catch.hpp>

namespace cpis::platform {
namespace {

std::string PathOf(std::string_view target) {
  const auto parsed = ParseHttpTarget(target);
  return parsed.ok() ? parsed->path : std::string(Name(parsed.status().code()));
}

TEST_CASE("a path is decoded, and a plus in it stays a plus") {
  CHECK(PathOf("/") == "/");
  CHECK(PathOf("/a%20b/c+d?x=1") == "/a b/c+d");
  CHECK(PathOf("/%7e%7E") == "/~~");
  CHECK(PathOf("http://host:80/a?b") == "/a");
  CHECK(PathOf("/a|b") == "/a|b");
}

TEST_CASE("addresses with bad escapes or control characters in the path are refused") {
  for (const char* target : {"", "a", "*", "/%", "/%4", "/%zz", "/%4g", "/a%00b", "/a%0Ab", "/%7f", "/?x=%", "/?%q=1",
                             "http://host", "http://host?x"}) {
    CAPTURE(target);
    CHECK(PathOf(target) == "invalid");
  }
}

TEST_CASE("a query is split before it is decoded, in order, and a plus in it is a space") {
  const auto target = ParseHttpTarget(
      "/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018&a=1+2%2B&&flag&b%3D=%26=&a=");
  REQUIRE(target.ok());
  REQUIRE(target->query.size() == 5);
  CHECK(target->query[0].name == "patient:identifier");
  CHECK(target->query[0].value == "https://fhir.nhs.uk/Id/nhs-number|9990000018");
  CHECK(target->query[1].value == "1 2+");
  CHECK(target->query[2].name == "flag");
  CHECK(target->query[2].value.empty());
  CHECK(target->query[3].name == "b=");
  CHECK(target->query[3].value == "&=");
  CHECK(target->query[4].name == "a");
}

TEST_CASE("headers and query values are found by name") {
  HttpRequest request;
  request.headers = {{"TraceID", "1"}, {"traceid", "2"}};
  request.query = {{"a", "1"}, {"a", "2"}};
  CHECK(request.Header("TRACEID") == "1");
  CHECK(request.Header("Trace").empty());
  REQUIRE(request.Query("a") != nullptr);
  CHECK(*request.Query("a") == "1");
  CHECK(request.Query("A") == nullptr);
}

TEST_CASE("the date of an answer has the form that HTTP wants") {
  CHECK(HttpDate(*ParseRfc3339("1994-11-06T08:49:37Z")) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("an answer's header cannot carry a second header") {
  HttpResponse response;
  response.headers = {{"TraceID", "a\r\nSet-Cookie: b"}};
  CHECK_FALSE(HttpHead(response, Persistence::kClose, Instant()).ok());
  response.headers = {{"Bad Name", "a"}};
  CHECK_FALSE(HttpHead(response, Persistence::kClose, Instant()).ok());
  response.headers.clear();
  response.content_type = "text/plain\n";
  CHECK_FALSE(HttpHead(response, Persistence::kClose, Instant()).ok());
}

std::string Split(std::string_view text) {
  std::string host;
  uint16_t port = 0;
  const Status status = ParseHostPort(text, 7444, &host, &port);
  return status.ok() ? host + " " + std::to_string(port) : status.message();
}

TEST_CASE("HOST:PORT is split, and the default port stands in") {
  CHECK(Split("trust:7000") == "trust 7000");
  CHECK(Split("trust") == "trust 7444");
  CHECK(Split("[::1]:0") == "::1 0");
  CHECK(Split("[::1]") == "::1 7444");
}

TEST_CASE("what is not HOST:PORT is quoted, with what would be right") {
  CHECK(Split("trust:") == "server \"trust:\" has no port (try trust:7444)");
  CHECK(Split(":80") == "server \":80\" has no host (try 127.0.0.1:7444)");
  CHECK(Split("::1") == "server \"::1\" is ambiguous (try [::1]:7444)");
  for (const char* text :
       {"trust:x", "trust:65536", "trust:-1", "trust:80x", "[::1", "[::1]80", "a b:1", "https://trust"}) {
    CAPTURE(text);
    CHECK(Split(text).starts_with("server \""));
  }
  std::string host;
  uint16_t port = 0;
  CHECK(ParseHostPort("trust", 0, &host, &port).message() == "server \"trust\" has no port (try trust:PORT)");
}

}  // namespace
}  // namespace cpis::platform
