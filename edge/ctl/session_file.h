// SPDX-License-Identifier: Apache-2.0
//
// Where cpisctl keeps the session of the person at this terminal, so that every command need not carry it.
#pragma once

#include <filesystem>
#include <string>

#include "platform/status.h"

namespace cpis::edge::ctl {

class SessionFile {
 public:
  // One file for each daemon, under ${XDG_RUNTIME_DIR:-$HOME/.cache}/cpis-edge/ and the canonical path of its state
  // directory. kInvalid when neither variable is set.
  static platform::Result<SessionFile> For(const std::filesystem::path& state);

  platform::Result<std::string> Load() const;             // kNotFound when nobody is signed in
  platform::Status Save(const std::string& token) const;  // mode 0600, directories 0700
  void Forget() const;                                    // nothing there is no failure
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit SessionFile(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace cpis::edge::ctl
