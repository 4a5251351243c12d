// SPDX-License-Identifier: Apache-2.0
#include "platform/http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <future>
#include <stdexcept>

#include "platform/files.h"
#include "tests/patience.h"
#include "tests/scratch.h"

namespace cpis::platform {
namespace {

using namespace std::chrono_literals;

HttpResponse Refuse(int status, std::string_view why) {
  return {status, "text/plain", {}, "refused: " + std::string(why)};
}

// Shows what arrived: "GET /path a=1 b=2 body".
HttpResponse Echo(const HttpRequest& request) {
  if (request.path == "/throw") throw std::runtime_error("handler");
  if (request.path == "/inject") return {200, "text/plain", {{"X", "a\r\nY: b"}}, "x"};
  if (request.path == "/nothing") return {204, "", {}, ""};
  std::string text = request.method + " " + request.path;
  for (const auto& parameter : request.query) text += " " + parameter.name + "=" + parameter.value;
  return {200, "text/plain", {{"TraceID", std::string(request.Header("traceid"))}}, text + " " + request.body};
}

std::unique_ptr<HttpServer> Serve(HttpServer::Options options = {}, HttpServer::Handler handler = Echo) {
  auto server = HttpServer::Start(std::move(options), std::move(handler), Refuse);
  REQUIRE(server.ok());
  return *std::move(server);
}

uint16_t PortOf(const HttpServer& server) {
  std::string host;
  uint16_t port = 0;
  REQUIRE(ParseHostPort(server.Address(), 0, &host, &port).ok());
  return port;
}

// A client that sends bytes as they are.
class RawClient {
 public:
  explicit RawClient(const HttpServer& server) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(PortOf(server));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~RawClient() { close(fd_); }

  // False when the server has stopped taking bytes.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Reads until `text` has come `times` times, the server closes, or 10 s have passed.
  std::string ReadUntil(std::string_view text, int times = 1) {
    std::string all;
    while (Count(all, text) < times && ReadSome(&all)) {
    }
    return all;
  }

  std::string ReadToEnd() {
    std::string all;
    while (ReadSome(&all)) {
    }
    return all;
  }

  // Whether the server has ended the connection, as far as has been read.
  bool Ended() const { return ended_; }

  static int Count(std::string_view all, std::string_view text) {
    int count = 0;
    for (size_t at = all.find(text); at != std::string_view::npos; at = all.find(text, at + 1)) ++count;
    return count;
  }

 private:
  bool ReadSome(std::string* all) {
    pollfd waiting{fd_, POLLIN, 0};
    char bytes[4096];
    if (poll(&waiting, 1, 10000) <= 0) return false;
    const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
    if (got > 0) all->append(bytes, static_cast<size_t>(got));
    ended_ = got == 0;
    return got > 0;
  }

