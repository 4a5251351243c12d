// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/1.1 request on a socket of its own, as plain as it gets, so that nothing of ours answers for itself.
#pragma once

#include <map>
#include <string>

#include "tests/e2e/process.h"

namespace cpis::e2e {

struct HttpReply {
  int status = 0;                              // 0: no answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  json::value Json() const { return json::parse(body); }
};

struct HttpCall {
  std::string method = "GET";
  std::string target;                          // as it goes on the wire
  std::map<std::string, std::string> headers;
  std::string body;
};

// `address` is HOST:PORT with a numeric host. Waits at most ten seconds for the whole answer.
HttpReply Ask(const std::string& address, const HttpCall& call);

// Request and answer as bytes; an answer that is not whole has status 0.
std::string Written(const std::string& host, const HttpCall& call);
HttpReply ReadReply(const std::string& answer);

// The port of HOST:PORT.
uint16_t PortOf(const std::string& address);

// A TCP connection to 127.0.0.1:port, or -1 when it is refused.
int Connect(uint16_t port);

}  // namespace cpis::e2e
