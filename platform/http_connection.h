// SPDX-License-Identifier: Apache-2.0
//
// One connection of HttpServer, from accept to close. Included by http_server.cc only: Beast and Asio stay in these two,
// handler_threads.h and http_client.cc.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <set>

#include "platform/handler_threads.h"
#include "platform/http.h"
#include "platform/http_answers.h"
#include "platform/http_text.h"
#include "platform/waiting_room.h"

namespace cpis::platform {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
inline constexpr size_t kReadSize = 4096;
inline constexpr size_t kReadAhead = 64 * 1024;           // buffered beyond the header limit: body or pipelined requests
inline constexpr size_t kLingerBytes = 16 * 1024 * 1024;  // read and dropped after a last answer, so that the peer sees it
inline constexpr std::chrono::milliseconds kLingerTime = 2s;
inline constexpr std::chrono::milliseconds kStopTime = 500ms;  // for answers on their way when the server is destroyed

class Connection {
 public:
  explicit Connection(std::string address) : peer(std::move(address)) {}
  virtual ~Connection() = default;
  virtual void Stop() = 0;     // ends at once, unless an answer is being made or sent
  virtual void HurryUp() = 0;  // ends soon, whatever it does
  virtual void GiveWay() = 0;  // ends at once; of those that wait only
  const std::string peer;      // its address
};
using Waiting = WaitingRoom<Connection>;

// What the connections of a server share.
struct Shared {
  const HttpServer::Options options;
  const HttpAnswers answers;
  std::set<Connection*> open{};  // io thread only
  Waiting waiting{};             // io thread only
  std::atomic<bool> stopping = false;
  std::atomic<int> in_hand = 0;  // requests that are with the handlers
  asio::io_context io{1};
  std::optional<asio::ssl::context> tls{};
  std::optional<HandlerThreads> handlers{};
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
  ~ConnectionOver() override {
    shared_.waiting.Leave(this);
    shared_.open.erase(this);
  }

  void Start() {
    error_code ignored;
    Socket().set_option(tcp::no_delay(true), ignored);
    if constexpr (!kTls) Socket().non_blocking(true, ignored);
    if constexpr (kTls) {
      if (admitted_) shared_.waiting.Enter(this, Waiting::Standing::kStranger);
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

  void GiveWay() override {
    shared_.waiting.Leave(this);
    Close();
  }

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

  // The peer keeps the server waiting from here on.
  void Wait() { shared_.waiting.Enter(this, known_ ? Waiting::Standing::kKnown : Waiting::Standing::kStranger); }

  // The time for the whole request, from the first of it that was waited for: a drip does not help.
  void ArmRequest() {
    if (std::exchange(timed_, true)) return;
    Wait();
    Arm(shared_.options.read_timeout, OnTimeout::kAnswer);
  }

  // Between requests: a peer that stays silent is left without a word.
  void AwaitRequest() {
    answering_ = false;
    (void)std::exchange(request_, {});  // an assigned string would keep its memory, and what was in it
    (void)std::exchange(wire_, {});
    parser_.reset();
    timed_ = false;
    if (shared_.stopping) return Close();
    Wait();
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
    // Mostly it has come whole, and there is nothing to wait for.
    error_code error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (!error && parser_->is_header_done()) return OnHeader();
    if (error && error != http::error::need_more) return (void)Continues(error);
    ArmRequest();
    http::async_read_header(stream_, buffer_, *parser_, [self = this->shared_from_this()](error_code read, size_t) {
      if (self->Continues(read)) self->OnHeader();
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
    if (parser_->is_done()) return Handle();
    ArmRequest();
    if (!asks_first) return ReadBody();
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
    known_ = true;
    shared_.waiting.Leave(this);
    request_.body = std::move(parser_->get().body());
    ++shared_.in_hand;
    if (shared_.options.quick && shared_.options.quick(request_)) return Answer(this->shared_from_this());
    shared_.handlers->Post([self = this->shared_from_this()]() mutable { Answer(std::move(self)); });
  }

  // On a handler's thread, or for a quick one on the io thread, while nothing else touches the connection. A single answer is sent from
  // here, as far as the socket takes it at once: the peer has it while the io thread is still being woken. Of several the io thread,
  // once awake, sends all.
  static void Answer(std::shared_ptr<ConnectionOver> self) {
    Shared& shared = self->shared_;
    HttpResponse response = shared.stopping ? shared.answers.Refuse(503, "the service is stopping")
                                            : shared.answers.Answer(self->request_);
    const bool keep = self->parser_->keep_alive() && !shared.stopping && !response.last;
    const Persistence persistence = keep ? Persistence::kKeepAlive : Persistence::kClose;
    self->Encode(std::move(response), persistence);
    const size_t sent = --shared.in_hand == 0 ? self->SendAtOnce() : 0;
    // The last reference goes back with it: a connection ends on the io thread.
    asio::post(shared.io, [self = std::move(self), sent, persistence]() mutable { self->Send(sent, persistence); });
  }

  // What follows a refused request cannot be told from its rest, so the connection ends with the answer.
  void Refuse(int status, std::string_view why) { Write(shared_.answers.Refuse(status, why), Persistence::kClose); }

  void Write(HttpResponse response, Persistence persistence) {
    answering_ = true;
    shared_.waiting.Leave(this);
    Encode(std::move(response), persistence);
    Send(0, persistence);
  }

  void Encode(HttpResponse response, Persistence persistence) {
    wire_ = shared_.answers.Encode(std::move(response), persistence, IsHead());
  }

  std::array<asio::const_buffer, 2> Wire() const { return {asio::buffer(wire_.head), asio::buffer(wire_.body)}; }

  // How much of the answer went without waiting.
  size_t SendAtOnce() {
    if constexpr (kTls) return 0;
    error_code full;
    return Socket().write_some(Wire(), full);
  }

  // The answer from its byte `sent` on.
  void Send(size_t sent, Persistence persistence) {
    const auto go_on = [](const std::shared_ptr<ConnectionOver>& self, Persistence then) {
      then == Persistence::kKeepAlive ? self->AwaitRequest() : self->Linger();
    };
    if (sent == asio::buffer_size(Wire())) return go_on(this->shared_from_this(), persistence);
    Arm(shared_.options.read_timeout, OnTimeout::kClose);
    boost::beast::buffers_suffix<std::array<asio::const_buffer, 2>> rest(Wire());
    rest.consume(sent);
    asio::async_write(stream_, rest, [self = this->shared_from_this(), persistence, go_on](error_code error, size_t) {
      if (error || !self->Socket().is_open()) return self->Close();
      go_on(self, persistence);
    });
  }

  bool IsHead() const { return parser_ && parser_->get().method() == http::verb::head; }

  // Closing with unread input would reset the connection, and the peer could lose the answer: its input is read and
  // dropped until it closes too, within bounds.
  void Linger() {
    answering_ = false;
    shared_.waiting.Enter(this, Waiting::Standing::kLeaving);
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
  bool timed_ = false;      // the request's own time runs
  bool known_ = false;      // has sent a whole request before
  bool answering_ = false;  // from the whole request to the end of its answer
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  HttpRequest request_;
  HttpAnswers::Wire wire_;  // being sent
  size_t lingered_ = 0;
};

}  // namespace cpis::platform
