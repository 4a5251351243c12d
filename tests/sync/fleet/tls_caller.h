// SPDX-License-Identifier: Apache-2.0
//
// Somebody who calls a server over TLS with whatever certificate, and then says whatever bytes: what a thief can write, not what
// a library would.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>

namespace cpis::hostile {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* held) const {
    kFree(held);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

inline Key PrivateKeyOf(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}
inline Certificate CertificateOf(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// A connected socket, -1 when nobody listens there. From 127.0.0.N, so that one place can be told from another, to 127.0.0.1 or `to`.
inline int Dial(uint16_t port, int from = 1, const char* to = "127.0.0.1") {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7f000000u + static_cast<uint32_t>(from));
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, to, &address.sin_addr);
  const timeval limit{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

struct Papers {
  std::string certificate_pem;  // empty: shows none
  std::string private_key_pem;
  int newest_version = TLS1_3_VERSION;
};

class TlsCaller {
 public:
  TlsCaller(uint16_t port, const Papers& papers, int from = 1) : TlsCaller(port, papers.newest_version, from) {
    if (papers.certificate_pem.empty()) return;
    const Key key = PrivateKeyOf(papers.private_key_pem);
    const Certificate certificate = CertificateOf(papers.certificate_pem);
    Shows(certificate.get(), key.get());
  }
  TlsCaller(uint16_t port, int newest_version, int from) : context_(SSL_CTX_new(TLS_client_method())), fd_(Dial(port, from)) {
    ::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_security_level(context_.get(), 0);  // a thief's library forbids nothing
    SSL_CTX_set_max_proto_version(context_.get(), newest_version);
  }
  ~TlsCaller() {
    tls_.reset();
    if (fd_ >= 0) ::close(fd_);
  }
  TlsCaller(const TlsCaller&) = delete;
  TlsCaller& operator=(const TlsCaller&) = delete;

  void Shows(X509* certificate, EVP_PKEY* key) {
    SSL_CTX_use_certificate(context_.get(), certificate);
    SSL_CTX_use_PrivateKey(context_.get(), key);
  }
  int fd() const { return fd_; }

  bool Handshakes() {
    tls_.reset(SSL_new(context_.get()));
    const unsigned char h2[] = "\2h2";
    SSL_set_alpn_protos(tls_.get(), h2, 3);
    SSL_set_fd(tls_.get(), fd_);
    return SSL_connect(tls_.get()) == 1;
  }
  bool Says(std::string_view bytes) { return SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0; }
  // What came next; empty when it was cut, or was silent for ten seconds.
  std::string Hears() {
    char buffer[16384];
    const int got = SSL_read(tls_.get(), buffer, sizeof buffer);
    return got > 0 ? std::string(buffer, static_cast<size_t>(got)) : "";
  }

 private:
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Freed<SSL_free>> tls_;
  int fd_;
};

// HTTP/2 by hand (RFC 9113, RFC 7541 without its tables).
inline std::string Frame(char type, char flags, uint32_t stream, std::string_view payload) {
  const auto byte = [](size_t value) { return static_cast<char>(value & 255); };
  std::string frame{byte(payload.size() >> 16), byte(payload.size() >> 8), byte(payload.size()), type, flags,
                    byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)};
  return frame.append(payload);
}
inline std::string Length(size_t length, unsigned char prefix_bits = 7, unsigned char flags = 0) {
  const size_t most = (1u << prefix_bits) - 1;
  if (length < most) return {static_cast<char>(flags | length)};
  std::string text{static_cast<char>(flags | most)};
  for (length -= most; length >= 128; length /= 128) text += static_cast<char>(length % 128 | 128);
  return text += static_cast<char>(length);
}
inline std::string Field(std::string_view name, std::string_view value, bool indexed = false) {
  return (indexed ? "\x40" : std::string(1, '\0')) + Length(name.size()).append(name) + Length(value.size()).append(value);
}
inline std::string CallOf(std::string_view method) {
  return Field(":method", "POST") + Field(":scheme", "http") + Field(":path", "/cpis.v1.FleetSync/" + std::string(method)) +
         Field(":authority", "x") + Field("te", "trailers") + Field("content-type", "application/grpc");
}
inline std::string Preface() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, 0, ""); }
constexpr char kEndHeaders = 4;
constexpr char kEndStream = 1;

}  // namespace cpis::hostile
