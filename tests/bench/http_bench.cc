// SPDX-License-Identifier: Apache-2.0
//
// What our HTTP server costs beside a bare Beast server with the same answer: one connection kept alive, and eight at once; both
// servers in this process, asked in turn, so that what else the machine does meets both. No lookup, so no number key. Ours twice: a quick
// request is answered where its bytes arrived, any other by a handler's thread, because it may have to wait.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <map>
#include <memory>
#include <thread>

#include "platform/http.h"
#include "tests/bench/measure.h"

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using cpis::bench::Clock;

constexpr size_t kBodySize = 1'400;  // a Bundle of one CareTeam
constexpr int kRequests = 20'000;
constexpr int kRounds = 40;
constexpr int kTogether = 8;
constexpr int kEachRound = 100;
constexpr double kBar = 1.3;

// Beast as its own examples have it: read, answer, read. One thread, nothing limited.
class BareSession : public std::enable_shared_from_this<BareSession> {
 public:
  explicit BareSession(tcp::socket socket) : socket_(std::move(socket)) { socket_.set_option(tcp::no_delay(true)); }

  void Read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_, [self = shared_from_this()](boost::system::error_code error, size_t) {
      if (!error) self->Write();
    });
  }

 private:
  void Write() {
    response_ = {http::status::ok, request_.version()};
    response_.set(http::field::content_type, "application/fhir+json");
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    response_.keep_alive(request_.keep_alive());
    response_.body() = std::string(kBodySize, 'x');
    response_.prepare_payload();
    http::async_write(socket_, response_, [self = shared_from_this()](boost::system::error_code error, size_t) {
      if (!error) self->Read();
    });
  }

  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

class BareServer {
 public:
  BareServer() {
    Accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~BareServer() {
    io_.stop();
    thread_.join();
  }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void Accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (!error) std::make_shared<BareSession>(std::move(socket))->Read();
      Accept();
    });
  }

  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::thread thread_;
};

std::unique_ptr<cpis::platform::HttpServer> StartOurs(bool quick) {
  const auto answer = [](const cpis::platform::HttpRequest&) -> cpis::platform::HttpResponse {
    return {200, "application/fhir+json", {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}}, std::string(kBodySize, 'x')};
  };
  const auto refuse = [](int status, std::string_view why) -> cpis::platform::HttpResponse { return {status, "text/plain", {}, std::string(why)}; };
  cpis::platform::HttpServer::Options options;
  options.quick = [quick](const cpis::platform::HttpRequest&) { return quick; };
  auto started = cpis::platform::HttpServer::Start(std::move(options), answer, refuse);
  if (started.ok()) return *std::move(started);
  std::fprintf(stderr, "%s\n", started.status().message().c_str());
  std::exit(1);
}

