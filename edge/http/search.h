// SPDX-License-Identifier: Apache-2.0
//
// Reads a search of the national APIs out of a request: query parameters and headers. Pure.
#pragma once

#include <optional>
#include <string>

#include "edge/http/problem.h"
#include "edge/node.h"

namespace cpis::edge::http {

enum class Endpoint { kCareTeam, kAuditEvent, kPatientFlag };

// The search that a path asks for, if it asks for one.
std::optional<Endpoint> EndpointOf(std::string_view path);

struct Search {
  Endpoint endpoint = Endpoint::kCareTeam;
  std::string token;             // never empty
  LookupRequest lookup;          // the number as sent; the node judges it
  bool include_viewers = false;  // _include=AuditEvent:entity-type=…
  std::string flag_code;         // of kPatientFlag: the spelling that was asked for
  bool format_given = false;     // by _format, not by Accept
};

// Fills `search`, or says what is wrong with the request. Parameters that nobody defined are ignored, unless the client
// asked for `Prefer: handling=strict` (FHIR R4, RESTful API §3.1.1.3). Problems never quote a number: they may end up
// in a log.
std::optional<Problem> ReadSearch(const platform::HttpRequest& request, bool anonymous, Search* search);

// Path and query of the search as it was understood, for the Bundle's self link; `nhs_number` as the node judged it.
std::string SelfPath(const Search& search, std::string_view nhs_number);

// The number or the code of a search is none: INVALID_SEARCH_DATA, and for PatientFlag of issue type not-found as its
// draft has it. Never 404, which an application may take for "no flag".
Problem NotSearchable(Endpoint endpoint, std::string diagnostics);

// The token of `Authorization: Bearer TOKEN`; empty without one, or when there are several such headers.
std::string BearerToken(const platform::HttpRequest& request);

// The value of X-Incident-Ref, or why it cannot be one.
std::optional<Problem> ReadIncident(const platform::HttpRequest& request, std::string* incident);

}  // namespace cpis::edge::http
