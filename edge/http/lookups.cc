// SPDX-License-Identifier: Apache-2.0
#include "edge/http/lookups.h"

#include "edge/http/body.h"
#include "edge/http/problem.h"
#include "edge/http/search.h"
#include "edge/json.h"

namespace cpis::edge::http {

using platform::HttpRequest;
using platform::HttpResponse;

HttpResponse AnswerLookup(Node& node, const HttpRequest& request) {
  if (request.method != "POST") return ToResponse(WrongMethod("POST"));
  const std::string token = BearerToken(request);
  // Nobody can be signed in before enrolment: the answer is then CANNOT_SAY for everyone.
  if (token.empty() && node.GetBrief().enrolled) return ToResponse(NoSession());
  std::map<std::string, std::string> body;
  if (const auto problem = ReadBody(request, {.required = {"nhs_number"}, .optional = {"incident"}, .flags = {"silent"}}, &body)) return ToResponse(*problem);
  LookupRequest lookup;
  lookup.nhs_number = body["nhs_number"];
  lookup.incident = body["incident"];
  lookup.silent = body.contains("silent");
  const bool resolution = request.path.ends_with("/resolution");
  const Result<Answer> answer = resolution ? node.Resolve(token, lookup) : node.Lookup(token, lookup);
  if (!answer.ok()) return ToResponse(ProblemOf(answer.status(), "INVALID_BODY"));
  return {200, "application/json", {}, ToJson(*answer)};
}

HttpResponse AnswerSession(Node& node, const HttpRequest& request) {
  const std::string token = BearerToken(request);
  if (token.empty()) return ToResponse(NoSession());
  const Result<SessionShown> shown = node.ShowSession(token, request.method == "PUT");
  if (!shown.ok()) return ToResponse(ProblemOf(shown.status(), "INVALID_BODY"));
  return {200, "application/json", {}, ToJson(*shown)};
}

}  // namespace cpis::edge::http
