// SPDX-License-Identifier: Apache-2.0
//
// The text of HTTP/1.1 that needs no socket: what the server reads from a request target, and the head of its answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/clock.h"
#include "platform/http.h"
#include "platform/status.h"

namespace cpis::platform {

struct HttpTarget {
  std::string path;
  std::vector<HttpHeader> query;
};

// Splits a request target, origin-form ("/a?b=c") or absolute-form ("http://host/a?b=c"), and decodes its parts: in the
// query a plus is a space, in the path it is a plus. kInvalid on bad escapes and on control characters in the path.
Result<HttpTarget> ParseHttpTarget(std::string_view target);

enum class Persistence { kClose, kKeepAlive };

// Status line and header fields, blank line included; the length stated is that of the body, sent or (HEAD) not.
// kInvalid if a header field would break the message apart.
Result<std::string> HttpHead(const HttpResponse& response, Persistence persistence, Instant now);

// Whether an answer of this status has a body at all (RFC 9110 §6.4.1).
bool HttpStatusHasBody(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string HttpDate(Instant at);

}  // namespace cpis::platform
