// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/link_server.h"

#include <grpcpp/grpcpp.h>

#include "platform/door.h"
#include "platform/tls_floor.h"
#include "sync/fleet/link_allowances.h"
#include "sync/fleet/link_streams.h"

namespace cpis::sync::fleet {
namespace {

constexpr auto kStopGrace = std::chrono::milliseconds(500);
constexpr int kMaxEnvelopeBytes = 64 * 1024;
constexpr int kFewestPingMilliseconds = 10'000;  // nodes ping each 20 s
constexpr int kMostCalls = 16;  // of one connection at once; it needs three and its questions, and some that it gave up may still be ending
constexpr int kMostMetadataBytes = 4096;  // a node sends some 300
constexpr int kHandshakeMilliseconds = 10'000;  // a poor mobile link takes two
constexpr int kKeepaliveMilliseconds = 30'000;  // a node that drove out of cover is noticed

class GrpcLinkServer final : public LinkServer {
 public:
  GrpcLinkServer(Store& store, Hub& hub, LinkDesks desks)
      : hub_(hub), service_(store, hub, std::move(desks), [this](const std::string& peer, const std::string& node) {
          if (door_) door_->Recognise(peer, node);
        }) {}

  Status Listen(const std::string& listen, const FleetKeys& keys) {
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = keys.authority.certificate_pem;
    tls.pem_key_cert_pairs.push_back(
        {std::string(platform::AsText(keys.server.private_key_pem.Reveal())), keys.server.certificate_pem});
    const auto credentials = grpc::SslServerCredentials(tls);  // keeps copies of its own, which are not ours to wipe
    crypto::Wipe(tls.pem_key_cert_pairs.front().private_key);
    grpc::ServerBuilder builder;
    CPIS_ASSIGN(door_, platform::Door::Open({.listen = listen}));
    entrance_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(kMaxEnvelopeBytes);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kFewestPingMilliseconds);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostCalls);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMostMetadataBytes);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, static_cast<int>(FrameGuard::kMostFrame));
    builder.AddChannelArgument("grpc.server_handshake_timeout_ms", kHandshakeMilliseconds);
    server_ = builder.BuildAndStart();
    if (!server_) return platform::Internal("gRPC does not start");
    door_->Start(
        [this](int fd) {
          grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters visitor;
          visitor.fd = fd;
          entrance_->HandleNewConnection(&visitor);
        },
        [] { TheLinkAllowances().CutSilent(std::chrono::steady_clock::now()); });
    return Status::Ok();
  }

  ~GrpcLinkServer() override {
    hub_.CloseAll();
    if (door_) door_->Stop();  // but it stays: calls that still run tell it who is inside
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + kStopGrace);
  }

  std::string Address() const override { return door_->Address(); }

 private:
  Hub& hub_;
  FleetSyncService service_;
  std::unique_ptr<platform::Door> door_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> entrance_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Result<std::unique_ptr<LinkServer>> LinkServer::Start(const std::string& listen, Store& store, Hub& hub, LinkDesks desks) {
  auto server = std::make_unique<GrpcLinkServer>(store, hub, desks);
  CPIS_TRY(server->Listen(listen, store.keys()));
  return std::unique_ptr<LinkServer>(std::move(server));
}

}  // namespace cpis::sync::fleet
