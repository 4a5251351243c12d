// SPDX-License-Identifier: Apache-2.0
//
// Opening and reading. Verifying is in replica_verify.cc, changing in replica_change.cc, repairing in replica_repair.cc.
#include "edge/replica.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "platform/log.h"

namespace cpis::edge {
namespace {

using sync::Topic;

void RemoveDatabase(const std::filesystem::path& file) {
  std::error_code ignored;  // what cannot be removed fails again when it is opened
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix, ignored);
}

}  // namespace

Replica::Replica(Options options) : options_(std::move(options)), reader_(new ReplicaReader(options_.file)) {}

Replica::~Replica() {
  stopping_ = true;
  if (verifier_.joinable()) verifier_.join();
}

Result<std::unique_ptr<Replica>> Replica::Open(Options options) {
  std::unique_ptr<Replica> replica(new Replica(std::move(options)));
  {
    const std::lock_guard write(replica->write_mutex_);
    CPIS_TRY(replica->Load(false));
  }
  replica->verifier_ = std::thread([raw = replica.get()] { raw->VerifyRows(); });
  return replica;
}

Status Replica::Load(bool rows_too) {
  file_.reset();
  reader_->Close();
  for (const bool last_try : {false, true}) {
    auto opened = ReplicaFile::Open(options_.file, options_.seal_key);
    Status failure = opened.status();
    if (opened.ok()) {
      file_ = std::make_unique<ReplicaFile>(*std::move(opened));
      auto read = ReadFile(rows_too);
      failure = read.status();
      if (read.ok()) {
        Take(*std::move(read), rows_too);
        TakeEngland();
        return Status::Ok();
      }
    }
    file_.reset();
    // Only what is not a replica any more is thrown away; a disk that is busy or full may be well again later. One flipped bit
    // makes a file that nobody may write.
    const bool no_replica = failure.code() == platform::Code::kCorrupt || failure.code() == platform::Code::kDenied;
    if (last_try || !no_replica) return std::move(failure).In("replica");
    platform::LogError("replica", "cannot be read and is fetched again: " + failure.message());
    RemoveDatabase(options_.file);
    const std::lock_guard memory(memory_mutex_);
    new_damage_ = new_damage_ || rows_too;  // a change found it: whoever fetches does not know that all is lost
  }
  return Status::Ok();
}

Status Replica::ReadTopics(Scan& scan) {
  CPIS_ASSIGN(auto topics, file_->Topics());
  for (TopicRecord& record : topics) scan.held.try_emplace(record.topic.text(), Held{.record = record});
  CPIS_ASSIGN(auto staged, file_->Staged());
  for (StagedRecord& record : staged) scan.staged.try_emplace(record.topic.text(), Staging{.record = record});
  return Status::Ok();
}

Result<Replica::Scan> Replica::ReadFile(bool rows_too) {
  Scan scan;
  CPIS_TRY(ReadTopics(scan));
  CPIS_TRY(ReadTable(Table::kOrders, scan));
  if (rows_too) CPIS_TRY(ReadTable(Table::kRows, scan));
  CPIS_ASSIGN(scan.region_manifest, ReadManifest(&scan.region_manifest_bytes));
  return scan;
}

Result<ReplicaFile*> Replica::Writable() {
  if (!file_) {
    CPIS_TRY(Load(true));
    CallOnNewDamage();
  }
  return file_.get();
}

Replica::Agreement Replica::Agree(Table table, sync::RowIndex index, const std::vector<FoundEntry>& entries, bool mark) {
  const std::lock_guard memory(memory_mutex_);
  if (table == Table::kRows && verifying_) return {.unverified = true};
  size_t expected = 0;
  bool agree = true;
  for (auto& [name, held] : held_) {
    if (TableOf(held.record.topic) != table) continue;
    const sync::EntryHash* hash = held.set.Find(index);
    const auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.topic == name; });
    if (entry != entries.end()) ++expected;
    const bool same = entry == entries.end()
                          ? hash == nullptr
                          : hash != nullptr && *hash == sync::HashEntry(index, entry->version, entry->body);
    if (!same && mark) MarkDamaged(held);
    agree = agree && same;
  }
  return {.agreed = agree && expected == entries.size()};
}

// Disk and memory are read one after the other, so a change between them looks like damage. Only when they still differ
// while no change can be under way is it damage.
Result<std::vector<FoundEntry>> Replica::ReadAgreed(Table table, sync::RowIndex index, FoundRows* found) {
  Agreement agreement;
  const auto agreed = [&](const auto& entries, bool mark) {
    if (!entries.ok()) return false;
    agreement = Agree(table, index, *entries, mark);
    found->unverified = agreement.unverified;
    return agreement.agreed;
  };
  auto entries = reader_->Read(table, index);
  if (agreed(entries, false)) return entries;
  {
    const std::lock_guard write(write_mutex_);
    entries = reader_->Read(table, index);
    if (agreed(entries, true)) return entries;
    if (!entries.ok() && entries.status().code() != platform::Code::kUnavailable) MarkDamaged(table);
  }
  found->damaged = true;
  CallOnNewDamage();
  return entries;
}

