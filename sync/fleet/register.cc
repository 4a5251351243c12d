// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {
namespace {

using platform::FromUnixSeconds;
using platform::Statement;
using platform::ToUnixSeconds;

Statement& BindTime(Statement& statement, const std::optional<Instant>& at) {
  return at ? statement.Bind(ToUnixSeconds(*at)) : statement.BindNull();
}

std::optional<Instant> TimeAt(const Statement& statement, int column) {
  if (statement.IsNull(column)) return std::nullopt;
  return FromUnixSeconds(statement.Int(column));
}

Plan PlanAt(const Statement& statement, int column) {
  return {static_cast<PlanType>(statement.Int(column)), FromUnixSeconds(statement.Int(column + 1)),
          TimeAt(statement, column + 2)};
}

}  // namespace

std::string JoinRegion(const std::vector<std::string>& region) {
  std::string joined;
  for (const std::string& code : region) joined += (joined.empty() ? "" : ",") + code;
  return joined;
}

std::vector<std::string> SplitRegion(std::string_view text) {
  std::vector<std::string> codes;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) codes.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return codes;
}

Result<bool> Register::ApplyPlan(std::string_view authority, const NhsNumber& number, const PlanChange& change,
                                 const UploadFile& file) {
  CPIS_ASSIGN(Statement * say, query_("INSERT INTO plan_said(authority, nhs_number, type, created) VALUES(?, ?, ?, ?)"
                                     " ON CONFLICT(nhs_number, authority, type) DO UPDATE SET created = excluded.created"
                                     " WHERE created <= excluded.created"));
  say->Bind(authority).Bind(number.digits()).Bind(static_cast<int64_t>(change.type));
  CPIS_TRY(say->Bind(ToUnixSeconds(file.created_at)).Run());
  if (query_.database().Changes() == 0) return false;
  if (change.deleted) {
    CPIS_ASSIGN(Statement * remove, query_("DELETE FROM plans WHERE nhs_number = ? AND authority = ? AND type = ?"));
    CPIS_TRY(remove->Bind(number.digits()).Bind(authority).Bind(static_cast<int64_t>(change.type)).Run());
    return query_.database().Changes() > 0;
  }
  CPIS_ASSIGN(Statement * put,
              query_("INSERT INTO plans(authority, nhs_number, type, starts, ends, file_id) VALUES(?, ?, ?, ?, ?, ?)"
                     " ON CONFLICT(nhs_number, authority, type) DO UPDATE SET starts = excluded.starts, ends = excluded.ends,"
                     " file_id = excluded.file_id WHERE starts IS NOT excluded.starts OR ends IS NOT excluded.ends"));
  put->Bind(authority).Bind(number.digits()).Bind(static_cast<int64_t>(change.type)).Bind(ToUnixSeconds(change.start));
  BindTime(*put, change.end).Bind(file.id);
  CPIS_TRY(put->Run());
  return query_.database().Changes() > 0;
}

Result<Flag> Register::FlagOf(std::string_view authority, const NhsNumber& number) {
  Flag flag;
  CPIS_ASSIGN(Statement * plans,
              query_("SELECT type, starts, ends FROM plans WHERE nhs_number = ? AND authority = ? ORDER BY type"));
  plans->Bind(number.digits()).Bind(authority);
  for (;;) {
    CPIS_ASSIGN(const bool more, plans->Step());
    if (!more) break;
    flag.plans.push_back(PlanAt(*plans, 0));
  }
  CPIS_ASSIGN(Statement * accesses, query_("SELECT at, viewer FROM accesses WHERE nhs_number = ? AND authority = ?"
                                          " ORDER BY at DESC, attendance DESC LIMIT 25"));
  accesses->Bind(number.digits()).Bind(authority);
  for (;;) {
    CPIS_ASSIGN(const bool more, accesses->Step());
    if (!more) break;
    flag.accesses.push_back({FromUnixSeconds(accesses->Int(0)), PersonId(static_cast<uint32_t>(accesses->Int(1)))});
  }
  return flag;
}

