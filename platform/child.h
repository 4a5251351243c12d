// SPDX-License-Identifier: Apache-2.0
//
// Runs another program to its end: no shell, and what is secret goes through pipes, never through arguments.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::platform {

struct ChildCommand {
  std::vector<std::string> arguments;  // the first is the program's whole path
  ByteView input;                      // on its standard input
  size_t max_output = 64 * 1024;
  std::chrono::milliseconds patience = std::chrono::seconds(30);  // then it is killed
};

struct ChildOutput {
  int exit_code = -1;       // 128 + signal when one ended it
  Bytes out;                // whole; wipe it if it is secret
  std::string last_error;   // last line of its standard error
};

// kNotFound when there is no such program; kExhausted past max_output; kUnavailable when it took too long. Any thread.
Result<ChildOutput> RunChild(const ChildCommand& command);

}  // namespace cpis::platform
