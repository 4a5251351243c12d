// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>

#include "platform/http.h"

namespace cpis::platform {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr uint64_t kMaxBody = 1024 * 1024;
constexpr uint32_t kMaxHeader = 16 * 1024;

constexpr size_t kShortestPin = 16;  // 128 bits: nobody can make a second certificate for it

bool Matches(X509* certificate, const Bytes& sha256) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  return X509_digest(certificate, EVP_sha256(), digest, &size) == 1 && sha256.size() >= kShortestPin &&
         sha256.size() <= size && std::equal(sha256.begin(), sha256.end(), digest);
}

// Whether the server's certificate is the pinned one, or was issued under it. It is not enough that the pinned
// certificate is shown: anyone can show it. The handshake has proved who holds the key of the first one only.
// Dates are not looked at: whoever gave out the pin vouched for the certificate, and a vehicle's clock may be far off.
bool IsUnderPin(SSL* connection, const Bytes& sha256) {
  STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(connection);
  X509* const leaf = SSL_get0_peer_certificate(connection);
  if (leaf == nullptr) return false;
  X509* pinned = nullptr;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    if (Matches(sk_X509_value(chain, i), sha256)) pinned = sk_X509_value(chain, i);
  }
  if (pinned == nullptr) return false;

  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> trusted(X509_STORE_new(), X509_STORE_free);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              X509_STORE_CTX_free);
  if (!trusted || !check || X509_STORE_add_cert(trusted.get(), pinned) != 1 ||
      X509_STORE_CTX_init(check.get(), trusted.get(), leaf, chain) != 1) {
    return false;
  }
  X509_STORE_CTX_set_flags(check.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
  return X509_verify_cert(check.get()) == 1;
}

// One request over its own connection, step by step; each step fails once the deadline has passed.
class PinnedPost {
 public:
  PinnedPost(const PinnedServer& server, std::chrono::milliseconds timeout)
      : server_(server),
        where_(server.host + ":" + std::to_string(server.port)),
        deadline_(std::chrono::steady_clock::now() + timeout),
        tls_(MakeContext()),
        stream_(io_, tls_) {}

  Status Connect() {
    tcp::resolver resolver(io_);
    tcp::resolver::results_type addresses;
    resolver.async_resolve(server_.host, std::to_string(server_.port),
                           [this, &addresses](error_code error, tcp::resolver::results_type found) {
                             step_error_ = error;
                             addresses = std::move(found);
                           });
    CPIS_TRY(Finish("find", [&resolver] { resolver.cancel(); }));
    Socket().expires_at(deadline_);
    Socket().async_connect(addresses, [this](error_code error, const tcp::endpoint&) { step_error_ = error; });
    CPIS_TRY(Finish("reach"));
    SSL_set_tlsext_host_name(stream_.native_handle(), server_.host.c_str());
    stream_.async_handshake(asio::ssl::stream_base::client, [this](error_code error) { step_error_ = error; });
    CPIS_TRY(Finish("agree on TLS with"));
    if (IsUnderPin(stream_.native_handle(), server_.certificate_sha256)) return Status::Ok();
    return Denied("the server at " + where_ + " is not the one that was pinned");
  }

  Result<HttpResponse> Post(std::string_view path, std::string_view json) {
    http::request<http::string_body> request(http::verb::post, {path.data(), path.size()}, 11);
    const bool v6 = server_.host.find(':') != std::string::npos;
    request.set(http::field::host, v6 ? "[" + server_.host + "]:" + std::to_string(server_.port) : where_);
    request.set(http::field::content_type, "application/json");
    request.set(http::field::connection, "close");
    request.body() = std::string(json);
    request.prepare_payload();
    http::async_write(stream_, request, [this](error_code error, size_t) { step_error_ = error; });
    CPIS_TRY(Finish("send to"));

    beast::flat_buffer buffer(kMaxHeader + kMaxBody);
    http::response_parser<http::string_body> parser;
    parser.header_limit(kMaxHeader);
    parser.body_limit(kMaxBody);
    http::async_read(stream_, buffer, parser, [this](error_code error, size_t) { step_error_ = error; });
    CPIS_TRY(Finish("hear from"));
    return Answer(parser.release());
  }

 private:
  static asio::ssl::context MakeContext() {
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_3_VERSION);
    context.set_verify_mode(asio::ssl::verify_none);  // the pin is checked after the handshake, before anything is sent
    return context;
  }

  static HttpResponse Answer(http::response<http::string_body> message) {
    HttpResponse response;
    response.status = static_cast<int>(message.result_int());
    response.content_type = std::string(message[http::field::content_type]);
    for (const auto& field : message) {
      response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    response.body = std::move(message.body());
    return response;
  }

  beast::tcp_stream& Socket() { return stream_.next_layer(); }

  Status Finish(std::string_view action) {
    return Finish(action, [this] { Socket().cancel(); });
  }

  template <typename Cancel>
  Status Finish(std::string_view action, Cancel cancel) {
    io_.restart();
    io_.run_until(deadline_);
    if (!io_.stopped()) {
      cancel();
      io_.run();
      step_error_ = beast::error::timeout;
    }
    if (!step_error_) return Status::Ok();
    return Unavailable("cannot " + std::string(action) + " " + where_ + ": " + step_error_.message());
  }

  const PinnedServer& server_;
  const std::string where_;
  const std::chrono::steady_clock::time_point deadline_;
  asio::io_context io_{1};
  asio::ssl::context tls_;
  beast::ssl_stream<beast::tcp_stream> stream_;
  error_code step_error_;
};

}  // namespace

Result<HttpResponse> PostPinned(const PinnedServer& server, std::string_view path, std::string_view json,
                                std::chrono::milliseconds timeout) {
  const auto unsafe = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (!path.starts_with('/') || std::any_of(path.begin(), path.end(), unsafe)) return Invalid("not a path to post to");
  if (json.size() > kMaxBody) return Exhausted("a body to post has at most 1 MiB");
  try {
    PinnedPost post(server, timeout);
    CPIS_TRY(post.Connect());
    return post.Post(path, json);
  } catch (const std::exception& error) {
    return Internal(std::string("cannot post: ") + error.what());
  }
}

}  // namespace cpis::platform