// One connection that is kept. Every answer has the size of the first.
class Caller {
 public:
  explicit Caller(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    Send();
    std::string first;
    char bytes[8192];
    for (size_t head = 0; size_ == 0 || first.size() < size_;) {
      first.append(bytes, static_cast<size_t>(std::max<ssize_t>(0, ::recv(fd_, bytes, sizeof bytes, 0))));
      head = first.find("\r\n\r\n");
      if (head != std::string::npos) size_ = head + 4 + kBodySize;
    }
  }
  ~Caller() { ::close(fd_); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  void Send() {
    static constexpr std::string_view kRequest =
        "GET /cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018 HTTP/1.1\r\n"
        "Host: 127.0.0.1:8750\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\nTraceID: 1\r\n"
        "Accept: application/fhir+json\r\nUser-Agent: bench\r\n\r\n";
    if (::send(fd_, kRequest.data(), kRequest.size(), 0) != static_cast<ssize_t>(kRequest.size())) std::abort();
  }
  void Receive() {
    char bytes[8192];
    for (size_t got = 0; got < size_;) {
      const ssize_t more = ::recv(fd_, bytes, sizeof bytes, 0);
      if (more <= 0) std::abort();
      got += static_cast<size_t>(more);
    }
  }
  double Microseconds() {
    const auto start = Clock::now();
    Send();
    Receive();
    return cpis::bench::SecondsSince(start) * 1e6;
  }

 private:
  int fd_;
  size_t size_ = 0;
};

void Compare(const std::string& what, const std::vector<double>& ours, const std::vector<double>& bare) {
  using cpis::bench::Line;
  using cpis::bench::Percentile;
  Line(what + ", ours: median", Percentile(ours, 0.5), "us", "p99 " + std::to_string(Percentile(ours, 0.99)));
  Line(what + ", bare Beast: median", Percentile(bare, 0.5), "us", "p99 " + std::to_string(Percentile(bare, 0.99)));
  Line(what + ", ratio of medians", Percentile(ours, 0.5) / Percentile(bare, 0.5), "", "bar " + std::to_string(kBar));
  Line(what + ", ratio of p99", Percentile(ours, 0.99) / Percentile(bare, 0.99), "", "");
}

void OneAtATime(const std::string& what, uint16_t ours, uint16_t bare) {
  Caller to_ours(ours), to_bare(bare);
  std::vector<double> of_ours, of_bare;
  for (int i = -500; i < kRequests; ++i) {
    const double one = to_ours.Microseconds();
    const double other = to_bare.Microseconds();
    if (i < 0) continue;
    of_ours.push_back(one);
    of_bare.push_back(other);
  }
  Compare(what + ", one connection", of_ours, of_bare);
}

// Microseconds a request when eight connections ask at once.
double Round(std::vector<std::unique_ptr<Caller>>& callers) {
  const auto start = Clock::now();
  for (int i = 0; i < kEachRound; ++i) {
    for (auto& caller : callers) caller->Send();
    for (auto& caller : callers) caller->Receive();
  }
  return cpis::bench::SecondsSince(start) * 1e6 / (kEachRound * kTogether);
}

void Together(const std::string& what, uint16_t ours, uint16_t bare) {
  std::vector<std::unique_ptr<Caller>> to_ours, to_bare;
  for (int i = 0; i < kTogether; ++i) {
    to_ours.push_back(std::make_unique<Caller>(ours));
    to_bare.push_back(std::make_unique<Caller>(bare));
  }
  std::vector<double> of_ours, of_bare;
  for (int round = 0; round < kRounds; ++round) {
    of_ours.push_back(Round(to_ours));
    of_bare.push_back(Round(to_bare));
  }
  Compare(what + ", eight at once", of_ours, of_bare);
}

// The processor of this thread and of those that it starts from now on. Left to itself, the scheduler puts server and client together or
// apart as it likes, and one small request costs twice as much apart.
constexpr unsigned kClient = 0;
constexpr unsigned kServers = 1;
void RunOn(unsigned processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

// Keeps every processor from sleeping, with what nobody else wants of it. Waking one costs a virtual machine more than a small request
// does, and which server pays for it is the scheduler's luck.
class Awake {
 public:
  Awake() {
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
      threads_.emplace_back([this, i] {
        RunOn(i);
        const sched_param lowest{};
        pthread_setschedparam(pthread_self(), SCHED_IDLE, &lowest);
        while (!over_) {
        }
      });
    }
  }
  ~Awake() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

int main() {
  RunOn(kServers);
  std::map<std::string, std::unique_ptr<cpis::platform::HttpServer>> ours;
  ours["quick"] = StartOurs(true);
  ours["handled"] = StartOurs(false);
  const BareServer bare;
  RunOn(kClient);
  const Awake awake;
  std::printf("HTTP server beside bare Beast, %zu bytes an answer\n", kBodySize);
  for (const auto& [what, server] : ours) {
    std::string host;
    uint16_t port = 0;
    if (!cpis::platform::ParseHostPort(server->Address(), 0, &host, &port).ok()) return 1;
    OneAtATime(what, port, bare.port());
    Together(what, port, bare.port());
  }
}
