// SPDX-License-Identifier: Apache-2.0
//
// What the nodes that this vehicle was before had not sent when they were erased: each left its journal, set aside whole as
// DIR/journal-NODE.db. Its envelopes are signed by that node and sealed to the fleet server, which takes them from whoever
// this vehicle is now. A journal of which nothing is left is removed.
#pragma once

#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "edge/journal.h"

namespace cpis::edge {

// Sets DIR/journal.db of `node`, which must be closed, aside; removes it if nothing in it waits. Good to call again.
Status SetJournalAside(const std::filesystem::path& state, const std::string& node);

void AddTo(NodeStatus& status, const JournalFile::Counts& counts);

// Thread-safe. Opens a file for the moment that it needs it.
class FormerJournals {
 public:
  explicit FormerJournals(std::filesystem::path state) : state_(std::move(state)) {}

  // Without those whose ids are `passed`. A file that cannot be read holds up none of the others.
  Result<std::vector<sync::node::Outbox::Item>> Oldest(size_t limit, const std::set<std::string>& passed);
  Status Settle(const sync::Receipt& receipt);  // of another node than these: changes nothing
  Result<JournalFile::Counts> Count();

 private:
  std::vector<std::filesystem::path> Files() const;

  const std::filesystem::path state_;
  std::mutex mutex_;  // one connection to a file at a time
};

// The journal's way out, and behind it that of the former ones. What the server refuses again and again of those is passed over,
// and stays; it is offered again when the server has taken something else, and after a restart. Thread-safe.
class WholeOutbox final : public sync::node::Outbox {
 public:
  // Both must outlive it.
  WholeOutbox(Journal& journal, FormerJournals& former) : journal_(journal), former_(former) {}

  Result<std::vector<Item>> Oldest(size_t limit) override;
  Status Settle(const sync::Receipt& receipt, ByteView signed_bytes) override;
  void OnWaiting(std::function<void()> callback) override { journal_.OnWaiting(std::move(callback)); }

 private:
  Journal& journal_;
  FormerJournals& former_;
  std::mutex mutex_;
  // Everything below is guarded by mutex_.
  std::string first_;             // id of the first former entry that was offered last; empty when there was none
  int unanswered_ = 0;            // how often it was offered so
  std::set<std::string> passed_;  // ids
};

}  // namespace cpis::edge
