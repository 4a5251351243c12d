// SPDX-License-Identifier: Apache-2.0
#include "sync/node/link_call.h"

namespace cpis::sync::node {

Status Prove(const Identity& identity, ByteView signed_erasure, std::chrono::milliseconds patience) {
  const auto stub = v1::FleetSync::NewStub(Dial(identity));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  context.set_wait_for_ready(true);
  v1::Signed proof;
  proof.set_signed_(std::string(platform::AsText(signed_erasure)));
  v1::Proved reply;
  return ToStatus(stub->Prove(&context, proof, &reply), "prove");
}

}  // namespace cpis::sync::node
