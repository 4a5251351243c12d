// SPDX-License-Identifier: Apache-2.0
//
// Takes in an authority's file: checks it, applies it as upserts to the authority's own partition, publishes what changed and
// writes the acknowledgement. The same file again changes nothing. Takes messages of inactive numbers too. A file that would
// end or delete too much is held: nothing of it is applied until a person releases it.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "sync/fleet/inactive_numbers.h"
#include "sync/fleet/mailbox.h"
#include "sync/fleet/number_keys.h"
#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

// A file is held when it would end or delete more flags than either says.
constexpr uint64_t kEndingsAllowed = 5;         // small authorities have small numbers
constexpr uint64_t kEndingsAllowedPercent = 5;  // of the authority's flags; a usual day ends well below 1 %

struct ImportReport {
  std::string file_id;
  // CPF01 to CPF04. HELD: waits for a person. APPLIED and REFUSED: of a message of inactive numbers.
  std::string code;
  int loaded = 0;
  int rejected = 0;
  std::vector<RecordProblem> problems;
  std::string detail;                     // of CPF01, HELD and REFUSED: what was wrong and what would be right
  std::filesystem::path acknowledgement;  // empty when there is none
  std::optional<HeldFile> held;
  std::optional<Renumbering> renumbered;  // of APPLIED
};

struct ImportOptions {
  bool release = false;             // let it through, whatever it ends
  std::optional<TakenFile> taken;   // where it lay in the mailbox; its target is chosen here
};

class ImportDesk {
 public:
  using Progress = KeyProgress;  // of number keys, which take the time

  ImportDesk(Store& store, Mailbox& mailbox) : store_(store), mailbox_(mailbox) {}

  // Any thread; one file at a time. A file that is refused or held is a report, not a failure: a failure is the server's own,
  // nothing was applied and the file can be sent again.
  Result<ImportReport> Import(ByteView xml, const Progress& progress, const ImportOptions& options = {});

  // Any thread; the server stops. An import that still derives number keys, and every later one, ends with kUnavailable.
  void Stop() { stopping_ = true; }

 private:
  // What a change would end, and of how much.
  struct Judgement {
    uint64_t ending = 0;
    uint64_t flags = 0;
    bool over() const { return ending > kEndingsAllowed && ending * 100 > flags * kEndingsAllowedPercent; }
  };

  Result<ImportReport> ImportUpload(ByteView xml, const Progress& progress, const ImportOptions& options);
  Result<ImportReport> ImportInactive(ByteView xml, const Progress& progress, const ImportOptions& options);
  // Fails with kDenied, for the change to be rolled back, when the judgement is over and `release` is false.
  Status Apply(Store& store, const Upload& upload, const DerivedKeys& keys, bool release, Judgement* judged);
  Result<ImportReport> Hold(HeldFile held, const ImportOptions& options);
  Result<ImportReport> Refuse(const std::string& reason, const ImportOptions& options);
  // In a change: remembers where the mailbox's file goes.
  Status KeepTaken(Store& store, const ImportOptions& options, Mailbox::Folder folder);
  // In a change that applies the file: it is held no more, if it was. An upload says nothing of whom it does not name, so no other
  // file ends the hold.
  Result<std::optional<HeldFile>> EndHold(Store& store, const HeldFile& file);
  void MoveReleased(const std::optional<HeldFile>& released);

  Store& store_;
  Mailbox& mailbox_;
  std::mutex one_at_a_time_;
  std::atomic<bool> stopping_{false};
};

}  // namespace cpis::sync::fleet
