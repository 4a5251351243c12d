// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/mailbox.h"

#include <algorithm>

#include "platform/files.h"
#include "platform/log.h"

namespace cpis::sync::fleet {
namespace {

constexpr size_t kMaxNamePart = 64;

std::string Safe(std::string_view text) {
  std::string safe;
  for (char c : text.substr(0, kMaxNamePart)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    safe += plain ? c : '_';
  }
  while (!safe.empty() && safe.front() == '.') safe.front() = '_';
  return safe.empty() ? "UNKNOWN" : safe;
}

// "20261122T020105Z"
std::string Stamp(Instant at) {
  std::string text = platform::Rfc3339(at);
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '-' || c == ':'; }), text.end());
  return text;
}

}  // namespace

Result<std::unique_ptr<Mailbox>> Mailbox::Open(const std::filesystem::path& state, Store& store) {
  std::unique_ptr<Mailbox> mailbox(new Mailbox(state / "mailbox", store));
  std::error_code failed;
  for (const auto* folder : {&mailbox->in_, &mailbox->done_, &mailbox->held_, &mailbox->out_}) {
    std::filesystem::create_directories(*folder, failed);
    if (failed) return platform::Invalid("cannot create \"" + folder->string() + "\": " + failed.message());
  }
  return mailbox;
}

std::string Mailbox::NameFor(std::string_view authority, std::string_view id, std::string_view kind, Instant at) {
  return Safe(authority) + "-" + Safe(id) + "-" + Stamp(at) + "-" + platform::Hex(crypto::RandomBytes(2)) + "." +
         std::string(kind) + ".xml";
}

Status Mailbox::WriteQueued() {
  std::lock_guard lock(writing_);
  for (;;) {
    std::vector<Register::OutgoingFile> files;
    CPIS_TRY(store_.Read([&](Store& store) -> Status {
      CPIS_ASSIGN(files, store.records().QueuedFiles());
      return Status::Ok();
    }));
    if (files.empty()) return Status::Ok();
    for (const Register::OutgoingFile& file : files) {
      CPIS_TRY(platform::WriteFileDurably(out_ / file.name, platform::AsBytes(file.content), 0640));
    }
    CPIS_TRY(store_.Change([&](Store& store) -> Status {
      for (const Register::OutgoingFile& file : files) CPIS_TRY(store.records().ForgetFile(file.name));
      return Status::Ok();
    }));
  }
}

std::filesystem::path Mailbox::TargetFor(Folder folder, const std::string& name) const {
  std::filesystem::path target = std::filesystem::path(folder == Folder::kHeld ? "held" : "done") / name;
  std::error_code failed;
  if (std::filesystem::exists(folder_ / target, failed)) target += "." + Stamp(store_.clock().Now());
  return target;
}

Status Mailbox::MoveHeldToDone(const std::string& name) {
  return platform::MoveFileDurably(held_ / name, folder_ / TargetFor(Folder::kDone, name));
}

Status Mailbox::ForgetMissing() {
  std::vector<std::string> taken;
  std::vector<RefusedMessage> refused;
  CPIS_TRY(store_.Read([&](Store& store) -> Status {
    CPIS_ASSIGN(taken, store.records().TakenNames());
    CPIS_ASSIGN(refused, store.records().RefusedMessages());
    return Status::Ok();
  }));
  std::error_code failed;
  std::erase_if(taken, [&](const std::string& name) { return std::filesystem::exists(in_ / name, failed); });
  std::erase_if(refused, [&](const RefusedMessage& one) { return std::filesystem::exists(held_ / one.mailbox_file, failed); });
  if (taken.empty() && refused.empty()) return Status::Ok();
  return store_.Change([&](Store& store) -> Status {
    for (const std::string& name : taken) CPIS_TRY(store.records().ForgetTaken(name));
    for (const RefusedMessage& one : refused) CPIS_TRY(store.records().ForgetRefused(one.mailbox_file));
    return Status::Ok();
  });
}

Result<Mailbox::Incoming> Mailbox::Read(const std::filesystem::path& file) {
  auto bytes = platform::ReadFile(file, kMaxUploadBytes);
  if (!bytes.ok() && bytes.status().code() != platform::Code::kExhausted) return bytes.status();
  Incoming incoming;
  if (bytes.ok()) incoming.content = *std::move(bytes);
  incoming.file = {file.filename(), incoming.content.size(), crypto::Blake2b(32, {incoming.content}), ""};
  return incoming;
}

Result<std::optional<TakenFile>> Mailbox::TakenAlready(const std::filesystem::path& file) {
  std::optional<TakenFile> taken;
  CPIS_TRY(store_.Read([&](Store& store) -> Status {
    CPIS_ASSIGN(taken, store.records().TakenNamed(file.filename().string()));
    return Status::Ok();
  }));
  if (!taken) return taken;
  CPIS_ASSIGN(const Incoming now, Read(file));
  if (now.file.size != taken->size || now.file.hash != taken->hash) taken.reset();
  return taken;
}

Status Mailbox::Move(const std::filesystem::path& file, std::filesystem::path target, bool forget) {
  std::error_code failed;
  if (target.parent_path() == "done" && std::filesystem::exists(folder_ / target, failed)) {
    target = TargetFor(Folder::kDone, file.filename());
  }
  CPIS_TRY(platform::MoveFileDurably(file, folder_ / target));
  if (!forget) return Status::Ok();
  return store_.Change([&](Store& store) { return store.records().ForgetTaken(file.filename().string()); });
}

void Mailbox::Collect(const Take& take) {
  std::map<std::filesystem::path, uintmax_t> now;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(in_, failed), end; !failed && entry != end; entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    std::error_code gone;
    if (name.starts_with(".") || name.ends_with(".tmp") || !entry->is_regular_file(gone)) continue;
    now[entry->path()] = entry->file_size(gone);
  }
  for (const auto& [file, size] : now) {
    const auto before = seen_.find(file);
    if (before == seen_.end() || before->second != size) continue;
    if (Status done = Handle(file, take); done.ok()) {
      stuck_.erase(file);
    } else if (stuck_.insert(file).second) {
      platform::LogError("mailbox", "a file stays in mailbox/in: " + done.message());
    }
  }
  seen_ = std::move(now);
}

Status Mailbox::Handle(const std::filesystem::path& file, const Take& take) {
  CPIS_ASSIGN(std::optional<TakenFile> taken, TakenAlready(file));
  if (!taken) {
    const Folder folder = take(file);
    if (folder == Folder::kIn) return Status::Ok();
    CPIS_ASSIGN(taken, TakenAlready(file));
    if (!taken) return Move(file, TargetFor(folder, file.filename()), false);
  }
  return Move(file, taken->target, true);
}

}  // namespace cpis::sync::fleet
