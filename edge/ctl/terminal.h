// SPDX-License-Identifier: Apache-2.0
//
// The person at the terminal: a PIN typed without echo, and a bar while they wait.
#pragma once

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>

#include "platform/status.h"

namespace cpis::edge::ctl {

// The first line of `in`, without its end. kInvalid when there is none.
platform::Result<std::string> ReadPinLine(std::istream& in);

// Asks on /dev/tty with echo off. kInvalid when there is no terminal.
platform::Result<std::string> AskPin(const std::string& prompt);

// Draws on one line, at most ten times a second, and wipes it when destroyed. Draws nothing when `visible` is false.
class ProgressBar {
 public:
  ProgressBar(std::ostream& out, bool visible) : out_(out), visible_(visible) {}
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Show(std::string_view what, uint64_t done, uint64_t total);

  // "rows  [##########----------] 50 %"; a count when the total is not known.
  static std::string Line(std::string_view what, uint64_t done, uint64_t total);

 private:
  std::ostream& out_;
  const bool visible_;
  bool drawn_ = false;
  int64_t last_drawn_ms_ = 0;
};

}  // namespace cpis::edge::ctl
