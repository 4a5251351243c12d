// SPDX-License-Identifier: Apache-2.0
#include "sync/node/link_call.h"

namespace cpis::sync::node {

Result<LanCertificate> AskCertificate(v1::FleetSync::Stub& stub, Watchdog& watchdog, const LanWish& wish,
                                      std::chrono::milliseconds patience) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  Watchdog::Guard guard(watchdog, patience, [&context] { context.TryCancel(); });
  v1::LanRequest request;
  request.set_request_pem(wish.request_pem);
  for (const std::string& name : wish.names) request.add_names(name);
  v1::LanCertificate reply;
  const Status asked = ToStatus(stub.CertifyLan(&context, request, &reply), "LAN certificate");
  if (asked.code() == platform::Code::kCancelled) return platform::Unavailable(asked.message());  // by us: not in time
  CPIS_TRY(asked);
  return LanCertificate{reply.certificate_pem(), reply.authority_pem()};
}

}  // namespace cpis::sync::node
