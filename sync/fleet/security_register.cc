// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/security_register.h"

#include <array>

#include "platform/log.h"

namespace cpis::sync::fleet {
namespace {

using platform::Statement;

struct Reported {
  std::string_view action;
  SecurityKind kind;
};
constexpr std::array kReported{Reported{"rate-hold", SecurityKind::kRateHold}, Reported{"person-locked", SecurityKind::kPersonLocked},
                               Reported{"node-locked", SecurityKind::kNodeLocked}, Reported{"wiped", SecurityKind::kWiped}};

}  // namespace

std::string_view Name(SecurityKind kind) {
  switch (kind) {
    case SecurityKind::kAuditEdited: return "AUDIT_EDITED";
    case SecurityKind::kAuditGap: return "AUDIT_GAP";
    case SecurityKind::kAuditTruncated: return "AUDIT_TRUNCATED";
    case SecurityKind::kOldImageOrClone: return "OLD_IMAGE_OR_CLONE";
    case SecurityKind::kRateHold: return "RATE_HOLD";
    case SecurityKind::kPersonLocked: return "PERSON_LOCKED";
    case SecurityKind::kNodeLocked: return "NODE_LOCKED";
    case SecurityKind::kWiped: return "WIPED";
  }
  std::abort();
}

std::optional<SecurityKind> ReportedBy(std::string_view action) {
  for (const Reported& one : kReported) {
    if (one.action == action) return one.kind;
  }
  return std::nullopt;
}

Status SecurityRegister::CreateTables(platform::Database& database) {
  return database.Run(R"sql(
    CREATE TABLE IF NOT EXISTS security_events(
      id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, node_id TEXT NOT NULL, node TEXT NOT NULL,
      kind TEXT NOT NULL, detail TEXT NOT NULL, times INTEGER NOT NULL, acknowledged_ms INTEGER) STRICT;
    CREATE INDEX IF NOT EXISTS security_events_of ON security_events(node_id, kind);
    CREATE INDEX IF NOT EXISTS security_events_open ON security_events(id) WHERE acknowledged_ms IS NULL;
  )sql");
}

Status SecurityRegister::Raise(SecurityKind kind, const SecurityEvent& event) {
  platform::LogWarning("security", std::string(Name(kind)) + " node " + event.node_id);
  CPIS_ASSIGN(Statement * again, query_("UPDATE security_events SET times = times + 1, last_ms = ?, detail = ?"
                                        " WHERE node_id = ? AND kind = ? AND acknowledged_ms IS NULL"));
  CPIS_TRY(again->Bind(Milliseconds(event.at)).Bind(event.detail).Bind(event.node_id).Bind(Name(kind)).Run());
  if (query_.database().Changes() > 0) return Status::Ok();
  CPIS_ASSIGN(Statement * add, query_("INSERT INTO security_events(at_ms, last_ms, node_id, node, kind, detail, times)"
                                      " VALUES(?1, ?1, ?2, ?3, ?4, ?5, 1)"));
  return add->Bind(Milliseconds(event.at)).Bind(event.node_id).Bind(event.node).Bind(Name(kind)).Bind(event.detail).Run();
}

Result<std::vector<SecurityEvent>> SecurityRegister::Latest(size_t most) {
  CPIS_ASSIGN(Statement * read, query_("SELECT id, at_ms, last_ms, node_id, node, kind, detail, times, acknowledged_ms"
                                       " FROM security_events ORDER BY last_ms DESC, id DESC LIMIT ?"));
  read->Bind(static_cast<int64_t>(most));
  std::vector<SecurityEvent> events;
  for (;;) {
    CPIS_ASSIGN(const bool more, read->Step());
    if (!more) return events;
    SecurityEvent event{read->Int(0), FromMilliseconds(read->Int(1)), FromMilliseconds(read->Int(2)), read->Text(3), read->Text(4),
                        read->Text(5), read->Text(6), static_cast<uint64_t>(read->Int(7))};
    if (!read->IsNull(8)) event.acknowledged_at = FromMilliseconds(read->Int(8));
    events.push_back(std::move(event));
  }
}

Result<bool> SecurityRegister::HasAny(std::string_view node_id, SecurityKind kind) {
  CPIS_ASSIGN(Statement * find, query_("SELECT 1 FROM security_events WHERE node_id = ? AND kind = ?"));
  CPIS_ASSIGN(const bool found, find->Bind(node_id).Bind(Name(kind)).Step());
  find->Reset();
  return found;
}

Status SecurityRegister::Acknowledge(int64_t id, Instant at) {
  CPIS_ASSIGN(Statement * find, query_("SELECT 1 FROM security_events WHERE id = ?"));
  CPIS_ASSIGN(const bool found, find->Bind(id).Step());
  find->Reset();
  if (!found) return platform::NotFound("there is no security event " + std::to_string(id) + " (see \"fleet security\")");
  CPIS_ASSIGN(Statement * mark, query_("UPDATE security_events SET acknowledged_ms = ? WHERE id = ? AND acknowledged_ms IS NULL"));
  return mark->Bind(Milliseconds(at)).Bind(id).Run();
}

Result<SecurityRegister::Counts> SecurityRegister::Count() {
  CPIS_ASSIGN(Statement * count, query_("SELECT coalesce(sum(acknowledged_ms IS NULL), 0), coalesce(sum(times), 0) FROM security_events"));
  CPIS_ASSIGN(const bool found, count->Step());
  const Counts counts{found ? static_cast<uint64_t>(count->Int(0)) : 0, found ? static_cast<uint64_t>(count->Int(1)) : 0};
  count->Reset();
  return counts;
}

}  // namespace cpis::sync::fleet
