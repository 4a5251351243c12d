// SPDX-License-Identifier: Apache-2.0
#include "edge/journal.h"

#include <algorithm>

#include "edge/tuning.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

Status StatusOf(const Status& status) { return status; }
template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.status();
}

}  // namespace

Journal::Journal(std::filesystem::path file, const sync::node::Identity& identity, Beginning beginning)
    : path_(std::move(file)), identity_(identity),
      reserve_({std::filesystem::path(path_).replace_extension(".reserve"), kReserveBytes, kReserveStep, kReplicaLeaves}),
      beginning_(beginning) {}

Result<std::unique_ptr<Journal>> Journal::Open(const std::filesystem::path& file, const sync::node::Identity& identity,
                                               Beginning beginning) {
  std::unique_ptr<Journal> journal(new Journal(file, identity, beginning));
  // SQLite's shared memory cannot be made on a full disk either, and that failure does not say why.
  if (journal->reserve_.FreeBeside() < kReserveStep) journal->reserve_.Release();
  CPIS_TRY(journal->WithFile([](JournalFile&) { return Status::Ok(); }));
  return journal;
}

bool Journal::MadeRoom(const Status& failure) {
  if (failure.code() != platform::Code::kExhausted) return false;
  file_.reset();
  return reserve_.Release();
}

Result<JournalFile*> Journal::File() {
  if (!file_) {
    CPIS_ASSIGN(JournalFile opened, JournalFile::Open(path_, identity_, beginning_));
    file_ = std::make_unique<JournalFile>(std::move(opened));
  }
  return file_.get();
}

// After a failure the state of the disk is not known: close, and open again before the next use.
template <typename F>
auto Journal::TryWithFile(F& work) -> decltype(work(std::declval<JournalFile&>())) {
  using R = decltype(work(std::declval<JournalFile&>()));
  auto file = File();
  if (!file.ok()) return R(std::move(file).status().In("journal"));
  R result = work(**file);
  const Status outcome = StatusOf(result);
  if (!outcome.ok() && outcome.code() != platform::Code::kNotFound) file_.reset();
  return result;
}

template <typename F>
auto Journal::WithFile(F work) -> decltype(work(std::declval<JournalFile&>())) {
  using R = decltype(work(std::declval<JournalFile&>()));
  return worker_.Run([&]() -> R {
    R result = TryWithFile(work);
    while (MadeRoom(StatusOf(result))) result = TryWithFile(work);
    return result;
  });
}

template <typename F>
Status Journal::Change(F work) {
  return WithFile([&](JournalFile& file) -> Status {
    CPIS_ASSIGN(auto transaction, file.Begin());
    CPIS_TRY(work(file));
    return transaction.Commit();
  });
}

JournalFile::NewEntry Journal::Seal(sync::Event& event) const {
  event.id = crypto::NewUuidV7(event.recorded_at.time_since_epoch().count());
  Bytes plain = sync::EncodeEvent(event);
  JournalFile::NewEntry entry{.kind = event.kind,
                              .id = event.id,
                              .queued_at = event.recorded_at,
                              .sealed_event = crypto::SealTo(identity_.keys.Now()->fleet_box, plain)};
  crypto::Wipe(std::span<uint8_t>(plain));
  return entry;
}

Bytes Journal::NameOf(std::string_view what, std::string_view number, std::string_view incident) const {
  platform::ByteWriter fields;
  fields.Sized(what);
  fields.Sized(number);
  fields.Sized(incident);
  return crypto::KeyedBlake2b(32, identity_.journal_key.Reveal(), {fields.bytes()});
}

Result<std::optional<Journal::Attendance>> Journal::Append(Record record) {
  Pending pending;
  record.audit.kind = sync::EntryKind::kAudit;
  pending.entries.push_back(Seal(record.audit));
  pending.acknowledgement = std::move(record.acknowledgement);
  pending.marks = std::move(record.marks);
  if (record.attendance) {
    sync::Event& event = *record.attendance;
    event.kind = sync::EntryKind::kAttendance;
    pending.entries.push_back(Seal(event));
    pending.attendance = Attendance{.id = event.id, .queued_before = false, .occurred_at = event.occurred_at};
    const bool apart = record.apart;
    if (!event.incident.empty()) pending.incident_name = NameOf(apart ? "incident, apart" : "incident", event.nhs_number, event.incident);
    pending.child_name = NameOf(apart ? "child, apart" : "child", event.nhs_number, "");
  }
  std::future<Appended> done = pending.done.get_future();
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = pending_.empty();
    pending_.push_back(std::move(pending));
  }
  if (first) worker_.Post([this] { Drain(); });
  return done.get();
}

void Journal::Drain() {
  std::vector<Pending> group;
  {
    const std::lock_guard lock(mutex_);
    group.swap(pending_);
  }
  Status written = WriteGroup(group);
  while (MadeRoom(written)) written = WriteGroup(group);
  if (!written.ok()) {
    file_.reset();
    marks_version_ = 0;
    platform::LogError("journal", "nothing could be written: " + written.message());
  }
  for (Pending& pending : group) {
    pending.done.set_value(written.ok() ? Appended(std::move(pending.attendance)) : Appended(written));
  }
  if (written.ok()) TellWaiting();
}

Status Journal::WriteGroup(std::vector<Pending>& group) {
  CPIS_ASSIGN(JournalFile * file, File());
  CPIS_ASSIGN(auto transaction, file->Begin());
  for (Pending& pending : group) CPIS_TRY(Write(*file, pending));
  CPIS_TRY(file->SaveHead());
  CPIS_TRY(transaction.Commit());
  beginning_ = Beginning::kOfProcess;  // it has a head now
  return Status::Ok();
}

