// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 as our daemons serve and call it. Beast and Asio are included in http_server.cc, its http_connection.h and
// handler_threads.h, and http_client.cc only.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::platform {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method;                     // "GET", upper case
  std::string path;                       // percent-decoded, no query
  std::vector<HttpHeader> query;          // percent-decoded name and value, in order
  std::vector<HttpHeader> headers;
  std::string body;
  std::string peer;                       // address of who asks, "192.168.8.20"
  std::string place;                      // never off the wire: for a handler that lets requests in, to say from where

  // First header of that name, case-insensitive; empty if absent.
  std::string_view Header(std::string_view name) const;
  // First query value of that name, or null.
  const std::string* Query(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<HttpHeader> headers;
  std::string body;
  bool last = false;  // whether the connection ends with it
};

struct TlsIdentity {
  std::string certificate_chain_pem;
  std::string private_key_pem;  // wiped once the server has it
};

// Serves until destroyed. Bad requests, bodies over the limit (413), header floods (431) and slow peers (408) are answered
// here with `refuse`, never closed silently. HEAD is answered as GET without a body. When there is no connection left for a
// newcomer, one that keeps the server waiting gives way in silence: first one that was never answered, of those the one that
// has waited longest. Only when all are being answered is the newcomer refused (503).
class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;  // called on worker threads, several at once
  using Refusal = std::function<HttpResponse(int status, std::string_view why)>;

  struct Options {
    std::string listen = "127.0.0.1:0";              // HOST:PORT; [::1]:0 works too; port 0 picks one
    int threads = 2;                                 // handler threads
    uint64_t max_body = 64 * 1024;
    uint64_t max_header = 16 * 1024;
    int max_connections = 1024;
    std::chrono::seconds read_timeout{15};           // per request; also idle keep-alive
    std::unique_ptr<TlsIdentity> tls;                // null: plain HTTP
    // Whether the handler answers it without waiting for anything: then it is called where the bytes arrived, as nobody else is kept
    // waiting for long, and two changes of thread are saved.
    std::function<bool(const HttpRequest&)> quick{};
    // Whether a peer that has `open` connections may have another; if not it is closed without a word. One thread.
    std::function<bool(const std::string& peer, size_t open)> admit{};
  };

  static Result<std::unique_ptr<HttpServer>> Start(Options options, Handler handler, Refusal refuse);
  virtual ~HttpServer() = default;                   // stops accepting, lets handlers end, closes
  virtual std::string Address() const = 0;           // "127.0.0.1:8750", the port really bound
};

struct PinnedServer {
  std::string host;
  uint16_t port = 0;
  Bytes certificate_sha256;  // or its first 16 bytes or more, of a certificate that the server's is, or is under
};

// One POST over TLS 1.3 to a server known by its pin. kUnavailable: no connection; kDenied: the pin does not match; other
// HTTP statuses come back in the response. Bodies up to 1 MiB.
Result<HttpResponse> PostPinned(const PinnedServer& server, std::string_view path, std::string_view json,
                                std::chrono::milliseconds timeout);

// Splits "HOST:PORT"; kInvalid quotes the input: `server "trust:" has no port (try trust:7444)`.
Status ParseHostPort(std::string_view text, uint16_t default_port, std::string* host, uint16_t* port);

}  // namespace cpis::platform
