// SPDX-License-Identifier: Apache-2.0
//
// DIR/mailbox/in, done, held and out: how the MESH client hands us the authorities' files and takes ours.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

class Mailbox {
 public:
  enum class Folder { kIn, kDone, kHeld };

  // Creates the four folders.
  static Result<std::unique_ptr<Mailbox>> Open(const std::filesystem::path& state, Store& store);

  const std::filesystem::path& out() const { return out_; }

  // Writes what the register has queued; what a crash left unwritten is written by the next call. Any thread.
  Status WriteQueued();

  // Calls `take` for every file in `in` that has not grown since the last call (names with a leading dot and ".tmp" files are
  // still being written), and moves it to the folder that says; kIn leaves it. A file of which the register says that it was
  // taken is only moved: one that cannot be is not taken twice. One thread.
  using Take = std::function<Folder(const std::filesystem::path& file)>;
  void Collect(const Take& take);
  // A file of `in` as it lies there; its content is empty when it is too large to be taken.
  struct Incoming {
    TakenFile file;  // without a target
    Bytes content;
  };
  static Result<Incoming> Read(const std::filesystem::path& file);

  // Where a file of this name would go, below the mailbox: "done/a.xml", or with the time when that name is taken.
  std::filesystem::path TargetFor(Folder folder, const std::string& name) const;
  // kNotFound when it is not there any more.
  Status MoveHeldToDone(const std::string& name);
  // Forgets what the register says of files that somebody else took away: of mailbox/in that were taken, of mailbox/held that
  // could not be read. Collect's thread.
  Status ForgetMissing();

  // "E10000017-LANCS-20261120-001-20261122T020105Z-1a2b.ack.xml": only letters, digits, dot, underscore and hyphen of what an
  // authority chose.
  static std::string NameFor(std::string_view authority, std::string_view id, std::string_view kind, Instant at);

 private:
  Mailbox(const std::filesystem::path& folder, Store& store)
      : folder_(folder), in_(folder / "in"), done_(folder / "done"), held_(folder / "held"), out_(folder / "out"), store_(store) {}
  Status Handle(const std::filesystem::path& file, const Take& take);
  // What the register says of this very file, if it was taken before.
  Result<std::optional<TakenFile>> TakenAlready(const std::filesystem::path& file);
  Status Move(const std::filesystem::path& file, std::filesystem::path target, bool forget);

  const std::filesystem::path folder_;
  const std::filesystem::path in_;
  const std::filesystem::path done_;
  const std::filesystem::path held_;
  const std::filesystem::path out_;
  Store& store_;
  std::mutex writing_;
  std::map<std::filesystem::path, uintmax_t> seen_;  // Collect's thread; sizes
  std::set<std::filesystem::path> stuck_;            // Collect's thread; taken, and said to be so
};

}  // namespace cpis::sync::fleet