FoundRows Replica::Find(sync::RowIndex index) {
  FoundRows found;
  auto entries = ReadAgreed(Table::kRows, index, &found);
  if (!entries.ok()) {
    platform::LogError("replica", "reading failed: " + entries.status().message());
    return found;
  }
  static constexpr std::string_view kRows = "rows/";
  for (FoundEntry& entry : *entries) {
    if (!entry.topic.starts_with(kRows)) continue;
    found.rows.push_back({entry.topic.substr(kRows.size()), entry.version, std::move(entry.body)});
  }
  return found;
}

Result<Bytes> Replica::Get(const Topic& topic, sync::RowIndex key) {
  FoundRows found;
  CPIS_ASSIGN(auto entries, ReadAgreed(Table::kOrders, key, &found));
  if (found.damaged) return platform::Corrupt("replica: an entry of topic " + topic.text() + " is damaged");
  for (FoundEntry& entry : entries) {
    if (entry.topic == topic.text()) return std::move(entry.body);
  }
  return platform::NotFound("replica: no such entry in topic " + topic.text());
}

bool Replica::AgreeAll(const Topic& topic, const std::vector<FoundEntry>& entries, bool mark) {
  const std::lock_guard memory(memory_mutex_);
  const auto held = held_.find(topic.text());
  if (held == held_.end()) return entries.empty();
  const sync::TopicSet& set = held->second.set;
  const bool same = set.size() == entries.size() && std::all_of(entries.begin(), entries.end(), [&](const auto& entry) {
                      const sync::EntryHash* hash = set.Find(entry.index);
                      return hash != nullptr && *hash == sync::HashEntry(entry.index, entry.version, entry.body);
                    });
  if (!same && mark) MarkDamaged(held->second);
  return same && !held->second.damaged;
}

Result<std::vector<std::pair<sync::RowIndex, Bytes>>> Replica::All(const Topic& topic) {
  auto entries = reader_->ReadAll(topic);
  bool agreed = entries.ok() && AgreeAll(topic, *entries, false);
  if (!agreed) {
    {
      const std::lock_guard write(write_mutex_);
      entries = reader_->ReadAll(topic);
      agreed = entries.ok() && AgreeAll(topic, *entries, true);
      if (!entries.ok() && entries.status().code() != platform::Code::kUnavailable) MarkDamaged(Table::kOrders);
    }
    CallOnNewDamage();
  }
  CPIS_TRY(Status(entries.status()).In("replica"));
  if (!agreed) return platform::Corrupt("replica: topic " + topic.text() + " is damaged");
  std::vector<std::pair<sync::RowIndex, Bytes>> all;
  for (FoundEntry& entry : *entries) all.emplace_back(entry.index, std::move(entry.body));
  return all;
}

bool Replica::Fulfils(const TopicRecord& record, const sync::TopicHead& head, crypto::Epoch epoch) {
  if (record.sequence == head.sequence) return record.digest == head.digest;
  return record.sequence > head.sequence && record.epoch >= epoch;
}

Coverage Replica::CoverageOf(const std::vector<std::string>& partitions) const {
  const std::lock_guard memory(memory_mutex_);
  Coverage coverage;
  if (!manifest_) return coverage;
  coverage.as_of = manifest_->server_time;
  coverage.complete = !partitions.empty();
  coverage.verifying = verifying_ && !partitions.empty();
  for (const std::string& partition : partitions) {
    const Topic topic = Topic::Rows(partition);
    const sync::TopicHead* head = manifest_->Find(topic);
    const auto held = held_.find(topic.text());
    // An authority that has never sent a file vouches for nobody. That there are no notices is for the server to say.
    if (!head || (head->sequence == sync::Sequence{0} && partition != sync::kNotices)) coverage.complete = false;
    if (held != held_.end()) {
      coverage.damaged = coverage.damaged || held->second.damaged;
      if (!head || !Fulfils(held->second.record, *head, manifest_->epoch)) coverage.complete = false;
    } else {
      coverage.complete = false;
    }
  }
  return coverage;
}

std::vector<TopicState> Replica::States() const {
  const std::lock_guard memory(memory_mutex_);
  std::vector<TopicState> states;
  for (const auto& [name, held] : held_) {
    states.push_back({held.record.topic, held.set.size(), held.record.sequence, held.damaged});
  }
  return states;
}

uint64_t Replica::OrdersVersion() const {
  const std::lock_guard memory(memory_mutex_);
  return orders_version_;
}

void Replica::OnDamage(std::function<void()> callback) {
  const std::lock_guard memory(memory_mutex_);
  on_damage_ = std::move(callback);
}

void Replica::CallOnNewDamage() {
  std::function<void()> callback;
  {
    const std::lock_guard memory(memory_mutex_);
    if (std::exchange(new_damage_, false)) callback = on_damage_;
  }
  if (callback) callback();
}

}  // namespace cpis::edge
