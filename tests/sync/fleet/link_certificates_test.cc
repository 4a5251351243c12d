// SPDX-License-Identifier: Apache-2.0
//
// Real handshakes with bad certificates, both ways. Made by whoever holds the fleet's CA key, so that each has one fault only.
#include <openssl/core_names.h>
#include <openssl/param_build.h>


#include "sync/fleet/link_server.h"
#include "sync/node/link.h"
#include "tests/patience.h"
#include "tests/sync/fleet/tls_caller.h"
#include "tests/sync/fleet/world.h"
#include "tests/sync/node/fake_replica.h"

namespace cpis::sync::fleet {
namespace {

using namespace hostile;
using namespace std::chrono_literals;

constexpr long kHour = 3600;

Key NewKey() { return Key(EVP_EC_gen("P-256")); }

std::string Pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}
std::string Pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

struct Wish {
  std::vector<std::string> names;  // CN
  const char* usage = "clientAuth";
  long begins = -kHour;
  long ends = kHour;
  const EVP_MD* digest = EVP_sha256();
  const char* other_name = nullptr;  // "DNS:…"
};

Certificate Issue(const Wish& wish, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wish.begins);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.ends);
  X509_set_pubkey(made.get(), key);
  for (const std::string& name : wish.names) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  }
  X509_set_issuer_name(made.get(), issuer != nullptr ? X509_get_subject_name(issuer) : X509_get_subject_name(made.get()));
  const auto add = [&](int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(made.get(), extension, -1);
    X509_EXTENSION_free(extension);
  };
  add(NID_ext_key_usage, wish.usage);
  if (wish.other_name != nullptr) add(NID_subject_alt_name, wish.other_name);
  X509_sign(made.get(), issuer_key, wish.digest);
  return made;
}

// Passes for the key of that certificate as long as only the public half is looked at.
Key FalseKeyFor(X509* certificate, EVP_PKEY* real) {
  unsigned char* point = nullptr;
  const size_t size = EVP_PKEY_get1_encoded_public_key(X509_get0_pubkey(certificate), &point);
  BIGNUM* secret = nullptr;
  EVP_PKEY_get_bn_param(real, OSSL_PKEY_PARAM_PRIV_KEY, &secret);
  OSSL_PARAM_BLD* parts = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
  OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point, size);
  OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_PRIV_KEY, secret);
  OSSL_PARAM* all = OSSL_PARAM_BLD_to_param(parts);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context);
  EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, all);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(all);
  OSSL_PARAM_BLD_free(parts);
  BN_free(secret);
  OPENSSL_free(point);
  return Key(key);
}

struct NoOutbox final : node::Outbox {
  Result<std::vector<Item>> Oldest(size_t) override { return std::vector<Item>{}; }
  Status Settle(const Receipt&, ByteView) override { return Status::Ok(); }
  void OnWaiting(std::function<void()>) override {}
};

std::string PemOf(const crypto::Secret& pem) { return std::string(platform::AsText(pem.Reveal())); }

struct Server : World {
  Hub hub{keys, clock, crypto::Epoch{1}};
  ResolveDesk resolve_desk{*store};
  Node node = Enrols("A", {kLancashire});
  Certificate ca = CertificateOf(keys.authority.certificate_pem);
  Key ca_key = PrivateKeyOf(PemOf(keys.authority.private_key_pem));
  std::unique_ptr<LinkServer> link;