Result<std::vector<PlanRow>> Register::PlansOf(const NhsNumber& number) {
  std::vector<PlanRow> rows;
  CPIS_ASSIGN(Statement * plans, query_("SELECT authority, file_id, type, starts, ends FROM plans WHERE nhs_number = ?"
                                       " ORDER BY authority, type"));
  plans->Bind(number.digits());
  for (;;) {
    CPIS_ASSIGN(const bool more, plans->Step());
    if (!more) break;
    rows.push_back({plans->Text(0), PlanAt(*plans, 2), plans->Text(1)});
  }
  return rows;
}

Status Register::AddAccess(std::string_view authority, const NhsNumber& number, Access access, std::string_view attendance) {
  CPIS_ASSIGN(Statement * add, query_("INSERT OR IGNORE INTO accesses(authority, nhs_number, at, attendance, viewer)"
                                     " VALUES(?, ?, ?, ?, ?)"));
  return add->Bind(authority).Bind(number.digits()).Bind(ToUnixSeconds(access.at)).Bind(attendance)
      .Bind(static_cast<int64_t>(access.viewer)).Run();
}

Status Register::ForgetAccesses(std::string_view authority, const NhsNumber& number) {
  CPIS_ASSIGN(Statement * forget, query_("DELETE FROM accesses WHERE nhs_number = ? AND authority = ?"));
  return forget->Bind(number.digits()).Bind(authority).Run();
}

Result<std::optional<Bytes>> Register::NumberKeyOf(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * find, query_("SELECT key FROM number_keys WHERE nhs_number = ?"));
  find->Bind(number.digits());
  CPIS_ASSIGN(const bool found, find->Step());
  if (!found) return std::optional<Bytes>();
  std::optional<Bytes> key = platform::ToBytes(find->Blob(0));
  find->Reset();
  return key;
}

Status Register::KeepNumberKey(const NhsNumber& number, ByteView key) {
  CPIS_ASSIGN(Statement * keep, query_("INSERT OR IGNORE INTO number_keys(nhs_number, key) VALUES(?, ?)"));
  return keep->Bind(number.digits()).Bind(key).Run();
}

Result<bool> Register::PutAuthority(const AuthorityRow& row) {
  const Authority& authority = row.authority;
  CPIS_ASSIGN(Statement * find, query_("SELECT 1 FROM authorities WHERE code = ? AND name = ? AND emergency = ? AND office = ?"));
  find->Bind(authority.code).Bind(authority.name).Bind(authority.emergency_duty_tel).Bind(authority.office_hours_tel);
  CPIS_ASSIGN(const bool same, find->Step());
  find->Reset();
  CPIS_ASSIGN(Statement * put,
              query_("INSERT INTO authorities(code, name, emergency, office, root, last_file, last_file_at, created)"
                     " VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(code) DO UPDATE SET name = excluded.name,"
                     " emergency = excluded.emergency, office = excluded.office, root = excluded.root,"
                     " last_file = excluded.last_file, last_file_at = excluded.last_file_at, created = excluded.created"
                     " WHERE created <= excluded.created"));
  put->Bind(authority.code).Bind(authority.name).Bind(authority.emergency_duty_tel).Bind(authority.office_hours_tel);
  put->Bind(row.organisation_root).Bind(row.last_file).Bind(row.last_file_at ? ToUnixSeconds(*row.last_file_at) : 0);
  CPIS_TRY(put->Bind(ToUnixSeconds(row.created_at)).Run());
  return !same && query_.database().Changes() > 0;
}

Result<std::vector<AuthorityRow>> Register::Authorities() {
  std::vector<AuthorityRow> rows;
  CPIS_ASSIGN(Statement * all, query_("SELECT code, name, emergency, office, root, last_file, last_file_at, created FROM authorities"
                                     " ORDER BY code"));
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    rows.push_back({{all->Text(0), all->Text(1), all->Text(2), all->Text(3)}, all->Text(4), all->Text(5), TimeAt(*all, 6),
                    FromUnixSeconds(all->Int(7))});
  }
  return rows;
}

