// SPDX-License-Identifier: Apache-2.0
//
// Carries a command out: asks for what it still needs, calls the daemon, prints, and gives the exit code of the
// contract.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "edge/ctl/arguments.h"
#include "platform/status.h"
#include "sync/local/local_service.h"

namespace cpis::edge::ctl {

// Everything outside the process, so that tests can stand in for it.
struct Surroundings {
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  bool err_is_terminal = false;  // long work shows a bar there
  std::function<sync::LocalAnswer(const std::filesystem::path& socket, const sync::LocalCall&,
                                  const sync::LocalProgress&)>
      call;
  std::function<platform::Result<std::string>()> pin_from_stdin;
  std::function<platform::Result<std::string>(const std::string& prompt)> ask_pin;
  std::function<platform::Result<int>(const Command&)> init_fleet;  // runs cpis-fleetd --init; its exit code
};

int Run(Command command, const Surroundings& around);

// A failure as the contract wants it: one line "cpisctl: …".
void PrintError(std::ostream& err, const std::string& message);

}  // namespace cpis::edge::ctl
