// SPDX-License-Identifier: Apache-2.0
//
// Who may come in, before anything is answered. There are two ways in: this machine, over plain HTTP on loopback, where everybody may;
// and the vehicle's LAN, over TLS, where paired tablets may, and anybody else gets the page's own files, /healthz and /pairing.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "edge/http/origins.h"
#include "edge/http/request_rates.h"
#include "edge/lan.h"

namespace cpis::edge::http {

// The knobs, each with its reason.
constexpr int kTabletRequests = 600;        // a minute: a crew's page asks a few a minute, an ePCR application some hundred at worst
constexpr int kStrangerRequests = 300;      // of an address: to load the page nine times, and pair
constexpr size_t kTabletConnections = 32;   // of an address: browsers open six, and an access point may show five tablets as one
constexpr int kConnectionsAMinute = 240;    // of an address: a handshake costs a millisecond
constexpr int kLanConnections = 256;        // together: 90 KB each, and a daemon may have 1,024 descriptors for all it does

// Thread-safe.
class Gate {
 public:
  // This machine's.
  explicit Gate(Origins origins = {}) : origins_(std::move(origins)) {}
  // The LAN's: answers nobody before AnswerTo. `lan` must outlive it.
  Gate(Lan& lan, Origins origins) : lan_(&lan), origins_(std::move(origins)) {}

  // The Hosts that are this node's there, "gateway.lan:8743".
  void AnswerTo(std::set<std::string> hosts);
  // See HttpServer::Options::admit.
  bool Admits(const std::string& peer, size_t open);

  struct Visit {
    std::optional<platform::HttpResponse> answer;  // all there is to say; else it is let in
    std::string place;                             // from where, as place.h has it
  };
  Visit Meet(const platform::HttpRequest& request);
  // Completes any response to it.
  void See(const platform::HttpRequest& request, platform::HttpResponse& response) const { origins_.Open(request, response); }

  const char* scheme() const { return lan_ != nullptr ? "https://" : "http://"; }

 private:
  bool HostIsOurs(std::string_view host);
  Visit MeetOnLan(const platform::HttpRequest& request);

  Lan* const lan_ = nullptr;        // null: this machine's
  const Origins origins_;
  RequestRates tablets_{kTabletRequests};
  RequestRates strangers_{kStrangerRequests};
  RequestRates connections_{kConnectionsAMinute};
  std::mutex mutex_;
  std::set<std::string> hosts_;     // guarded by mutex_; of the LAN's
};

// Whether HOST or HOST:PORT is this machine to itself; what plain HTTP may be served on.
bool IsLoopback(std::string_view host);

}  // namespace cpis::edge::http
