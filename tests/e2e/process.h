// SPDX-License-Identifier: Apache-2.0
//
// The project's programs as real processes: commands that end, and daemons that serve until they are stopped or killed.
#pragma once

#include <sys/types.h>

#include <boost/json.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/patience.h"

namespace cpis::e2e {

namespace json = boost::json;
using Path = std::filesystem::path;
using std::chrono::milliseconds;
using std::chrono::seconds;

// What a JSON string holds; any other value as JSON.
std::string Text(const json::value& value);

// CPIS_BIN_DIR/name.
std::string Program(const std::string& name);

struct Command {
  std::vector<std::string> arguments;    // the first is the program
  std::string input;                     // on its standard input
  std::vector<std::string> environment;  // NAME=VALUE, beside our own
};

struct Output {
  int exit_code = -1;  // 128 + signal when one ended it
  std::string out;
  std::string err;

  // Standard output as JSON; throws, and so fails the test, when it is not.
  json::value Json() const;
};

// Runs to the end. Kills a command that takes longer than 90 s: its exit code is then 137.
Output Run(const Command& command);

// What /proc says of a process that runs, in bytes: "VmRSS" now, "VmHWM" at most so far. Throws, and so fails the test, when it does not.
size_t MemoryOf(pid_t pid, const std::string& what);
// AddressSanitizer keeps what was freed: how much a process holds says nothing there.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kMemoryTells = false;
#else
inline constexpr bool kMemoryTells = true;
#endif

class Daemon {
 public:
  // Standard output goes to `log`.out and standard error to `log`.err, appended.
  Daemon(std::vector<std::string> arguments, Path log);
  ~Daemon();  // kills it
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Waits for the line that says what is served. False when it ended or stayed silent.
  bool BecomesReady();
  const json::object& ready() const { return ready_; }

  void Kill();                                 // SIGKILL, and waits for the end
  void Signal(int signal) const;
  // How it ended, 128 + signal for a signal; nothing while it runs.
  std::optional<int> ExitWithin(milliseconds deadline);
  bool DumpedCore() const { return dumped_core_; }
  pid_t pid() const { return pid_; }

 private:
  bool Reap();

  Path out_;
  std::streamoff out_start_ = 0;
  pid_t pid_ = -1;
  std::optional<int> exit_;
  bool dumped_core_ = false;
  json::object ready_;
};

}  // namespace cpis::e2e
