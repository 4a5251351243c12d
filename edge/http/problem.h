// SPDX-License-Identifier: Apache-2.0
//
// Why a request has no answer, as an HTTP status and a FHIR R4 OperationOutcome. Codes are those of the national guide
// where it has one, else an outcome or reason of ours.
#pragma once

#include <string>
#include <string_view>

#include "platform/http.h"
#include "platform/status.h"

namespace cpis::edge::http {

inline constexpr int kRetrySeconds = 60;  // of what is not there now: a manifest comes at least every minute

struct Problem {
  int status = 500;
  std::string issue;        // FHIR issue-type: "invalid", "login", "forbidden", …
  std::string code;         // details.coding.code: "INVALID_SEARCH_DATA"
  std::string diagnostics;  // one line: what was wrong, and what would be right or what to do
  int retry_after = 0;      // seconds; 0: no such header
  std::string allow;        // of 405
};

// The national guide's three.
Problem InvalidSearch(std::string diagnostics);       // 400 INVALID_SEARCH_DATA
Problem PreconditionFailed(std::string diagnostics);  // 400 PRECONDITION_FAILED
Problem AccessDenied(std::string diagnostics);        // 403 ACCESS_DENIED

// Ours.
Problem InvalidBody(std::string diagnostics);  // 400 INVALID_BODY
Problem NotSignedIn(std::string diagnostics);  // 401 NOT_SIGNED_IN
Problem NoSession();                           // 401 NOT_SIGNED_IN: no token was sent
Problem NoSuchPath(std::string diagnostics);   // 404 NOT_FOUND
Problem WrongMethod(std::string_view allow);   // 405 METHOD_NOT_ALLOWED

// What the failure of a call means over HTTP. kDenied is 401: a client whose session ran out must sign in and send its
// attendance again, not give up. `invalid_code` is the code of kInvalid.
Problem ProblemOf(const platform::Status& failure, std::string_view invalid_code);

platform::HttpResponse ToResponse(const Problem& problem);

// What the HTTP server itself turns away: 400, 408, 413, 431, 503.
platform::HttpResponse Refuse(int status, std::string_view why);

}  // namespace cpis::edge::http
