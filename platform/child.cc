// SPDX-License-Identifier: Apache-2.0
#include "platform/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <tuple>

namespace cpis::platform {
namespace {

// Two connected ends: [0] ours, [1] the child's. Sockets, because writing to one whose reader is gone raises no signal.
class Pair {
 public:
  Pair() {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) != 0) ends_ = {-1, -1};
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    for (int& end : ends_) Close(end);
  }
  bool ok() const { return ends_[0] >= 0; }
  int ours() const { return ends_[0]; }
  int theirs() const { return ends_[1]; }
  void CloseOurs() { Close(ends_[0]); }
  void CloseTheirs() { Close(ends_[1]); }

 private:
  static void Close(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
  std::array<int, 2> ends_{};
};

struct SpawnSettings {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  SpawnSettings() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);  // a daemon ignores it, and blocks those that it waits for
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

// False when it ended or `size` is passed.
bool ReadSome(int fd, size_t size, Bytes& into) {
  std::array<uint8_t, 4096> buffer;
  const ssize_t got = read(fd, buffer.data(), buffer.size());
  if (got > 0) {
    if (into.capacity() == 0) into.reserve(size + buffer.size());  // never moved: no copy of a secret stays behind
    into.insert(into.end(), buffer.begin(), buffer.begin() + got);
    explicit_bzero(buffer.data(), static_cast<size_t>(got));
  }
  return (got > 0 && into.size() <= size) || (got < 0 && errno == EINTR);
}

std::string LastLine(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

// Reads both until both end, or too much was written. False when time is up.
bool Collect(int out, int err, const ChildCommand& command, Bytes& output, Bytes& errors) {
  const auto end = std::chrono::steady_clock::now() + command.patience;
  std::array<pollfd, 2> both{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  while (both[0].fd >= 0 || both[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    if (poll(both.data(), both.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
    if (both[0].revents != 0 && !ReadSome(out, command.max_output, output)) both[0].fd = -1;
    if (both[1].revents != 0 && !ReadSome(err, command.max_output, errors)) both[1].fd = -1;
    if (output.size() > command.max_output) return true;
    both[0].revents = both[1].revents = 0;
  }
  return true;
}

}  // namespace

Result<ChildOutput> RunChild(const ChildCommand& command) {
  Pair in;
  Pair out;
  Pair err;
  if (!in.ok() || !out.ok() || !err.ok()) return Internal("no more pipes: " + std::generic_category().message(errno));
  SpawnSettings settings;
  posix_spawn_file_actions_adddup2(&settings.files, in.theirs(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&settings.files, out.theirs(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&settings.files, err.theirs(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (const int failed = posix_spawn(&child, arguments[0], &settings.files, &settings.attributes, arguments.data(), environ)) {
    const std::string why = "cannot run \"" + command.arguments[0] + "\": " + std::generic_category().message(failed);
    return failed == ENOENT || failed == EACCES ? NotFound(why) : Internal(why);
  }
  for (Pair* pair : {&in, &out, &err}) pair->CloseTheirs();
  // What it does not read it does not need: how it ends says whether that was right.
  std::ignore = send(in.ours(), command.input.data(), command.input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  in.CloseOurs();

  ChildOutput output;
  Bytes errors;
  const bool in_time = Collect(out.ours(), err.ours(), command, output.out, errors);
  if (!in_time || output.out.size() > command.max_output) kill(child, SIGKILL);
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return Unavailable("\"" + command.arguments[0] + "\" took too long");
  if (output.out.size() > command.max_output) return Exhausted("\"" + command.arguments[0] + "\" wrote too much");
  output.exit_code = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
  output.last_error = LastLine(AsText(errors));
  return output;
}

}  // namespace cpis::platform
