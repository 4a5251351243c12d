// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificates.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>

#include "crypto/secret.h"

namespace cpis::crypto {
namespace {

using platform::Internal;
using platform::Invalid;
using platform::Result;
using platform::Status;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Free<X509_REQ_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Serial = std::unique_ptr<ASN1_INTEGER, Free<ASN1_INTEGER_free>>;
using BigNumber = std::unique_ptr<BIGNUM, Free<BN_free>>;
using AlternativeNames = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using Name = std::unique_ptr<X509_NAME, Free<X509_NAME_free>>;

constexpr std::chrono::seconds kClockSkew = std::chrono::hours(1);  // a vehicle's clock may be behind the server's
constexpr size_t kSerialBytes = 16;
constexpr size_t kMaxPemBytes = 16 * 1024;
constexpr const char* kCurve = "P-256";

// OpenSSL keeps its own queue of errors for each thread; what is left there would be blamed on the next TLS call.
Status Failed(const char* what) {
  ERR_clear_error();
  return Internal(std::string("OpenSSL could not ") + what);
}
Status Refused(const char* what) {
  ERR_clear_error();
  return Invalid(what);
}

// Without this, OpenSSL asks the terminal for the password of an encrypted PEM.
int NoPassword(char*, int, int, void*) { return -1; }

Result<std::string> Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  if (size <= 0) return Failed("write PEM");
  return std::string(data, static_cast<size_t>(size));
}

Result<std::string> ToPem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return Failed("write a certificate");
  return Text(bio.get());
}

Result<Secret> ToPem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_secmem()));  // wiped when freed
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failed("write a private key");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  if (size <= 0) return Failed("write PEM");
  return Secret::Copy(platform::AsBytes({data, static_cast<size_t>(size)}));
}

// Reads the first object of its kind; `read` is one of PEM_read_bio_*.
template <typename Owner, typename Read>
Result<Owner> FromPem(std::string_view pem, Read read, const char* refusal) {
  if (pem.size() > kMaxPemBytes) return Refused(refusal);
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return Failed("read PEM");
  Owner object(read(bio.get(), nullptr, NoPassword, nullptr));
  if (!object) return Refused(refusal);
  return object;
}

Result<Certificate> ReadCertificate(std::string_view pem) {
  return FromPem<Certificate>(pem, PEM_read_bio_X509, "not a certificate in PEM form");
}

Result<Key> NewKey() {
  Key key(EVP_EC_gen(kCurve));
  if (!key) return Failed("make a P-256 key");
  return key;
}

bool IsP256(const EVP_PKEY* key) {
  std::array<char, 32> group{};
  size_t size = 0;
  int explicit_parameters = 0;
  if (EVP_PKEY_is_a(key, "EC") != 1 || EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1)
    return false;
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_parameters);
  return OBJ_sn2nid(group.data()) == NID_X9_62_prime256v1 && explicit_parameters == 0;
}

Result<Name> CommonName(std::string_view common_name) {
  Name name(X509_NAME_new());
  if (!name) return Failed("make a name");
  // OpenSSL holds common names to the 64 characters of X.520.
  if (X509_NAME_add_entry_by_NID(name.get(), NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return Refused("a certificate's name must be 1 to 64 characters of UTF-8");
  }
  return name;
}

Status SetSerial(X509* certificate) {
  const platform::Bytes random = RandomBytes(kSerialBytes);
  const BigNumber number(BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
  const Serial serial(number ? BN_to_ASN1_INTEGER(number.get(), nullptr) : nullptr);
  if (!serial || X509_set_serialNumber(certificate, serial.get()) != 1) return Failed("number a certificate");
  return Status::Ok();
}

Status SetValidity(X509* certificate, std::chrono::days lifetime) {
  const std::time_t now = std::time(nullptr);
  std::time_t from = now - kClockSkew.count();
  std::time_t to = now + std::chrono::seconds(lifetime).count();
  if (lifetime.count() < 1 || X509_time_adj_ex(X509_getm_notBefore(certificate), 0, 0, &from) == nullptr ||
      X509_time_adj_ex(X509_getm_notAfter(certificate), 0, 0, &to) == nullptr) {
    return Refused("a certificate must last a day or more, and end before the year 10000");
  }
  return Status::Ok();
}

struct ExtensionText {
  int nid;
  std::string value;  // in the language of openssl.cnf
};

Status AddExtensions(X509* certificate, X509* issuer, std::initializer_list<ExtensionText> extensions) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const ExtensionText& text : extensions) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, text.nid, text.value.c_str()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) return Failed("extend a certificate");
  }
  return Status::Ok();
}

