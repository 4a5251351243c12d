// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <future>
#include <sstream>
#include <thread>

#include "platform/http_connection.h"

namespace cpis::platform {
namespace {

constexpr auto kAcceptRetry = 100ms;  // when descriptors have run out
constexpr size_t kTurnedAway = 32;    // connections past the limit at one time: told so, or not yet gone

class Server final : public HttpServer {
 public:
  Server(Options options, Handler handler, Refusal refuse)
      : shared_{std::move(options), HttpAnswers(std::move(handler), std::move(refuse))} {}

  ~Server() override {
    if (!io_thread_.joinable()) return;
    std::promise<void> stopped;
    asio::post(shared_.io, [this, &stopped] {
      shared_.stopping = true;
      error_code ignored;
      acceptor_.close(ignored);
      accept_retry_.cancel();
      for (Connection* connection : shared_.open) connection->Stop();
      stopped.set_value();
    });
    stopped.get_future().wait();
    shared_.handlers->Join();
    asio::post(shared_.io, [this] {
      for (Connection* connection : shared_.open) connection->HurryUp();
    });
    work_.reset();
    io_thread_.join();
  }

  std::string Address() const override { return address_; }

  Status Listen() {
    std::string host;
    uint16_t port = 0;
    CPIS_TRY(ParseHostPort(shared_.options.listen, 0, &host, &port));
    const std::string where = "cannot listen on " + shared_.options.listen + ": ";
    error_code error;
    tcp::resolver resolver(shared_.io);
    const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
    if (error) return Invalid(where + error.message());
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return Invalid(where + error.message());
    std::ostringstream bound;
    bound << acceptor_.local_endpoint(error);
    address_ = bound.str();
    return Status::Ok();
  }

  Status UseTls() {
    if (!shared_.options.tls) return Status::Ok();
    TlsIdentity& identity = *shared_.options.tls;
    auto& tls = shared_.tls.emplace(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_3_VERSION);
    SSL_CTX_set_num_tickets(tls.native_handle(), 0);  // nobody resumes
    error_code error;
    tls.use_certificate_chain(asio::buffer(identity.certificate_chain_pem), error);
    if (error) return Invalid("TLS certificate chain: " + error.message());
    tls.use_private_key(asio::buffer(identity.private_key_pem), asio::ssl::context::pem, error);
    explicit_bzero(identity.private_key_pem.data(), identity.private_key_pem.size());
    const bool fits = !error && SSL_CTX_check_private_key(tls.native_handle()) == 1;
    if (!fits) return Invalid("TLS private key: not a key of this certificate");
    return Status::Ok();
  }

  void Serve() {
    shared_.handlers.emplace(shared_.io, static_cast<size_t>(shared_.options.threads));
    io_thread_ = std::thread([this] { shared_.io.run(); });
    asio::post(shared_.io, [this] { Accept(); });
  }

 private:
  void Accept() {
    if (shared_.stopping) return;
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (shared_.stopping) return;
      if (!error) {
        Admit(std::move(socket));
        return Accept();
      }
      accept_retry_.expires_after(kAcceptRetry);
      accept_retry_.async_wait([this](error_code) { Accept(); });
    });
  }

  void Admit(tcp::socket socket) {
    const auto limit = static_cast<size_t>(shared_.options.max_connections);
    const size_t open = shared_.open.size();
    error_code gone;
    const std::string peer = socket.remote_endpoint(gone).address().to_string();
    if (gone || open >= limit + kTurnedAway || !MayHaveAnother(peer)) return;  // nobody gives way for one that is not let in
    Connection* waits_longest = open < limit ? nullptr : shared_.waiting.First();
    if (waits_longest) waits_longest->GiveWay();
    const bool admitted = open < limit || waits_longest;
    if (shared_.tls) {
      using Tls = asio::ssl::stream<tcp::socket>;
      std::make_shared<ConnectionOver<Tls>>(shared_, peer, admitted, std::move(socket), *shared_.tls)->Start();
    } else {
      std::make_shared<ConnectionOver<tcp::socket>>(shared_, peer, admitted, std::move(socket))->Start();
    }
  }

  bool MayHaveAnother(const std::string& peer) const {
    if (!shared_.options.admit) return true;
    const auto its = [&](const Connection* connection) { return connection->peer == peer; };
    return shared_.options.admit(peer, static_cast<size_t>(std::count_if(shared_.open.begin(), shared_.open.end(), its)));
  }

  Shared shared_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{shared_.io.get_executor()};
  tcp::acceptor acceptor_{shared_.io};
  asio::steady_timer accept_retry_{shared_.io};
  std::string address_;
  std::thread io_thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(Options options, Handler handler, Refusal refuse) {
  try {
    auto server = std::make_unique<Server>(std::move(options), std::move(handler), std::move(refuse));
    CPIS_TRY(server->Listen());
    CPIS_TRY(server->UseTls());
    server->Serve();
    return std::unique_ptr<HttpServer>(std::move(server));
  } catch (const std::exception& error) {
    return Internal(std::string("cannot start to serve HTTP: ") + error.what());
  }
}

}  // namespace cpis::platform
