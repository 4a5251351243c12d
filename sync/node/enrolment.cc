// SPDX-License-Identifier: Apache-2.0
//
// Enrolment is one HTTPS POST, not gRPC: nobody has a certificate yet, and gRPC here must meet only peers that do.
#include "sync/enrolment.h"

#include <boost/json.hpp>

#include "crypto/certificates.h"
#include "platform/http.h"
#include "sync/node/link.h"
#include "sync/node/tuning.h"

namespace cpis::sync::node {
namespace {

namespace json = boost::json;

constexpr uint16_t kDefaultEnrolmentPort = 7444;

std::string Text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

Status RefusalOf(const platform::HttpResponse& response) {
  boost::system::error_code ignored;
  const json::value body = json::parse(response.body, ignored);
  std::string why = body.is_object() ? Text(body.as_object(), "error") : "";
  if (why.empty()) why = "the server answered " + std::to_string(response.status);
  return response.status == 403 ? platform::Denied(std::move(why)) : platform::Unavailable(std::move(why));
}

Status ReadReply(std::string_view body, Identity& identity) {
  boost::system::error_code failed;
  const json::value reply = json::parse(body, failed);
  if (failed || !reply.is_object()) return platform::Corrupt("the server's enrolment reply is not a JSON object");
  const json::object& object = reply.as_object();
  identity.node_id = Text(object, "node_id");
  identity.name = Text(object, "name");
  identity.trust_code = Text(object, "trust_code");
  identity.trust_name = Text(object, "trust_name");
  identity.tls_certificate_pem = Text(object, "certificate");
  identity.ca_certificate_pem = Text(object, "authority");
  CPIS_ASSIGN(identity.root_public_key, platform::ParseBase64Url(Text(object, "root_key")));
  CPIS_ASSIGN(identity.signed_key_set, platform::ParseBase64Url(Text(object, "key_set")));
  CPIS_ASSIGN(KeySet keys, DecodeKeySet(identity.signed_key_set, identity.root_public_key));
  identity.keys = std::move(keys);
  if (identity.node_id.empty()) return platform::Corrupt("the server's enrolment reply names no node");
  const std::string sync_host = Text(object, "sync_host");
  if (!sync_host.empty()) identity.server_host = sync_host;
  const json::value* port = object.if_contains("sync_port");
  const auto number = port != nullptr && port->is_number() ? port->to_number<int64_t>(failed) : 0;
  if (number < 1 || number > 65535) return platform::Corrupt("the server's enrolment reply has no sync port");
  identity.server_port = static_cast<uint16_t>(number);
  return Status::Ok();
}

}  // namespace

Result<Identity> Enrol(const EnrolmentRequest& request) {
  CPIS_ASSIGN(const EnrolmentCode code, ParseEnrolmentCode(request.code));
  platform::PinnedServer server;
  CPIS_TRY(platform::ParseHostPort(request.server, kDefaultEnrolmentPort, &server.host, &server.port));
  server.certificate_sha256 = code.server_pin;

  Identity identity;
  identity.server_host = server.host;
  identity.box = crypto::NewBoxKey();
  identity.signing = crypto::NewSigningKey();
  identity.journal_key = crypto::Secret::Random(32);
  CPIS_ASSIGN(crypto::KeyAndRequest tls, crypto::NewCertificateRequest("cpis-edge node"));
  identity.tls_private_key_pem = std::move(tls.private_key_pem);

  const std::string body = json::serialize(json::object{
      {"code", platform::Base64Url(code.secret)},
      {"certificate_request", tls.request_pem},
      {"box_key", platform::Base64Url(identity.box.public_key)},
      {"signing_key", platform::Base64Url(identity.signing.public_key)},
  });
  CPIS_ASSIGN(const platform::HttpResponse response,
              platform::PostPinned(server, kEnrolmentPath, body, kEnrolmentPatience));
  if (response.status != 200) return RefusalOf(response);
  CPIS_TRY(ReadReply(response.body, identity));
  return identity;
}

}  // namespace cpis::sync::node
