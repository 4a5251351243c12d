// SPDX-License-Identifier: Apache-2.0
//
// The calls of FleetSync as gRPC callback reactors: no thread waits for a node. A reactor owns itself until OnDone.
#pragma once

#include <grpcpp/grpcpp.h>

#include "proto/sync.grpc.pb.h"
#include "sync/fleet/attendance_desk.h"
#include "sync/fleet/hub.h"
#include "sync/fleet/resolve_desk.h"
#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

class FleetSyncService final : public v1::FleetSync::CallbackService {
 public:
  FleetSyncService(Store& store, Hub& hub, AttendanceDesk& desk, ResolveDesk& resolve_desk)
      : store_(store), hub_(hub), desk_(desk), resolve_desk_(resolve_desk) {}

  grpc::ServerWriteReactor<v1::Signed>* Watch(grpc::CallbackServerContext* context, const v1::WatchRequest* request) override;
  grpc::ServerWriteReactor<v1::Signed>* Fetch(grpc::CallbackServerContext* context, const v1::FetchRequest* request) override;
  grpc::ServerWriteReactor<v1::Signed>* Repair(grpc::CallbackServerContext* context, const v1::RepairRequest* request) override;
  grpc::ServerUnaryReactor* Resolve(grpc::CallbackServerContext* context, const v1::Signed* query, v1::Signed* reply) override;
  grpc::ServerBidiReactor<v1::Signed, v1::Signed>* Forward(grpc::CallbackServerContext* context) override;

 private:
  Store& store_;
  Hub& hub_;
  AttendanceDesk& desk_;
  ResolveDesk& resolve_desk_;
};

}  // namespace cpis::sync::fleet
