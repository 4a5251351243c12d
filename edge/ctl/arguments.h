// SPDX-License-Identifier: Apache-2.0
//
// The command line of the contract, as a value. CLI11 is included in arguments.cc only.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cpis::edge::ctl {

struct Command {
  std::string method;             // of the daemon: "node.lookup", "fleet.node.add"; "fleet.init" starts no call
  boost::json::object arguments;  // without token and PIN, which are asked for when the command runs
  std::filesystem::path state;    // never empty
  bool json = false;
  std::string session;  // --session
  bool pin_from_stdin = false;
  std::vector<std::string> files;  // fleet import

  bool ForFleet() const { return method.starts_with("fleet."); }
  std::filesystem::path Socket() const { return state / (ForFleet() ? "fleetd.sock" : "edged.sock"); }
};

struct Parsed {
  std::optional<Command> command;  // or, without one:
  int exit_code = 0;               // 0: `text` is help for stdout; 2: `text` is one line for stderr
  std::string text;
};

// `words` are argv without the program's name. --state, --json and --session may stand anywhere.
Parsed ParseArguments(const std::vector<std::string>& words);

}  // namespace cpis::edge::ctl
