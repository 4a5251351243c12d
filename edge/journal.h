// SPDX-License-Identifier: Apache-2.0
//
// The node's unsent attendances and its audit: durable before anyone hears of them, never thrown away, and not readable
// by the node that wrote them. One thread owns the file; appends that wait at the same time share one commit.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "edge/journal_file.h"
#include "edge/tuning.h"
#include "platform/disk_reserve.h"
#include "platform/worker.h"

namespace cpis::edge {

// Thread-safe.
class Journal : public sync::node::Outbox {
 public:
  // `identity` must outlive it. Failures are final: the file is never replaced by an empty one. A reserve of the disk is kept
  // beside it, `file` with the extension .reserve, and used up when the disk is full. One that was lost goes on where its node
  // never was: the fleet server sees that the audit begins anew, and not a clone.
  static Result<std::unique_ptr<Journal>> Open(const std::filesystem::path& file, const sync::node::Identity& identity,
                                               Beginning beginning = Beginning::kOfVehicle);
  ~Journal() override = default;  // what was acknowledged is durable already

  // Values of the table "meta". Those with a version are left out when a newer one was kept before.
  struct Marks {
    uint64_t version = 0;
    std::vector<std::pair<std::string, Bytes>> values;
  };
  struct Record {
    sync::Event audit;                      // ids are given here
    std::optional<sync::Event> attendance;  // queued unless it is the same attendance as one before
    std::optional<Acknowledgement> acknowledgement{};  // kept unless that alert has one
    // Of somebody who may not learn whether a look queued it before: the same only as another such.
    bool apart = false;
    Marks marks{};
  };
  struct Attendance {
    std::string id;  // of the one queued before, if there is one
    bool queued_before = false;
    Instant occurred_at;
  };
  // Stores the audit entry and what is beside it, together or not at all; returns once all is durable, with the
  // attendance if there was one. The same attendance: same number and incident, or, without an incident, the same
  // number within kSameAttendance. kExhausted: the disk is full; kInternal: it failed. Nothing was stored then, as far
  // as can be known.
  Result<std::optional<Attendance>> Append(Record record);

  Result<std::vector<Item>> Oldest(size_t limit) override;
  Status Settle(const sync::Receipt& receipt, ByteView signed_bytes) override;
  void OnWaiting(std::function<void()> callback) override;

  Result<std::vector<OutboxItem>> List();
  Result<OutboxItem> Show(const std::string& id);
  Status Restore(const std::string& id);
  Result<JournalFile::Counts> Count();
  Result<std::string> VerifyAudit();
  // Forgets what is settled and older than kKeepReceipts.
  Status Purge(Instant now);

  platform::DiskReserve& reserve() { return reserve_; }

  // Of alerts; see Record.
  Result<std::vector<Acknowledgement>> Acknowledged();
  Status ForgetAcknowledged(const std::vector<sync::RowIndex>& alerts);

  Result<std::optional<Bytes>> Meta(const std::string& key);
  Status Keep(const Marks& marks);                // durable when it returns
  void KeepMeta(std::string key, Bytes value);  // returns at once; durable soon

 private:
  using Appended = Result<std::optional<Attendance>>;
  struct Pending {
    std::vector<JournalFile::NewEntry> entries;  // audit first
    std::optional<Attendance> attendance;
    std::optional<Acknowledgement> acknowledgement;
    Marks marks;
    Bytes incident_name;  // empty without an incident
    Bytes child_name;
    std::promise<Appended> done;
  };

  Journal(std::filesystem::path file, const sync::node::Identity& identity, Beginning beginning);
  JournalFile::NewEntry Seal(sync::Event& event) const;
  Bytes NameOf(std::string_view what, std::string_view number, std::string_view incident) const;

  // Worker's thread only.
  Result<JournalFile*> File();  // opens it again after a failure
  void Drain();
  Status WriteGroup(std::vector<Pending>& group);
  Status Write(JournalFile& file, Pending& pending);
  Status WriteMarks(JournalFile& file, const Marks& marks);
  Result<std::optional<Attended>> QueuedBefore(JournalFile& file, const Pending& pending);

  // Runs `work` with the file, on its thread; again, with more of the disk, while that is full.
  template <typename F>
  auto WithFile(F work) -> decltype(work(std::declval<JournalFile&>()));
  template <typename F>
  auto TryWithFile(F& work) -> decltype(work(std::declval<JournalFile&>()));
  // True when the failure was a full disk, and some of the reserve is free now.
  bool MadeRoom(const Status& failure);
  template <typename F>
  Status Change(F work);
  void TellWaiting();

  const std::filesystem::path path_;
  const sync::node::Identity& identity_;
  platform::DiskReserve reserve_;
  std::unique_ptr<JournalFile> file_;  // worker's thread only; null after a failure
  Beginning beginning_;                // worker's thread only
  uint64_t marks_version_ = 0;         // worker's thread only

  std::mutex mutex_;
  std::vector<Pending> pending_;      // guarded by mutex_
  std::function<void()> on_waiting_;  // guarded by mutex_

  platform::Worker worker_{"journal"};  // last: ends before what it uses
};

}  // namespace cpis::edge
