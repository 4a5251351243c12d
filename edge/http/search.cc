// SPDX-License-Identifier: Apache-2.0
#include "edge/http/search.h"

#include <algorithm>
#include <vector>

#include "edge/http/fhir.h"
#include "edge/http/format.h"
#include "edge/http/prefer.h"
#include "edge/http/text.h"
#include "edge/place.h"
#include "edge/tuning.h"

namespace cpis::edge::http {
namespace {

using platform::HttpHeader;
using platform::HttpRequest;

constexpr std::string_view kAssigned = "http://terminology.hl7.org/CodeSystem/v3-RoleClass|ASSIGNED";

bool NamesIdentifier(std::string_view name) { return name == "patient:identifier" || name == "patient.identifier"; }

// `patient` with whatever modifier or chain. Another patient than the one searched for is none of the parameters that may be
// passed over: a search is of one person.
bool NamesPatient(std::string_view name) {
  return name == "patient" || name.starts_with("patient:") || name.starts_with("patient.");
}

// What names the number: SYSTEM|NUMBER and, where a plain `patient` is taken, NUMBER or Patient/NUMBER. Empty otherwise.
std::string NumberOf(std::string_view token, bool plain) {
  constexpr std::string_view kReference = "Patient/";
  const size_t bar = token.find('|');
  if (bar != std::string_view::npos) {
    return token.substr(0, bar) == kNhsNumberSystem ? std::string(token.substr(bar + 1)) : std::string();
  }
  if (!plain) return "";
  return std::string(token.starts_with(kReference) ? token.substr(kReference.size()) : token);
}

std::optional<Problem> ReadNumber(const HttpRequest& request, Search* search) {
  const bool takes_plain = search->endpoint == Endpoint::kPatientFlag;
  const std::string form =
      takes_plain ? std::string("patient=NUMBER") : "patient:identifier=" + std::string(kNhsNumberSystem) + "|NUMBER";
  const HttpHeader* patient = nullptr;
  for (const HttpHeader& parameter : request.query) {
    if (!NamesPatient(parameter.name)) continue;
    if (!NamesIdentifier(parameter.name) && !(takes_plain && parameter.name == "patient")) {
      return InvalidSearch("parameter \"" + NameShown(parameter.name) + "\" is not supported (" + form + ")");
    }
    if (patient) return InvalidSearch("the patient is given more than once (one search, one NHS number)");
    patient = &parameter;
  }
  if (!patient) return InvalidSearch("the patient is missing (" + form + ")");
  search->lookup.nhs_number = NumberOf(patient->value, takes_plain && patient->name == "patient");
  if (search->lookup.nhs_number.empty()) {
    return NotSearchable(search->endpoint, NameShown(patient->name) + " has no NHS number under its system (" + form + ")");
  }
  return std::nullopt;
}

// One code of the two that were published for the same flag, alone or after its code system.
bool IsFlagCode(std::string_view code) { return code == kFlagCode || code == kFlagCodeSharing; }

std::optional<Problem> ReadFlagCode(const HttpRequest& request, Search* search) {
  if (search->endpoint != Endpoint::kPatientFlag) return std::nullopt;
  const std::string form = "code=" + std::string(kFlagCode);
  for (const HttpHeader& parameter : request.query) {
    if (parameter.name.starts_with("code:")) return InvalidSearch("code takes no modifier (" + form + ")");
    if (parameter.name != "code") continue;
    if (!search->flag_code.empty()) return InvalidSearch("code is given more than once (" + form + ")");
    std::string_view code = parameter.value;
    if (code.starts_with(std::string(kFlagSystem) + "|")) code.remove_prefix(kFlagSystem.size() + 1);
    if (!IsFlagCode(code)) return NotSearchable(search->endpoint, "no flag of that code is kept here (" + form + ")");
    search->flag_code = std::string(code);
  }
  if (!search->flag_code.empty()) return std::nullopt;
  return InvalidSearch("code is missing: of a patient's flags only that of child protection is kept here (" + form + ")");
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

// The guide's way to ask for the viewers of an access, its short form, and R4's own for the same.
bool IncludesViewers(const HttpHeader& parameter) {
  constexpr std::string_view kGuide = "AuditEvent:entity-type";
  if (parameter.name != "_include") return false;
  const std::string& what = parameter.value;
  return what == kGuide || what == std::string(kGuide) + "=" + std::string(kAssigned) || what == "AuditEvent:agent" ||
         what == "AuditEvent:agent:PractitionerRole";
}

bool Understood(const HttpHeader& parameter, Endpoint endpoint) {
  if (parameter.name == "_format" || NamesPatient(parameter.name)) return true;
  if (endpoint == Endpoint::kPatientFlag) return parameter.name == "code";
  return endpoint == Endpoint::kAuditEvent && IncludesViewers(parameter);
}

std::optional<Problem> ReadOthers(const HttpRequest& request, Search* search) {
  const bool strict = PreferredHandling(request) == Handling::kStrict;
  for (const HttpHeader& parameter : request.query) {
    if (strict && !Understood(parameter, search->endpoint)) {
      return InvalidSearch("parameter \"" + NameShown(parameter.name) +
                           "\" is not supported, and Prefer: handling=strict asks to say so");
    }
    if (search->endpoint == Endpoint::kAuditEvent) search->include_viewers |= IncludesViewers(parameter);
    search->format_given |= parameter.name == "_format";
  }
  return std::nullopt;
}

}  // namespace

std::optional<Endpoint> EndpointOf(std::string_view path) {
  if (path.starts_with(kFhirBase)) {
    path.remove_prefix(kFhirBase.size());
    if (path == "/CareTeam") return Endpoint::kCareTeam;
    if (path == "/AuditEvent") return Endpoint::kAuditEvent;
  } else if (path.starts_with(kFlagsBase) && path.substr(kFlagsBase.size()) == "/PatientFlag") {
    return Endpoint::kPatientFlag;
  }
  return std::nullopt;
}

Problem NotSearchable(Endpoint endpoint, std::string diagnostics) {
  Problem problem = InvalidSearch(std::move(diagnostics));
  if (endpoint == Endpoint::kPatientFlag) problem.issue = "not-found";
  return problem;
}

std::string SelfPath(const Search& search, std::string_view nhs_number) {
  const std::string format = search.format_given ? "&_format=json" : "";
  if (search.endpoint == Endpoint::kPatientFlag) {
    return std::string(kFlagsBase) + "/PatientFlag?patient=" + std::string(nhs_number) + "&code=" + search.flag_code + format;
  }
  std::string path(kFhirBase);
  path.append(search.endpoint == Endpoint::kCareTeam ? "/CareTeam" : "/AuditEvent").append("?patient:identifier=");
  path.append(kNhsNumberSystem).append("%7C").append(nhs_number);
  if (search.include_viewers) path += "&_include=AuditEvent:entity-type=http://terminology.hl7.org/CodeSystem/v3-RoleClass%7CASSIGNED";
  return path + format;
}

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
  if (value.size() > kMaxIncidentBytes || !IsPrintable(value)) {
    return PreconditionFailed("header X-Incident-Ref must be printable ASCII of at most " + std::to_string(kMaxIncidentBytes) + " characters");
  }
  *incident = std::string(value);
  return std::nullopt;
}

std::optional<Problem> ReadSearch(const HttpRequest& request, bool anonymous, Search* search) {
  search->endpoint = EndpointOf(request.path).value_or(Endpoint::kCareTeam);
  search->token = BearerToken(request);
  if (search->token.empty() && !anonymous) {
    return NoSession();
  }
  if (auto problem = CheckFormat(request)) return problem;
  if (auto problem = ReadUnscheduled(request, &search->lookup.silent)) return problem;
  if (auto problem = ReadIncident(request, &search->lookup.incident)) return problem;
  if (auto problem = ReadNumber(request, search)) return problem;
  if (auto problem = ReadFlagCode(request, search)) return problem;
  return ReadOthers(request, search);
}

}  // namespace cpis::edge::http
