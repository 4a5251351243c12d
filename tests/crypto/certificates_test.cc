// SPDX-License-Identifier: Apache-2.0
//
// Certificates are judged by the openssl command, which knows nothing of our code.
#include "crypto/certificates.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/scratch.h"

using namespace cpis::crypto;
using cpis::ScratchDirectory;
using cpis::platform::Code;
using std::chrono::days;

namespace {

template <typename T>
T Must(cpis::platform::Result<T> result) {
  INFO(result.status().message());
  REQUIRE(result.ok());
  return *std::move(result);
}

// A fleet's authority, and the openssl command in a directory that holds its certificate as ca.pem.
class Fleet {
 public:
  Fleet() { directory_.Write("ca.pem", authority.certificate_pem); }

  bool OpensslAgrees(const std::string& arguments) const {
    const std::string command = "cd '" + directory_.path().string() + "' && openssl " + arguments + " >out 2>&1";
    return std::system(command.c_str()) == 0;
  }
  bool Verifies(std::string_view certificate_pem, const std::string& options) const {
    directory_.Write("leaf.pem", certificate_pem);
    return OpensslAgrees("verify -x509_strict -CAfile ca.pem " + options + " leaf.pem");
  }
  std::string Shown(std::string_view certificate_pem) const {
    directory_.Write("leaf.pem", certificate_pem);
    REQUIRE(OpensslAgrees("x509 -noout -text -in leaf.pem"));
    return directory_.Read("out");
  }
  std::string RequestFor(const std::string& key_options) const {
    REQUIRE(OpensslAgrees("req -new -nodes -keyout key.pem -subj /CN=node -out request.pem " + key_options));
    return directory_.Read("request.pem");
  }
  cpis::platform::Result<std::string> Signs(std::string_view request_pem) const {
    return SignNodeCertificate(authority, request_pem, "node-0011223344556677", days(365));
  }

  const CertificateAndKey authority = Must(NewCertificateAuthority("North West Ambulance Service fleet", days(3650)));

 private:
  ScratchDirectory directory_;
};

bool Contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a server certificate is trusted under the fleet's name, as a server only") {
  const Fleet fleet;
  const CertificateAndKey server = Must(NewServerCertificate(fleet.authority, days(825)));
  CHECK(fleet.Verifies(server.certificate_pem, "-purpose sslserver -verify_hostname fleet.cpis-edge.invalid"));
  CHECK_FALSE(fleet.Verifies(server.certificate_pem, "-purpose sslserver -verify_hostname example.org"));
  CHECK_FALSE(fleet.Verifies(server.certificate_pem, "-purpose sslclient"));
  CHECK_FALSE(Fleet().Verifies(server.certificate_pem, "-purpose sslserver"));
}

TEST_CASE("a node certificate is trusted as a client only, under the name that the fleet chose") {
  const Fleet fleet;
  const KeyAndRequest node = Must(NewCertificateRequest("a name of its own"));
  const std::string certificate = Must(fleet.Signs(node.request_pem));
  CHECK(fleet.Verifies(certificate, "-purpose sslclient"));
  CHECK_FALSE(fleet.Verifies(certificate, "-purpose sslserver"));
  const std::string shown = fleet.Shown(certificate);
  CHECK(Contains(shown, "Subject: CN = node-0011223344556677"));
  CHECK_FALSE(Contains(shown, "a name of its own"));
  CHECK(Contains(shown, "NIST CURVE: P-256"));
}

TEST_CASE("the authority may sign nodes and servers, but no further authorities") {
  const Fleet fleet;
  const std::string shown = fleet.Shown(fleet.authority.certificate_pem);
  CHECK(Contains(shown, "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0"));
  CHECK(Contains(shown, "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign"));
  const CertificateAndKey server = Must(NewServerCertificate(fleet.authority, days(1)));
  CHECK(Contains(fleet.Shown(server.certificate_pem), "X509v3 Basic Constraints: critical\n                CA:FALSE"));
}

TEST_CASE("the keys that are made fit their certificates") {
  const Fleet fleet;
  CHECK(NewServerCertificate(fleet.authority, days(1)).ok());
  const CertificateAndKey mixed{fleet.authority.certificate_pem, Fleet().authority.private_key_pem.Clone()};
  CHECK(NewServerCertificate(mixed, days(1)).status().code() == Code::kInvalid);
}

