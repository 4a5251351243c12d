// SPDX-License-Identifier: Apache-2.0
#include "edge/http/pairing.h"

#include <boost/json.hpp>

#include "crypto/secret.h"
#include "edge/http/body.h"
#include "edge/http/problem.h"
#include "edge/http/text.h"

namespace cpis::edge::http {
namespace {

namespace json = boost::json;
using platform::Code;
using platform::HttpRequest;
using platform::HttpResponse;

constexpr size_t kLongestToken = 128;
// 400 days: browsers keep no cookie longer (RFC 6265bis §5.5).
constexpr const char* kCookieTerms = "; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Strict";

HttpResponse Json(const json::object& body) { return {200, "application/json", {}, json::serialize(body)}; }

bool IsToken(std::string_view text) {
  return !text.empty() && text.size() <= kLongestToken &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == std::string_view::npos;
}

// The values of that cookie in all Cookie headers.
std::vector<std::string_view> Cookies(const HttpRequest& request) {
  std::vector<std::string_view> found;
  for (std::string_view line : HeaderValues(request, "Cookie")) {
    while (!line.empty()) {
      const size_t end = std::min(line.find(';'), line.size());
      const std::string_view pair = Trimmed(line.substr(0, end));
      if (pair.starts_with(kTabletCookie) && pair.substr(kTabletCookie.size()).starts_with('=')) {
        found.push_back(pair.substr(kTabletCookie.size() + 1));
      }
      line.remove_prefix(std::min(end + 1, line.size()));
    }
  }
  return found;
}

Problem NotPaired(const platform::Status& failure) {
  switch (failure.code()) {
    case Code::kInvalid:
      return InvalidBody(failure.message());
    case Code::kDenied:
      return AccessDenied(failure.message());
    default:
      return {503, "transient", "UNAVAILABLE", "the pairing cannot be kept now; the node's log says why", kRetrySeconds, ""};
  }
}

HttpResponse Pair(const HttpRequest& request, Lan& lan) {
  std::map<std::string, std::string> body;
  if (const auto problem = ReadBody(request, {.required = {"code"}}, &body)) return ToResponse(*problem);
  platform::Result<PairedTablet> paired = lan.Pair(body["code"]);
  crypto::Wipe(body["code"]);
  if (!paired.ok()) return ToResponse(NotPaired(paired.status()));
  HttpResponse response = Json({{"paired", true}, {"tablet", paired->name}, {"token", paired->token}});
  response.headers.push_back({"Set-Cookie", std::string(kTabletCookie) + "=" + paired->token + kCookieTerms});
  return response;
}

}  // namespace

std::string TabletToken(const HttpRequest& request) {
  std::vector<std::string_view> shown = HeaderValues(request, kTabletHeader);
  if (shown.empty()) shown = Cookies(request);
  return shown.size() == 1 && IsToken(shown.front()) ? std::string(shown.front()) : "";
}

HttpResponse AnswerPairing(const HttpRequest& request, Lan& lan, const std::optional<TabletShown>& tablet) {
  if (request.method == "POST") return Pair(request, lan);
  if (request.method != "GET") return ToResponse(WrongMethod("GET, HEAD, POST"));
  return Json({{"paired", tablet.has_value()}, {"tablet", tablet ? json::value(tablet->name) : json::value(nullptr)}});
}

HttpResponse AnswerPairingHere(const HttpRequest& request) {
  if (request.method != "GET") return ToResponse(WrongMethod("GET, HEAD"));
  return Json({{"paired", true}, {"tablet", nullptr}});
}

}  // namespace cpis::edge::http
