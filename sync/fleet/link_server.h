// SPDX-License-Identifier: Apache-2.0
//
// The gRPC service that nodes talk to, over mTLS: who has no certificate of this fleet is refused at the handshake.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sync/fleet/attendance_desk.h"
#include "sync/fleet/hub.h"
#include "sync/fleet/lan_desk.h"
#include "sync/fleet/resolve_desk.h"
#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

// Who takes what vehicles bring and ask.
struct LinkDesks {
  AttendanceDesk& attendance;
  ResolveDesk& resolve;
  std::function<Status(ByteView signed_erasure)> erasures{};  // see Roll::RecordErasure; none are taken without
  LanDesk* lan = nullptr;                                      // no certificates are given without
};

class LinkServer {
 public:
  // `listen` is HOST:PORT, port 0 picks one. kInvalid when it cannot be listened on.
  static Result<std::unique_ptr<LinkServer>> Start(const std::string& listen, Store& store, Hub& hub, LinkDesks desks);
  virtual ~LinkServer() = default;  // ends all streams, within 2 s
  virtual std::string Address() const = 0;
};

}  // namespace cpis::sync::fleet