  Server() { hub.SetNodes(*roll->Nodes()); }
  ~Server() { link.reset(); }
  uint16_t Listens() {
    auto started = LinkServer::Start("127.0.0.1:0", *store, hub, {*desk, resolve_desk});
    REQUIRE(started.ok());
    link = *std::move(started);
    const std::string address = link->Address();
    return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  // What a call for a watch is answered; empty when there was no answer at all.
  static std::string Watches(TlsCaller& caller) {
    if (!caller.Handshakes()) return "";
    caller.Says(Preface() + Frame(1, kEndHeaders, 1, CallOf("Watch")) + Frame(0, kEndStream, 1, std::string(5, '\0')));
    std::string all;
    for (std::string more; (more = caller.Hears()).size() > 0;) {
      all += more;
      if (all.find("grpc-status") != std::string::npos || all.size() > 200) break;
    }
    return all;
  }
};

TEST_CASE("a certificate with any one fault is refused at the handshake") {
  Server server;
  const uint16_t port = server.Listens();
  const Key key = NewKey();
  const std::string& id = server.node.id;
  X509* ca = server.ca.get();
  EVP_PKEY* ca_key = server.ca_key.get();
  const auto in = [&](const char* what, X509* certificate, EVP_PKEY* with) {
    INFO(what);
    TlsCaller caller(port, TLS1_3_VERSION, 1);
    if (certificate != nullptr) caller.Shows(certificate, with);
    return !Server::Watches(caller).empty();
  };
  REQUIRE(in("control", Issue({{id}}, key.get(), ca, ca_key).get(), key.get()));

  CHECK_FALSE(in("none", nullptr, nullptr));
  CHECK_FALSE(in("self-signed", Issue({{id}}, key.get(), nullptr, key.get()).get(), key.get()));
  const auto other = *crypto::NewCertificateAuthority("cpis-edge fleet", std::chrono::days(1));
  CHECK_FALSE(in("another authority",
                 Issue({{id}}, key.get(), CertificateOf(other.certificate_pem).get(), PrivateKeyOf(PemOf(other.private_key_pem)).get()).get(),
                 key.get()));
  CHECK_FALSE(in("the authority's name, another key", Issue({{id}}, key.get(), ca, key.get()).get(), key.get()));
  CHECK_FALSE(in("expired", Issue({.names = {id}, .begins = -2 * kHour, .ends = -60}, key.get(), ca, ca_key).get(), key.get()));
  CHECK_FALSE(in("not yet valid", Issue({.names = {id}, .begins = kHour, .ends = 2 * kHour}, key.get(), ca, ca_key).get(), key.get()));
  CHECK_FALSE(in("a server's", Issue({.names = {id}, .usage = "serverAuth"}, key.get(), ca, ca_key).get(), key.get()));
  CHECK_FALSE(in("the fleet server's own", CertificateOf(server.keys.server.certificate_pem).get(),
                 PrivateKeyOf(PemOf(server.keys.server.private_key_pem)).get()));
  CHECK_FALSE(in("the authority itself", ca, ca_key));
  const auto request = *crypto::NewCertificateRequest("x");
  CHECK_FALSE(in("its own, for its LAN", CertificateOf(*LanDesk(*server.store).Certify(id, {request.request_pem, {}})).get(),
                 PrivateKeyOf(PemOf(request.private_key_pem)).get()));
  const Certificate lan_ca = CertificateOf(server.keys.lan_authority.certificate_pem);
  const Key lan_key = PrivateKeyOf(PemOf(server.keys.lan_authority.private_key_pem));
  CHECK_FALSE(in("a client's, under the LAN authority", Issue({{id}}, key.get(), lan_ca.get(), lan_key.get()).get(), key.get()));
  CHECK_FALSE(in("SHA-1", Issue({.names = {id}, .digest = EVP_sha1()}, key.get(), ca, ca_key).get(), key.get()));
  const Key weak(EVP_RSA_gen(1024));
  CHECK_FALSE(in("RSA of 1024 bits", Issue({{id}}, weak.get(), ca, ca_key).get(), weak.get()));
  // A node's certificate must not make nodes.
  const Key second = NewKey();
  const Certificate node = Issue({{id}}, key.get(), ca, ca_key);
  CHECK_FALSE(in("under a node's", Issue({{"node-2"}}, second.get(), node.get(), key.get()).get(), second.get()));

  const Certificate altered = Issue({{id}}, key.get(), ca, ca_key);
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, altered.get());
  const_cast<ASN1_BIT_STRING*>(signature)->data[12] ^= 1;
  CHECK_FALSE(in("an altered signature", altered.get(), key.get()));

  // The node's certificate, which anybody on the way may have seen, with a key that only looks like the right one.
  const Certificate seen = CertificateOf(server.node.certificate_pem);
  const Key false_key = FalseKeyFor(seen.get(), key.get());
  REQUIRE(X509_check_private_key(seen.get(), false_key.get()) == 1);
  CHECK_FALSE(in("the right name, the wrong key", seen.get(), false_key.get()));
  REQUIRE(in("control", seen.get(), PrivateKeyOf(PemOf(server.node.tls_private_key_pem)).get()));
}

