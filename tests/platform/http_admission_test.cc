// SPDX-License-Identifier: Apache-2.0
//
// Whom the server lets connect, and how often.
#include <catch2/catch.hpp>

#include "platform/http.h"
#include "tests/sync/fleet/tls_caller.h"

namespace cpis::platform {
namespace {

struct Server {
  std::unique_ptr<HttpServer> server;
  bool last = false;

  explicit Server(std::function<bool(const std::string&, size_t)> admit) {
    HttpServer::Options options;
    options.admit = std::move(admit);
    auto started = HttpServer::Start(
        std::move(options), [this](const HttpRequest& request) { return HttpResponse{200, "text/plain", {}, "from " + request.peer, last}; },
        [](int refused, std::string_view) { return HttpResponse{refused, "text/plain", {}, "refused"}; });
    REQUIRE(started.ok());
    server = *std::move(started);
  }
  int From(int last_byte) const {
    const std::string address = server->Address();
    return hostile::Dial(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))), last_byte);
  }
};

// Empty when the connection was closed instead.
std::string Asks(int fd) {
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  char answer[1024];
  const ssize_t got = ::recv(fd, answer, sizeof answer, 0);
  return got > 0 ? std::string(answer, static_cast<size_t>(got)) : "";
}

TEST_CASE("an address that has its share of connections gets no more, and another still does") {
  const Server server([](const std::string&, size_t open) { return open < 2; });
  const int first = server.From(3);
  const int second = server.From(3);
  CHECK(Asks(first).find("from 127.0.0.3") != std::string::npos);
  CHECK(Asks(second).find("from 127.0.0.3") != std::string::npos);
  const int third = server.From(3);
  CHECK(Asks(third).empty());
  const int neighbour = server.From(4);
  CHECK(Asks(neighbour).find("from 127.0.0.4") != std::string::npos);
  CHECK(Asks(first).find("200") != std::string::npos);  // those that are open stay
  for (const int fd : {first, second, third, neighbour}) ::close(fd);
}

TEST_CASE("who is given a last answer must connect again") {
  Server server([](const std::string&, size_t) { return true; });
  const int fd = server.From(3);
  CHECK(Asks(fd).find("200") != std::string::npos);
  server.last = true;
  CHECK(Asks(fd).find("Connection: close") != std::string::npos);
  CHECK(Asks(fd).empty());
  ::close(fd);
}

}  // namespace
}  // namespace cpis::platform
