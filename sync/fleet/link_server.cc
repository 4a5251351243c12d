// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/link_server.h"

#include <grpcpp/grpcpp.h>

#include "platform/log.h"
#include "sync/fleet/link_streams.h"

namespace cpis::sync::fleet {
namespace {

constexpr auto kStopGrace = std::chrono::milliseconds(500);
constexpr int kMaxEnvelopeBytes = 64 * 1024;
constexpr int kFewestPingMilliseconds = 10'000;  // nodes ping each 20 s
constexpr int kMostCalls = 16;  // of one node at once; it needs three and its questions, and some that it gave up may still be ending
constexpr int kKeepaliveMilliseconds = 30'000;  // a node that drove out of cover is noticed

class GrpcLinkServer final : public LinkServer {
 public:
  GrpcLinkServer(Store& store, Hub& hub, LinkDesks desks)
      : hub_(hub), service_(store, hub, std::move(desks)) {}

  Status Listen(const std::string& listen, const FleetKeys& keys) {
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = keys.authority.certificate_pem;
    tls.pem_key_cert_pairs.push_back({keys.server.private_key_pem, keys.server.certificate_pem});
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(listen, grpc::SslServerCredentials(tls), &port);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(kMaxEnvelopeBytes);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kFewestPingMilliseconds);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostCalls);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two servers on one port would each get half the nodes
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0) return platform::Invalid("cannot listen on \"" + listen + "\" (try 127.0.0.1:7443; is the port free?)");
    address_ = listen.substr(0, listen.rfind(':')) + ":" + std::to_string(port);
    return Status::Ok();
  }

  ~GrpcLinkServer() override {
    hub_.CloseAll();
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + kStopGrace);
  }

  std::string Address() const override { return address_; }

 private:
  Hub& hub_;
  FleetSyncService service_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Result<std::unique_ptr<LinkServer>> LinkServer::Start(const std::string& listen, Store& store, Hub& hub, LinkDesks desks) {
  auto server = std::make_unique<GrpcLinkServer>(store, hub, desks);
  CPIS_TRY(server->Listen(listen, store.keys()));
  return std::unique_ptr<LinkServer>(std::move(server));
}

}  // namespace cpis::sync::fleet
