// SPDX-License-Identifier: Apache-2.0
//
// The import desk's part about messages of inactive numbers, and about files that wait for a person.
#include <algorithm>

#include "platform/log.h"
#include "sync/fleet/import_desk.h"

namespace cpis::sync::fleet {

Result<ImportReport> ImportDesk::ImportInactive(ByteView xml, const Progress& progress, const ImportOptions& options) {
  const auto message = ReadInactiveNumbers(xml);
  if (!message.ok()) return Refuse(message.status().message(), options);
  CPIS_ASSIGN(const NumbersOutOfUse out_of_use, NumbersOutOfUse::Read(store_));
  std::set<NhsNumber> numbers;
  for (const InactiveNumber& one : message->numbers) {
    if (!one.replacement || out_of_use.IsErased(message->authority, one.number)) continue;
    numbers.insert(one.number);
    numbers.insert(*one.replacement);
  }
  CPIS_ASSIGN(const DerivedKeys keys, DeriveMissing(store_, numbers, progress, stopping_));

  ImportReport report;
  report.file_id = message->id;
  report.code = "APPLIED";
  std::optional<HeldFile> released;
  HeldFile held{message->authority, message->id, store_.clock().Now(), 0, 0, ""};
  const Status changed = store_.Change([&](Store& store) -> Status {
    Judgement judged;
    CPIS_ASSIGN(judged.flags, store.records().CountFlags(message->authority, store.clock().Now()));
    CPIS_TRY(KeepKeys(store, keys));
    CPIS_ASSIGN(report.renumbered, ApplyInactiveNumbers(store, *message));
    judged.ending = report.renumbered->ending;
    if (!options.release && judged.over()) {
      held.ending = judged.ending;
      held.flags = judged.flags;
      return platform::Denied("held");
    }
    CPIS_ASSIGN(released, EndHold(store, held));
    return KeepTaken(store, options, Mailbox::Folder::kDone);
  });
  if (held.ending > 0) return Hold(std::move(held), options);
  CPIS_TRY(changed);
  MoveReleased(released);
  if (std::any_of(message->numbers.begin(), message->numbers.end(), [](const auto& one) { return !one.replacement; })) {
    CPIS_TRY(store_.EmptyLog());
  }
  platform::LogInfo("import", "inactive numbers of " + message->authority + ": " +
                                  std::to_string(report.renumbered->replaced) + " replaced, " +
                                  std::to_string(report.renumbered->erased) + " erased, " +
                                  std::to_string(report.renumbered->unknown) + " unknown");
  return report;
}

Result<ImportReport> ImportDesk::Hold(HeldFile held, const ImportOptions& options) {
  CPIS_TRY(store_.Change([&](Store& store) -> Status {
    HeldFile wanted = held;
    if (options.taken) wanted.mailbox_file = mailbox_.TargetFor(Mailbox::Folder::kHeld, options.taken->name).filename();
    CPIS_ASSIGN(held, store.records().PutHeld(wanted));
    return KeepTaken(store, options, Mailbox::Folder::kHeld);
  }));
  const std::string what = " would end " + std::to_string(held.ending) + " of " + std::to_string(held.flags) +
                           " flags of " + held.authority +
                           "; held: check it with the authority, then import it again with --release";
  platform::LogWarning("import", "a file" + what);
  ImportReport report;
  report.file_id = held.file_id;
  report.code = "HELD";
  report.detail = "\"" + held.file_id + "\"" + what;
  report.held = std::move(held);
  return report;
}

Result<ImportReport> ImportDesk::Refuse(const std::string& reason, const ImportOptions& options) {
  platform::LogError("import", "a message of inactive numbers cannot be read, nothing of it was applied: " + reason);
  if (options.taken) {
    CPIS_TRY(store_.Change([&](Store& store) -> Status {
      const std::string name = mailbox_.TargetFor(Mailbox::Folder::kHeld, options.taken->name).filename();
      CPIS_TRY(store.records().PutRefused({name, reason, store.clock().Now()}));
      return KeepTaken(store, options, Mailbox::Folder::kHeld);
    }));
  }
  ImportReport report;
  report.code = "REFUSED";
  report.detail = reason;
  return report;
}

Status ImportDesk::KeepTaken(Store& store, const ImportOptions& options, Mailbox::Folder folder) {
  if (!options.taken) return Status::Ok();
  TakenFile taken = *options.taken;
  taken.target = mailbox_.TargetFor(folder, taken.name);
  return store.records().PutTaken(taken);
}

Result<std::optional<HeldFile>> ImportDesk::EndHold(Store& store, const HeldFile& file) {
  CPIS_ASSIGN(std::vector<HeldFile> all, store.records().HeldFiles());
  for (HeldFile& held : all) {
    if (held.authority != file.authority || held.file_id != file.file_id) continue;
    CPIS_TRY(store.records().ForgetHeld(held.authority, held.file_id));
    return std::optional<HeldFile>(std::move(held));
  }
  return std::optional<HeldFile>();
}

void ImportDesk::MoveReleased(const std::optional<HeldFile>& released) {
  if (!released) return;
  platform::LogInfo("import", "a file of " + released->authority + ", held since " + platform::Rfc3339(released->since) + ", was released");
  if (released->mailbox_file.empty()) return;
  if (Status moved = mailbox_.MoveHeldToDone(released->mailbox_file); !moved.ok()) {
    platform::LogWarning("mailbox", "a file that is held no longer stays in mailbox/held: " + moved.message());
  }
}

}  // namespace cpis::sync::fleet
