// SPDX-License-Identifier: Apache-2.0
//
// X.509 for the fleet's own mTLS: a private CA, one server certificate, one certificate a node (ECDSA P-256). OpenSSL
// is included in certificates.cc and nowhere else of ours.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/lan_names.h"
#include "crypto/secret.h"
#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::crypto {

// Before anything else of TLS: OpenSSL is not taken down when the process ends, because threads of gRPC may still be in it then.
void KeepTlsToTheEnd();

struct CertificateAndKey {
  std::string certificate_pem;
  Secret private_key_pem;
};

// The name every fleet server certificate carries, whatever its address: the fleet's CA, not DNS, says who the server
// is.
inline constexpr std::string_view kFleetServerName = "fleet.cpis-edge.invalid";

platform::Result<CertificateAndKey> NewCertificateAuthority(std::string_view common_name, std::chrono::days lifetime);
// An authority whose certificates name nothing but what ParseLanName allows: whoever trusts it trusts it for no more.
platform::Result<CertificateAndKey> NewLanAuthority(std::string_view common_name, std::chrono::days lifetime);
// serverAuth, subjectAltName kFleetServerName.
platform::Result<CertificateAndKey> NewServerCertificate(const CertificateAndKey& authority,
                                                         std::chrono::days lifetime);

// A key pair and its signing request (PKCS #10), made on the node.
struct KeyAndRequest {
  Secret private_key_pem;
  std::string request_pem;
};
platform::Result<KeyAndRequest> NewCertificateRequest(std::string_view common_name);
// clientAuth certificate for the key in `request_pem`, with `common_name` of our choice, not the request's.
// kInvalid when the request is malformed, its signature is wrong or its key is not P-256.
platform::Result<std::string> SignNodeCertificate(const CertificateAndKey& authority, std::string_view request_pem,
                                                  std::string_view common_name, std::chrono::days lifetime);

// serverAuth certificate for these names (at least one), by a LAN authority; kInvalid as above.
platform::Result<std::string> SignLanCertificate(const CertificateAndKey& authority, std::string_view request_pem,
                                                 const std::vector<LanName>& names, std::chrono::days lifetime);

// The DNS names and addresses that a certificate is for, as LanName's text. kInvalid: not a certificate.
platform::Result<std::vector<LanName>> CertificateNames(std::string_view certificate_pem);

platform::Result<platform::Bytes> CertificateSha256(std::string_view certificate_pem);  // of the DER form
platform::Result<std::chrono::sys_seconds> CertificateExpiry(std::string_view certificate_pem);

}  // namespace cpis::crypto
