// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/tls_probe.h"

#include <string>

#include "tests/sync/fleet/tls_caller.h"

namespace cpis::e2e {
namespace {

// A key and a certificate that signs itself.
void ShowOwnCertificate(hostile::TlsCaller& caller) {
  const hostile::Key key(EVP_EC_gen("P-256"));
  const hostile::Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("stranger"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  caller.Shows(certificate.get(), key.get());
}

bool LetsInPlainText(uint16_t port) {
  const int fd = hostile::Dial(port);
  if (fd < 0) return false;
  const std::string preface = hostile::Preface();
  ::send(fd, preface.data(), preface.size(), MSG_NOSIGNAL);
  // A TLS server may answer with an alert record (21): that is a refusal.
  char byte = 0;
  const bool in = ::recv(fd, &byte, 1, 0) == 1 && byte != 21;
  ::close(fd);
  return in;
}

}  // namespace

bool LetsIn(uint16_t port, Stranger stranger) {
  if (stranger == Stranger::kPlainText) return LetsInPlainText(port);
  hostile::TlsCaller caller(port, hostile::Papers{});
  if (stranger == Stranger::kCertificateOfItsOwn) ShowOwnCertificate(caller);
  // In TLS 1.3 the client is done before the server has judged its certificate: only a reply says that it was let in.
  return caller.Handshakes() && caller.Says(hostile::Preface()) && !caller.Hears().empty();
}

}  // namespace cpis::e2e
