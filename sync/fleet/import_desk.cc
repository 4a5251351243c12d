// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/import_desk.h"

#include <algorithm>

#include "platform/log.h"
#include "sync/fleet/alert_desk.h"

namespace cpis::sync::fleet {
namespace {

// Whether the change takes away what is current now, or ends it sooner than was known. A due date may move.
bool EndsIt(const Plan& before, const PlanChange& change, Instant now) {
  if (StateAt(before, now) != PlanState::kCurrent) return false;
  if (change.deleted) return true;
  if (before.type == PlanType::kUcpp || !change.end) return false;
  return !before.end || *change.end < *before.end;
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

Result<ImportReport> ImportDesk::Import(ByteView xml, const Progress& progress, const ImportOptions& options) {
  std::lock_guard one(one_at_a_time_);
  return IsInactiveMessage(xml) ? ImportInactive(xml, progress, options) : ImportUpload(xml, progress, options);
}

Result<ImportReport> ImportDesk::ImportUpload(ByteView xml, const Progress& progress, const ImportOptions& options) {
  CPIS_ASSIGN(const NumbersOutOfUse out_of_use, NumbersOutOfUse::Read(store_));
  const UploadResult result = ReadUpload(xml, [&](std::string_view authority, const NhsNumber& number) {
    return out_of_use.Refuses(authority, number);
  });
  const Instant now = store_.clock().Now();
  const Acknowledgement reply = AcknowledgementFor(result, now);
  const Register::OutgoingFile acknowledgement{Mailbox::NameFor(reply.authority.code, reply.file_id, "ack", now),
                                               WriteAcknowledgement(reply)};
  const bool applies = result.upload && !result.upload->records.empty();
  HeldFile held{reply.authority.code, reply.file_id, now, 0, 0, ""};
  std::set<NhsNumber> numbers;
  if (applies) {
    for (const UploadRecord& record : result.upload->records) numbers.insert(record.subject);
  }
  CPIS_ASSIGN(const DerivedKeys keys, DeriveMissing(store_, numbers, progress, stopping_));
  Judgement judged;
  std::optional<HeldFile> released;
  const Status changed = store_.Change([&](Store& store) -> Status {
    if (applies) {
      CPIS_TRY(Apply(store, *result.upload, keys, options.release, &judged));
      CPIS_ASSIGN(released, EndHold(store, held));
    }
    CPIS_TRY(store.records().QueueFile(acknowledgement));
    return KeepTaken(store, options, Mailbox::Folder::kDone);
  });
  if (!options.release && judged.over()) {
    held.ending = judged.ending;
    held.flags = judged.flags;
    return Hold(std::move(held), options);
  }
  CPIS_TRY(changed);
  MoveReleased(released);
  CPIS_TRY(mailbox_.WriteQueued());
  platform::LogInfo("import", reply.file_code + ", " + std::to_string(reply.loaded) + " records loaded, " +
                                  std::to_string(reply.rejected) + " rejected");

  ImportReport report{reply.file_id, reply.file_code, reply.loaded, reply.rejected, reply.problems, "",
                      mailbox_.out() / acknowledgement.name, std::nullopt, std::nullopt};
  if (result.failure) report.detail = result.failure->detail;
  return report;
}

Status ImportDesk::Apply(Store& store, const Upload& upload, const DerivedKeys& keys, bool release, Judgement* judged) {
  const Instant now = store.clock().Now();
  const std::string& authority = upload.authority.code;
  CPIS_TRY(KeepKeys(store, keys));
  CPIS_ASSIGN(judged->flags, store.records().CountFlags(authority, now));
  // A file that says it is from the future must not silence those that come after it.
  const Register::UploadFile file{upload.file_id, std::min(upload.created_at, now)};
  CPIS_ASSIGN(const bool announce,
              store.records().PutAuthority({upload.authority, upload.organisation_root, upload.file_id, now, file.created_at}));
  if (announce) CPIS_TRY(store.PublishDirectory({upload.authority}, {}));

  std::set<NhsNumber> changed, ending;
  for (const UploadRecord& record : upload.records) {
    for (PlanChange change : record.changes) {
      // What is over, and its window too, must not be shown; that it was said is remembered all the same.
      if (StateAt({change.type, change.start, change.end}, now) == PlanState::kGone) change.deleted = true;
      CPIS_ASSIGN(const std::optional<Plan> before, store.records().PlanOf(authority, record.subject, change.type));
      CPIS_ASSIGN(const bool changes, store.records().ApplyPlan(authority, record.subject, change, file));
      if (!changes) continue;
      changed.insert(record.subject);
      if (before && EndsIt(*before, change, now)) ending.insert(record.subject);
    }
  }
  judged->ending = ending.size();
  if (!release && judged->over()) return platform::Denied("held");
  if (changed.empty()) return Status::Ok();
  CPIS_TRY(store.PublishFlags(authority, changed));
  return JudgeAgain(store, changed);
}

}  // namespace cpis::sync::fleet
