// SPDX-License-Identifier: Apache-2.0
//
// Who looked: what `fleet audit` asks of the audit.
#include <algorithm>

#include "sync/fleet/audit_register.h"

namespace cpis::sync::fleet {
namespace {

using platform::Statement;

#define CPIS_LOOKS \
  "SELECT a.id, a.action, a.nhs_number, a.occurred_ms, a.received_ms, a.staff, a.incident, a.outcome, a.reason, a.silent," \
  " coalesce(n.name, a.node_id), coalesce(s.name, ''), coalesce(s.role_name, '')" \
  " FROM audit a LEFT JOIN nodes n ON n.id = a.node_id LEFT JOIN staff s ON s.id = a.staff WHERE "
#define CPIS_LOOKS_WITHIN \
  " AND a.occurred_ms >= ?2 AND (?3 = '' OR a.staff = ?3) AND (?4 = '' OR n.name = ?4 OR n.name = ?4 || '/' || n.id OR n.name = ?4 || ' (was ' || n.id || ')') ORDER BY a.occurred_ms DESC, a.id DESC LIMIT ?5"

AuditRegister::Look LookAt(const Statement& row) {
  AuditRegister::Look look;
  look.event.kind = EntryKind::kAudit;
  look.event.id = row.Text(0);
  look.event.action = row.Text(1);
  look.event.nhs_number = row.Text(2);
  look.event.occurred_at = FromMilliseconds(row.Int(3));
  look.received_at = FromMilliseconds(row.Int(4));
  look.event.staff = row.Text(5);
  look.event.incident = row.Text(6);
  look.event.outcome_at_node = static_cast<Outcome>(row.Int(7));
  look.event.reason = row.Text(8);
  look.event.silent = row.Int(9) != 0;
  look.node = row.Text(10);
  look.staff_name = row.Text(11);
  look.role = row.Text(12);
  return look;
}

}  // namespace

Result<std::vector<AuditRegister::Look>> AuditRegister::Looks(const Asked& asked) {
  std::vector<Look> looks;
  const auto read = [&](const char* sql, std::string_view first) -> Status {
    CPIS_ASSIGN(Statement * find, query_(sql));
    find->Bind(first).Bind(asked.since ? Milliseconds(*asked.since) : int64_t{0}).Bind(asked.staff).Bind(asked.node);
    find->Bind(static_cast<int64_t>(kMostLooks));
    for (;;) {
      CPIS_ASSIGN(const bool more, find->Step());
      if (!more) return Status::Ok();
      looks.push_back(LookAt(*find));
    }
  };
  if (!asked.numbers.empty()) {
    for (const NhsNumber& number : asked.numbers) CPIS_TRY(read(CPIS_LOOKS "a.nhs_number = ?1" CPIS_LOOKS_WITHIN, number.digits()));
  } else if (!asked.staff.empty()) {
    CPIS_TRY(read(CPIS_LOOKS "a.staff = ?1" CPIS_LOOKS_WITHIN, asked.staff));
  } else {
    CPIS_TRY(read(CPIS_LOOKS "?1 = ''" CPIS_LOOKS_WITHIN, ""));
  }
  std::stable_sort(looks.begin(), looks.end(), [](const Look& a, const Look& b) { return a.event.occurred_at > b.event.occurred_at; });
  if (looks.size() > kMostLooks) looks.resize(kMostLooks);
  return looks;
}

}  // namespace cpis::sync::fleet