TEST_CASE("a certificate that names no node of ours is told nothing, one that names two or none is not heard") {
  Server server;
  const uint16_t port = server.Listens();
  const Key key = NewKey();
  const auto answer = [&](std::vector<std::string> names) {
    const Certificate shown = Issue({std::move(names)}, key.get(), server.ca.get(), server.ca_key.get());
    TlsCaller caller(port, TLS1_3_VERSION, 1);
    caller.Shows(shown.get(), key.get());
    return Server::Watches(caller);
  };
  CHECK(answer({server.node.id}).find("not enrolled") == std::string::npos);
  CHECK(answer({"node-0000000000000000"}).find("not enrolled") != std::string::npos);
  const auto nothing_after_settings = [](const std::string& heard) { return heard.find("grpc-status") == std::string::npos; };
  CHECK(nothing_after_settings(answer({server.node.id, "node-0000000000000000"})));
  CHECK(nothing_after_settings(answer({"node-0000000000000000", server.node.id})));
  CHECK(nothing_after_settings(answer({})));
  CHECK(server.hub.Connected() <= 1);  // the control, if the server has not noticed that it is gone
}

TEST_CASE("nothing older than TLS 1.3 is spoken to a node") {
  Server server;
  const uint16_t port = server.Listens();
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    TlsCaller old(port, {server.node.certificate_pem, PemOf(server.node.tls_private_key_pem), version});
    CHECK_FALSE(old.Handshakes());
  }
  TlsCaller current(port, {server.node.certificate_pem, PemOf(server.node.tls_private_key_pem)});
  CHECK_FALSE(Server::Watches(current).empty());
}

TEST_CASE("a node refuses a server that is not its fleet's, by name, time, use and authority") {
  Server server;
  const Key key = NewKey();
  const std::string name = "DNS:" + std::string(crypto::kFleetServerName);
  const auto reaches = [&](const Wish& wish, X509* issuer, EVP_PKEY* issuer_key) {
    server.link.reset();
    server.keys.server = {Pem(Issue(wish, key.get(), issuer, issuer_key).get()), crypto::Secret::Copy(platform::AsBytes(Pem(key.get())))};
    node::Identity identity;
    identity.node_id = server.node.id;
    identity.server_host = "127.0.0.1";
    identity.server_port = server.Listens();
    identity.tls_private_key_pem = server.node.tls_private_key_pem.Clone();
    identity.tls_certificate_pem = server.node.certificate_pem;
    identity.ca_certificate_pem = server.keys.authority.certificate_pem;
    identity.keys = *DecodeKeySet(server.keys.signed_key_set, server.keys.root_public_key);
    node::FakeReplica replica;
    NoOutbox outbox;
    const auto link = node::Link::Start(identity, replica, outbox, platform::SystemClock(), {});
    bool online = false;
    (void)Eventually([&] {
      const auto state = link->State();
      online = state.online;
      return online || !state.last_error.empty();
    });
    return online;
  };
  X509* ca = server.ca.get();
  EVP_PKEY* ca_key = server.ca_key.get();
  const Wish good{.names = {"x"}, .usage = "serverAuth", .other_name = name.c_str()};
  REQUIRE(reaches(good, ca, ca_key));
  SECTION("another authority") { CHECK_FALSE(reaches(good, nullptr, key.get())); }
  SECTION("another name") {
    CHECK_FALSE(reaches({.names = {std::string(crypto::kFleetServerName)}, .usage = "serverAuth", .other_name = "DNS:x.invalid"}, ca, ca_key));
  }
  SECTION("the LAN authority, though it gave the fleet server's name") {
    const Key lan_key = PrivateKeyOf(PemOf(server.keys.lan_authority.private_key_pem));
    CHECK_FALSE(reaches(good, CertificateOf(server.keys.lan_authority.certificate_pem).get(), lan_key.get()));
  }
  SECTION("expired") {
    CHECK_FALSE(reaches({.names = {"x"}, .usage = "serverAuth", .begins = -2 * kHour, .ends = -60, .other_name = name.c_str()}, ca, ca_key));
  }
  SECTION("a node's certificate") {
    CHECK_FALSE(reaches({.names = {"x"}, .usage = "clientAuth", .other_name = name.c_str()}, ca, ca_key));
  }
}

}  // namespace
}  // namespace cpis::sync::fleet
