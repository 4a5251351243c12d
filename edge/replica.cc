// SPDX-License-Identifier: Apache-2.0
//
// Opening, reading and verifying. Changing is in replica_change.cc.
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
Replica::~Replica() = default;

Result<std::unique_ptr<Replica>> Replica::Open(Options options) {
  std::unique_ptr<Replica> replica(new Replica(std::move(options)));
  const std::lock_guard write(replica->write_mutex_);
  CPIS_TRY(replica->Reload());
  return replica;
}

Status Replica::Reload() {
  file_.reset();
  reader_->Close();
  std::optional<Scan> scan;
  for (const bool last_try : {false, true}) {
    auto opened = ReplicaFile::Open(options_.file, options_.seal_key);
    Status failure = opened.status();
    if (opened.ok()) {
      file_ = std::make_unique<ReplicaFile>(*std::move(opened));
      auto read = ReadAll(*file_);
      failure = read.status();
      if (read.ok()) scan = *std::move(read);
    }
    if (scan) break;
    file_.reset();
    // Only what is not a replica any more is thrown away; a disk that is busy or full may be well again later.
    if (last_try || failure.code() != platform::Code::kCorrupt) return std::move(failure).In("replica");
    platform::LogError("replica", "cannot be read and is fetched again: " + failure.message());
    RemoveDatabase(options_.file);
  }
  for (const auto& [name, held] : scan->held) {
    if (held.damaged)
      platform::LogWarning("replica", "topic " + name + " has not its signed digest: fetching it again");
  }
  sweep_due_ = sweep_due_ || scan->orphans;
  const std::lock_guard memory(memory_mutex_);
  held_ = std::move(scan->held);
  staged_ = std::move(scan->staged);
  manifest_ = std::move(scan->region_manifest);
  ++orders_version_;
  return Status::Ok();
}

Result<Replica::Scan> Replica::ReadAll(ReplicaFile& file) const {
  Scan scan;
  std::map<int64_t, sync::TopicSet*> sets;
  CPIS_ASSIGN(auto topics, file.Topics());
  for (TopicRecord& record : topics) {
    auto place = scan.held.try_emplace(record.topic.text(), Held{.record = record}).first;
    sets[record.id] = &place->second.set;
  }
  CPIS_ASSIGN(auto staged, file.Staged());
  for (StagedRecord& record : staged) {
    auto place = scan.staged.try_emplace(record.topic.text(), Staging{.record = record}).first;
    sets[record.id] = &place->second.set;
  }
  CPIS_TRY(file.ForEachEntry([&](int64_t id, const sync::EntryView& entry) {
    const auto set = sets.find(id);
    if (set == sets.end()) {
      scan.orphans = true;
    } else {
      set->second->Put(entry.index, sync::HashEntry(entry.index, entry.version, entry.body));
    }
  }));
  for (auto& [name, held] : scan.held) {
    const TopicRecord& record = held.record;
    held.damaged = !record.authentic || held.set.DigestAt(record.topic, record.sequence) != record.digest;
  }
  CPIS_ASSIGN(auto manifest, file.Meta(kRegionManifest));
  if (manifest) {
    auto decoded = sync::DecodeManifest(*manifest, options_.freshness_public_key);
    if (decoded.ok()) scan.region_manifest = *std::move(decoded);  // otherwise as if none was heard yet
  }
  return scan;
}

Result<ReplicaFile*> Replica::Writable() {
  if (!file_) CPIS_TRY(Reload());
  return file_.get();
}

bool Replica::Agree(sync::RowIndex index, const std::vector<FoundEntry>& entries, bool mark) {
  const std::lock_guard memory(memory_mutex_);
  size_t expected = 0;
  bool agree = true;
  for (auto& [name, held] : held_) {
    const sync::EntryHash* hash = held.set.Find(index);
    const auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.topic == name; });
    if (entry != entries.end()) ++expected;
    const bool same = entry == entries.end()
                          ? hash == nullptr
                          : hash != nullptr && *hash == sync::HashEntry(index, entry->version, entry->body);
    if (!same && mark) MarkDamaged(held);
    agree = agree && same;
  }
  return agree && expected == entries.size();
}

// Disk and memory are read one after the other, so a change between them looks like damage. Only when they still differ
// while no change can be under way is it damage.
Result<std::vector<FoundEntry>> Replica::ReadAgreed(sync::RowIndex index, bool* damaged) {
  *damaged = false;
  auto entries = reader_->Read(index);
  if (entries.ok() && Agree(index, *entries, false)) return entries;
  {
    const std::lock_guard write(write_mutex_);
    entries = reader_->Read(index);
    if (entries.ok() && Agree(index, *entries, true)) return entries;
    if (!entries.ok() && entries.status().code() != platform::Code::kUnavailable) MarkAllDamaged();
  }
  *damaged = true;
  CallOnNewDamage();
  return entries;
}

void Replica::MarkAllDamaged() {
  file_.reset();  // the next change opens and verifies the file again
  reader_->Close();
  const std::lock_guard memory(memory_mutex_);
  for (auto& [name, held] : held_) MarkDamaged(held);
}

FoundRows Replica::Find(sync::RowIndex index) {
  FoundRows found;
  auto entries = ReadAgreed(index, &found.damaged);
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
  bool damaged = false;
  CPIS_ASSIGN(auto entries, ReadAgreed(key, &damaged));
  if (damaged) return platform::Corrupt("replica: an entry of topic " + topic.text() + " is damaged");
  for (FoundEntry& entry : entries) {
    if (entry.topic == topic.text()) return std::move(entry.body);
  }
  return platform::NotFound("replica: no such entry in topic " + topic.text());
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
  for (const std::string& partition : partitions) {
    const Topic topic = Topic::Rows(partition);
    const sync::TopicHead* head = manifest_->Find(topic);
    const auto held = held_.find(topic.text());
    // An authority that has never sent a file vouches for nobody.
    if (!head || head->sequence == sync::Sequence{0}) coverage.complete = false;
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

void Replica::Compare(const Scan& scan) {
  const std::lock_guard memory(memory_mutex_);
  for (auto& [name, held] : held_) {
    const auto on_disk = scan.held.find(name);
    const bool matches =
        on_disk != scan.held.end() && !on_disk->second.damaged && on_disk->second.record.digest == held.record.digest;
    if (!matches) MarkDamaged(held);
  }
}

Result<std::vector<TopicState>> Replica::Verify() {
  Status read;
  {
    const std::lock_guard write(write_mutex_);
    CPIS_ASSIGN(ReplicaFile * file, Writable());
    const auto scan = ReadAll(*file);
    read = scan.status();
    if (scan.ok()) {
      Compare(*scan);
    } else {
      MarkAllDamaged();
    }
  }
  CallOnNewDamage();
  CPIS_TRY(std::move(read).In("replica"));
  return States();
}

void Replica::OnDamage(std::function<void()> callback) {
  const std::lock_guard memory(memory_mutex_);
  on_damage_ = std::move(callback);
}

void Replica::MarkDamaged(Held& held) {
  new_damage_ = new_damage_ || !held.damaged;
  held.damaged = true;
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
