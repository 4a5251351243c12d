// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace cpis::edge::ctl {
namespace {

constexpr int kBarWidth = 30;
constexpr int64_t kRedrawMs = 100;
constexpr size_t kMaxPin = 256;

// The controlling terminal with echo off, until destroyed.
class QuietTerminal {
 public:
  QuietTerminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0) ::close(fd_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

  bool ready() const { return changed_; }
  void Write(const std::string& text) const {
    // A prompt that cannot be shown is no reason not to read the answer.
    [[maybe_unused]] const ssize_t written = ::write(fd_, text.data(), text.size());
  }
  std::string ReadLine() const {
    std::string line;
    for (char c; line.size() < kMaxPin && ::read(fd_, &c, 1) == 1 && c != '\n';) line.push_back(c);
    return line;
  }

 private:
  int fd_;
  termios before_{};
  bool changed_ = false;
};

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

platform::Result<std::string> ReadPinLine(std::istream& in) {
  std::string line;
  std::getline(in, line);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) return platform::Invalid("no PIN on stdin (--pin-stdin reads its first line)");
  return line;
}

platform::Result<std::string> AskPin(const std::string& prompt) {
  const QuietTerminal terminal;
  if (!terminal.ready()) return platform::Invalid("no terminal to ask for the PIN (pass it with --pin-stdin)");
  terminal.Write(prompt);
  std::string pin = terminal.ReadLine();
  terminal.Write("\n");
  return pin;
}

ProgressBar::~ProgressBar() {
  if (drawn_) out_ << "\r\033[K" << std::flush;
}

void ProgressBar::Show(std::string_view what, uint64_t done, uint64_t total) {
  if (!visible_) return;
  const int64_t now = NowMs();
  if (drawn_ && now - last_drawn_ms_ < kRedrawMs) return;
  out_ << "\r\033[K" << Line(what, done, total) << std::flush;
  drawn_ = true;
  last_drawn_ms_ = now;
}

std::string ProgressBar::Line(std::string_view what, uint64_t done, uint64_t total) {
  if (total == 0) return std::string(what) + "  " + std::to_string(done);
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const int filled = static_cast<int>(share * kBarWidth);
  return std::string(what) + "  [" + std::string(static_cast<size_t>(filled), '#') +
         std::string(static_cast<size_t>(kBarWidth - filled), '-') + "] " +
         std::to_string(static_cast<int>(share * 100)) + " %";
}

}  // namespace cpis::edge::ctl
