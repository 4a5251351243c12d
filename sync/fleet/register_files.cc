// SPDX-License-Identifier: Apache-2.0
//
// The part of the register about files that wait: for a person, or to be moved.
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {
namespace {

using platform::FromUnixSeconds;
using platform::Statement;
using platform::ToUnixSeconds;

}  // namespace

Result<HeldFile> Register::PutHeld(const HeldFile& held) {
  CPIS_ASSIGN(Statement * put,
              query_("INSERT INTO held(authority, file_id, since, ending, flags, mailbox_file)"
                     " VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(authority, file_id) DO UPDATE SET ending = excluded.ending,"
                     " flags = excluded.flags, mailbox_file ="
                     " CASE excluded.mailbox_file WHEN '' THEN mailbox_file ELSE excluded.mailbox_file END"));
  put->Bind(held.authority).Bind(held.file_id).Bind(ToUnixSeconds(held.since));
  put->Bind(static_cast<int64_t>(held.ending)).Bind(static_cast<int64_t>(held.flags));
  CPIS_TRY(put->Bind(held.mailbox_file).Run());
  CPIS_ASSIGN(std::vector<HeldFile> all, HeldFiles());
  for (HeldFile& one : all) {
    if (one.authority == held.authority && one.file_id == held.file_id) return std::move(one);
  }
  return platform::Internal("a file that was just held is not there");
}

Result<std::vector<HeldFile>> Register::HeldFiles() {
  std::vector<HeldFile> files;
  CPIS_ASSIGN(Statement * all,
              query_("SELECT authority, file_id, since, ending, flags, mailbox_file FROM held"
                     " ORDER BY authority, since, file_id"));
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    files.push_back({all->Text(0), all->Text(1), FromUnixSeconds(all->Int(2)), static_cast<uint64_t>(all->Int(3)),
                     static_cast<uint64_t>(all->Int(4)), all->Text(5)});
  }
  return files;
}

Status Register::ForgetHeld(std::string_view authority, std::string_view file_id) {
  CPIS_ASSIGN(Statement * forget, query_("DELETE FROM held WHERE authority = ? AND file_id = ?"));
  return forget->Bind(authority).Bind(file_id).Run();
}

Status Register::PutRefused(const RefusedMessage& refused) {
  CPIS_ASSIGN(Statement * put,
              query_("INSERT OR REPLACE INTO refused_messages(mailbox_file, reason, since) VALUES(?, ?, ?)"));
  return put->Bind(refused.mailbox_file).Bind(refused.reason).Bind(ToUnixSeconds(refused.since)).Run();
}

Result<std::vector<RefusedMessage>> Register::RefusedMessages() {
  std::vector<RefusedMessage> messages;
  CPIS_ASSIGN(Statement * all,
              query_("SELECT mailbox_file, reason, since FROM refused_messages ORDER BY since, mailbox_file"));
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    messages.push_back({all->Text(0), all->Text(1), FromUnixSeconds(all->Int(2))});
  }
  return messages;
}

Status Register::ForgetRefused(std::string_view mailbox_file) {
  CPIS_ASSIGN(Statement * forget, query_("DELETE FROM refused_messages WHERE mailbox_file = ?"));
  return forget->Bind(mailbox_file).Run();
}

Status Register::PutTaken(const TakenFile& taken) {
  CPIS_ASSIGN(Statement * put,
              query_("INSERT OR REPLACE INTO taken_files(name, size, hash, target) VALUES(?, ?, ?, ?)"));
  put->Bind(taken.name).Bind(static_cast<int64_t>(taken.size)).Bind(ByteView(taken.hash));
  return put->Bind(taken.target).Run();
}

Result<std::optional<TakenFile>> Register::TakenNamed(std::string_view name) {
  CPIS_ASSIGN(Statement * find, query_("SELECT name, size, hash, target FROM taken_files WHERE name = ?"));
  find->Bind(name);
  CPIS_ASSIGN(const bool found, find->Step());
  std::optional<TakenFile> taken;
  if (found) {
    taken =
        TakenFile{find->Text(0), static_cast<uint64_t>(find->Int(1)), platform::ToBytes(find->Blob(2)), find->Text(3)};
  }
  find->Reset();
  return taken;
}

Result<std::vector<std::string>> Register::TakenNames() {
  std::vector<std::string> names;
  CPIS_ASSIGN(Statement * all, query_("SELECT name FROM taken_files ORDER BY name"));
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    names.push_back(all->Text(0));
  }
  return names;
}

Status Register::ForgetTaken(std::string_view name) {
  CPIS_ASSIGN(Statement * forget, query_("DELETE FROM taken_files WHERE name = ?"));
  return forget->Bind(name).Run();
}

}  // namespace cpis::sync::fleet
