// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "platform/files.h"
#include "platform/http.h"
#include "tests/scratch.h"

namespace cpis::platform {
namespace {

using namespace std::chrono_literals;

std::string ReadText(const std::filesystem::path& file) {
  const auto bytes = ReadFile(file, 1 << 20);
  REQUIRE(bytes.ok());
  return std::string(AsText(*bytes));
}

// A certification authority with one server certificate, made by the openssl command.
class Authority {
 public:
  Authority() {
    Run("openssl req -x509 -newkey ed25519 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority");
    Run("openssl req -newkey ed25519 -nodes -keyout leaf.key -out leaf.csr -subj /CN=server");
    Run("openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out leaf.pem");
  }

  std::string Pem(const std::string& name) const { return ReadText(scratch_ / (name + ".pem")); }
  std::string LeafKey() const { return ReadText(scratch_ / "leaf.key"); }

  Bytes PinOf(const std::string& name) const {
    Run("openssl x509 -in " + name + ".pem -outform DER -out " + name + ".der");
    Run("openssl dgst -sha256 -binary -out " + name + ".pin " + name + ".der");
    return *ReadFile(scratch_ / (name + ".pin"), 100);
  }

 private:
  void Run(const std::string& command) const {
    REQUIRE(std::system(("cd " + scratch_.path().string() + " && " + command + " 2>/dev/null").c_str()) == 0);
  }

  ScratchDirectory scratch_;
};

HttpResponse Refuse(int status, std::string_view why) { return {status, "text/plain", {}, std::string(why)}; }

std::unique_ptr<HttpServer> ServeTls(std::string chain, std::string key, HttpServer::Options options = {}) {
  options.tls = std::make_unique<TlsIdentity>(TlsIdentity{std::move(chain), std::move(key)});
  auto server = HttpServer::Start(
      std::move(options),
      [](const HttpRequest& request) -> HttpResponse {
        return {request.path == "/enrol" ? 201 : 404, "application/json", {{"X-Echo", "yes"}}, request.body};
      },
      Refuse);
  REQUIRE(server.ok());
  return *std::move(server);
}

PinnedServer At(const HttpServer& server, Bytes pin) {
  PinnedServer pinned;
  REQUIRE(ParseHostPort(server.Address(), 0, &pinned.host, &pinned.port).ok());
  pinned.certificate_sha256 = std::move(pin);
  return pinned;
}

TEST_CASE("a post over TLS arrives when the pin is that of the server or of its issuer") {
  const Authority authority;
  const auto server = ServeTls(authority.Pem("leaf") + authority.Pem("ca"), authority.LeafKey());
  for (const char* pinned : {"leaf", "ca"}) {
    const auto answer = PostPinned(At(*server, authority.PinOf(pinned)), "/enrol", "{\"code\":1}", 5s);
    REQUIRE(answer.ok());
    CHECK(answer->status == 201);
    CHECK(answer->content_type == "application/json");
    CHECK(answer->body == "{\"code\":1}");
  }
  CHECK(PostPinned(At(*server, authority.PinOf("leaf")), "/other", "{}", 5s)->status == 404);
}

TEST_CASE("a server with another certificate is refused before anything is sent to it") {
  const Authority authority;
  const auto server = ServeTls(authority.Pem("leaf") + authority.Pem("ca"), authority.LeafKey());
  CHECK(PostPinned(At(*server, Bytes(32, 1)), "/enrol", "{}", 5s).status().code() == Code::kDenied);
  CHECK(PostPinned(At(*server, Bytes()), "/enrol", "{}", 5s).status().code() == Code::kDenied);
}

TEST_CASE("showing the pinned certificate is not enough: the server's own must come from it") {
  const Authority pinned, impostor;
  const auto server = ServeTls(impostor.Pem("leaf") + impostor.Pem("ca") + pinned.Pem("ca"), impostor.LeafKey());
  CHECK(PostPinned(At(*server, pinned.PinOf("ca")), "/enrol", "{}", 5s).status().code() == Code::kDenied);
}

TEST_CASE("a body over the limit is answered 413 over TLS too") {
  const Authority authority;
  const auto server = ServeTls(authority.Pem("leaf"), authority.LeafKey());
  const auto answer = PostPinned(At(*server, authority.PinOf("leaf")), "/enrol", std::string(500000, 'x'), 5s);
  REQUIRE(answer.ok());
  CHECK(answer->status == 413);
}

TEST_CASE("no server, a server without TLS and a silent server are unavailable, the last within the time given") {
  PinnedServer nobody;
  {
    const auto plain = HttpServer::Start(
        {}, [](const HttpRequest&) { return HttpResponse(); }, Refuse);
    REQUIRE(plain.ok());
    nobody = At(**plain, Bytes(32, 1));
    CHECK(PostPinned(nobody, "/", "{}", 5s).status().code() == Code::kUnavailable);
  }
  CHECK(PostPinned(nobody, "/", "{}", 5s).status().code() == Code::kUnavailable);

  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(silent, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(silent, 1) == 0);
  getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
  nobody.port = ntohs(address.sin_port);
  const auto from = std::chrono::steady_clock::now();
  CHECK(PostPinned(nobody, "/", "{}", 200ms).status().code() == Code::kUnavailable);
  CHECK(std::chrono::steady_clock::now() - from < 2s);
  close(silent);
}

TEST_CASE("a path that would break the request apart is refused") {
  CHECK(PostPinned({"127.0.0.1", 1, {}}, "/a HTTP/1.1\r\nX: y", "{}", 1s).status().code() == Code::kInvalid);
}

TEST_CASE("a certificate and a key that do not belong together do not serve") {
  const Authority one, other;
  HttpServer::Options options;
  options.tls = std::make_unique<TlsIdentity>(TlsIdentity{one.Pem("leaf"), other.LeafKey()});
  const auto server = HttpServer::Start(
      std::move(options), [](const HttpRequest&) { return HttpResponse(); }, Refuse);
  CHECK(server.status().code() == Code::kInvalid);
}

}  // namespace
}  // namespace cpis::platform
