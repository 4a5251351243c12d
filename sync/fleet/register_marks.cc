// SPDX-License-Identifier: Apache-2.0
//
// The part of the register about numbers that were erased, are sensitive, or of which nodes hold a notice.
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {
namespace {

using platform::FromUnixSeconds;
using platform::Statement;
using platform::ToUnixSeconds;

}  // namespace

Status Register::KeepErased(ByteView mark) {
  CPIS_ASSIGN(Statement * keep, query_("INSERT OR IGNORE INTO erased_numbers(mark) VALUES(?)"));
  return keep->Bind(mark).Run();
}

Status Register::ForgetErased(ByteView mark) {
  CPIS_ASSIGN(Statement * forget, query_("DELETE FROM erased_numbers WHERE mark = ?"));
  return forget->Bind(mark).Run();
}

Result<std::set<Bytes>> Register::ErasedMarks() {
  std::set<Bytes> marks;
  CPIS_ASSIGN(Statement * all, query_("SELECT mark FROM erased_numbers"));
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    marks.insert(platform::ToBytes(all->Blob(0)));
  }
  return marks;
}

Result<bool> Register::IsSensitive(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * find, query_("SELECT 1 FROM sensitive_numbers WHERE nhs_number = ?"));
  find->Bind(number.digits());
  CPIS_ASSIGN(const bool found, find->Step());
  find->Reset();
  return found;
}

Status Register::MarkSensitive(const NhsNumber& number, Instant at) {
  CPIS_ASSIGN(Statement * mark, query_("INSERT OR IGNORE INTO sensitive_numbers(nhs_number, since) VALUES(?, ?)"));
  return mark->Bind(number.digits()).Bind(ToUnixSeconds(at)).Run();
}

Status Register::UnmarkSensitive(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * unmark, query_("DELETE FROM sensitive_numbers WHERE nhs_number = ?"));
  return unmark->Bind(number.digits()).Run();
}

Result<std::vector<Register::SensitiveNumber>> Register::SensitiveNumbers() {
  std::vector<SensitiveNumber> numbers;
  CPIS_ASSIGN(Statement * all, query_("SELECT nhs_number, since FROM sensitive_numbers ORDER BY since, nhs_number"));
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    Result<NhsNumber> number = NhsNumber::Parse(all->Text(0));
    if (!number.ok()) return platform::Corrupt("the register holds an NHS number that is none");
    numbers.push_back({*std::move(number), FromUnixSeconds(all->Int(1))});
  }
  return numbers;
}

Result<std::optional<Notice>> Register::NoticeOf(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * find, query_("SELECT notice FROM notices WHERE nhs_number = ?"));
  find->Bind(number.digits());
  CPIS_ASSIGN(const bool found, find->Step());
  std::optional<Notice> notice;
  if (found) notice = static_cast<Notice>(find->Int(0));
  find->Reset();
  return notice;
}

Status Register::KeepNotice(const NhsNumber& number, std::optional<Notice> notice) {
  if (!notice) {
    CPIS_ASSIGN(Statement * forget, query_("DELETE FROM notices WHERE nhs_number = ?"));
    return forget->Bind(number.digits()).Run();
  }
  CPIS_ASSIGN(Statement * keep, query_("INSERT OR REPLACE INTO notices(nhs_number, notice) VALUES(?, ?)"));
  return keep->Bind(number.digits()).Bind(static_cast<int64_t>(*notice)).Run();
}

}  // namespace cpis::sync::fleet
