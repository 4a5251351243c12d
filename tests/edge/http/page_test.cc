// SPDX-License-Identifier: Apache-2.0
#include "edge/http/page.h"

#include <array>
#include <catch2/catch.hpp>

#include "tests/edge/http/requests.h"

namespace cpis::edge::http {
namespace {

constexpr std::array kTwoFiles{PageFile{"/", "text/html; charset=utf-8", "plain page", "pressed page"},
                               PageFile{"/page/main.js", "text/javascript; charset=utf-8", "plain script", "pressed script"}};

HttpResponse Get(const std::string& path, const std::string& accepts = "", std::span<const PageFile> files = kTwoFiles) {
  HttpRequest request = Request("GET", path);
  if (!accepts.empty()) request.headers.push_back({"Accept-Encoding", accepts});
  return AnswerPage(request, files);
}

}  // namespace

TEST_CASE("the page and its files are served under their types, nothing else is") {
  CHECK(Get("/").content_type == "text/html; charset=utf-8");
  CHECK(Get("/").body == "plain page");
  CHECK(Get("/page/main.js").content_type == "text/javascript; charset=utf-8");
  const char* absent = GENERATE("/page/", "/page/other.js", "/page/../main.js", "/page/main.js/", "/page/MAIN.JS");
  CHECK(Get(absent).status == 404);
}

TEST_CASE("files are compressed for those who take it, and only for them") {
  const char* takes = GENERATE("gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.5", "identity; q=0.5, *", "deflate , gzip ; q=1");
  CHECK(Get("/", takes).body == "pressed page");
  CHECK(Header(Get("/", takes), "Content-Encoding") == "gzip");
  const char* takes_not = GENERATE("", "br", "gzip;q=0", "gzip; q=0.000, deflate", "*;q=0", "xgzip", "identity");
  CHECK(Get("/", takes_not).body == "plain page");
  CHECK(Header(Get("/", takes_not), "Content-Encoding").empty());
  CHECK(Header(Get("/", takes_not), "Vary") == "Accept-Encoding");
}

TEST_CASE("a file of the page may load what is its own and nothing else, and may not be framed") {
  const HttpResponse file = Get(GENERATE("/", "/page/main.js"));
  CHECK(Header(file, "Content-Security-Policy") ==
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'");
  CHECK(Header(file, "Referrer-Policy") == "no-referrer");
  CHECK(Header(file, "Cross-Origin-Opener-Policy") == "same-origin");
  CHECK(Header(file, "Cross-Origin-Resource-Policy") == "same-origin");
  CHECK(Header(file, "Cross-Origin-Embedder-Policy") == "require-corp");
  CHECK(Header(file, "Permissions-Policy").find("geolocation=()") != std::string::npos);
}

TEST_CASE("the page is read, never written") {
  HttpRequest request = Request("HEAD", "/");
  CHECK(AnswerPage(request, kTwoFiles).status == 200);
  request.method = GENERATE("POST", "PUT", "DELETE", "OPTIONS");
  const HttpResponse refused = AnswerPage(request, kTwoFiles);
  CHECK(refused.status == 405);
  CHECK(Header(refused, "Allow") == "GET, HEAD");
}

TEST_CASE("a daemon that was built without the page says so") {
  const HttpResponse absent = Get(GENERATE("/", "/page/main.js"), "", {});
  CHECK(absent.status == 404);
  CHECK(absent.body.find("CPIS_PAGE=OFF") != std::string::npos);
}

TEST_CASE("the page that was built in is small, names nobody else, and has no script or style of its own in the HTML") {
  size_t total = 0;
  for (const PageFile& file : PageFiles()) {
    CAPTURE(file.path);
    total += file.gzip.size();
    CHECK(file.plain.find("https:") == std::string_view::npos);
    CHECK(file.plain.find("innerHTML") == std::string_view::npos);
    CHECK(file.gzip.starts_with("\x1f\x8b"));
    if (file.path != "/") continue;
    CHECK(file.plain.find("style=") == std::string_view::npos);
    CHECK(file.plain.find("<style") == std::string_view::npos);
    CHECK(file.plain.find("<script>") == std::string_view::npos);
    CHECK(file.plain.find(" on") == std::string_view::npos);
  }
  CHECK(total <= 150 * 1024);
}

TEST_CASE("the service serves the page to anybody, stored by nobody") {
  FakeNode node;
  Gate gate;
  const Service service(node, gate);
  if (PageFiles().empty()) return;  // CPIS_PAGE=OFF
  HttpRequest request = Request("GET", "/");
  RemoveHeader(request, "Authorization");
  const HttpResponse page = service.Answer(request);
  CHECK(page.status == 200);
  CHECK(page.body.starts_with("<!DOCTYPE html>"));
  CHECK(Header(page, "Cache-Control") == "no-store");
  CHECK(Header(page, "X-Content-Type-Options") == "nosniff");
}

}  // namespace cpis::edge::http
