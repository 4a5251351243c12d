// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/lan_call.h"

#include "tests/sync/fleet/tls_caller.h"

namespace cpis::e2e {
namespace {

using hostile::Freed;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Tls = std::unique_ptr<SSL, Freed<SSL_free>>;

// Connected to HOST:PORT from 127.0.0.N; -1 when it is refused.
int DialFrom(const std::string& address, int from) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(0x7f000000u + static_cast<uint32_t>(from));
  ::bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(PortOf(address));
  ::inet_pton(AF_INET, address.substr(0, address.rfind(':')).c_str(), &to.sin_addr);
  const timeval limit{Patient(seconds(10)).count() / 1000, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return fd;
  ::close(fd);
  return -1;
}

class Connection {
 public:
  explicit Connection(const LanTablet& tablet) : context_(SSL_CTX_new(TLS_client_method())), fd_(DialFrom(tablet.address, tablet.from)) {
    ::signal(SIGPIPE, SIG_IGN);
    if (fd_ < 0) return;
    const hostile::Certificate trusted = hostile::CertificateOf(tablet.authority);
    if (trusted) X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), trusted.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    tls_.reset(SSL_new(context_.get()));
    const std::string host = tablet.address.substr(0, tablet.address.rfind(':'));
    if (tablet.name.empty()) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), host.c_str());
    } else {
      SSL_set1_host(tls_.get(), tablet.name.c_str());
      SSL_set_tlsext_host_name(tls_.get(), tablet.name.c_str());
    }
    SSL_set_fd(tls_.get(), fd_);
    up_ = SSL_connect(tls_.get()) == 1;
  }
  ~Connection() {
    tls_.reset();
    if (fd_ >= 0) ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool up() const { return up_; }
  SSL* tls() const { return tls_.get(); }

 private:
  Context context_;
  Tls tls_;
  int fd_;
  bool up_ = false;
};

}  // namespace

HttpReply LanTablet::Asks(HttpCall call) const {
  const Connection connection(*this);
  if (!connection.up()) return {};
  if (!token.empty()) call.headers["X-CPIS-Tablet"] = token;
  const std::string host = name.empty() ? address : name + ":" + std::to_string(PortOf(address));
  const std::string request = Written(host, call);
  SSL_write(connection.tls(), request.data(), static_cast<int>(request.size()));
  std::string answer;
  char chunk[8192];
  for (int got; (got = SSL_read(connection.tls(), chunk, sizeof chunk)) > 0;) answer.append(chunk, static_cast<size_t>(got));
  return ReadReply(answer);
}

std::shared_ptr<void> LanTablet::Holds() const {
  auto connection = std::make_shared<Connection>(*this);
  return connection->up() ? connection : nullptr;
}

std::string LanTablet::certificate() const {
  const Connection connection(*this);
  if (!connection.up()) return "";
  const hostile::Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), SSL_get0_peer_certificate(connection.tls()));
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace cpis::e2e
