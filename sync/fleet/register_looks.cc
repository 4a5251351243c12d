// SPDX-License-Identifier: Apache-2.0
//
// The part of the register about what is judged again: looks and attendances, whom they were told to, and alerts.
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {
namespace {

using platform::Statement;
using std::chrono::milliseconds;

Statement& BindTime(Statement& statement, const std::optional<Instant>& at) {
  return at ? statement.Bind(Milliseconds(*at)) : statement.BindNull();
}

std::optional<Instant> TimeAt(const Statement& statement, int column) {
  if (statement.IsNull(column)) return std::nullopt;
  return FromMilliseconds(statement.Int(column));
}

// Parameters 1 to 6 are those that BindCase gives.
#define CPIS_SAME_CASE                                                                                 \
  " nhs_number = ?1 AND node_id = ?2 AND CASE WHEN ?3 <> '' THEN incident = ?3 AND abs(occurred_ms - ?4) <= ?5" \
  " ELSE abs(occurred_ms - ?4) <= ?6 END"

Statement& BindCase(Statement& statement, const WatchedEvent& event) {
  statement.Bind(event.event.nhs_number).Bind(event.node_id).Bind(event.event.incident);
  return statement.Bind(Milliseconds(event.event.occurred_at)).Bind(kSameIncident.count()).Bind(kSameLook.count());
}

#define CPIS_EVENT_COLUMNS \
  "id, node_id, node_sequence, nhs_number, occurred_ms, recorded_ms, staff, incident"
#define CPIS_WATCHED CPIS_EVENT_COLUMNS ", kind, outcome, arrived_ms, due_ms"
#define CPIS_ALERTS                                                                                                   \
  "SELECT id, event, node_id, coalesce((SELECT name FROM nodes WHERE nodes.id = node_id), node_id), nhs_number, incident," \
  " occurred_ms, raised_ms, open, acknowledged_by, acknowledged_ms FROM alerts "

Result<bool> Exists(Statement& statement) {
  CPIS_ASSIGN(const bool found, statement.Step());
  statement.Reset();
  return found;
}

}  // namespace

Status Register::Watch(const WatchedEvent& watched) {
  const Event& event = watched.event;
  CPIS_ASSIGN(Statement * watch, query_("INSERT INTO watched(" CPIS_WATCHED ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  watch->Bind(event.id).Bind(watched.node_id).Bind(static_cast<int64_t>(watched.node_sequence)).Bind(event.nhs_number);
  watch->Bind(Milliseconds(event.occurred_at)).Bind(Milliseconds(event.recorded_at)).Bind(event.staff).Bind(event.incident);
  watch->Bind(static_cast<int64_t>(event.kind)).Bind(static_cast<int64_t>(event.outcome_at_node));
  return BindTime(watch->Bind(Milliseconds(watched.arrived_at)), watched.due_at).Run();
}

Status Register::EndWait(std::string_view id) {
  CPIS_ASSIGN(Statement * end, query_("UPDATE watched SET due_ms = NULL WHERE id = ?"));
  return end->Bind(id).Run();
}

Result<std::vector<WatchedEvent>> Register::ReadWatched(Statement& statement) {
  std::vector<WatchedEvent> rows;
  for (;;) {
    CPIS_ASSIGN(const bool more, statement.Step());
    if (!more) break;
    WatchedEvent row;
    row.event.id = statement.Text(0);
    row.node_id = statement.Text(1);
    row.node_sequence = static_cast<uint64_t>(statement.Int(2));
    row.event.nhs_number = statement.Text(3);
    row.event.occurred_at = FromMilliseconds(statement.Int(4));
    row.event.recorded_at = FromMilliseconds(statement.Int(5));
    row.event.staff = statement.Text(6);
    row.event.incident = statement.Text(7);
    row.event.kind = static_cast<EntryKind>(statement.Int(8));
    row.event.outcome_at_node = static_cast<Outcome>(statement.Int(9));
    row.arrived_at = FromMilliseconds(statement.Int(10));
    row.due_at = TimeAt(statement, 11);
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<WatchedEvent>> Register::WatchedOf(const NhsNumber& number, Instant since) {
  CPIS_ASSIGN(Statement * find, query_("SELECT " CPIS_WATCHED " FROM watched WHERE nhs_number = ? AND arrived_ms >= ?"
                                      " AND due_ms IS NULL ORDER BY occurred_ms, id"));
  return ReadWatched(find->Bind(number.digits()).Bind(Milliseconds(since)));
}

Result<std::vector<WatchedEvent>> Register::WatchedDue(Instant now, milliseconds longest) {
  CPIS_ASSIGN(Statement * find, query_("SELECT " CPIS_WATCHED " FROM watched WHERE due_ms <= ? OR due_ms > ?"
                                      " ORDER BY due_ms, id LIMIT 256"));
  return ReadWatched(find->Bind(Milliseconds(now)).Bind(Milliseconds(now + longest)));
}

Status Register::ForgetWatched(Instant arrived_before) {
  CPIS_ASSIGN(Statement * forget, query_("DELETE FROM watched WHERE arrived_ms < ? AND due_ms IS NULL"));
  return forget->Bind(Milliseconds(arrived_before)).Run();
}

Status Register::BlankLooks(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * watched, query_("DELETE FROM watched WHERE nhs_number = ?"));
  CPIS_TRY(watched->Bind(number.digits()).Run());
  CPIS_ASSIGN(Statement * alerts, query_("UPDATE alerts SET nhs_number = '' WHERE nhs_number = ?"));
  return alerts->Bind(number.digits()).Run();
}

Result<std::vector<NhsNumber>> Register::NumbersOf(const NhsNumber& number) {
  std::vector<NhsNumber> numbers{number};
  CPIS_ASSIGN(const NhsNumber current, CurrentNumber(number));
  CPIS_ASSIGN(std::set<NhsNumber> others, FormerNumbers(current));
  others.insert(current);
  others.erase(number);
  numbers.insert(numbers.end(), others.begin(), others.end());
  return numbers;
}

Result<bool> Register::WasTold(const WatchedEvent& event) {
  CPIS_ASSIGN(Statement * find,
              query_("SELECT 1 FROM audit WHERE outcome = ?7 AND" CPIS_SAME_CASE
                     " UNION ALL SELECT 1 FROM attendances WHERE outcome_at_node = ?7 AND" CPIS_SAME_CASE
                     " UNION ALL SELECT 1 FROM alerts WHERE (open OR acknowledged_ms IS NOT NULL) AND" CPIS_SAME_CASE " LIMIT 1"));
  return Exists(BindCase(*find, event).Bind(static_cast<int64_t>(Outcome::kFlagged)));
}

Result<std::optional<WatchedEvent>> Register::AttendanceLike(const WatchedEvent& event) {
  CPIS_ASSIGN(Statement * find, query_("SELECT " CPIS_EVENT_COLUMNS ", ?7, outcome_at_node, received_ms, NULL FROM attendances"
                                      " WHERE" CPIS_SAME_CASE " ORDER BY occurred_ms, id LIMIT 1"));
  BindCase(*find, event).Bind(static_cast<int64_t>(EntryKind::kAttendance));
  CPIS_ASSIGN(std::vector<WatchedEvent> rows, ReadWatched(*find));
  if (rows.empty()) return std::optional<WatchedEvent>();
  return std::optional<WatchedEvent>(std::move(rows.front()));
}

Result<bool> Register::WasNotified(std::string_view authority, const WatchedEvent& event) {
  CPIS_ASSIGN(Statement * find, query_("SELECT 1 FROM attendances JOIN notified ON notified.attendance = attendances.id WHERE"
                                      " notified.authority = ?7 AND" CPIS_SAME_CASE " LIMIT 1"));
  return Exists(BindCase(*find, event).Bind(authority));
}

Status Register::KeepNotified(std::string_view attendance, const AttendanceRow::Notified& notified) {
  CPIS_ASSIGN(Statement * keep, query_("INSERT INTO notified(attendance, authority, file) VALUES(?, ?, ?)"));
  return keep->Bind(attendance).Bind(notified.authority).Bind(notified.file).Run();
}

Status Register::MarkFlagged(std::string_view attendance) {
  CPIS_ASSIGN(Statement * mark, query_("UPDATE attendances SET outcome_now = ? WHERE id = ?"));
  return mark->Bind(static_cast<int64_t>(Outcome::kFlagged)).Bind(attendance).Run();
}

Status Register::PutAlert(const AlertRow& row) {
  CPIS_ASSIGN(Statement * put, query_("INSERT OR REPLACE INTO alerts(id, event, node_id, nhs_number, incident, occurred_ms, raised_ms,"
                                     " open, acknowledged_by, acknowledged_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  put->Bind(row.id).Bind(row.event).Bind(row.node_id).Bind(row.nhs_number).Bind(row.incident);
  put->Bind(Milliseconds(row.occurred_at)).Bind(Milliseconds(row.raised_at)).Bind(row.open ? 1 : 0).Bind(row.acknowledged_by);
  return BindTime(*put, row.acknowledged_at).Run();
}

Result<std::vector<AlertRow>> Register::ReadAlerts(Statement& statement) {
  std::vector<AlertRow> rows;
  for (;;) {
    CPIS_ASSIGN(const bool more, statement.Step());
    if (!more) break;
    rows.push_back({statement.Text(0), statement.Text(1), statement.Text(2), statement.Text(3), statement.Text(4),
                    statement.Text(5), FromMilliseconds(statement.Int(6)), FromMilliseconds(statement.Int(7)),
                    statement.Int(8) != 0, statement.Text(9), TimeAt(statement, 10)});
  }
  return rows;
}

Result<std::optional<AlertRow>> Register::AlertWithId(std::string_view id) {
  CPIS_ASSIGN(Statement * find, query_(CPIS_ALERTS "WHERE id = ?"));
  CPIS_ASSIGN(std::vector<AlertRow> rows, ReadAlerts(find->Bind(id)));
  if (rows.empty()) return std::optional<AlertRow>();
  return std::optional<AlertRow>(std::move(rows.front()));
}

Result<std::vector<AlertRow>> Register::Alerts() {
  CPIS_ASSIGN(Statement * all, query_(CPIS_ALERTS "ORDER BY raised_ms, id"));
  return ReadAlerts(*all);
}

Result<size_t> Register::AlertsRaised(std::string_view node_id, Instant since) {
  CPIS_ASSIGN(Statement * count, query_("SELECT count(*) FROM alerts WHERE node_id = ? AND raised_ms >= ?"));
  count->Bind(node_id).Bind(Milliseconds(since));
  CPIS_ASSIGN(const bool found, count->Step());
  const size_t raised = found ? static_cast<size_t>(count->Int(0)) : 0;
  count->Reset();
  return raised;
}

Result<std::vector<AlertRow>> Register::OpenAlerts() {
  CPIS_ASSIGN(Statement * all, query_(CPIS_ALERTS "WHERE open ORDER BY raised_ms, id"));
  return ReadAlerts(*all);
}

Result<std::vector<AlertRow>> Register::OpenAlertsOf(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * all, query_(CPIS_ALERTS "WHERE nhs_number = ? AND open ORDER BY raised_ms, id"));
  return ReadAlerts(all->Bind(number.digits()));
}

}  // namespace cpis::sync::fleet
