// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <future>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "platform/http.h"
#include "platform/http_answers.h"
#include "platform/http_text.h"
#include "platform/http_tls.h"

namespace cpis::platform {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr size_t kReadSize = 4096;
constexpr size_t kReadAhead = 64 * 1024;           // buffered beyond the header limit: body or pipelined requests
constexpr size_t kLingerBytes = 16 * 1024 * 1024;  // read and dropped after a last answer, so that the peer sees it
constexpr std::chrono::milliseconds kLingerTime = 2s;
constexpr std::chrono::milliseconds kStopTime = 500ms;  // for answers on their way when the server is destroyed
constexpr auto kAcceptRetry = 100ms;                    // when descriptors have run out
constexpr size_t kTurnedAway = 32;                      // connections past the limit that are told so at one time

class Connection {
 public:
  explicit Connection(std::string address) : peer(std::move(address)) {}
  virtual ~Connection() = default;
  virtual void Stop() = 0;     // ends at once, unless an answer is being made or sent
  virtual void HurryUp() = 0;  // ends soon, whatever it does
  const std::string peer;      // its address
};

// What the connections of a server share.
struct Shared {
  const HttpServer::Options options;
  const HttpAnswers answers;
  std::set<Connection*> open{};  // io thread only
  std::atomic<bool> stopping = false;
  asio::io_context io{1};
  std::optional<asio::ssl::context> tls{};
  std::optional<asio::thread_pool> handlers{};
};

// One connection, from accept to close. Everything runs on the io thread, except the handler. A shared_ptr in each
// pending operation keeps it alive; when none is pending any more, it is gone.
template <typename Stream>
class ConnectionOver final : public Connection, public std::enable_shared_from_this<ConnectionOver<Stream>> {
 public:
  static constexpr bool kTls = !std::is_same_v<Stream, tcp::socket>;

  template <typename... StreamArguments>
  ConnectionOver(Shared& shared, std::string address, bool admitted, StreamArguments&&... arguments)
      : Connection(std::move(address)),
        shared_(shared),
        admitted_(admitted),
        stream_(std::forward<StreamArguments>(arguments)...),
        timer_(shared.io),
        buffer_(shared.options.max_header + kReadAhead) {
    shared_.open.insert(this);
  }
  ~ConnectionOver() override { shared_.open.erase(this); }

  void Start() {
    error_code ignored;
    Socket().set_option(tcp::no_delay(true), ignored);
    if constexpr (kTls) {
      Arm(shared_.options.read_timeout, OnTimeout::kClose);
      stream_.async_handshake(Stream::server, [self = this->shared_from_this()](error_code error) {
        error ? self->Close() : self->Begin();
      });
    } else {
      Begin();
    }
  }

  void Stop() override {
    if (!answering_) Close();
  }

  void HurryUp() override { Arm(kStopTime, OnTimeout::kClose); }

 private:
  enum class OnTimeout { kClose, kAnswer };

  tcp::socket& Socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void Begin() { admitted_ ? AwaitRequest() : Refuse(503, "too many connections"); }

  void Arm(std::chrono::milliseconds duration, OnTimeout then) {
    timed_out_ = false;
    timer_.expires_after(duration);
    const uint64_t armed = ++timer_generation_;
    timer_.async_wait([self = this->shared_from_this(), armed, then](error_code error) {
      if (error || armed != self->timer_generation_) return;
      if (then == OnTimeout::kClose) return self->Close();
      self->timed_out_ = true;
      error_code ignored;
      self->Socket().cancel(ignored);
    });
  }

  void Disarm() {
    ++timer_generation_;
    timer_.cancel();
  }

  void Close() {
    Disarm();
    error_code ignored;
    Socket().close(ignored);
  }

  // Between requests: a peer that stays silent is left without a word.
  void AwaitRequest() {
    answering_ = false;
    (void)std::exchange(request_, {});  // an assigned string would keep its memory, and what was in it
    (void)std::exchange(wire_, {});
    parser_.reset();
    if (shared_.stopping) return Close();
    if (buffer_.size() > 0) return ReadHeader();  // pipelined
    buffer_.shrink_to_fit();
    Arm(shared_.options.read_timeout, OnTimeout::kClose);
    stream_.async_read_some(buffer_.prepare(kReadSize),
                            [self = this->shared_from_this()](error_code error, size_t size) {
                              if (error || !self->Socket().is_open()) return self->Close();
                              self->buffer_.commit(size);
                              self->ReadHeader();
                            });
  }

  void ReadHeader() {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(shared_.options.max_header));
    parser_->body_limit(shared_.options.max_body);
    Arm(shared_.options.read_timeout, OnTimeout::kAnswer);  // for the whole request, so that a drip does not help
    http::async_read_header(stream_, buffer_, *parser_, [self = this->shared_from_this()](error_code error, size_t) {
      if (self->Continues(error)) self->OnHeader();
    });
  }

  // After each read: whether the request goes on. If not, the peer is told why, if there is a peer.
  bool Continues(error_code error) {
    if (!Socket().is_open()) return false;
    static const auto& http_errors = make_error_code(http::error::end_of_stream).category();
    if (timed_out_) {
      Refuse(408, "the request took too long to arrive");
    } else if (!error) {
      return true;
    } else if (error == http::error::end_of_stream || error.category() != http_errors) {
      Close();
    } else if (error == http::error::body_limit) {
      Refuse(413, "the body is larger than " + std::to_string(shared_.options.max_body) + " bytes");
    } else if (error == http::error::header_limit ||
               (error == http::error::buffer_overflow && !parser_->is_header_done())) {
      Refuse(431, "the header is larger than " + std::to_string(shared_.options.max_header) + " bytes");
    } else {
      Refuse(400, "not a well-formed HTTP/1.1 request");
    }
    return false;
  }

