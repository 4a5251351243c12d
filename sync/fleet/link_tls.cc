// SPDX-License-Identifier: Apache-2.0
//
// Between TLS and gRPC: the linker leads gRPC's calls of SSL_read here (--wrap, CMakeLists.txt), because gRPC 1.51 offers no place
// to look at what came before its HTTP/2 parser gathers it. Only servers' connections that speak HTTP/2 are judged.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <string>

#include "platform/log.h"
#include "sync/fleet/link_allowances.h"
#include "sync/fleet/link_frames.h"

namespace cpis::sync::fleet {
namespace {

struct Judged {
  FrameGuard frames;
  std::string node;  // as the certificate says, which TLS has verified
  bool over = false;
};

void Drop(void*, void* judged, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Judged*>(judged); }

// Empty when the certificate names nobody, or more than one: gRPC would take the first.
std::string NodeOf(const SSL* tls) {
  const X509* certificate = SSL_get0_peer_certificate(tls);
  if (certificate == nullptr) return "";
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) return "";
  const ASN1_STRING* name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name)), static_cast<size_t>(ASN1_STRING_length(name))};
}

bool IsServersHttp2(const SSL* tls) {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls, &protocol, &size);
  return SSL_is_server(tls) == 1 && size > 0;
}

Judged& JudgedOf(SSL* tls) {
  static const int place = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, Drop);
  auto* judged = static_cast<Judged*>(SSL_get_ex_data(tls, place));
  if (judged == nullptr) {
    judged = new Judged{{}, NodeOf(tls)};
    SSL_set_ex_data(tls, place, judged);
  }
  return *judged;
}

// Logs once for a connection.
bool MayPass(SSL* tls, platform::ByteView bytes) {
  Judged& judged = JudgedOf(tls);
  if (judged.over || judged.node.empty()) return false;
  const FrameGuard::Fault fault = judged.frames.Take(bytes);
  const bool within = TheLinkAllowances().TakeIn(judged.node, bytes.size(), judged.frames.TakeCount(),
                                                 std::chrono::steady_clock::now());
  if (fault == FrameGuard::Fault::kNone && within) return true;
  judged.over = true;
  platform::LogWarning("link", "a connection of " + judged.node + " was cut: " +
                                   (!within                                      ? "more came than a node may send"
                                    : fault == FrameGuard::Fault::kHeader   ? "a header without an end"
                                    : fault == FrameGuard::Fault::kNotHttp2 ? "not HTTP/2"
                                                                            : "a frame that is too large"));
  return false;
}

}  // namespace
}  // namespace cpis::sync::fleet

extern "C" {

int __real_SSL_read(SSL* tls, void* buffer, int size);

int __wrap_SSL_read(SSL* tls, void* buffer, int size) {
  const int got = __real_SSL_read(tls, buffer, size);
  if (got <= 0 || !cpis::sync::fleet::IsServersHttp2(tls)) return got;
  const auto* bytes = static_cast<const uint8_t*>(buffer);
  if (cpis::sync::fleet::MayPass(tls, {bytes, static_cast<size_t>(got)})) return got;
  ERR_raise(ERR_LIB_SSL, SSL_R_EXCESSIVE_MESSAGE_SIZE);  // what makes gRPC end a connection
  return -1;
}

}  // extern "C"
