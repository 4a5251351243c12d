// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace cpis::e2e {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name = std::string(*entry).substr(0, std::string_view(*entry).find('=') + 1);
    bool replaced = false;
    for (const auto& own : added) replaced |= own.rfind(name, 0) == 0;
    if (!replaced) all.emplace_back(*entry);
  }
  return all;
}

// fork rather than posix_spawn: only so can a daemon be told to die with a test that is itself killed. Between fork and
// execve only async-signal-safe calls are made.
pid_t Spawn(std::vector<std::string> arguments, const std::vector<std::string>& added, const std::array<int, 3>& files,
            bool dies_with_us) {
  std::vector<std::string> environment = Environment(added);
  const auto argv = Pointers(arguments);
  const auto envp = Pointers(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid > 0) return pid;
  if (dies_with_us) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
  }
  signal(SIGPIPE, SIG_DFL);  // a caller of TLS in this process ignores it (TlsCaller), which programs would inherit
  for (int target = 0; target < 3; ++target) dup2(files[static_cast<size_t>(target)], target);
  execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

int Open(const Path& file, int flags) {
  const int fd = open(file.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) throw std::runtime_error("cannot open " + file.string());
  return fd;
}

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  }
  ~Pipe() {
    Close(0);
    Close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void Close(size_t end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }
  // Appends what is there to read; closes at the end of file.
  void Drain(std::string* text) {
    std::array<char, 4096> chunk{};
    const ssize_t got = read(ends[0], chunk.data(), chunk.size());
    if (got <= 0) return Close(0);
    text->append(chunk.data(), static_cast<size_t>(got));
  }
  std::array<int, 2> ends{};
};

int ExitCode(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace

std::string Text(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

std::string Program(const std::string& name) { return std::string(CPIS_BIN_DIR) + "/" + name; }

json::value Output::Json() const {
  boost::system::error_code error;
  json::value value = json::parse(out, error);
  if (error) throw std::runtime_error("not JSON: \"" + out + "\" (exit " + std::to_string(exit_code) + ", stderr \"" + err + "\")");
  return value;
}

size_t MemoryOf(pid_t pid, const std::string& what) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(what + ":")) return std::stoull(line.substr(what.size() + 1)) * 1024;
  }
  throw std::runtime_error("no " + what + " of process " + std::to_string(pid));
}

Output Run(const Command& command) {
  const int input = memfd_create("input", MFD_CLOEXEC);
  if (write(input, command.input.data(), command.input.size()) < 0 || lseek(input, 0, SEEK_SET) != 0) {
    throw std::runtime_error("cannot hand over the input");
  }
  Pipe out, err;
  const pid_t pid = Spawn(command.arguments, command.environment, {input, out.ends[1], err.ends[1]}, false);
  close(input);
  out.Close(1);
  err.Close(1);

  Output output;
  const auto deadline = std::chrono::steady_clock::now() + Patient(seconds(90));
  bool killed = false;
  while (out.ends[0] >= 0 || err.ends[0] >= 0) {
    std::array<pollfd, 2> wait{pollfd{out.ends[0], POLLIN, 0}, pollfd{err.ends[0], POLLIN, 0}};
    poll(wait.data(), wait.size(), 200);
    if (wait[0].revents != 0) out.Drain(&output.out);
    if (wait[1].revents != 0) err.Drain(&output.err);
    if (!killed && std::chrono::steady_clock::now() > deadline) {
      kill(pid, SIGKILL);
      killed = true;
    }
  }
  int status = 0;
  waitpid(pid, &status, 0);
  output.exit_code = ExitCode(status);
  return output;
}

Daemon::Daemon(std::vector<std::string> arguments, Path log) : out_(log.string() + ".out") {
  const int null = Open("/dev/null", O_RDONLY);
  const int out = Open(out_, O_WRONLY | O_CREAT | O_APPEND);
  const int err = Open(log.string() + ".err", O_WRONLY | O_CREAT | O_APPEND);
  out_start_ = static_cast<std::streamoff>(std::filesystem::file_size(out_));
  pid_ = Spawn(std::move(arguments), {}, {null, out, err}, true);
  for (const int fd : {null, out, err}) close(fd);
}

Daemon::~Daemon() { Kill(); }

bool Daemon::BecomesReady() {
  if (!ready_.empty()) return true;
  std::string line;
  const bool spoke = Eventually([&] {
    if (Reap()) return true;
    std::ifstream file(out_);
    file.seekg(out_start_);
    return std::getline(file, line) && !file.eof();
  }, seconds(30));
  if (!spoke || exit_) return false;
  ready_ = json::parse(line).as_object();
  return ready_.at("ready").as_bool();
}

void Daemon::Signal(int signal) const {
  if (!exit_) kill(pid_, signal);
}

void Daemon::Kill() {
  if (exit_) return;
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  exit_ = ExitCode(status);
}

std::optional<int> Daemon::ExitWithin(milliseconds deadline) {
  Eventually([&] { return Reap(); }, deadline);
  return exit_;
}

bool Daemon::Reap() {
  if (exit_) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  dumped_core_ = WIFSIGNALED(status) && WCOREDUMP(status);
  exit_ = ExitCode(status);
  return true;
}

}  // namespace cpis::e2e
