// SPDX-License-Identifier: Apache-2.0
#include "edge/http/search.h"

#include <algorithm>
#include <vector>

#include "edge/http/fhir.h"
#include "edge/http/text.h"
#include "edge/place.h"

namespace cpis::edge::http {
namespace {

using platform::HttpHeader;
using platform::HttpRequest;

constexpr std::string_view kInclude = "AuditEvent:entity-type";
constexpr size_t kMaxIncident = 64;

bool IsPatient(std::string_view name) { return name == "patient:identifier" || name == "patient.identifier"; }

std::optional<Problem> ReadNumber(const HttpRequest& request, std::string* number) {
  const std::string form = "patient:identifier=" + std::string(kNhsNumberSystem) + "|NUMBER";
  const std::string* token = nullptr;
  for (const HttpHeader& parameter : request.query) {
    if (!IsPatient(parameter.name)) continue;
    if (token) return InvalidSearch("patient:identifier is given more than once (one search, one NHS number)");
    token = &parameter.value;
  }
  if (!token) return InvalidSearch("patient:identifier is missing (" + form + ")");
  const size_t bar = token->find('|');
  if (bar == std::string::npos || std::string_view(*token).substr(0, bar) != kNhsNumberSystem) {
    return InvalidSearch("patient:identifier does not name the NHS number system (" + form + ")");
  }
  *number = token->substr(bar + 1);
  if (number->empty()) return InvalidSearch("patient:identifier has no NHS number (" + form + ")");
  return std::nullopt;
}

std::optional<Problem> ReadUnscheduled(const HttpRequest& request, bool* silent) {
  constexpr std::string_view kName = "IsUnscheduledAccessEvent";
  const std::vector<std::string_view> values = HeaderValues(request, kName);
  if (values.empty()) return std::nullopt;
  const std::string value = LowerCase(values.front());
  if (values.size() > 1 || (value != "true" && value != "false")) {
    return PreconditionFailed("header IsUnscheduledAccessEvent must be true or false");
  }
  *silent = value == "false";
  return std::nullopt;
}

bool IsJsonFormat(std::string_view format) {
  return format == "json" || format == "application/json" || format == kFhirJson || format == "application/fhir json" ||
         format == "text/json";  // "fhir json": a + that the client did not encode
}

bool Acceptable(std::string_view accept) {
  return accept.empty() || accept.find("json") != std::string_view::npos ||
         accept.find("*/*") != std::string_view::npos || accept.find("application/*") != std::string_view::npos;
}

std::optional<Problem> CheckFormat(const HttpRequest& request) {
  const std::string* format = request.Query("_format");
  const bool good = format ? IsJsonFormat(LowerCase(*format)) : Acceptable(LowerCase(request.Header("Accept")));
  if (good) return std::nullopt;
  return Problem{406, "not-supported", "NOT_ACCEPTABLE", "only JSON is served (_format=json)", 0, ""};
}

std::optional<Problem> ReadOthers(const HttpRequest& request, Search* search) {
  const bool strict = LowerCase(request.Header("Prefer")).find("handling=strict") != std::string::npos;
  const bool audit = request.path.ends_with("/AuditEvent");
  for (const HttpHeader& parameter : request.query) {
    if (IsPatient(parameter.name) || parameter.name == "_format") continue;
    if (audit && parameter.name == "_include" && parameter.value.starts_with(kInclude)) {
      search->include_viewers = true;
    } else if (strict) {
      return InvalidSearch("parameter \"" + Printable(parameter.name, 64) +
                           "\" is not supported, and Prefer: handling=strict asks to say so");
    }
  }
  return std::nullopt;
}

}  // namespace

std::string BearerToken(const HttpRequest& request) {
  const std::vector<std::string_view> values = HeaderValues(request, "Authorization");
  if (values.size() != 1) return "";
  constexpr std::string_view kScheme = "bearer ";
  if (LowerCase(values.front().substr(0, kScheme.size())) != kScheme) return "";
  std::string_view token = values.front().substr(kScheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  return TokenAt(request.place, std::string(token));
}

std::optional<Problem> ReadIncident(const HttpRequest& request, std::string* incident) {
  const std::string_view value = request.Header("X-Incident-Ref");
  if (value.size() > kMaxIncident || !IsPrintable(value)) {
    return PreconditionFailed("header X-Incident-Ref must be printable ASCII of at most 64 characters");
  }
  *incident = std::string(value);
  return std::nullopt;
}

std::optional<Problem> ReadSearch(const HttpRequest& request, bool anonymous, Search* search) {
  search->token = BearerToken(request);
  if (search->token.empty() && !anonymous) {
    return NotSignedIn("no session: send Authorization: Bearer TOKEN (POST /session gives one)");
  }
  if (auto problem = CheckFormat(request)) return problem;
  if (auto problem = ReadUnscheduled(request, &search->lookup.silent)) return problem;
  if (auto problem = ReadIncident(request, &search->lookup.incident)) return problem;
  if (auto problem = ReadNumber(request, &search->lookup.nhs_number)) return problem;
  return ReadOthers(request, search);
}

}  // namespace cpis::edge::http
