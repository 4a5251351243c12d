// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/enrolment_desk.h"

#include <boost/json.hpp>

#include "platform/log.h"
#include "sync/enrolment.h"

namespace cpis::sync::fleet {
namespace {

namespace json = boost::json;

std::string Text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

platform::HttpResponse Refuse(int status, std::string_view why) {
  platform::HttpResponse response;
  response.status = status;
  response.body = json::serialize(json::object{{"error", why}});
  return response;
}

}  // namespace

Result<std::unique_ptr<EnrolmentDesk>> EnrolmentDesk::Open(Options options, Store& store, Roll& roll,
                                                           std::function<void()> enrolled) {
  std::unique_ptr<EnrolmentDesk> desk(new EnrolmentDesk(std::move(options), store, roll, std::move(enrolled)));
  CPIS_ASSIGN(platform::PortReservation port, platform::PortReservation::Take(desk->options_.listen));
  desk->port_.emplace(std::move(port));
  CPIS_TRY(desk->Refresh());
  return desk;
}

Result<std::unique_ptr<platform::HttpServer>> EnrolmentDesk::Listen(const std::string& where) {
  const FleetKeys& keys = store_.keys();
  platform::HttpServer::Options options;
  options.listen = where;
  options.threads = 1;
  options.max_connections = 16;
  options.tls = std::make_unique<platform::TlsIdentity>(
      platform::TlsIdentity{keys.server.certificate_pem + keys.authority.certificate_pem,
                            std::string(platform::AsText(keys.server.private_key_pem.Reveal()))});
  return platform::HttpServer::Start(std::move(options), [this](const platform::HttpRequest& request) { return Answer(request); },
                                     Refuse);
}

Status EnrolmentDesk::Refresh() {
  // Counted under the lock: of two callers, the later one must not act on the older count.
  std::lock_guard lock(mutex_);
  CPIS_ASSIGN(const int outstanding, roll_.CodesOutstanding());
  if (outstanding > 0 && !server_) {
    CPIS_ASSIGN(server_, Listen(Address()));
    platform::LogInfo("enrolment", "listening while a code is outstanding");
  } else if (outstanding == 0 && server_) {
    server_.reset();
    platform::LogInfo("enrolment", "closed: no code is outstanding");
  }
  return Status::Ok();
}

bool EnrolmentDesk::Listening() const {
  std::lock_guard lock(mutex_);
  return server_ != nullptr;
}

platform::HttpResponse EnrolmentDesk::Answer(const platform::HttpRequest& request) {
  if (request.path != kEnrolmentPath || request.method != "POST") return Refuse(404, "only POST /enrol is here");
  auto reply = Enrol(request.body);
  if (reply.ok()) {
    platform::HttpResponse response;
    response.body = *std::move(reply);
    return response;
  }
  switch (reply.status().code()) {
    case platform::Code::kDenied:
      if (!MayGuess()) return Refuse(429, "too many wrong codes: try again in a minute");
      return Refuse(403, reply.status().message());
    case platform::Code::kInvalid: return Refuse(400, reply.status().message());
    default:
      platform::LogError("enrolment", reply.status().message());
      return Refuse(503, "the fleet server cannot enrol now");
  }
}

// Strangers who guess must not keep out who has a right code: only wrong ones count.
bool EnrolmentDesk::MayGuess() {
  std::lock_guard lock(guesses_mutex_);
  return guesses_.Take(1, std::chrono::steady_clock::now());
}

Result<std::string> EnrolmentDesk::Enrol(std::string_view body) {
  boost::system::error_code failed;
  const json::value request = json::parse(body, failed);
  if (failed || !request.is_object()) return platform::Invalid("the request is not a JSON object");
  const json::object& object = request.as_object();
  EnrolmentOffer offer;
  CPIS_ASSIGN(offer.code_secret, platform::ParseBase64Url(Text(object, "code")));
  CPIS_ASSIGN(offer.box_key, platform::ParseBase64Url(Text(object, "box_key")));
  CPIS_ASSIGN(offer.signing_key, platform::ParseBase64Url(Text(object, "signing_key")));
  offer.certificate_request_pem = Text(object, "certificate_request");
  CPIS_ASSIGN(const EnrolmentGrant grant, roll_.Enrol(offer));
  platform::LogInfo("enrolment", grant.node.id + " is enrolled");
  enrolled_();
  return json::serialize(json::object{
      {"node_id", grant.node.id},
      {"name", grant.node.name},
      {"trust_code", store_.trust().code},
      {"trust_name", store_.trust().name},
      {"certificate", grant.certificate_pem},
      {"authority", store_.keys().authority.certificate_pem},
      {"root_key", platform::Base64Url(store_.keys().root_public_key)},
      {"key_set", platform::Base64Url(store_.keys().signed_key_set)},
      {"sync_host", options_.sync_host},
      {"sync_port", options_.sync_port},
  });
}

}  // namespace cpis::sync::fleet
