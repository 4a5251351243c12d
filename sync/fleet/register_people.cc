// SPDX-License-Identifier: Apache-2.0
//
// The part of the register about nodes, staff and what they reported.
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {
namespace {

using platform::FromUnixSeconds;
using platform::Statement;
using platform::ToUnixSeconds;

std::optional<Instant> TimeAt(const Statement& statement, int column) {
  if (statement.IsNull(column)) return std::nullopt;
  return FromUnixSeconds(statement.Int(column));
}

Statement& BindTime(Statement& statement, const std::optional<Instant>& at) {
  return at ? statement.Bind(ToUnixSeconds(*at)) : statement.BindNull();
}

#define CPIS_NODE_COLUMNS "id, name, region, state, code_hash, code_expires, box_key, signing_key, enrolled_at"
#define CPIS_STAFF_COLUMNS "id, name, role_code, role_name, silent, disabled, pin_record, duty"

template <typename T>
std::optional<T> First(std::vector<T> rows) {
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

}  // namespace

Status Register::PutNode(const NodeRow& node) {
  CPIS_ASSIGN(Statement * put, query_("INSERT OR REPLACE INTO nodes(" CPIS_NODE_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  put->Bind(node.id).Bind(node.name).Bind(JoinRegion(node.region)).Bind(node.state).Bind(ByteView(node.code_hash));
  BindTime(*put, node.code_expires).Bind(ByteView(node.box_key)).Bind(ByteView(node.signing_key));
  return BindTime(*put, node.enrolled_at).Run();
}

Result<std::vector<NodeRow>> Register::ReadNodes(Statement& statement) {
  std::vector<NodeRow> rows;
  for (;;) {
    CPIS_ASSIGN(const bool more, statement.Step());
    if (!more) break;
    rows.push_back({statement.Text(0), statement.Text(1), SplitRegion(statement.Text(2)), statement.Text(3),
                    platform::ToBytes(statement.Blob(4)), TimeAt(statement, 5), platform::ToBytes(statement.Blob(6)),
                    platform::ToBytes(statement.Blob(7)), TimeAt(statement, 8)});
  }
  return rows;
}

Result<std::vector<NodeRow>> Register::Nodes() {
  CPIS_ASSIGN(Statement * all, query_("SELECT " CPIS_NODE_COLUMNS " FROM nodes ORDER BY name"));
  return ReadNodes(*all);
}

Result<std::optional<NodeRow>> Register::NodeNamed(std::string_view name) {
  CPIS_ASSIGN(Statement * find, query_("SELECT " CPIS_NODE_COLUMNS " FROM nodes WHERE name = ?"));
  find->Bind(name);
  CPIS_ASSIGN(std::vector<NodeRow> rows, ReadNodes(*find));
  return First(std::move(rows));
}

Result<std::optional<NodeRow>> Register::NodeWithId(std::string_view id) {
  CPIS_ASSIGN(Statement * find, query_("SELECT " CPIS_NODE_COLUMNS " FROM nodes WHERE id = ?"));
  find->Bind(id);
  CPIS_ASSIGN(std::vector<NodeRow> rows, ReadNodes(*find));
  return First(std::move(rows));
}

Status Register::PutStaff(const StaffMember& staff) {
  CPIS_ASSIGN(Statement * put, query_("INSERT OR REPLACE INTO staff(" CPIS_STAFF_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?)"));
  put->Bind(staff.id).Bind(staff.name).Bind(staff.role_code).Bind(staff.role_name);
  return put->Bind(staff.right == Right::kSilent ? 1 : 0).Bind(staff.disabled ? 1 : 0).Bind(ByteView(staff.pin_record)).Bind(static_cast<int>(staff.duty)).Run();
}

Result<std::vector<StaffMember>> Register::ReadStaff(Statement& statement) {
  std::vector<StaffMember> rows;
  for (;;) {
    CPIS_ASSIGN(const bool more, statement.Step());
    if (!more) break;
    rows.push_back({statement.Text(0), statement.Text(1), statement.Text(2), statement.Text(3),
                    statement.Int(4) != 0 ? Right::kSilent : Right::kNotify, statement.Int(5) != 0,
                    platform::ToBytes(statement.Blob(6)), static_cast<Duty>(statement.Int(7))});
  }
  return rows;
}

Result<std::vector<StaffMember>> Register::Staff() {
  CPIS_ASSIGN(Statement * all, query_("SELECT " CPIS_STAFF_COLUMNS " FROM staff ORDER BY id"));
  return ReadStaff(*all);
}

Result<std::optional<StaffMember>> Register::StaffWithId(std::string_view id) {
  CPIS_ASSIGN(Statement * find, query_("SELECT " CPIS_STAFF_COLUMNS " FROM staff WHERE id = ?"));
  find->Bind(id);
  CPIS_ASSIGN(std::vector<StaffMember> rows, ReadStaff(*find));
  return First(std::move(rows));
}

Result<bool> Register::Knows(std::string_view id) {
  CPIS_ASSIGN(Statement * find, query_("SELECT 1 FROM attendances WHERE id = ?1 UNION ALL SELECT 1 FROM audit WHERE id = ?1"));
  find->Bind(id);
  CPIS_ASSIGN(const bool found, find->Step());
  find->Reset();
  return found;
}

Status Register::KeepAttendance(const AttendanceRow& row, std::string_view node_id, uint64_t node_sequence) {
  const Event& event = row.event;
  CPIS_ASSIGN(Statement * keep,
              query_("INSERT INTO attendances(id, node_id, node_sequence, node, nhs_number, occurred_ms, recorded_ms, received_ms,"
                     " staff, staff_name, role, incident, outcome_at_node, outcome_now)"
                     " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  keep->Bind(event.id).Bind(node_id).Bind(static_cast<int64_t>(node_sequence)).Bind(row.node).Bind(event.nhs_number);
  keep->Bind(Milliseconds(event.occurred_at)).Bind(Milliseconds(event.recorded_at)).Bind(Milliseconds(row.received_at));
  keep->Bind(event.staff).Bind(row.staff_name).Bind(row.role).Bind(event.incident);
  return keep->Bind(static_cast<int64_t>(event.outcome_at_node)).Bind(static_cast<int64_t>(row.outcome_now)).Run();
}

Status Register::KeepAudit(const Event& event, std::string_view node_id, uint64_t node_sequence, Instant received_at) {
  CPIS_ASSIGN(Statement * keep,
              query_("INSERT INTO audit(id, node_id, node_sequence, action, nhs_number, occurred_ms, received_ms, staff,"
                     " incident, outcome, reason, silent) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  keep->Bind(event.id).Bind(node_id).Bind(static_cast<int64_t>(node_sequence)).Bind(event.action).Bind(event.nhs_number);
  keep->Bind(Milliseconds(event.occurred_at)).Bind(Milliseconds(received_at)).Bind(event.staff).Bind(event.incident);
  return keep->Bind(static_cast<int64_t>(event.outcome_at_node)).Bind(event.reason).Bind(event.silent ? 1 : 0).Run();
}

Result<std::vector<AttendanceRow>> Register::Attendances(std::optional<Instant> since) {
  std::vector<AttendanceRow> rows;
  CPIS_ASSIGN(Statement * all,
              query_("SELECT id, nhs_number, occurred_ms, recorded_ms, received_ms, node, staff, staff_name, role, incident,"
                     " outcome_at_node, outcome_now, EXISTS(SELECT 1 FROM audit WHERE audit.id = attendances.id)"
                     " FROM attendances WHERE received_ms >= ? ORDER BY received_ms, id"));
  all->Bind(since ? Milliseconds(*since) : 0);
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    AttendanceRow row;
    row.event.id = all->Text(0);
    row.event.nhs_number = all->Text(1);
    row.event.occurred_at = FromMilliseconds(all->Int(2));
    row.event.recorded_at = FromMilliseconds(all->Int(3));
    row.received_at = FromMilliseconds(all->Int(4));
    row.node = all->Text(5);
    row.event.staff = all->Text(6);
    row.staff_name = all->Text(7);
    row.role = all->Text(8);
    row.event.incident = all->Text(9);
    row.event.outcome_at_node = static_cast<Outcome>(all->Int(10));
    row.outcome_now = static_cast<Outcome>(all->Int(11));
    row.event.kind = all->Int(12) != 0 ? EntryKind::kAudit : EntryKind::kAttendance;
    rows.push_back(std::move(row));
  }
  CPIS_ASSIGN(Statement * notified, query_("SELECT authority, file FROM notified WHERE attendance = ? ORDER BY authority"));
  for (AttendanceRow& row : rows) {
    notified->Bind(row.event.id);
    for (;;) {
      CPIS_ASSIGN(const bool more, notified->Step());
      if (!more) break;
      row.notified.push_back({notified->Text(0), notified->Text(1)});
    }
  }
  return rows;
}

Result<uint64_t> Register::CountAttendances() {
  CPIS_ASSIGN(Statement * count, query_("SELECT count(*) FROM attendances"));
  CPIS_ASSIGN(const bool found, count->Step());
  const uint64_t total = found ? static_cast<uint64_t>(count->Int(0)) : 0;
  count->Reset();
  return total;
}

}  // namespace cpis::sync::fleet