TEST_CASE("a certificate is valid from an hour ago until its lifetime is over") {
  const Fleet fleet;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const CertificateAndKey server = Must(NewServerCertificate(fleet.authority, days(30)));
  const auto expiry = Must(CertificateExpiry(server.certificate_pem));
  CHECK(expiry >= now + days(30));
  CHECK(expiry <= now + days(30) + std::chrono::minutes(1));
  const auto at = [](auto time) {
    return "-purpose sslserver -attime " + std::to_string(time.time_since_epoch().count());
  };
  // The authority is no older than the certificate, so the chain shows both beginnings.
  CHECK(fleet.Verifies(server.certificate_pem, at(now - std::chrono::minutes(59))));
  CHECK_FALSE(fleet.Verifies(server.certificate_pem, at(now - std::chrono::minutes(61))));
  CHECK_FALSE(fleet.Verifies(server.certificate_pem, at(now + days(31))));
}

TEST_CASE("two certificates never share a serial number") {
  const Fleet fleet;
  const KeyAndRequest node = Must(NewCertificateRequest("node"));
  const std::string one = fleet.Shown(Must(fleet.Signs(node.request_pem)));
  const std::string two = fleet.Shown(Must(fleet.Signs(node.request_pem)));
  const auto serial = [](const std::string& shown) { return shown.substr(shown.find("Serial Number"), 80); };
  CHECK(serial(one) != serial(two));
}

TEST_CASE("a changed certificate request is refused at every character") {
  const Fleet fleet;
  const std::string request = Must(NewCertificateRequest("node")).request_pem;
  REQUIRE(fleet.Signs(request).ok());
  const size_t begin = request.find('\n') + 1;
  const size_t end = request.find("\n-----END") - 4;  // the last group may hold bits that mean nothing
  for (size_t at = begin; at < end; ++at) {
    if (request[at] == '\n') continue;
    std::string changed = request;
    changed[at] = request[at] == 'A' ? 'B' : 'A';
    INFO("character " << at);
    CHECK(fleet.Signs(changed).status().code() == Code::kInvalid);
  }
}

TEST_CASE("a request for a key that is not P-256 is refused") {
  const Fleet fleet;
  CHECK(fleet.Signs(fleet.RequestFor("-newkey ec -pkeyopt ec_paramgen_curve:P-256")).ok());
  for (const char* other : {"-newkey rsa:2048", "-newkey ec -pkeyopt ec_paramgen_curve:P-384", "-newkey ed25519",
                            "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"}) {
    INFO(other);
    CHECK(fleet.Signs(fleet.RequestFor(other)).status().code() == Code::kInvalid);
  }
}

TEST_CASE("what is no request is refused, and no password is asked for") {
  const Fleet fleet;
  const std::string encrypted =
      "-----BEGIN CERTIFICATE REQUEST-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
      "AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
      "AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE REQUEST-----\n";
  for (const std::string& bad :
       {std::string(), std::string("text"), fleet.authority.certificate_pem, encrypted, std::string(1 << 20, 'A')}) {
    CHECK(fleet.Signs(bad).status().code() == Code::kInvalid);
  }
}

TEST_CASE("names and lifetimes that no certificate can carry are refused") {
  CHECK(NewCertificateAuthority("", days(1)).status().code() == Code::kInvalid);
  CHECK(NewCertificateAuthority(std::string(65, 'x'), days(1)).status().code() == Code::kInvalid);
  CHECK(NewCertificateAuthority("fleet", days(0)).status().code() == Code::kInvalid);
  CHECK(NewCertificateAuthority("fleet", days(-1)).status().code() == Code::kInvalid);
}

TEST_CASE("a certificate's digest is that of its DER form") {
  const Fleet fleet;
  fleet.Shown(fleet.authority.certificate_pem);
  REQUIRE(fleet.OpensslAgrees("x509 -in leaf.pem -outform DER -out leaf.der"));
  const std::string digest = cpis::platform::Hex(Must(CertificateSha256(fleet.authority.certificate_pem)));
  CHECK(fleet.OpensslAgrees("dgst -sha256 -r leaf.der | grep -q " + digest));
  CHECK(CertificateSha256("text").status().code() == Code::kInvalid);
  CHECK(CertificateExpiry("text").status().code() == Code::kInvalid);
}