struct Authority {
  Certificate certificate;
  Key key;
};

Result<Authority> ReadAuthority(const CertificateAndKey& pem) {
  CPIS_ASSIGN(Certificate certificate, ReadCertificate(pem.certificate_pem));
  const std::string_view key_pem = platform::AsText(pem.private_key_pem.Reveal());
  CPIS_ASSIGN(Key key, FromPem<Key>(key_pem, PEM_read_bio_PrivateKey, "not a private key in PEM form"));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Refused("the authority's private key is not that of its certificate");
  }
  return Authority{std::move(certificate), std::move(key)};
}

// A certificate with everything but extensions and signature.
Result<Certificate> Draft(const X509_NAME* subject, const X509_NAME* issuer, EVP_PKEY* key,
                          std::chrono::days lifetime) {
  Certificate certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      X509_set_subject_name(certificate.get(), subject) != 1 || X509_set_issuer_name(certificate.get(), issuer) != 1 ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return Failed("fill in a certificate");
  }
  CPIS_TRY(SetSerial(certificate.get()));
  CPIS_TRY(SetValidity(certificate.get(), lifetime));
  return certificate;
}

Result<std::string> SignedPem(X509* certificate, EVP_PKEY* authority_key) {
  if (X509_sign(certificate, authority_key, EVP_sha256()) <= 0) return Failed("sign a certificate");
  return ToPem(certificate);
}

struct Leaf {
  std::string_view common_name;
  std::chrono::days lifetime;
  const char* usage;             // "serverAuth" or "clientAuth"
  std::string alternative_name;  // may be empty
};

Result<std::string> Issue(const Authority& authority, EVP_PKEY* key, const Leaf& leaf) {
  CPIS_ASSIGN(const Name subject, CommonName(leaf.common_name));
  CPIS_ASSIGN(const Certificate certificate,
              Draft(subject.get(), X509_get_subject_name(authority.certificate.get()), key, leaf.lifetime));
  CPIS_TRY(AddExtensions(certificate.get(), authority.certificate.get(),
                         {{NID_basic_constraints, "critical,CA:FALSE"},
                          {NID_key_usage, "critical,digitalSignature"},
                          {NID_ext_key_usage, leaf.usage},
                          {NID_subject_key_identifier, "hash"},
                          {NID_authority_key_identifier, "keyid:always"}}));
  if (!leaf.alternative_name.empty()) {
    CPIS_TRY(
        AddExtensions(certificate.get(), authority.certificate.get(), {{NID_subject_alt_name, leaf.alternative_name}}));
  }
  return SignedPem(certificate.get(), authority.key.get());
}

// `name_constraints` may be empty.
Result<CertificateAndKey> NewAuthority(std::string_view common_name, std::chrono::days lifetime, const std::string& name_constraints) {
  CPIS_ASSIGN(const Key key, NewKey());
  CPIS_ASSIGN(const Name name, CommonName(common_name));
  CPIS_ASSIGN(const Certificate certificate, Draft(name.get(), name.get(), key.get(), lifetime));
  CPIS_TRY(AddExtensions(certificate.get(), certificate.get(),
                         {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                          {NID_key_usage, "critical,keyCertSign,cRLSign"},
                          {NID_subject_key_identifier, "hash"}}));
  if (!name_constraints.empty()) {
    CPIS_TRY(AddExtensions(certificate.get(), certificate.get(), {{NID_name_constraints, name_constraints}}));
  }
  CertificateAndKey made;
  CPIS_ASSIGN(made.certificate_pem, SignedPem(certificate.get(), key.get()));
  CPIS_ASSIGN(made.private_key_pem, ToPem(key.get()));
  return made;
}

// What a request asks a certificate for, and nothing else of it.
Result<Request> ReadRequest(std::string_view request_pem) {
  CPIS_ASSIGN(Request request, FromPem<Request>(request_pem, PEM_read_bio_X509_REQ, "not a certificate request in PEM form"));
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || !IsP256(key)) return Refused("a certificate request must be for a P-256 key");
  if (X509_REQ_verify(request.get(), key) != 1) return Refused("a certificate request is not signed by its own key");
  return request;
}

}  // namespace

