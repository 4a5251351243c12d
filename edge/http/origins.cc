// SPDX-License-Identifier: Apache-2.0
#include "edge/http/origins.h"

#include <algorithm>

#include "edge/http/text.h"

namespace cpis::edge::http {
namespace {

using platform::HttpRequest;
using platform::HttpResponse;

constexpr const char* kMethods = "GET, HEAD, POST, PUT, DELETE";
constexpr const char* kAsked =
    "Authorization, Content-Type, Accept, Prefer, TraceID, X-Request-ID, X-Correlation-ID, IsUnscheduledAccessEvent, X-Incident-Ref, "
    "X-CPIS-Tablet";
constexpr const char* kShown = "Retry-After, TraceID, X-Request-ID, X-Correlation-ID, X-CPIS-As-Of";
constexpr const char* kPreflightSeconds = "600";

bool IsOrigin(std::string_view text) {
  size_t scheme = 0;
  for (const std::string_view known : {"https://", "http://"}) {
    if (text.starts_with(known)) scheme = known.size();
  }
  if (scheme == 0 || text.size() == scheme || text.size() > 300) return false;
  const std::string_view rest = text.substr(scheme);
  if (rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:[]") != std::string_view::npos) return false;
  std::string host;
  uint16_t port = 0;
  return platform::ParseHostPort(rest, 1, &host, &port).ok() && !rest.ends_with(':');
}

bool Changes(const HttpRequest& request) { return !IsRead(request) && request.method != "OPTIONS"; }

std::string_view OneValue(const HttpRequest& request, std::string_view name) {
  const auto values = HeaderValues(request, name);
  return values.size() == 1 ? values.front() : values.empty() ? std::string_view() : std::string_view("several");
}

}  // namespace

platform::Result<Origins> Origins::Parse(const std::vector<std::string>& named) {
  Origins origins;
  for (const std::string& text : named) {
    std::string lower = LowerCase(text);
    if (!IsOrigin(lower)) {
      return platform::Invalid("origin \"" + Printable(text, 100) + "\" is not SCHEME://HOST[:PORT] (try https://epcr.example.nhs.uk)");
    }
    origins.named_.push_back(std::move(lower));
  }
  return origins;
}

bool Origins::IsNamed(std::string_view origin) const {
  return std::any_of(named_.begin(), named_.end(), [&](const std::string& one) { return one == origin; });
}

std::optional<HttpResponse> Origins::Judge(const HttpRequest& request, const std::string& own) const {
  const std::string_view origin = OneValue(request, "Origin");
  const bool named = IsNamed(origin);
  if (request.method == "OPTIONS" && !origin.empty() && !request.Header("Access-Control-Request-Method").empty()) {
    if (!named) return ToResponse(AccessDenied("pages of that origin may not ask (cpis-edged --allow-origin names those that may)"));
    HttpResponse preflight{204, "application/json", {}, ""};
    preflight.headers = {{"Access-Control-Allow-Methods", kMethods},
                         {"Access-Control-Allow-Headers", kAsked},
                         {"Access-Control-Max-Age", kPreflightSeconds}};
    if (request.Header("Access-Control-Request-Private-Network") == "true") {
      preflight.headers.push_back({"Access-Control-Allow-Private-Network", "true"});
    }
    return preflight;
  }
  if (!Changes(request) || named) return std::nullopt;
  const bool foreign = !origin.empty() && LowerCase(origin) != own;
  if (foreign || LowerCase(OneValue(request, "Sec-Fetch-Site")) == "cross-site") {
    return ToResponse(AccessDenied("pages of that origin may change nothing (cpis-edged --allow-origin names those that may)"));
  }
  return std::nullopt;
}

void Origins::Open(const HttpRequest& request, HttpResponse& response) const {
  if (named_.empty()) return;
  response.headers.push_back({"Vary", "Origin"});
  const std::string_view origin = OneValue(request, "Origin");
  if (!IsNamed(origin)) return;
  response.headers.push_back({"Access-Control-Allow-Origin", std::string(origin)});
  response.headers.push_back({"Access-Control-Expose-Headers", kShown});
}

}  // namespace cpis::edge::http
