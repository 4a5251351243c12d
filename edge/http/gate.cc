// SPDX-License-Identifier: Apache-2.0
#include "edge/http/gate.h"

#include "edge/http/page.h"
#include "edge/http/pairing.h"
#include "edge/http/text.h"

namespace cpis::edge::http {
namespace {

using platform::HttpRequest;
using platform::HttpResponse;

constexpr uint16_t kHttpPort = 80;

RequestRates::Time Now() { return std::chrono::steady_clock::now(); }

HttpResponse TooMany(int seconds) {
  HttpResponse response =
      ToResponse({429, "throttled", "TOO_MANY_REQUESTS", "too many requests: slow down, so that others are answered too", seconds, ""});
  response.last = true;
  return response;
}

// What a tablet needs to be paired: no answer about anybody.
bool IsForStrangers(const HttpRequest& request) {
  if (request.path == kPairingPath) return true;
  return IsRead(request) && (IsPagePath(request.path) || request.path == "/healthz");
}

}  // namespace

bool IsLoopback(std::string_view host) {
  std::string name;
  uint16_t port = 0;
  if (!platform::ParseHostPort(LowerCase(host), kHttpPort, &name, &port).ok()) return false;
  if (name == "localhost" || name == "::1") return true;
  return name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos;
}

void Gate::AnswerTo(std::set<std::string> hosts) {
  const std::lock_guard lock(mutex_);
  hosts_ = std::move(hosts);
}

bool Gate::Admits(const std::string& peer, size_t open) {
  return open < kTabletConnections && connections_.Take(peer, Now()) == 0;
}

// A web page may point a DNS name of its own at this node (rebinding): only names that are the node's are answered.
bool Gate::HostIsOurs(std::string_view host) {
  if (lan_ == nullptr) return IsLoopback(host);
  const std::lock_guard lock(mutex_);
  return hosts_.contains(LowerCase(host));
}

Gate::Visit Gate::Meet(const HttpRequest& request) {
  if (lan_ != nullptr) return MeetOnLan(request);
  if (!HostIsOurs(request.Header("Host"))) {
    return {ToResponse(AccessDenied("the Host header names another machine than this node")), ""};
  }
  if (auto answer = origins_.Judge(request, scheme() + LowerCase(request.Header("Host")))) return {std::move(answer), ""};
  if (request.path == kPairingPath) return {AnswerPairingHere(request), ""};
  return {};
}

// The allowance first: whatever is answered costs something.
Gate::Visit Gate::MeetOnLan(const HttpRequest& request) {
  const std::string token = TabletToken(request);
  const std::optional<TabletShown> tablet = token.empty() ? std::nullopt : lan_->TabletWith(token);
  const int wait = tablet ? tablets_.Take(tablet->id, Now()) : strangers_.Take(request.peer, Now());
  if (wait > 0) return {TooMany(wait), ""};
  const std::string host = LowerCase(request.Header("Host"));
  if (!HostIsOurs(host)) return {ToResponse(AccessDenied("the Host header is no name of this node's certificate")), ""};
  if (auto answer = origins_.Judge(request, scheme() + host)) return {std::move(answer), ""};
  if (request.path == kPairingPath) return {AnswerPairing(request, *lan_, tablet), ""};
  if (!tablet && !IsForStrangers(request)) {
    return {ToResponse(AccessDenied("this tablet or application is not paired with the vehicle (POST /pairing with the code that "
                                    "cpisctl node tablet add NAME prints)")),
            ""};
  }
  return {std::nullopt, tablet ? tablet->id : ""};
}

}  // namespace cpis::edge::http