  int fd_;
  bool ended_ = false;
};

std::string Ask(const HttpServer& server, std::string_view bytes) {
  RawClient client(server);
  client.Send(bytes);
  return client.ReadToEnd();
}

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

TEST_CASE("a request is answered, with path and query decoded") {
  const auto server = Serve();
  const std::string answer = Ask(
      *server,
      "GET /a%20b+c?patient:identifier=x|1&q=a+b%26 HTTP/1.1\r\nHost: h\r\nTraceID: t1\r\nConnection: close\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\nDate: "));
  CHECK(Has(answer, "\r\nConnection: close\r\n"));
  CHECK(Has(answer, "\r\nContent-Type: text/plain\r\n"));
  CHECK(Has(answer, "\r\nTraceID: t1\r\n"));
  CHECK(answer.ends_with("\r\n\r\nGET /a b+c patient:identifier=x|1 q=a b& "));
}

TEST_CASE("bodies arrive with a length, in chunks and after 100 Continue") {
  const auto server = Serve();
  CHECK(Ask(*server, "POST /p HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello").ends_with("POST /p hello"));
  CHECK(Ask(*server,
            "POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")
            .ends_with("POST /p hello"));
  RawClient client(*server);
  client.Send("POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.ReadUntil("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("hello");
  CHECK(client.ReadToEnd().ends_with("POST /p hello"));
}

TEST_CASE("pipelined requests are answered in order on one connection") {
  const auto server = Serve();
  RawClient client(*server);
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client.Send(requests);
  const std::string answers = client.ReadUntil("GET /49 ");
  size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = answers.find("GET /" + std::to_string(i) + " ", at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(Has(answers, "Connection: keep-alive"));
}

TEST_CASE("HEAD gets the head of what GET would get") {
  const auto server = Serve();
  RawClient client(*server);
  client.Send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string answers = client.ReadToEnd();
  const size_t head_end = answers.find("\r\n\r\n") + 4;
  CHECK(Has(answers.substr(0, head_end), "Content-Length: 7\r\n"));
  CHECK(answers.substr(head_end).starts_with("HTTP/1.1 200"));
  CHECK(answers.ends_with("GET /b "));
}

TEST_CASE("a 204 answer has neither body nor length") {
  const auto server = Serve();
  const std::string answer = Ask(*server, "GET /nothing HTTP/1.0\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 204 "));
  CHECK_FALSE(Has(answer, "Content-Length"));
}

TEST_CASE("a body over the limit is answered 413, however it is sent") {
  HttpServer::Options options;
  options.max_body = 1000;
  const auto server = Serve(std::move(options));
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  CHECK(Ask(*server, head + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x')).starts_with("HTTP/1.1 413 "));
  const std::string big = Ask(*server, head + "Content-Length: 4000000\r\n\r\n" + std::string(4000000, 'x'));
  CHECK(big.starts_with("HTTP/1.1 413 "));
  CHECK(big.ends_with("refused: the body is larger than 1000 bytes"));
  const std::string chunked =
      head + "Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x') + "\r\n0\r\n\r\n";
  CHECK(Ask(*server, chunked).starts_with("HTTP/1.1 413 "));
  const std::string asked = Ask(*server, head + "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  CHECK(asked.starts_with("HTTP/1.1 413 "));
  CHECK(Ask(*server, head + "Connection: close\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'))
            .starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a header over the limit is answered 431") {
  HttpServer::Options options;
  options.max_header = 2000;
  const auto server = Serve(std::move(options));
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  CHECK(Ask(*server, start + std::string(200000, 'x') + "\r\n\r\n").starts_with("HTTP/1.1 431 "));
  CHECK(Ask(*server, start + std::string(1000, 'x') + "\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("malformed requests are answered 400 and the connection ends") {
  const auto server = Serve();
  const char* const malformed[] = {
      "hello\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n",
      "GET / HTTP/3.7\r\nHost: h\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n",
      "GET / HTTP/1.1\nHost: h\n\n",
      " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
  };
  for (const char* request : malformed) {
    CAPTURE(request);
    const std::string answer = Ask(*server, request);
    CHECK(answer.starts_with("HTTP/1.1 400 "));
    CHECK(Has(answer, "Connection: close"));
  }
}

TEST_CASE("a request that does not end in time is answered 408, an idle connection is closed in silence") {
  HttpServer::Options options;
  options.read_timeout = 1s;
  const auto server = Serve(std::move(options));
  RawClient idle(*server), in_header(*server), in_body(*server), kept(*server);
  in_header.Send("GET / HTTP/1.1\r\nHo");
  in_body.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhal");
  kept.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(in_header.ReadToEnd().starts_with("HTTP/1.1 408 "));
  CHECK(in_body.ReadToEnd().starts_with("HTTP/1.1 408 "));
  CHECK(idle.ReadToEnd().empty());
  CHECK(idle.Ended());
  CHECK(RawClient::Count(kept.ReadToEnd(), "HTTP/1.1") == 1);
  CHECK(kept.Ended());
}

TEST_CASE("a connection past the limit is told so while all others are being answered, and they go on") {
  std::promise<void> entered, leave;
  HttpServer::Options options;
  options.max_connections = 1;
  const auto server = Serve(std::move(options), [&](const HttpRequest& request) -> HttpResponse {
    if (request.path == "/slow") {
      entered.set_value();
      leave.get_future().wait();
    }
    return Echo(request);
  });
  RawClient first(*server);
  first.Send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.get_future().wait();
  CHECK(RawClient(*server).ReadToEnd().starts_with("HTTP/1.1 503 "));
  leave.set_value();
  CHECK(Has(first.ReadUntil("GET /slow "), "200 OK"));
  first.Send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(Has(first.ReadUntil("GET /2 "), "200 OK"));
}

TEST_CASE("with no connection left, who keeps the server waiting gives way: strangers first, who has waited longest first") {
  HttpServer::Options options;
  options.max_connections = 4;
  const auto server = Serve(std::move(options));
  const auto answered = [](RawClient& client, const std::string& path) {
    return client.Send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n") && Has(client.ReadUntil("GET " + path + " "), "200 OK");
  };
  RawClient known(*server);
  REQUIRE(answered(known, "/1"));
  RawClient older(*server);
  REQUIRE(answered(older, "/2"));
  RawClient silent(*server);
  RawClient slow(*server);
  slow.Send("GET / HTTP/1.1\r\nHo");
  REQUIRE(answered(known, "/3"));  // all four have been seen by now
  RawClient fifth(*server);
  REQUIRE(answered(fifth, "/5"));
  CHECK(silent.ReadToEnd().empty());
  CHECK(silent.Ended());
  RawClient sixth(*server);
  REQUIRE(answered(sixth, "/6"));
  slow.ReadToEnd();
  CHECK(slow.Ended());
  RawClient seventh(*server);
  REQUIRE(answered(seventh, "/7"));
  CHECK(older.ReadToEnd().empty());
  CHECK(older.Ended());
  CHECK(answered(known, "/8"));
  CHECK(answered(fifth, "/9"));
}

TEST_CASE("a handler that throws, or injects a header, is answered 500 and the server goes on") {
  const auto server = Serve();
  CHECK(Ask(*server, "GET /throw HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 500 "));
  const std::string injected = Ask(*server, "GET /inject HTTP/1.0\r\n\r\n");
  CHECK(injected.starts_with("HTTP/1.1 500 "));
  CHECK_FALSE(Has(injected, "Y: b"));
  CHECK(Ask(*server, "GET /a HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a refusal that throws still answers") {
  auto server = HttpServer::Start({}, Echo, [](int, std::string_view) -> HttpResponse { throw 1; });
  REQUIRE(server.ok());
  CHECK(Ask(**server, "bad\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_CASE("handlers run at once on as many threads as were asked for") {
  std::promise<void> all;
  std::atomic<int> inside = 0;
  const auto ready = all.get_future().share();
  HttpServer::Options options;
  options.threads = 3;
  const auto server = Serve(std::move(options), [&, ready](const HttpRequest&) -> HttpResponse {
    if (++inside == 3) all.set_value();
    return {ready.wait_for(Patient(10s)) == std::future_status::ready ? 200 : 500, "", {}, ""};
  });
  RawClient one(*server), two(*server), three(*server);
  for (RawClient* client : {&one, &two, &three}) client->Send("GET / HTTP/1.0\r\n\r\n");
  for (RawClient* client : {&one, &two, &three}) CHECK(client->ReadToEnd().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a quick request is answered while every handler's thread waits, in its turn on its connection") {
  std::promise<void> release;
  const auto released = release.get_future().share();
  HttpServer::Options options;
  options.threads = 1;
  options.quick = [](const HttpRequest& request) { return request.path == "/quick"; };
  const auto server = Serve(std::move(options), [&](const HttpRequest& request) {
    if (request.path == "/slow") released.wait();
    return Echo(request);
  });
  RawClient waits(*server);
  RawClient other(*server);
  waits.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n";
  other.Send(many);
  CHECK(RawClient::Count(other.ReadUntil("GET /quick", 2000), "GET /quick") == 2000);
  release.set_value();
  const std::string both = waits.ReadUntil("GET /quick");
  CHECK(both.find("GET /slow") < both.find("GET /quick"));
}

TEST_CASE("the server ends promptly with idle connections open, and lets a handler answer first") {
  std::promise<void> entered, leave;
  auto server = Serve({}, [&](const HttpRequest& request) -> HttpResponse {
    if (request.path == "/slow") {
      entered.set_value();
      leave.get_future().wait();
    }
    return {200, "text/plain", {}, "done"};
  });
  RawClient idle(*server), half(*server), slow(*server);
  idle.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(Has(idle.ReadUntil("done"), "200"));
  half.Send("GET / HT");
  slow.Send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { server.reset(); });
  CHECK(idle.ReadToEnd().empty());
  CHECK(idle.Ended());  // while the handler still runs
  leave.set_value();
  const auto from = std::chrono::steady_clock::now();
  CHECK(slow.ReadToEnd().ends_with("done"));
  stopped.wait();
  CHECK(std::chrono::steady_clock::now() - from < 2s);
}

TEST_CASE("the address tells the port that was bound, and a taken port is an error") {
  const auto server = Serve();
  CHECK(server->Address().starts_with("127.0.0.1:"));
  CHECK(PortOf(*server) > 0);
  HttpServer::Options again;
  again.listen = server->Address();
  CHECK(
      HttpServer::Start(std::move(again), Echo, Refuse).status().message().starts_with("cannot listen on 127.0.0.1:"));
  HttpServer::Options bad;
  bad.listen = "127.0.0.1";
  CHECK(HttpServer::Start(std::move(bad), Echo, Refuse).status().code() == Code::kInvalid);
}

}  // namespace
}  // namespace cpis::platform
