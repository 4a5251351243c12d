// SPDX-License-Identifier: Apache-2.0
//
// The socket is the permission: who may use it, from its first moment on.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "sync/local/local_service.h"
#include "tests/scratch.h"

namespace cpis::sync {
namespace {

using platform::Code;

std::unique_ptr<LocalServer> Serve(const std::filesystem::path& socket) {
  auto started = LocalServer::Start(socket, [](const LocalCall& call, const LocalProgress&) -> platform::Result<std::string> {
    return call.caller;
  });
  REQUIRE(started.ok());
  return *std::move(started);
}

TEST_CASE("at no moment is a socket open to others than owner and group") {
  ScratchDirectory state;
  const auto socket = state / "fleetd.sock";
  const mode_t before = ::umask(0);  // the worst that a daemon can be started with
  std::atomic<bool> over = false;
  std::atomic<int> seen = 0;
  std::atomic<int> wide = 0;
  std::thread watcher([&] {
    while (!over) {
      struct stat is {};
      if (::stat(socket.c_str(), &is) != 0) continue;
      ++seen;
      if ((is.st_mode & 0777) != 0660) ++wide;
    }
  });
  for (int round = 0; round < 20 || (seen < 20 && round < 5000); ++round) Serve(socket);  // until it was looked at often enough
  over = true;
  watcher.join();
  const mode_t left = ::umask(before);
  CHECK(left == 0);  // the server puts it back
  CHECK(seen > 0);
  CHECK(wide == 0);
}

TEST_CASE("somebody without rights is told so in one line, and exits with 4; a member of the group is served") {
  if (::geteuid() != 0) return;  // only root can be somebody else
  ScratchDirectory state;
  std::filesystem::permissions(state.path(), std::filesystem::perms::others_exec | std::filesystem::perms::group_exec,
                               std::filesystem::perm_options::add);
  const auto socket = state / "fleetd.sock";
  const auto program = state / "cpisctl";  // where everybody may run it
  std::filesystem::copy_file(CPIS_BIN_DIR "/cpisctl", program);
  std::filesystem::permissions(program, std::filesystem::perms::others_exec | std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  auto server = Serve(socket);
  // gRPC must not have begun in the process that becomes somebody else: a fresh one asks.
  const auto asks = [&](gid_t group) {
    const std::string command = "setpriv --reuid 65534 --regid " + std::to_string(group) + " --clear-groups " + program.string() +
                                " fleet status --state " + state.path().string() + " 2>&1";
    FILE* out = ::popen(command.c_str(), "r");
    std::string said;
    for (char part[256]; ::fgets(part, sizeof part, out) != nullptr;) said += part;
    return std::pair(WEXITSTATUS(::pclose(out)), said);
  };
  const auto [exit_code, said] = asks(65534);
  CHECK(exit_code == 4);
  CHECK(said.find("cpisctl: \"" + socket.string() + "\" is not for") == 0);
  CHECK(std::count(said.begin(), said.end(), '\n') == 1);
  CHECK(asks(::getegid()).second.find("is not for") == std::string::npos);
}

TEST_CASE("the daemon hears who calls") {
  ScratchDirectory state;
  auto server = Serve(state / "fleetd.sock");
  const std::string caller = CallLocal(state / "fleetd.sock", {"x", "{}", {}}, {}).json;
  CHECK(caller.find("(uid " + std::to_string(::geteuid()) + ")") != std::string::npos);
  CHECK(CallLocal(state / "fleetd.sock", {"x", "{}", {}, std::string(1000, 'x')}, {}).json.size() == 128);
}

}  // namespace
}  // namespace cpis::sync
