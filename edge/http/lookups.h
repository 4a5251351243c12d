// SPDX-License-Identifier: Apache-2.0
//
// What the tablet page asks beside the FHIR API: lookups as the contract's JSON, every outcome of them a 200 that says itself
// what it is, and who is signed in. Numbers come in bodies, never in URLs.
#pragma once

#include "edge/node.h"
#include "platform/http.h"

namespace cpis::edge::http {

// POST /lookups {"nhs_number","incident"?,"silent"?} → the vehicle's own answer, as `cpisctl node lookup --json` prints it.
// POST /lookups/resolution, the same body → the fleet server's, for answers with `resolvable`; 503 when it cannot be asked in
// time: the vehicle's own stands.
platform::HttpResponse AnswerLookup(Node& node, const platform::HttpRequest& request);

// GET /session → {"staff","duty","right","idle_limit_seconds","idle_left_seconds","shift_left_seconds"}; asking is no use of the
// session. PUT, without a body: the same, and somebody is there.
platform::HttpResponse AnswerSession(Node& node, const platform::HttpRequest& request);

}  // namespace cpis::edge::http