Result<Viewer> Register::ViewerFor(const StaffMember& staff, std::string_view trust_code, std::string_view trust_name,
                                   bool* is_new) {
  CPIS_ASSIGN(Statement * add, query_("INSERT OR IGNORE INTO viewers(name, role_code, role_name, organisation_code,"
                                     " organisation_name) VALUES(?, ?, ?, ?, ?)"));
  CPIS_TRY(add->Bind(staff.name).Bind(staff.role_code).Bind(staff.role_name).Bind(trust_code).Bind(trust_name).Run());
  *is_new = query_.database().Changes() > 0;
  CPIS_ASSIGN(Statement * find, query_("SELECT id FROM viewers WHERE name = ? AND role_code = ? AND role_name = ?"
                                      " AND organisation_code = ? AND organisation_name = ?"));
  find->Bind(staff.name).Bind(staff.role_code).Bind(staff.role_name).Bind(trust_code).Bind(trust_name);
  CPIS_ASSIGN(const bool found, find->Step());
  if (!found) return platform::Internal("a viewer that was just added is not there");
  const auto id = PersonId(static_cast<uint32_t>(find->Int(0)));
  find->Reset();
  return Viewer{id, staff.name, staff.role_code, staff.role_name, std::string(trust_code), std::string(trust_name)};
}

Result<std::optional<Viewer>> Register::ViewerWithId(PersonId id) {
  CPIS_ASSIGN(Statement * find, query_("SELECT name, role_code, role_name, organisation_code, organisation_name FROM viewers"
                                      " WHERE id = ?"));
  find->Bind(static_cast<int64_t>(id));
  CPIS_ASSIGN(const bool found, find->Step());
  if (!found) return std::optional<Viewer>();
  std::optional<Viewer> viewer = Viewer{id, find->Text(0), find->Text(1), find->Text(2), find->Text(3), find->Text(4)};
  find->Reset();
  return viewer;
}

Status Register::PutSetting(std::string_view key, std::string_view value) {
  CPIS_ASSIGN(Statement * put, query_("INSERT INTO settings(key, value) VALUES(?, ?)"
                                     " ON CONFLICT(key) DO UPDATE SET value = excluded.value"));
  return put->Bind(key).Bind(value).Run();
}

Result<std::vector<Setting>> Register::Settings(std::string_view prefix) {
  std::vector<Setting> settings;
  CPIS_ASSIGN(Statement * all, query_("SELECT key, value FROM settings WHERE substr(key, 1, ?) = ? ORDER BY key"));
  all->Bind(static_cast<int64_t>(prefix.size())).Bind(prefix);
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    settings.push_back({all->Text(0).substr(prefix.size()), all->Text(1)});
  }
  return settings;
}

Status Register::QueueFile(const OutgoingFile& file) {
  CPIS_ASSIGN(Statement * queue, query_("INSERT OR REPLACE INTO outgoing_files(name, content) VALUES(?, ?)"));
  return queue->Bind(file.name).Bind(platform::AsBytes(file.content)).Run();
}

Result<std::vector<Register::OutgoingFile>> Register::QueuedFiles() {
  std::vector<OutgoingFile> files;
  CPIS_ASSIGN(Statement * all, query_("SELECT name, content FROM outgoing_files ORDER BY name LIMIT 256"));
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    files.push_back({all->Text(0), std::string(platform::AsText(all->Blob(1)))});
  }
  return files;
}

Status Register::ForgetFile(std::string_view name) {
  CPIS_ASSIGN(Statement * forget, query_("DELETE FROM outgoing_files WHERE name = ?"));
  return forget->Bind(name).Run();
}

}  // namespace cpis::sync::fleet
