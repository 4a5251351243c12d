// SPDX-License-Identifier: Apache-2.0
//
// cpisctl: the command line for the fleet server and the nodes.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "crypto/secret.h"
#include "edge/ctl/run.h"
#include "edge/ctl/terminal.h"
#include "edge/ctl/words.h"

namespace {

using namespace cpis;

// The server's keys are made by the server's own program, which lies beside this one.
platform::Result<int> InitFleet(const edge::ctl::Command& command) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string program = (self.parent_path() / "cpis-fleetd").string();
  const boost::json::value arguments = command.arguments;
  std::vector<std::string> words{program,
                                 "--state",
                                 command.state.string(),
                                 "--init",
                                 "--trust",
                                 edge::ctl::Text(arguments, "trust"),
                                 "--name",
                                 edge::ctl::Text(arguments, "name")};
  if (const std::string key_store = edge::ctl::Text(arguments, "key_store"); !key_store.empty()) {
    words.insert(words.end(), {"--key-store", key_store});
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  if (const int failed = ::posix_spawn(&child, program.c_str(), nullptr, nullptr, argv.data(), environ); failed != 0) {
    return platform::NotFound("cannot run \"" + program + "\": " + std::strerror(failed) +
                              " (cpis-fleetd must lie beside cpisctl)");
  }
  int state = 0;
  while (::waitpid(child, &state, 0) < 0) {
    if (errno != EINTR) return platform::Internal(std::string("cannot wait for cpis-fleetd: ") + std::strerror(errno));
  }
  const int exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : 1;
  if (exit_code != 0) return exit_code;
  const std::string where = std::filesystem::absolute(command.state).string();
  if (command.json) {
    std::cout << boost::json::serialize(boost::json::object{{"state", where}, {"root_key", where + "/root.key"}}) << std::endl;
  } else {
    std::cout << "A new fleet is in " << where << ".\nMove root.key from there to removable media: only a change of the fleet's keys "
              << "needs it." << std::endl;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  crypto::StartCrypto();  // a PIN or the root key may pass through: no core files
  edge::ctl::Parsed parsed = edge::ctl::ParseArguments(std::vector<std::string>(argv + 1, argv + argc));
  if (!parsed.command) {
    if (parsed.exit_code == 0) {
      std::cout << parsed.text << std::flush;
    } else {
      edge::ctl::PrintError(std::cerr, parsed.text);
    }
    return parsed.exit_code;
  }
  edge::ctl::Surroundings around;
  around.out = &std::cout;
  around.err = &std::cerr;
  around.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  around.call = sync::CallLocal;
  around.pin_from_stdin = [] { return edge::ctl::ReadPinLine(std::cin); };
  around.ask_pin = edge::ctl::AskPin;
  around.init_fleet = InitFleet;
  return edge::ctl::Run(*std::move(parsed.command), around);
}
