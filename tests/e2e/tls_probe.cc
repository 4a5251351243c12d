// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/tls_probe.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "tests/e2e/http_call.h"

namespace cpis::e2e {
namespace {

// The connection preface and an empty SETTINGS frame (RFC 9113 §3.4): what every HTTP/2 server answers.
std::string Preface() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9); }

template <typename T, auto Free>
struct Freed {
  void operator()(T* held) const { Free(held); }
};
template <typename T, auto Free>
using Held = std::unique_ptr<T, Freed<T, Free>>;

// A key and a certificate that signs itself.
void ShowOwnCertificate(SSL_CTX* context) {
  const Held<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
  const Held<X509, X509_free> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("stranger"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  SSL_CTX_use_certificate(context, certificate.get());
  SSL_CTX_use_PrivateKey(context, key.get());
}

// OpenSSL writes without MSG_NOSIGNAL, also to a peer that has hung up.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() : before_(signal(SIGPIPE, SIG_IGN)) {}
  ~WithoutPipeSignal() { signal(SIGPIPE, before_); }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

 private:
  sighandler_t before_;
};

bool LetsInOverTls(int fd, bool with_certificate) {
  const WithoutPipeSignal quiet;
  const Held<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  if (with_certificate) ShowOwnCertificate(context.get());
  const Held<SSL, SSL_free> tls(SSL_new(context.get()));
  const unsigned char h2[] = "\2h2";
  SSL_set_alpn_protos(tls.get(), h2, 3);
  SSL_set_fd(tls.get(), fd);
  if (SSL_connect(tls.get()) != 1) return false;
  // In TLS 1.3 the client is done before the server has judged its certificate: only a reply says that it was let in.
  const std::string preface = Preface();
  SSL_write(tls.get(), preface.data(), static_cast<int>(preface.size()));
  char byte = 0;
  return SSL_read(tls.get(), &byte, 1) == 1;
}

}  // namespace

bool LetsIn(uint16_t port, Stranger stranger) {
  const int fd = Connect(port);
  if (fd < 0) return false;
  const timeval limit{3, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  bool in = false;
  if (stranger == Stranger::kPlainText) {
    const std::string preface = Preface();
    send(fd, preface.data(), preface.size(), MSG_NOSIGNAL);
    // A TLS server may answer with an alert record (21): that is a refusal.
    char byte = 0;
    in = recv(fd, &byte, 1, 0) == 1 && byte != 21;
  } else {
    in = LetsInOverTls(fd, stranger == Stranger::kCertificateOfItsOwn);
  }
  close(fd);
  return in;
}

}  // namespace cpis::e2e
