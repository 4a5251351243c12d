// SPDX-License-Identifier: Apache-2.0
//
// The calls of FleetSync as gRPC callback reactors: no thread waits for a node. A reactor owns itself until OnDone.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>
#include <vector>

#include "proto/sync.grpc.pb.h"
#include "sync/fleet/link_allowances.h"
#include "sync/fleet/link_server.h"

namespace cpis::sync::fleet {

class FleetSyncService final : public v1::FleetSync::CallbackService {
 public:
  // Told, at each call, which node the connection from a peer ("127.0.0.1:5000") belongs to.
  using Recognise = std::function<void(const std::string& peer, const std::string& node_id)>;
  FleetSyncService(Store& store, Hub& hub, LinkDesks desks, Recognise recognise)
      : store_(store), hub_(hub), desk_(desks.attendance), resolve_desk_(desks.resolve), erasures_(std::move(desks.erasures)),
        lan_desk_(desks.lan), recognise_(std::move(recognise)) {}

  grpc::ServerWriteReactor<v1::Signed>* Watch(grpc::CallbackServerContext* context, const v1::WatchRequest* request) override;
  grpc::ServerWriteReactor<v1::Signed>* Fetch(grpc::CallbackServerContext* context, const v1::FetchRequest* request) override;
  grpc::ServerWriteReactor<v1::Signed>* Repair(grpc::CallbackServerContext* context, const v1::RepairRequest* request) override;
  grpc::ServerUnaryReactor* Resolve(grpc::CallbackServerContext* context, const v1::Signed* query, v1::Signed* reply) override;
  grpc::ServerBidiReactor<v1::Signed, v1::Signed>* Forward(grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Prove(grpc::CallbackServerContext* context, const v1::Signed* proof, v1::Proved* reply) override;
  grpc::ServerUnaryReactor* CertifyLan(grpc::CallbackServerContext* context, const v1::LanRequest* request,
                                       v1::LanCertificate* reply) override;

 private:
  // The node that the client certificate names, which TLS has verified.
  std::string PeerOf(const grpc::CallbackServerContext& context) const;
  grpc::ServerWriteReactor<v1::Signed>* Send(grpc::CallbackServerContext& context, std::vector<SharedBytes> segments) const;

  Store& store_;
  Hub& hub_;
  AttendanceDesk& desk_;
  ResolveDesk& resolve_desk_;
  const std::function<Status(ByteView)> erasures_;
  LanDesk* const lan_desk_;
  const Recognise recognise_;
};

}  // namespace cpis::sync::fleet