void KeepTlsToTheEnd() {
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr) != 1) std::abort();
}

Result<CertificateAndKey> NewCertificateAuthority(std::string_view common_name, std::chrono::days lifetime) {
  return NewAuthority(common_name, lifetime, "");
}

Result<CertificateAndKey> NewLanAuthority(std::string_view common_name, std::chrono::days lifetime) {
  return NewAuthority(common_name, lifetime, LanNameConstraints());
}

Result<CertificateAndKey> NewServerCertificate(const CertificateAndKey& authority, std::chrono::days lifetime) {
  CPIS_ASSIGN(const Authority signer, ReadAuthority(authority));
  CPIS_ASSIGN(const Key key, NewKey());
  const Leaf leaf{kFleetServerName, lifetime, "serverAuth", "DNS:" + std::string(kFleetServerName)};
  CertificateAndKey made;
  CPIS_ASSIGN(made.certificate_pem, Issue(signer, key.get(), leaf));
  CPIS_ASSIGN(made.private_key_pem, ToPem(key.get()));
  return made;
}

Result<KeyAndRequest> NewCertificateRequest(std::string_view common_name) {
  CPIS_ASSIGN(const Key key, NewKey());
  CPIS_ASSIGN(const Name name, CommonName(common_name));
  const Request request(X509_REQ_new());
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!request || !bio || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_subject_name(request.get(), name.get()) != 1 || X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0 ||
      PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) {
    return Failed("make a certificate request");
  }
  KeyAndRequest made;
  CPIS_ASSIGN(made.private_key_pem, ToPem(key.get()));
  CPIS_ASSIGN(made.request_pem, Text(bio.get()));
  return made;
}

Result<std::string> SignNodeCertificate(const CertificateAndKey& authority, std::string_view request_pem,
                                        std::string_view common_name, std::chrono::days lifetime) {
  CPIS_ASSIGN(const Authority signer, ReadAuthority(authority));
  CPIS_ASSIGN(const Request request, ReadRequest(request_pem));
  return Issue(signer, X509_REQ_get0_pubkey(request.get()), Leaf{common_name, lifetime, "clientAuth", ""});
}

Result<std::string> SignLanCertificate(const CertificateAndKey& authority, std::string_view request_pem,
                                       const std::vector<LanName>& names, std::chrono::days lifetime) {
  if (names.empty()) return Refused("a LAN certificate needs a name");
  CPIS_ASSIGN(const Authority signer, ReadAuthority(authority));
  CPIS_ASSIGN(const Request request, ReadRequest(request_pem));
  std::string alternatives;
  for (const LanName& name : names) {
    CPIS_ASSIGN(const LanName checked, ParseLanName(name.text));  // in OpenSSL's language a comma would begin another name
    alternatives += std::string(alternatives.empty() ? "" : ",") + (checked.address ? "IP:" : "DNS:") + checked.text;
  }
  return Issue(signer, X509_REQ_get0_pubkey(request.get()), Leaf{"cpis-edge vehicle LAN", lifetime, "serverAuth", alternatives});
}

Result<std::vector<LanName>> CertificateNames(std::string_view certificate_pem) {
  CPIS_ASSIGN(const Certificate certificate, ReadCertificate(certificate_pem));
  const AlternativeNames all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<LanName> names;
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    const ASN1_STRING* value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    const auto* bytes = ASN1_STRING_get0_data(value);
    const int size = ASN1_STRING_length(value);
    if (name->type == GEN_DNS) {
      names.push_back({false, std::string(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size))});
    } else if (size == 4 || size == 16) {
      names.push_back({true, AddressText({bytes, static_cast<size_t>(size)})});
    }
  }
  return names;
}

Result<platform::Bytes> CertificateSha256(std::string_view certificate_pem) {
  CPIS_ASSIGN(const Certificate certificate, ReadCertificate(certificate_pem));
  platform::Bytes digest(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) return Failed("digest a certificate");
  digest.resize(size);
  return digest;
}

Result<std::chrono::sys_seconds> CertificateExpiry(std::string_view certificate_pem) {
  CPIS_ASSIGN(const Certificate certificate, ReadCertificate(certificate_pem));
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) return Failed("read when a certificate ends");
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&end)));
}

}  // namespace cpis::crypto
