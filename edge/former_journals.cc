// SPDX-License-Identifier: Apache-2.0
#include "edge/former_journals.h"

#include <algorithm>
#include <utility>

#include "edge/tuning.h"
#include "platform/erase.h"
#include "platform/files.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

namespace fs = std::filesystem;
using platform::Database;
using platform::Statement;

constexpr std::string_view kPrefix = "journal-node-";
constexpr std::string_view kSuffix = ".db";
// The server may be busy; but what the disk has damaged, or is of a node that the fleet does not know, is refused each time.
constexpr int kMostRefusals = 5;

Result<Database> Open(const fs::path& file) {
  return Database::Open(file, {.mode = Database::Mode::kOwner, .cache_kib = kJournalCacheKib});
}

Result<int64_t> Entries(Database& database) {
  CPIS_ASSIGN(Statement query, database.Prepare("SELECT count(*) FROM entries"));
  CPIS_ASSIGN(const bool found, query.Step());
  return found ? query.Int(0) : 0;
}

Status Remove(const fs::path& file) {
  for (const char* suffix : {"-wal", "-shm", ""}) CPIS_TRY(platform::EraseFile(file.string() + suffix));
  return Status::Ok();
}

Status SettleIn(const fs::path& file, const sync::Receipt& receipt) {
  {
    CPIS_ASSIGN(Database database, Open(file));
    const bool quarantined = receipt.verdict == sync::Verdict::kQuarantined;
    CPIS_TRY(quarantined ? QuarantineEntry(database, receipt.node_sequence, receipt.id, receipt.reason)
                         : RemoveEntry(database, receipt.node_sequence, receipt.id));
    CPIS_ASSIGN(const int64_t entries, Entries(database));
    if (entries > 0) return Status::Ok();
  }
  platform::LogInfo("journal", "everything in " + file.filename().string() + " has arrived");
  return Remove(file);
}

// Of a journal that cannot be read nothing is known: it is kept.
bool NothingLeft(const fs::path& file) {
  auto database = Open(file);
  if (!database.ok()) return false;
  (void)database->Checkpoint();  // closing it empties the log too, if it can
  const auto entries = Entries(*database);
  return entries.ok() && *entries == 0;
}

}  // namespace

Status SetJournalAside(const fs::path& state, const std::string& node) {
  const fs::path journal = state / "journal.db";
  std::error_code ignored;
  if (!fs::exists(journal, ignored)) return Status::Ok();
  fs::path aside = state / ("journal-" + node + std::string(kSuffix));
  // Its log may have been moved already, by a wipe that was cut off: without it nothing is known of it.
  const bool whole = !fs::exists(aside.string() + "-wal", ignored);
  if (whole && NothingLeft(journal)) return Remove(journal);
  for (int again = 2; whole && fs::exists(aside, ignored); ++again) {  // never over what is there
    aside = state / ("journal-" + node + "-" + std::to_string(again) + std::string(kSuffix));
  }
  if (fs::exists(journal.string() + "-wal", ignored)) {
    CPIS_TRY(platform::MoveFileDurably(journal.string() + "-wal", aside.string() + "-wal"));
  }
  CPIS_TRY(platform::MoveFileDurably(journal, aside));
  return platform::EraseFile(journal.string() + "-shm");
}

void AddTo(NodeStatus& status, const JournalFile::Counts& counts) {
  status.attendances_waiting += counts.attendances_waiting;
  status.audit_waiting += counts.audit_waiting;
  status.quarantined += counts.quarantined;
}

std::vector<fs::path> FormerJournals::Files() const {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (fs::directory_iterator at(state_, ignored), end; at != end; at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::vector<sync::node::Outbox::Item>> FormerJournals::Oldest(size_t limit, const std::set<std::string>& passed) {
  const std::lock_guard lock(mutex_);
  std::vector<sync::node::Outbox::Item> items;
  for (const fs::path& file : Files()) {
    auto opened = Open(file);
    auto waiting = opened.ok() ? OldestEntries(*opened, limit + passed.size()) : opened.status();
    if (!waiting.ok()) {
      platform::LogError("journal", file.filename().string() + " cannot be read and stays: " + waiting.status().message());
      continue;
    }
    for (auto& item : *waiting) {
      if (items.size() < limit && !passed.contains(item.id)) items.push_back(std::move(item));
    }
    if (items.size() == limit) break;
  }
  return items;
}

Status FormerJournals::Settle(const sync::Receipt& receipt) {
  const std::lock_guard lock(mutex_);
  const std::string name = "journal-" + receipt.node;
  Status settled;
  for (const fs::path& file : Files()) {
    // A vehicle put back to an old image may have left two of the same node.
    const std::string stem = file.stem().string();
    if (stem != name && !stem.starts_with(name + "-")) continue;
    Status here = SettleIn(file, receipt);
    if (settled.ok()) settled = std::move(here);
  }
  return settled;
}

Result<JournalFile::Counts> FormerJournals::Count() {
  const std::lock_guard lock(mutex_);
  JournalFile::Counts counts;
  for (const fs::path& file : Files()) {
    auto opened = Open(file);
    const auto here = opened.ok() ? CountEntries(*opened) : opened.status();
    if (!here.ok()) {
      ++counts.quarantined;  // at least; it must not look as if nothing were there
      continue;
    }
    counts.attendances_waiting += here->attendances_waiting;
    counts.audit_waiting += here->audit_waiting;
    counts.quarantined += here->quarantined;
  }
  return counts;
}

// This vehicle cannot tell which one the server will refuse, for the key that it was signed with is erased; the server ends the
// stream there. The first of a batch that is never answered is the one, and is passed over.
Result<std::vector<WholeOutbox::Item>> WholeOutbox::Oldest(size_t limit) {
  CPIS_ASSIGN(std::vector<Item> items, journal_.Oldest(limit));
  if (!items.empty()) return items;
  const std::lock_guard lock(mutex_);
  if (unanswered_ >= kMostRefusals) {
    platform::LogWarning("journal", "an entry of a former node is refused each time and passed over: " + first_);
    passed_.insert(first_);
    unanswered_ = 0;
  }
  const bool doubtful = unanswered_ > 0 || !passed_.empty();  // then the radio is not used for what waits behind
  CPIS_ASSIGN(items, former_.Oldest(doubtful ? 1 : limit, passed_));
  const std::string first = items.empty() ? "" : items.front().id;
  if (first != std::exchange(first_, first)) unanswered_ = 0;
  if (!items.empty()) ++unanswered_;
  return items;
}

Status WholeOutbox::Settle(const sync::Receipt& receipt, ByteView signed_bytes) {
  CPIS_TRY(journal_.Settle(receipt, signed_bytes));
  CPIS_TRY(former_.Settle(receipt));
  const std::lock_guard lock(mutex_);
  if (receipt.id == first_) unanswered_ = 0;
  if (first_.empty()) passed_.clear();  // all others are gone, and the server answers: it may have been busy then
  return Status::Ok();
}

}  // namespace cpis::edge
