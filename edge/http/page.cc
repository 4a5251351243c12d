// SPDX-License-Identifier: Apache-2.0
#include "edge/http/page.h"

#include <algorithm>

#include "edge/http/problem.h"
#include "edge/http/text.h"

namespace cpis::edge::http {
namespace {

using platform::HttpHeader;
using platform::HttpRequest;
using platform::HttpResponse;

// Nothing but these files, and the node they came from. frame-ancestors and the cross-origin headers keep other pages from
// putting this one in a frame or a window of theirs.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
// A tablet has much that a page may ask for; this one asks for nothing.
constexpr std::string_view kNothingOfTheDevice =
    "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
    "microphone=(), midi=(), payment=(), usb=()";

// Whether "gzip" or "*" is among the codings of Accept-Encoding, and not with weight 0.
bool TakesGzip(const HttpRequest& request) {
  const std::string accepted = LowerCase(request.Header("Accept-Encoding"));
  for (const std::string_view item : SplitOutsideQuotes(accepted, ',')) {
    const std::vector<std::string_view> parts = SplitOutsideQuotes(item, ';');
    const std::string_view coding = Trimmed(parts.front());
    if (coding != "gzip" && coding != "*") continue;
    const std::string_view weight = parts.size() > 1 ? Trimmed(parts[1]) : std::string_view();
    return !weight.starts_with("q=") || !IsZeroWeight(weight.substr(2));
  }
  return false;
}

}  // namespace

HttpResponse AnswerPage(const HttpRequest& request, std::span<const PageFile> files) {
  if (files.empty()) {
    return ToResponse(NoSuchPath("this daemon was built without the tablet page (CPIS_PAGE=OFF); the FHIR API is there"));
  }
  const auto file = std::find_if(files.begin(), files.end(), [&](const PageFile& one) { return one.path == request.path; });
  if (file == files.end()) return ToResponse(NoSuchPath("the tablet page has no such file (it begins at /)"));
  if (!IsRead(request)) return ToResponse(WrongMethod("GET, HEAD"));
  const bool gzip = TakesGzip(request);
  HttpResponse response{200, std::string(file->content_type), {}, std::string(gzip ? file->gzip : file->plain)};
  if (gzip) response.headers.push_back({"Content-Encoding", "gzip"});
  for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>{"Vary", "Accept-Encoding"},
                                    {"Content-Security-Policy", kPolicy},
                                    {"Permissions-Policy", kNothingOfTheDevice},
                                    {"Referrer-Policy", "no-referrer"},
                                    {"Cross-Origin-Opener-Policy", "same-origin"},
                                    {"Cross-Origin-Embedder-Policy", "require-corp"},
                                    {"Cross-Origin-Resource-Policy", "same-origin"}}) {
    response.headers.push_back({std::string(name), std::string(value)});
  }
  return response;
}

}  // namespace cpis::edge::http
