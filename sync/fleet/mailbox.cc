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
  for (const auto* folder : {&mailbox->in_, &mailbox->done_, &mailbox->out_}) {
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

void Mailbox::Collect(const std::function<bool(const std::filesystem::path&)>& take) {
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
    if (!take(file)) continue;
    std::filesystem::path target = done_ / file.filename();
    if (std::filesystem::exists(target, failed)) target += "." + Stamp(store_.clock().Now());
    if (Status moved = platform::MoveFileDurably(file, target); !moved.ok()) {
      platform::LogError("mailbox", "a file stays in mailbox/in: " + moved.message());
    }
  }
  seen_ = std::move(now);
}

}  // namespace cpis::sync::fleet
