// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/import_desk.h"

#include <atomic>
#include <thread>

#include "platform/log.h"

namespace cpis::sync::fleet {
namespace {

// Runs work(i) for every i below `count` on all cores; `progress` is called from this thread only.
void OnAllCores(size_t count, const std::function<void(size_t)>& work, const ImportDesk::Progress& progress) {
  std::atomic<size_t> next{0};
  std::atomic<size_t> done{0};
  const auto take = [&](bool report) {
    for (size_t i = next++; i < count; i = next++) {
      work(i);
      const size_t so_far = ++done;
      if (report && progress) progress(so_far, count);
    }
  };
  std::vector<std::thread> others;
  for (unsigned core = 1; core < std::thread::hardware_concurrency(); ++core) others.emplace_back(take, false);
  take(true);
  for (std::thread& other : others) other.join();
  if (progress) progress(count, count);
}

Acknowledgement AcknowledgementFor(const UploadResult& result, Instant now) {
  Acknowledgement reply;
  reply.file_code = FileCode(result);
  reply.at = now;
  if (result.failure) {
    reply.file_id = result.failure->file_id;
    if (result.failure->authority) reply.authority = *result.failure->authority;
    reply.organisation_root = result.failure->organisation_root;
    reply.quantity = result.failure->record_count;
    reply.rejected = result.failure->record_count;
    return reply;
  }
  const Upload& upload = *result.upload;
  reply.file_id = upload.file_id;
  reply.authority = upload.authority;
  reply.organisation_root = upload.organisation_root;
  reply.quantity = upload.record_count;
  reply.loaded = upload.Loaded();
  reply.rejected = upload.Rejected();
  reply.problems = upload.problems;
  return reply;
}

}  // namespace

Result<ImportReport> ImportDesk::Import(ByteView xml, const Progress& progress) {
  std::lock_guard one(one_at_a_time_);
  const UploadResult result = ReadUpload(xml);
  const Acknowledgement reply = AcknowledgementFor(result, store_.clock().Now());
  const Register::OutgoingFile acknowledgement{
      Mailbox::NameFor(reply.authority.code, reply.file_id, "ack", store_.clock().Now()), WriteAcknowledgement(reply)};

  NumberKeys keys;
  if (result.upload) {
    CPIS_ASSIGN(keys, DeriveMissing(result.upload->records, progress));
  }
  CPIS_TRY(store_.Change([&](Store& store) -> Status {
    if (result.upload && !result.upload->records.empty()) CPIS_TRY(Apply(store, *result.upload, keys));
    return store.records().QueueFile(acknowledgement);
  }));
  CPIS_TRY(mailbox_.WriteQueued());
  platform::LogInfo("import", reply.file_code + ", " + std::to_string(reply.loaded) + " records loaded, " +
                                  std::to_string(reply.rejected) + " rejected");

  ImportReport report;
  report.file_id = reply.file_id;
  report.code = reply.file_code;
  report.loaded = reply.loaded;
  report.rejected = reply.rejected;
  report.problems = reply.problems;
  if (result.failure) report.detail = result.failure->detail;
  report.acknowledgement = mailbox_.out() / acknowledgement.name;
  return report;
}

Result<ImportDesk::NumberKeys> ImportDesk::DeriveMissing(const std::vector<UploadRecord>& records, const Progress& progress) {
  std::set<NhsNumber> missing;
  CPIS_TRY(store_.Read([&](Store& store) -> Status {
    for (const UploadRecord& record : records) {
      CPIS_ASSIGN(const std::optional<Bytes> known, store.records().NumberKeyOf(record.subject));
      if (!known) missing.insert(record.subject);
    }
    return Status::Ok();
  }));
  NumberKeys keys;
  for (const NhsNumber& number : missing) keys.emplace_back(number, crypto::Secret());

  const crypto::NumberKeys deriver(store_.keys().pepper.Clone(), store_.hardness());
  std::mutex mutex;
  Status failed;
  OnAllCores(keys.size(), [&](size_t i) {
    if (stopping_) return;
    auto key = deriver.Derive(keys[i].first.digits());
    if (key.ok()) {
      keys[i].second = *std::move(key);
      return;
    }
    std::lock_guard lock(mutex);
    failed = key.status();
  }, progress);
  if (!failed.ok()) return failed;
  if (stopping_) return platform::Unavailable("the fleet server stops; nothing of this file was applied");
  return keys;
}

Status ImportDesk::Apply(Store& store, const Upload& upload, const NumberKeys& keys) {
  for (const auto& [number, key] : keys) CPIS_TRY(store.records().KeepNumberKey(number, key.Reveal()));
  CPIS_ASSIGN(const bool announce, store.records().PutAuthority({upload.authority, upload.organisation_root, upload.file_id,
                                                                 store.clock().Now(), std::min(upload.created_at, store.clock().Now())}));
  if (announce) CPIS_TRY(store.PublishDirectory({upload.authority}, {}));

  // A file that says it is from the future must not silence those that come after it.
  const Register::UploadFile file{upload.file_id, std::min(upload.created_at, store.clock().Now())};
  std::set<NhsNumber> changed;
  for (const UploadRecord& record : upload.records) {
    for (const PlanChange& change : record.changes) {
      CPIS_ASSIGN(const bool changes, store.records().ApplyPlan(upload.authority.code, record.subject, change, file));
      if (changes) changed.insert(record.subject);
    }
  }
  if (changed.empty()) return Status::Ok();
  return store.PublishFlags(upload.authority.code, changed);
}

}  // namespace cpis::sync::fleet
