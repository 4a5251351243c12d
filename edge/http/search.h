// SPDX-License-Identifier: Apache-2.0
//
// Reads a search of the national API out of a request: query parameters and headers. Pure.
#pragma once

#include <optional>
#include <string>

#include "edge/http/problem.h"
#include "edge/node.h"

namespace cpis::edge::http {

struct Search {
  std::string token;             // never empty
  LookupRequest lookup;          // the number as sent; the node judges it
  bool include_viewers = false;  // _include=AuditEvent:entity-type=…
};

// Fills `search`, or says what is wrong with the request. Parameters that nobody defined are ignored, unless the client
// asked for `Prefer: handling=strict` (FHIR R4, RESTful API §3.1.1.3). Problems never quote a number: they may end up
// in a log.
std::optional<Problem> ReadSearch(const platform::HttpRequest& request, bool anonymous, Search* search);

// The token of `Authorization: Bearer TOKEN`; empty without one, or when there are several such headers.
std::string BearerToken(const platform::HttpRequest& request);

// The value of X-Incident-Ref, or why it cannot be one.
std::optional<Problem> ReadIncident(const platform::HttpRequest& request, std::string* incident);

}  // namespace cpis::edge::http
