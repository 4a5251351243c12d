// SPDX-License-Identifier: Apache-2.0
#include "edge/http/lan_listener.h"

#include "crypto/certificates.h"
#include "edge/tuning.h"
#include "platform/log.h"

namespace cpis::edge::http {
namespace {

constexpr std::chrono::milliseconds kLook = std::chrono::seconds(1);  // how late a new certificate is noticed
constexpr uint16_t kHttpsPort = 443;

// What a client writes into Host for one of the certificate's names.
Result<std::set<std::string>> HostsOf(const LanPapers& papers, const std::string& address) {
  std::string ignored;
  uint16_t port = 0;
  CPIS_TRY(platform::ParseHostPort(address, 0, &ignored, &port));
  CPIS_ASSIGN(const std::vector<crypto::LanName> names, crypto::CertificateNames(papers.certificate_pem));
  std::set<std::string> hosts;
  for (const crypto::LanName& name : names) {
    const std::string host = name.text.find(':') == std::string::npos ? name.text : "[" + name.text + "]";
    hosts.insert(host + ":" + std::to_string(port));
    if (port == kHttpsPort) hosts.insert(host);
  }
  return hosts;
}

}  // namespace

Result<std::unique_ptr<LanListener>> LanListener::Start(Node& node, const std::string& listen, Origins origins) {
  CPIS_ASSIGN(platform::PortReservation port, platform::PortReservation::Take(listen));
  return std::unique_ptr<LanListener>(new LanListener(node, std::move(port), std::move(origins)));
}

LanListener::LanListener(Node& node, platform::PortReservation port, Origins origins)
    : node_(node), lan_(*node.lan()), port_(std::move(port)), gate_(lan_, std::move(origins)), service_(node_, gate_) {
  watcher_ = std::thread([this] { Watch(); });
}

LanListener::~LanListener() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  watcher_.join();
}

void LanListener::Watch() {
  for (;;) {
    ChangeOver(lan_.Papers());
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, kLook, [this] { return stopping_; })) break;
  }
  server_.reset();
}

void LanListener::ChangeOver(std::shared_ptr<const LanPapers> papers) {
  const bool same = papers == served_;
  if (same && (server_ != nullptr || papers == nullptr)) return;
  server_.reset();  // who is being answered is answered to the end
  served_ = std::move(papers);
  if (!served_) {
    platform::LogInfo("lan", "closed: there is no certificate any more");
    return;
  }
  const Status opened = Open(*served_);
  lan_.Listening(opened);
  if (opened.ok()) platform::LogInfo("lan", "listening on " + Address());
  if (!opened.ok() && !same) platform::LogError("lan", opened.message());
}

Status LanListener::Open(const LanPapers& papers) {
  CPIS_ASSIGN(std::set<std::string> hosts, HostsOf(papers, Address()));
  gate_.AnswerTo(std::move(hosts));
  platform::HttpServer::Options options;
  options.listen = Address();
  options.threads = kHttpThreads;
  options.max_connections = kLanConnections;
  options.max_body = kHttpBody;
  options.admit = [this](const std::string& peer, size_t open) { return gate_.Admits(peer, open); };
  options.tls = std::make_unique<platform::TlsIdentity>(platform::TlsIdentity{
      papers.certificate_pem + papers.authority_pem, std::string(platform::AsText(papers.private_key_pem.Reveal()))});
  CPIS_ASSIGN(server_, platform::HttpServer::Start(
                           std::move(options), [this](const platform::HttpRequest& request) { return service_.Answer(request); },
                           Refuse));
  return Status::Ok();
}

}  // namespace cpis::edge::http
