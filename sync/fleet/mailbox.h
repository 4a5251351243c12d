// SPDX-License-Identifier: Apache-2.0
//
// DIR/mailbox/in, done and out: how the MESH client hands us the authorities' files and takes ours.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

class Mailbox {
 public:
  // Creates the three folders.
  static Result<std::unique_ptr<Mailbox>> Open(const std::filesystem::path& state, Store& store);

  const std::filesystem::path& out() const { return out_; }

  // Writes what the register has queued; what a crash left unwritten is written by the next call. Any thread.
  Status WriteQueued();

  // Calls `take` for every file in `in` that has not grown since the last call (names with a leading dot and ".tmp" files are
  // still being written), and moves it to `done` if that says true. One thread.
  void Collect(const std::function<bool(const std::filesystem::path& file)>& take);

  // "E10000017-LANCS-20261120-001-20261122T020105Z-1a2b.ack.xml": only letters, digits, dot, underscore and hyphen of what an
  // authority chose.
  static std::string NameFor(std::string_view authority, std::string_view id, std::string_view kind, Instant at);

 private:
  Mailbox(const std::filesystem::path& folder, Store& store)
      : in_(folder / "in"), done_(folder / "done"), out_(folder / "out"), store_(store) {}

  const std::filesystem::path in_;
  const std::filesystem::path done_;
  const std::filesystem::path out_;
  Store& store_;
  std::mutex writing_;
  std::map<std::filesystem::path, uintmax_t> seen_;  // Collect's thread; sizes
};

}  // namespace cpis::sync::fleet
