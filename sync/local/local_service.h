// SPDX-License-Identifier: Apache-2.0
//
// The service a daemon offers on the unix socket in its state directory, and how cpisctl calls it. gRPC stays in the .cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::sync {

struct LocalCall {
  std::string method;            // "lookup"
  std::string json;              // arguments, a JSON object
  platform::Bytes attachment;
  std::string caller{};          // who calls, as the caller says: whoever may use the socket could say anything
};

// Says how far long work is. Called from the handler's thread.
using LocalProgress = std::function<void(std::string_view what, uint64_t done, uint64_t total)>;

// A failure as cpisctl shows it: one line and the exit code of the contract.
struct LocalFailure {
  platform::Code code = platform::Code::kInternal;
  std::string message;
  int exit_code = 1;
};

// 0 done; 1 failed; 2 usage (kInvalid); 4 kDenied, kForbidden; 75 kUnavailable; 78 bad configuration is never sent over a socket.
int ExitCodeFor(platform::Code code);

// Returns the answer's JSON. Called on gRPC threads, several at once.
using LocalHandler = std::function<platform::Result<std::string>(const LocalCall& call, const LocalProgress& progress)>;

class LocalServer {
 public:
  // Listens on `socket` with mode 0660, replacing a stale one. Callers hold the state directory's lock.
  static platform::Result<std::unique_ptr<LocalServer>> Start(const std::filesystem::path& socket, LocalHandler handler);
  virtual ~LocalServer() = default;  // refuses new calls, ends running ones within 2 s, removes the socket
};

// Calls once and waits for the end, an hour at most; `progress` may be empty. kUnavailable when nothing listens there or the
// daemon goes away: `no daemon answers on "/var/lib/cpis-edge/edged.sock" (is cpis-edged running, and is --state right?)`.
struct LocalAnswer {
  std::string json;        // when failure is kOk
  LocalFailure failure{platform::Code::kOk, "", 0};
};
LocalAnswer CallLocal(const std::filesystem::path& socket, const LocalCall& call, const LocalProgress& progress);

}  // namespace cpis::sync
