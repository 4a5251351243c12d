// SPDX-License-Identifier: Apache-2.0
//
// Takes in an authority's file: checks it, applies it as upserts to the authority's own partition, publishes what changed and
// writes the acknowledgement. The same file again changes nothing.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "sync/fleet/mailbox.h"
#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

struct ImportReport {
  std::string file_id;
  std::string code;                    // CPF01 to CPF04
  int loaded = 0;
  int rejected = 0;
  std::vector<RecordProblem> problems;
  std::string detail;                  // of CPF01: what was wrong and what would be right
  std::filesystem::path acknowledgement;
};

class ImportDesk {
 public:
  using Progress = std::function<void(uint64_t done, uint64_t total)>;  // of number keys, which take the time

  ImportDesk(Store& store, Mailbox& mailbox) : store_(store), mailbox_(mailbox) {}

  // Any thread; one file at a time. A file that is refused is a report, not a failure: a failure is the server's own, nothing
  // was applied and the file can be sent again.
  Result<ImportReport> Import(ByteView xml, const Progress& progress);

  // Any thread; the server stops. An import that still derives number keys, and every later one, ends with kUnavailable.
  void Stop() { stopping_ = true; }

 private:
  using NumberKeys = std::vector<std::pair<NhsNumber, crypto::Secret>>;
  Result<NumberKeys> DeriveMissing(const std::vector<UploadRecord>& records, const Progress& progress);
  Status Apply(Store& store, const Upload& upload, const NumberKeys& keys);

  Store& store_;
  Mailbox& mailbox_;
  std::mutex one_at_a_time_;
  std::atomic<bool> stopping_{false};
};

}  // namespace cpis::sync::fleet
