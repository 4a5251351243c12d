// SPDX-License-Identifier: Apache-2.0
//
// The harness itself: a relay that did not cut, or a generator that wrote nonsense, would make every other test worthless.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <set>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

// Both ends of one connection through a relay.
class Line {
 public:
  explicit Line(Relay& relay, int listener) : vehicle_(Connect(relay.port())), server_(accept(listener, nullptr, nullptr)) {
    const timeval limit{0, 300'000};
    for (const int fd : {vehicle_, server_}) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Line() {
    close(vehicle_);
    close(server_);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  std::string Down(const std::string& text) const { return Across(server_, vehicle_, text); }
  std::string Up(const std::string& text) const { return Across(vehicle_, server_, text); }
  // What arrives within a moment: text, "reset" or "nothing".
  static std::string Hears(int fd) {
    char text[64];
    const ssize_t got = recv(fd, text, sizeof text, 0);
    if (got > 0) return {text, static_cast<size_t>(got)};
    return got == 0 || errno == ECONNRESET ? "reset" : "nothing";
  }
  int vehicle() const { return vehicle_; }

 private:
  static std::string Across(int from, int to, const std::string& text) {
    send(from, text.data(), text.size(), MSG_NOSIGNAL);
    return Hears(to);
  }
  int vehicle_;
  int server_;
};

class Server {
 public:
  Server() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(fd_, 8) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~Server() { close(fd_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  int fd() const { return fd_; }
  uint16_t port() const { return port_; }

 private:
  int fd_;
  uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("the relay carries both ways until the link is lost, and again when it is found", "[harness]") {
  const Server server;
  Relay relay([&] { return server.port(); });
  const Line line(relay, server.fd());
  CHECK(line.Up("hello") == "hello");
  CHECK(line.Down("welcome") == "welcome");
  relay.Lose();
  CHECK(Line::Hears(line.vehicle()) == "reset");
  const int refused = Connect(relay.port());
  CHECK(Line::Hears(refused) == "reset");
  close(refused);
  relay.Find();
  const Line again(relay, server.fd());
  CHECK(again.Up("back") == "back");
}

TEST_CASE("a held link tells nobody, and delivers when it is found", "[harness]") {
  const Server server;
  Relay relay([&] { return server.port(); });
  const Line line(relay, server.fd());
  REQUIRE(line.Down("before") == "before");
  relay.Hold();
  CHECK(line.Down("during") == "nothing");
  relay.Find();
  CHECK(Line::Hears(line.vehicle()) == "during");
}

TEST_CASE("the relay breaks once after the bytes it was told", "[harness]") {
  const Server server;
  Relay relay([&] { return server.port(); });
  relay.BreakAfter(10);
  const Line line(relay, server.fd());
  CHECK(line.Down("12345") == "12345");
  CHECK(relay.breaks() == 0);
  line.Down("67890");
  CHECK(Eventually([&] { return relay.breaks() == 1; }));
  const Line again(relay, server.fd());
  CHECK(again.Down("1234567890123") == "1234567890123");
  CHECK(relay.breaks() == 1);
}

TEST_CASE("a command's output, input and exit code come back, and a daemon's ready line", "[harness]") {
  const Output output = Run({{"/bin/sh", "-c", "cat; echo \"$WORD\" >&2; exit 3"}, "{\"a\":1}", {"WORD=heard"}});
  CHECK(output.exit_code == 3);
  CHECK(output.Json().at("a") == 1);
  CHECK(output.err == "heard\n");

  const TemporaryDirectory directory;
  Daemon daemon({"/bin/sh", "-c", "echo '{\"ready\":true,\"http\":\"127.0.0.1:1\"}'; exec sleep 60"}, directory.path() / "d");
  REQUIRE(daemon.BecomesReady());
  CHECK(daemon.ready().at("http") == "127.0.0.1:1");
  daemon.Signal(SIGTERM);
  CHECK(daemon.ExitWithin(seconds(5)) == 128 + SIGTERM);
}

TEST_CASE("made-up NHS numbers are distinct, of the 999 range, and begin with the samples' own", "[harness]") {
  CHECK(NhsNumber(0) == "9990000018");
  CHECK(NhsNumber(1) == "9990000026");
  std::set<std::string> numbers;
  for (size_t n = 0; n < 500; ++n) numbers.insert(NhsNumber(n));
  CHECK(numbers.size() == 500);
  CHECK(numbers.begin()->size() == 10);
}

}  // namespace cpis::e2e
