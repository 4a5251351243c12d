// SPDX-License-Identifier: Apache-2.0
#include "platform/port.h"

#include <catch2/catch.hpp>

#include "platform/http.h"

namespace cpis::platform {
namespace {

Result<std::unique_ptr<HttpServer>> Listen(const std::string& address) {
  HttpServer::Options options;
  options.listen = address;
  return HttpServer::Start(std::move(options), [](const HttpRequest&) { return HttpResponse{}; },
                           [](int status, std::string_view) { return HttpResponse{status, "", {}, ""}; });
}

TEST_CASE("a reserved port is nobody else's, and a listener's as often as it likes") {
  const auto reserved = PortReservation::Take("127.0.0.1:0");
  REQUIRE(reserved.ok());
  for (int i = 0; i < 3; ++i) {
    const auto listener = Listen(reserved->address());
    REQUIRE(listener.ok());
    CHECK((*listener)->Address() == reserved->address());
    CHECK(PortReservation::Take(reserved->address()).status().code() == Code::kInvalid);  // while somebody listens
  }
  for (int i = 0; i < 200; ++i) {
    const auto other = PortReservation::Take("127.0.0.1:0");
    REQUIRE(other.ok());
    CHECK(other->address() != reserved->address());
  }
}

TEST_CASE("what is no address is quoted") {
  const Status refused = PortReservation::Take("nowhere:7444").status();
  CHECK(refused.code() == Code::kInvalid);
  CHECK(refused.message().find("nowhere:7444") != std::string::npos);
}

}  // namespace
}  // namespace cpis::platform
