// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/lan_call.h"

#include "tests/sync/fleet/tls_caller.h"

namespace cpis::e2e {
namespace {

using hostile::Freed;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Tls = std::unique_ptr<SSL, Freed<SSL_free>>;

std::string HostOf(const LanTablet& tablet) { return tablet.address.substr(0, tablet.address.rfind(':')); }

class Connection {
 public:
  explicit Connection(const LanTablet& tablet) : context_(SSL_CTX_new(TLS_client_method())), fd_(hostile::Dial(PortOf(tablet.address), tablet.from, HostOf(tablet).c_str())) {
    ::signal(SIGPIPE, SIG_IGN);
    if (fd_ < 0) return;
    const hostile::Certificate trusted = hostile::CertificateOf(tablet.authority);
    if (trusted) X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), trusted.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    tls_.reset(SSL_new(context_.get()));
    if (tablet.name.empty()) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), HostOf(tablet).c_str());
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
