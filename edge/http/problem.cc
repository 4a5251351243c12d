// SPDX-License-Identifier: Apache-2.0
#include "edge/http/problem.h"

#include <boost/json.hpp>

#include "edge/http/fhir.h"
#include "edge/http/text.h"

namespace cpis::edge::http {

using platform::Code;

namespace {


}  // namespace

Problem InvalidSearch(std::string diagnostics) {
  return {400, "invalid", "INVALID_SEARCH_DATA", std::move(diagnostics), 0, ""};
}
Problem PreconditionFailed(std::string diagnostics) {
  return {400, "invalid", "PRECONDITION_FAILED", std::move(diagnostics), 0, ""};
}
Problem AccessDenied(std::string diagnostics) {
  return {403, "forbidden", "ACCESS_DENIED", std::move(diagnostics), 0, ""};
}
Problem InvalidBody(std::string diagnostics) { return {400, "invalid", "INVALID_BODY", std::move(diagnostics), 0, ""}; }
Problem NotSignedIn(std::string diagnostics) { return {401, "login", "NOT_SIGNED_IN", std::move(diagnostics), 0, ""}; }
Problem NoSession() { return NotSignedIn("no session: send Authorization: Bearer TOKEN (POST /session gives one)"); }
Problem NoSuchPath(std::string diagnostics) { return {404, "not-found", "NOT_FOUND", std::move(diagnostics), 0, ""}; }
Problem WrongMethod(std::string_view allow) {
  const std::string allowed(allow);
  return {405, "not-supported", "METHOD_NOT_ALLOWED", "this path takes " + allowed, 0, allowed};
}

Problem ProblemOf(const platform::Status& failure, std::string_view invalid_code) {
  const std::string& message = failure.message();
  switch (failure.code()) {
    case Code::kInvalid:
      return {400, "invalid", std::string(invalid_code), WithoutQuotes(message), 0, ""};
    case Code::kDenied:
      return NotSignedIn(message);
    case Code::kForbidden:
      return AccessDenied(message);
    case Code::kNotFound:
      return NoSuchPath(message);
    case Code::kUnavailable:
    case Code::kExhausted:
      return {503, "transient", "UNAVAILABLE", message, kRetrySeconds, ""};
    default:
      return {500, "exception", "INTERNAL", "the node failed; its log says why", 0, ""};
  }
}

platform::HttpResponse ToResponse(const Problem& problem) {
  platform::HttpResponse response;
  response.status = problem.status;
  response.content_type = std::string(kFhirJson);
  response.body = boost::json::serialize(OperationOutcome("error", problem.issue, problem.code, problem.diagnostics));
  if (problem.retry_after > 0) response.headers.push_back({"Retry-After", std::to_string(problem.retry_after)});
  if (!problem.allow.empty()) response.headers.push_back({"Allow", problem.allow});
  if (problem.status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer realm=\"cpis-edge\""});
  return response;
}

platform::HttpResponse Refuse(int status, std::string_view why) {
  Problem problem{status, "processing", "REFUSED", std::string(why), 0, ""};
  switch (status) {
    case 400:
      problem.issue = "structure";
      problem.code = "BAD_REQUEST";
      break;
    case 408:
      problem.issue = "timeout";
      problem.code = "REQUEST_TIMEOUT";
      break;
    case 413:
      problem.issue = "too-long";
      problem.code = "PAYLOAD_TOO_LARGE";
      break;
    case 431:
      problem.issue = "too-long";
      problem.code = "HEADERS_TOO_LARGE";
      break;
    case 503:
      problem.issue = "transient";
      problem.code = "BUSY";
      problem.retry_after = 1;
      break;
    default:
      break;
  }
  platform::HttpResponse response = ToResponse(problem);
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

}  // namespace cpis::edge::http