Status Journal::Write(JournalFile& file, Pending& pending) {
  CPIS_TRY(file.Add(pending.entries.front()));
  if (pending.acknowledgement) CPIS_TRY(file.SaveAcknowledged(*pending.acknowledgement));
  CPIS_TRY(WriteMarks(file, pending.marks));
  if (!pending.attendance) return Status::Ok();
  Attendance& attendance = *pending.attendance;
  CPIS_ASSIGN(const auto before, QueuedBefore(file, pending));
  if (before) {
    attendance = {.id = before->id, .queued_before = true, .occurred_at = before->occurred_at};
    return Status::Ok();
  }
  CPIS_TRY(file.Add(pending.entries.back()));
  const Attended attended{attendance.id, attendance.occurred_at};
  if (!pending.incident_name.empty()) CPIS_TRY(file.SaveAttended(pending.incident_name, attended));
  // One that is told afterwards, of an earlier time, is not the latest.
  CPIS_ASSIGN(const auto latest, file.FindAttended(pending.child_name));
  if (latest && latest->occurred_at > attended.occurred_at) return Status::Ok();
  return file.SaveAttended(pending.child_name, attended);
}

Status Journal::WriteMarks(JournalFile& file, const Marks& marks) {
  if (marks.version != 0 && marks.version < marks_version_) return Status::Ok();
  marks_version_ = std::max(marks_version_, marks.version);
  for (const auto& [key, value] : marks.values) CPIS_TRY(file.SetMeta(key, value));
  return Status::Ok();
}

Result<std::optional<Attended>> Journal::QueuedBefore(JournalFile& file, const Pending& pending) {
  if (!pending.incident_name.empty()) return file.FindAttended(pending.incident_name);
  CPIS_ASSIGN(auto recent, file.FindAttended(pending.child_name));
  if (!recent || std::chrono::abs(pending.attendance->occurred_at - recent->occurred_at) > kSameAttendance) {
    return std::optional<Attended>();
  }
  return recent;
}

// An envelope that the disk has damaged would be refused by the server with everything behind it: it steps aside here.
Result<std::vector<Journal::Item>> Journal::Oldest(size_t limit) {
  return WithFile([&](JournalFile& file) -> Result<std::vector<Item>> {
    for (;;) {
      CPIS_ASSIGN(std::vector<Item> items, file.Oldest(limit));
      const auto damaged = std::stable_partition(items.begin(), items.end(), [this](const Item& item) {
        return sync::DecodeEnvelope(item.envelope, identity_.signing.public_key).ok();
      });
      if (damaged == items.end()) return items;
      CPIS_ASSIGN(auto transaction, file.Begin());
      for (auto item = damaged; item != items.end(); ++item) {
        CPIS_TRY(file.Quarantine(item->node_sequence, item->id, "the entry was damaged on this vehicle's disk"));
        CPIS_TRY(file.ForgetAttended(item->id));  // so that the crew can attend again
      }
      CPIS_TRY(transaction.Commit());
      platform::LogError("journal", std::to_string(items.end() - damaged) + " entries are damaged on disk and quarantined");
    }
  });
}

Status Journal::Settle(const sync::Receipt& receipt, ByteView signed_bytes) {
  return Change([&](JournalFile& file) { return file.Settle(receipt, signed_bytes); });
}

void Journal::OnWaiting(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_waiting_ = std::move(callback);
}

void Journal::TellWaiting() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    callback = on_waiting_;
  }
  if (callback) callback();
}

Result<std::vector<OutboxItem>> Journal::List() {
  return WithFile([](JournalFile& file) { return file.List(); });
}

Result<OutboxItem> Journal::Show(const std::string& id) {
  return WithFile([&](JournalFile& file) { return file.Show(id); });
}

Status Journal::Restore(const std::string& id) {
  CPIS_TRY(Change([&](JournalFile& file) { return file.Restore(id); }));
  TellWaiting();
  return Status::Ok();
}

Result<JournalFile::Counts> Journal::Count() {
  return WithFile([](JournalFile& file) { return file.Count(); });
}

Result<std::string> Journal::VerifyAudit() {
  return WithFile([](JournalFile& file) { return file.VerifyAudit(); });
}

Status Journal::Purge(Instant now) {
  return Change([&](JournalFile& file) { return file.Purge(now - kKeepReceipts); });
}

Result<std::vector<Acknowledgement>> Journal::Acknowledged() {
  return WithFile([](JournalFile& file) { return file.Acknowledged(); });
}

Status Journal::ForgetAcknowledged(const std::vector<sync::RowIndex>& alerts) {
  return Change([&](JournalFile& file) -> Status {
    for (const sync::RowIndex alert : alerts) CPIS_TRY(file.ForgetAcknowledged(alert));
    return Status::Ok();
  });
}

Result<std::optional<Bytes>> Journal::Meta(const std::string& key) {
  return WithFile([&](JournalFile& file) { return file.Meta(key); });
}

Status Journal::Keep(const Marks& marks) {
  return Change([&](JournalFile& file) { return WriteMarks(file, marks); });
}

void Journal::KeepMeta(std::string key, Bytes value) {
  worker_.Post([this, key = std::move(key), value = std::move(value)] {
    auto file = File();
    if (!file.ok()) return;  // what cannot be opened now is reported by whoever needs it next
    const Status kept = (*file)->SetMeta(key, value);
    if (kept.ok()) return;
    file_.reset();
    platform::LogWarning("journal", "cannot keep " + key + ": " + kept.message());
  });
}

}  // namespace cpis::edge
