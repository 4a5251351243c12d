// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/certificates.h"
#include "tests/sync/fleet/tls_caller.h"

namespace cpis::crypto {
namespace {

using hostile::CertificateOf;
using hostile::PrivateKeyOf;
using std::chrono::days;

CertificateAndKey LanAuthority() {
  auto authority = NewLanAuthority("NWAS cpis-edge vehicle LANs", days(10));
  REQUIRE(authority.ok());
  return *std::move(authority);
}

// Whether somebody who trusts the authority takes the certificate for a server's.
bool Verifies(const CertificateAndKey& authority, X509* certificate) {
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, CertificateOf(authority.certificate_pem).get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, certificate, nullptr);
  X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
  const bool good = X509_verify_cert(context) == 1;
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return good;
}

// As whoever had stolen the authority's key could.
hostile::Certificate Forge(const CertificateAndKey& authority, const char* names) {
  const hostile::Key key(EVP_EC_gen("P-256"));
  const hostile::Certificate issuer = CertificateOf(authority.certificate_pem);
  const hostile::Key issuer_key = PrivateKeyOf(platform::AsText(authority.private_key_pem.Reveal()));
  hostile::Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key.get());
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get()));
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
  X509_add_ext(made.get(), extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(made.get(), issuer_key.get(), EVP_sha256());
  return made;
}

TEST_CASE("a vehicle's LAN has private addresses and names, in one spelling, and no others") {
  for (const char* good : {"192.168.8.1", "10.0.0.1", "172.31.255.254", "169.254.7.7", "127.0.0.2", "fd00::1", "fe80::1", "::1",
                           "gateway.lan", "a101.cpis.internal", "x.local", "box.home.arpa"}) {
    CAPTURE(good);
    const auto name = ParseLanName(good);
    REQUIRE(name.ok());
    CHECK(name->text == good);
    CHECK(ParseLanName(name->text).ok());
  }
  CHECK(ParseLanName("GateWay.LAN")->text == "gateway.lan");
  CHECK(ParseLanName("FD00:0:0::1")->text == "fd00::1");
  CHECK(ParseLanName("192.168.8.1")->address);
  CHECK_FALSE(ParseLanName("gateway.lan")->address);
  for (const std::string bad :
       {"8.8.8.8", "172.32.0.1", "192.169.0.1", "2001:db8::1", "::ffff:8.8.8.8", "spine.nhs.uk", "lan", ".lan", "a..lan", "-a.lan", "a-.lan",
        "*.lan", "a_b.lan", "a.lan.", "a.xlan", "a,IP:8.8.8.8.lan", "a b.lan", "", "fleet.cpis-edge.invalid", "192.168.8.1.lan\n"}) {
    CAPTURE(bad);
    CHECK(ParseLanName(bad).status().code() == platform::Code::kInvalid);
  }
  CHECK(ParseLanName(std::string("a\0.lan", 6)).status().code() == platform::Code::kInvalid);
  CHECK(ParseLanName(std::string(64, 'a') + ".lan").status().code() == platform::Code::kInvalid);
  CHECK(ParseLanName("spine.nhs.uk").status().message().find("\"spine.nhs.uk\"") != std::string::npos);
}

TEST_CASE("a LAN certificate is for its names, for a server, for its key, and verifies under its authority alone") {
  const CertificateAndKey authority = LanAuthority();
  const auto request = NewCertificateRequest("whatever");
  const std::vector<LanName> names{{false, "a101.cpis.internal"}, {true, "192.168.8.1"}, {true, "fd00::1"}};
  const auto pem = SignLanCertificate(authority, request->request_pem, names, days(90));
  REQUIRE(pem.ok());
  const auto certificate = CertificateOf(*pem);
  CHECK(Verifies(authority, certificate.get()));
  CHECK_FALSE(Verifies(LanAuthority(), certificate.get()));
  CHECK(X509_check_purpose(certificate.get(), X509_PURPOSE_SSL_CLIENT, 0) != 1);
  CHECK(X509_check_private_key(certificate.get(), PrivateKeyOf(platform::AsText(request->private_key_pem.Reveal())).get()) == 1);
  const auto read = CertificateNames(*pem);
  REQUIRE(read.ok());
  REQUIRE(read->size() == names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    CHECK((*read)[i].text == names[i].text);
    CHECK((*read)[i].address == names[i].address);
  }
  CHECK_FALSE(SignLanCertificate(authority, request->request_pem, {}, days(90)).ok());
  CHECK_FALSE(SignLanCertificate(authority, request->request_pem, {{false, "a.lan,DNS:spine.nhs.uk"}}, days(90)).ok());
  CHECK_FALSE(SignLanCertificate(authority, "no request", names, days(90)).ok());
}

TEST_CASE("whoever trusts the LAN authority trusts it for nothing of the public network, though its key is stolen") {
  const CertificateAndKey authority = LanAuthority();
  CHECK(Verifies(authority, Forge(authority, "DNS:gateway.lan").get()));
  CHECK(Verifies(authority, Forge(authority, "IP:192.168.8.1").get()));
  CHECK(Verifies(authority, Forge(authority, "IP:fd00::1").get()));
  for (const char* names : {"DNS:spine.nhs.uk", "DNS:gateway.lan,DNS:spine.nhs.uk", "IP:8.8.8.8", "IP:2001:db8::1"}) {
    CAPTURE(names);
    CHECK_FALSE(Verifies(authority, Forge(authority, names).get()));
  }
}

}  // namespace
}  // namespace cpis::crypto
