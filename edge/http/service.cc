// SPDX-License-Identifier: Apache-2.0
#include "edge/http/service.h"

#include <array>
#include <boost/json.hpp>

#include "edge/http/body.h"
#include "edge/http/fhir.h"
#include "edge/http/format.h"
#include "edge/http/lookups.h"
#include "edge/http/metrics.h"
#include "edge/http/page.h"
#include "edge/http/search.h"
#include "edge/http/text.h"
#include "edge/json.h"

namespace cpis::edge::http {
namespace {

namespace json = boost::json;
using platform::Code;
using platform::HttpRequest;
using platform::HttpResponse;

constexpr int kRateLimitRetrySeconds = 10;
constexpr size_t kMaxEcho = 256;
constexpr std::array<std::string_view, 3> kTraceHeaders{"TraceID", "X-Request-ID", "X-Correlation-ID"};

HttpResponse Json(std::string body) { return {200, "application/json", {}, std::move(body)}; }
HttpResponse Fhir(const json::object& resource) { return {200, std::string(kFhirJson), {}, json::serialize(resource)}; }

bool IsMetadata(std::string_view path) {
  constexpr std::string_view kMetadata = "/metadata";
  if (!path.ends_with(kMetadata)) return false;
  path.remove_suffix(kMetadata.size());
  return path == kFhirBase || path == kFlagsBase;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string joined;
  for (const std::string& line : lines) joined += (joined.empty() ? "" : " ") + line;
  return joined;
}

HttpResponse WithAsOf(HttpResponse response, const std::optional<Instant>& as_of) {
  if (as_of) response.headers.push_back({"X-CPIS-As-Of", platform::Rfc3339(*as_of)});
  return response;
}

// CANNOT_SAY and POSSIBLY_FLAGGED_ELSEWHERE are failures here, never a Bundle: an empty one would read as "no flag".
Problem NoAnswer(const Answer& answer) {
  const bool cannot_say = answer.outcome == Outcome::kCannotSay;
  const std::string code(cannot_say ? Name(answer.reason) : sync::Name(answer.outcome));
  std::string advice = Joined(answer.advice);
  if (advice.empty() && cannot_say) advice = Advice(answer.reason);
  if (answer.reason == Reason::kRateLimited) {
    const int wait = answer.wait.count() > 0 ? static_cast<int>(answer.wait.count()) : kRateLimitRetrySeconds;
    return {429, "throttled", code, advice, wait, ""};
  }
  return {503, "incomplete", code, advice, kRetrySeconds, ""};
}

json::object BundleOf(Endpoint endpoint, const Answer& answer, const BundleContext& context) {
  switch (endpoint) {
    case Endpoint::kAuditEvent:
      return AuditEventBundle(answer, context);
    case Endpoint::kPatientFlag:
      return PatientFlagBundle(answer, context);
    default:
      return CareTeamBundle(answer, context);
  }
}

}  // namespace

HttpResponse Service::Answer(const HttpRequest& request) const {
  HttpResponse response = Meet(request);
  bool has_as_of = false;
  for (const auto& header : response.headers) has_as_of = has_as_of || header.name == "X-CPIS-As-Of";
  if (!has_as_of) response = WithAsOf(std::move(response), node_.GetBrief().as_of);
  response.headers.push_back({"Cache-Control", "no-store"});
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  for (std::string_view name : kTraceHeaders) {
    const std::string value = Printable(request.Header(name), kMaxEcho);
    if (!value.empty()) response.headers.push_back({std::string(name), value});
  }
  gate_.See(request, response);
  return response;
}

HttpResponse Service::Meet(const HttpRequest& request) const {
  Gate::Visit visit = gate_.Meet(request);
  if (visit.answer) return *std::move(visit.answer);
  if (visit.place.empty()) return Route(request);
  HttpRequest placed = request;
  placed.place = std::move(visit.place);
  return Route(placed);
}

bool Service::IsQuick(const HttpRequest& request) {
  const std::string& path = request.path;
  return IsPagePath(path) || path == "/healthz" || IsMetadata(path);
}

HttpResponse Service::Route(const HttpRequest& request) const {
  const std::string& path = request.path;
  for (const std::string_view base : {kFhirBase, kFlagsBase}) {
    const bool below = path.size() > base.size() && path[base.size()] == '/';
    if (path.starts_with(base) && (below || path.size() == base.size())) return RouteFhir(request, base);
  }
  if (path == "/session") {
    if (request.method == "POST") return SignIn(request);
    if (request.method == "DELETE") return SignOut(request);
    if (IsRead(request) || request.method == "PUT") return AnswerSession(node_, request);
    return ToResponse(WrongMethod("POST, GET, HEAD, PUT, DELETE"));
  }
  if (path == "/attendances") {
    if (request.method == "POST") return Attend(request);
    return ToResponse(WrongMethod("POST"));
  }
  if (path == "/status" || path == "/healthz" || path == "/metrics") {
    if (!IsRead(request)) return ToResponse(WrongMethod("GET, HEAD"));
    if (path == "/healthz") return {200, "text/plain; charset=utf-8", {}, "ok\n"};
    if (path == "/metrics") return {200, kMetricsType, {}, Metrics(node_.GetStatus())};
    return Json(ToJson(node_.GetStatus()));
  }
  if (path == "/alerts" || path.starts_with("/alerts/")) return RouteAlerts(request, std::string_view(path).substr(7));
  if (path == "/lookups" || path == "/lookups/resolution") return AnswerLookup(node_, request);
  if (IsPagePath(path)) return AnswerPage(request, PageFiles());
  return ToResponse(NoSuchPath("no such path (the FHIR APIs are under " + std::string(kFhirBase) + " and " +
                               std::string(kFlagsBase) + ")"));
}

HttpResponse Service::RouteFhir(const HttpRequest& request, std::string_view base) const {
  const bool flags = base == kFlagsBase;
  const bool metadata = IsMetadata(request.path);
  if (!metadata && !EndpointOf(request.path)) {
    return ToResponse(NoSuchPath(flags ? "no such path (there are PatientFlag and metadata)"
                                       : "no such path (there are CareTeam, AuditEvent and metadata)"));
  }
  if (!IsRead(request)) return ToResponse(WrongMethod("GET, HEAD"));
  if (!metadata) return AnswerSearch(request);
  if (const auto problem = CheckFormat(request)) return ToResponse(*problem);
  return Fhir(CapabilityStatement(flags ? Api::kPatientFlags : Api::kCpis, node_.GetBrief().version));
}

HttpResponse Service::AnswerSearch(const HttpRequest& request) const {
  Search search;
  // Nobody can be signed in before enrolment: the answer is then CANNOT_SAY for everyone.
  const bool anonymous = !node_.GetBrief().enrolled;
  if (const auto problem = ReadSearch(request, anonymous, &search)) return ToResponse(*problem);
  Result<edge::Answer> found = node_.Lookup(search.token, search.lookup);
  if (found.ok() && found->resolvable) {
    // A client gets one answer: the last word. When the server cannot be asked, the vehicle's own stands.
    Result<edge::Answer> resolved = node_.Resolve(search.token, search.lookup);
    if (resolved.ok()) found = std::move(resolved);
  }
  if (found.status().code() == Code::kInvalid) {
    return ToResponse(NotSearchable(search.endpoint, WithoutQuotes(found.status().message())));
  }
  if (!found.ok()) return ToResponse(ProblemOf(found.status(), "INVALID_SEARCH_DATA"));

  const edge::Answer& answer = *found;
  if (answer.outcome != Outcome::kFlagged && answer.outcome != Outcome::kNotFlagged) {
    return WithAsOf(ToResponse(NoAnswer(answer)), answer.as_of);
  }
  BundleContext context;
  context.self = gate_.scheme() + std::string(request.Header("Host")) + SelfPath(search, answer.nhs_number);
  context.include_viewers = search.include_viewers;
  context.flag_code = search.flag_code;
  context.id_key = &id_key_;
  return WithAsOf(Fhir(BundleOf(search.endpoint, answer, context)), answer.as_of);
}

HttpResponse Service::SignIn(const HttpRequest& request) const {
  std::map<std::string, std::string> body;
  if (const auto problem = ReadBody(request, {.required = {"staff", "pin"}}, &body)) return ToResponse(*problem);
  const Result<SessionInfo> session = node_.SignIn(body["staff"], body["pin"], request.place);
  crypto::Wipe(body["pin"]);
  if (!session.ok()) return ToResponse(ProblemOf(session.status(), "INVALID_BODY"));
  return Json(ToJson(*session));
}

HttpResponse Service::SignOut(const HttpRequest& request) const {
  const std::string token = BearerToken(request);
  if (token.empty()) return ToResponse(NoSession());
  const Status gone = node_.SignOut(token);
  if (gone.code() == Code::kNotFound) return ToResponse(NotSignedIn(gone.message()));
  if (!gone.ok()) return ToResponse(ProblemOf(gone, "INVALID_BODY"));
  return {204, "application/json", {}, ""};
}

HttpResponse Service::Attend(const HttpRequest& request) const {
  const std::string token = BearerToken(request);
  if (token.empty()) return ToResponse(NoSession());
  std::map<std::string, std::string> body;
  if (const auto problem = ReadBody(request, {.required = {"nhs_number", "incident"}, .optional = {"at"}}, &body)) return ToResponse(*problem);
  AttendRequest attend{body["nhs_number"], body["incident"], std::nullopt};
  if (const std::string& at = body["at"]; !at.empty()) {
    const Result<Instant> occurred = platform::ParseRfc3339(at);
    if (!occurred.ok()) return ToResponse(InvalidBody("\"at\" is not a time (like \"2026-11-22T02:15:00Z\")"));
    attend.occurred_at = *occurred;
  }
  const Result<AttendReply> reply = node_.Attend(token, attend);
  if (!reply.ok()) return ToResponse(ProblemOf(reply.status(), "INVALID_BODY"));
  return Json(ToJson(*reply));
}

HttpResponse Service::RouteAlerts(const HttpRequest& request, std::string_view path) const {
  constexpr std::string_view kAcknowledgement = "/acknowledgement";
  const bool one = path.size() > kAcknowledgement.size() && path.ends_with(kAcknowledgement);
  if (!one && !path.empty()) return ToResponse(NoSuchPath("no such path (there is /alerts/ID/acknowledgement)"));
  if (one ? request.method != "POST" : !IsRead(request)) return ToResponse(WrongMethod(one ? "POST" : "GET, HEAD"));
  const std::string token = BearerToken(request);
  if (token.empty()) return ToResponse(NoSession());
  if (!one) {
    const Result<std::vector<AlertShown>> alerts = node_.Alerts(token);
    return alerts.ok() ? Json(ToJson(*alerts)) : ToResponse(ProblemOf(alerts.status(), "INVALID_SEARCH_DATA"));
  }
  path.remove_suffix(kAcknowledgement.size());
  const Result<AlertShown> alert = node_.AcknowledgeAlert(token, std::string(path.substr(1)));
  return alert.ok() ? Json(ToJson(*alert)) : ToResponse(ProblemOf(alert.status(), "INVALID_SEARCH_DATA"));
}

}  // namespace cpis::edge::http
