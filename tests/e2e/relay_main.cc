// SPDX-License-Identifier: Apache-2.0
//
// The relay as a program, for the demonstration: `e2e_relay PORT FILE` relays 127.0.0.1:PORT (0 picks one) to the port on
// loopback that FILE names at the time of each connection. Killing it is losing the link.
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tests/e2e/relay.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: e2e_relay PORT FILE\n");
    return 2;
  }
  const std::string file = argv[2];
  const auto upstream = [&file]() -> uint16_t {
    unsigned port = 0;
    std::ifstream(file) >> port;
    return static_cast<uint16_t>(port);
  };
  const cpis::e2e::Relay relay(upstream, static_cast<uint16_t>(std::stoul(argv[1])));
  std::printf("{\"ready\":true,\"listen\":\"127.0.0.1:%u\"}\n", relay.port());
  std::fflush(stdout);
  while (true) pause();
}