  void OnHeader() {
    const auto& message = parser_->get();
    const size_t hosts = message.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return Refuse(400, "one Host header is wanted");
    if (message.count(http::field::transfer_encoding) > 0 && !parser_->chunked()) {
      return Refuse(400, "the only transfer coding understood is chunked");
    }
    auto target = ParseHttpTarget({message.target().data(), message.target().size()});
    if (!target.ok()) return Refuse(400, target.status().message());
    request_.method = IsHead() ? "GET" : std::string(message.method_string());
    request_.peer = peer;
    request_.path = std::move(target->path);
    request_.query = std::move(target->query);
    for (const auto& field : message)
      request_.headers.push_back({std::string(field.name_string()), std::string(field.value())});

    const bool asks_first =
        message.version() >= 11 && http::token_list(message[http::field::expect]).exists("100-continue");
    if (!asks_first || parser_->is_done()) return ReadBody();
    asio::async_write(stream_, asio::buffer(kContinue), [self = this->shared_from_this()](error_code error, size_t) {
      if (self->Continues(error)) self->ReadBody();
    });
  }

  void ReadBody() {
    http::async_read(stream_, buffer_, *parser_, [self = this->shared_from_this()](error_code error, size_t) {
      if (self->Continues(error)) self->Handle();
    });
  }

  void Handle() {
    Disarm();
    if (shared_.stopping) return Close();
    answering_ = true;
    request_.body = std::move(parser_->get().body());
    asio::post(*shared_.handlers, [self = this->shared_from_this()]() mutable {
      Shared& shared = self->shared_;
      HttpResponse response = shared.stopping ? shared.answers.Refuse(503, "the service is stopping")
                                              : shared.answers.Answer(self->request_);
      // The last reference goes back with it: a connection ends on the io thread.
      asio::post(shared.io, [self = std::move(self), response = std::move(response)]() mutable {
        const bool keep = self->parser_->keep_alive() && !self->shared_.stopping && response.status != 429;
        self->Write(std::move(response), keep ? Persistence::kKeepAlive : Persistence::kClose);
      });
    });
  }

  // What follows a refused request cannot be told from its rest, so the connection ends with the answer.
  void Refuse(int status, std::string_view why) { Write(shared_.answers.Refuse(status, why), Persistence::kClose); }

  void Write(HttpResponse response, Persistence persistence) {
    answering_ = true;
    wire_ = shared_.answers.Encode(std::move(response), persistence, IsHead());
    Arm(shared_.options.read_timeout, OnTimeout::kClose);
    const std::array<asio::const_buffer, 2> message{asio::buffer(wire_.head), asio::buffer(wire_.body)};
    asio::async_write(stream_, message, [self = this->shared_from_this(), persistence](error_code error, size_t) {
      if (error || !self->Socket().is_open()) return self->Close();
      persistence == Persistence::kKeepAlive ? self->AwaitRequest() : self->Linger();
    });
  }

  bool IsHead() const { return parser_ && parser_->get().method() == http::verb::head; }

  // Closing with unread input would reset the connection, and the peer could lose the answer: its input is read and
  // dropped until it closes too, within bounds.
  void Linger() {
    answering_ = false;
    Arm(shared_.stopping ? kStopTime : kLingerTime, OnTimeout::kClose);
    if constexpr (kTls) {
      stream_.async_shutdown([self = this->shared_from_this()](error_code) { self->Drain(); });
    } else {
      Drain();
    }
  }

  void Drain() {
    error_code ignored;
    Socket().shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    Socket().async_read_some(buffer_.prepare(kReadAhead),
                             [self = this->shared_from_this()](error_code error, size_t size) {
                               self->lingered_ += size;
                               if (error || self->lingered_ > kLingerBytes) return self->Close();
                               self->Drain();
                             });
  }

  Shared& shared_;
  const bool admitted_;
  Stream stream_;
  asio::steady_timer timer_;
  uint64_t timer_generation_ = 0;  // tells an expiry that was queued before the timer was set anew
  bool timed_out_ = false;
  bool answering_ = false;  // from the whole request to the end of its answer
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  HttpRequest request_;
  HttpAnswers::Wire wire_;  // being sent
  size_t lingered_ = 0;
};

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
    shared_.handlers->join();
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
    return Configure(shared_.tls.emplace(asio::ssl::context::tls_server), *shared_.options.tls);
  }

  void Serve() {
    shared_.handlers.emplace(static_cast<size_t>(shared_.options.threads));
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
    if (open >= limit + kTurnedAway || gone) return;
    const auto same = [&](const Connection* connection) { return connection->peer == peer; };
    const auto its = static_cast<size_t>(std::count_if(shared_.open.begin(), shared_.open.end(), same));
    if (shared_.options.admit && !shared_.options.admit(peer, its)) return;
    if (shared_.tls) {
      using Tls = asio::ssl::stream<tcp::socket>;
      std::make_shared<ConnectionOver<Tls>>(shared_, peer, open < limit, std::move(socket), *shared_.tls)->Start();
    } else {
      std::make_shared<ConnectionOver<tcp::socket>>(shared_, peer, open < limit, std::move(socket))->Start();
    }
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
