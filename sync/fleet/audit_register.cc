// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/audit_register.h"

#include "sync/wire.h"

namespace cpis::sync::fleet {
namespace {

using platform::Statement;

// A row of audit_record, joined with its entry if there is one.
struct Record {
  int64_t position = 0;
  std::string node;
  uint64_t sequence = 0;
  std::string event;
  uint64_t count = 0;
  Bytes before{};
  Bytes link{};
  bool readable = false;
  Bytes number_mark{};
  Event content{};
  Instant received_at{};
};

Bytes SealOf(const crypto::Secret& key, ByteView seal_before, const Record& record) {
  platform::ByteWriter out;
  out.Raw(seal_before);
  out.U64(static_cast<uint64_t>(record.position));
  out.Sized(record.node);
  out.U64(record.sequence);
  out.Sized(record.event);
  out.U64(record.count);
  out.Raw(record.before);
  out.Raw(record.link);
  out.U8(record.readable ? 1 : 0);
  out.Raw(record.number_mark);
  if (record.readable) {
    out.Sized(record.content.action);
    out.U64(static_cast<uint64_t>(Milliseconds(record.content.occurred_at)));
    out.U64(static_cast<uint64_t>(Milliseconds(record.received_at)));
    out.Sized(record.content.staff);
    out.Sized(record.content.incident);
    out.U8(static_cast<uint8_t>(record.content.outcome_at_node));
    out.Sized(record.content.reason);
    out.U8(record.content.silent ? 1 : 0);
  }
  return crypto::KeyedBlake2b(32, key.Reveal(), {out.bytes()});
}

Bytes NumberMark(ByteView salt, std::string_view number) { return crypto::KeyedBlake2b(32, salt, {platform::AsBytes(number)}); }

// Columns as Verify selects them.
Record RecordAt(const Statement& row) {
  Record record{row.Int(0), row.Text(1), static_cast<uint64_t>(row.Int(2)), row.Text(3), static_cast<uint64_t>(row.Int(4)),
                platform::ToBytes(row.Blob(5)), platform::ToBytes(row.Blob(6)), row.Int(7) != 0, platform::ToBytes(row.Blob(9))};
  if (!record.readable || row.IsNull(11)) return record;
  record.content.action = row.Text(12);
  record.content.occurred_at = FromMilliseconds(row.Int(13));
  record.received_at = FromMilliseconds(row.Int(14));
  record.content.staff = row.Text(15);
  record.content.incident = row.Text(16);
  record.content.outcome_at_node = static_cast<Outcome>(row.Int(17));
  record.content.reason = row.Text(18);
  record.content.silent = row.Int(19) != 0;
  return record;
}

// What the seal does not hold itself: place, and the number behind its mark. Without its salt the mark says nothing: the
// number was erased, and must then be blank.
bool EntryFits(const Statement& row, const Record& record) {
  if (row.Text(20) != record.node || static_cast<uint64_t>(row.Int(21)) != record.sequence) return false;
  const ByteView salt = row.Blob(8);
  const std::string number = row.Text(11);
  return salt.empty() ? number.empty() : NumberMark(salt, number) == record.number_mark;
}

}  // namespace

crypto::Secret AuditRegister::RecordKey(const crypto::Secret& fleet_secret) {
  return crypto::DeriveSecret(fleet_secret, {platform::AsBytes("cpis.v1.audit-record")});
}

Status AuditRegister::CreateTables(platform::Database& database) {
  return database.Run(R"sql(
    CREATE TABLE IF NOT EXISTS audit_record(
      position INTEGER PRIMARY KEY, node_id TEXT NOT NULL, node_sequence INTEGER NOT NULL, event TEXT NOT NULL,
      count INTEGER NOT NULL, before BLOB NOT NULL, link BLOB NOT NULL, readable INTEGER NOT NULL, salt BLOB NOT NULL,
      number_mark BLOB NOT NULL, seal BLOB NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS audit_record_by_place ON audit_record(node_id, count);
    CREATE INDEX IF NOT EXISTS audit_record_by_sequence ON audit_record(node_id, node_sequence);
    CREATE INDEX IF NOT EXISTS audit_record_by_event ON audit_record(event);
    CREATE TABLE IF NOT EXISTS audit_head(
      only INTEGER PRIMARY KEY CHECK(only = 1), position INTEGER NOT NULL, seal BLOB NOT NULL, mark BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS audit_promised(
      node_id TEXT PRIMARY KEY, count INTEGER NOT NULL, at_ms INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS attendances_by_sequence ON attendances(node_id, node_sequence);
    CREATE INDEX IF NOT EXISTS audit_by_sequence ON audit(node_id, node_sequence);
    CREATE INDEX IF NOT EXISTS audit_by_staff ON audit(staff, occurred_ms);
    CREATE INDEX IF NOT EXISTS audit_by_time ON audit(occurred_ms);
  )sql");
}

Result<bool> AuditRegister::Exists(const char* sql, std::string_view node, uint64_t count, ByteView link) {
  CPIS_ASSIGN(Statement * find, query_(sql));
  CPIS_ASSIGN(const bool found, find->Bind(node).Bind(static_cast<int64_t>(count)).Bind(link).Step());
  find->Reset();
  return found;
}

Result<AuditRegister::Place> AuditRegister::PlaceOf(const Envelope& envelope) {
  const AuditCheckpoint before = *envelope.audit_before;
  const AuditCheckpoint after = After(before, envelope.sealed_event);
  const auto has = [&](const AuditCheckpoint& at) {
    return Exists("SELECT 1 FROM audit_record WHERE node_id = ? AND count = ? AND link = ?", envelope.node, at.count, at.link);
  };
  Place place;
  CPIS_ASSIGN(place.known, has(after));
  CPIS_ASSIGN(const bool came_before, has(before));
  place.continues = came_before || before == AuditCheckpoint{};
  CPIS_ASSIGN(Statement * sibling, query_("SELECT 1 FROM audit_record WHERE node_id = ? AND count = ? AND before = ? AND link != ?"));
  sibling->Bind(envelope.node).Bind(static_cast<int64_t>(after.count)).Bind(ByteView(before.link)).Bind(ByteView(after.link));
  CPIS_ASSIGN(place.forks, sibling->Step());
  sibling->Reset();
  CPIS_ASSIGN(const bool any_before, Exists("SELECT 1 FROM audit_record WHERE node_id = ? AND count = ? AND link != ?", envelope.node,
                                            before.count, before.link));
  place.other_before = any_before && !place.continues;
  CPIS_ASSIGN(Statement * most, query_("SELECT coalesce(max(count), 0) FROM audit_record WHERE node_id = ?"));
  CPIS_ASSIGN(const bool counted, most->Bind(envelope.node).Step());
  place.most = counted ? static_cast<uint64_t>(most->Int(0)) : 0;
  most->Reset();
  return place;
}

Result<bool> AuditRegister::SequenceIsOfAnother(const Envelope& envelope) {
  CPIS_ASSIGN(Statement * find, query_("SELECT 1 FROM attendances WHERE node_id = ?1 AND node_sequence = ?2 AND id != ?3"
                                       " UNION ALL SELECT 1 FROM audit WHERE node_id = ?1 AND node_sequence = ?2 AND id != ?3"
                                       " UNION ALL SELECT 1 FROM audit_record WHERE node_id = ?1 AND node_sequence = ?2 AND event != ?3"));
  find->Bind(envelope.node).Bind(static_cast<int64_t>(envelope.node_sequence)).Bind(envelope.id);
  CPIS_ASSIGN(const bool found, find->Step());
  find->Reset();
  return found;
}

Bytes AuditRegister::HeadMark(const Head& head) const {
  platform::ByteWriter out;
  out.Raw(platform::AsBytes("head"));
  out.U64(static_cast<uint64_t>(head.position));
  out.Raw(head.seal);
  return crypto::KeyedBlake2b(32, key_.Reveal(), {out.bytes()});
}

Result<AuditRegister::Head> AuditRegister::ReadHead() {
  CPIS_ASSIGN(Statement * read, query_("SELECT position, seal, mark FROM audit_head"));
  CPIS_ASSIGN(const bool found, read->Step());
  CPIS_ASSIGN(Statement * last, query_("SELECT coalesce(max(position), 0) FROM audit_record"));
  CPIS_ASSIGN(const bool counted, last->Step());
  Head head;
  const int64_t highest = counted ? last->Int(0) : 0;
  last->Reset();
  if (found) {
    head.position = read->Int(0);
    head.seal = platform::ToBytes(read->Blob(1));
    head.sound = crypto::ConstantTimeEqual(HeadMark(head), read->Blob(2));
  }
  read->Reset();
  head.sound = head.sound && head.position == highest;
  head.position = std::max(head.position, highest);
  return head;
}

Status AuditRegister::SaveHead(const Head& head) {
  CPIS_ASSIGN(Statement * save, query_("INSERT OR REPLACE INTO audit_head(only, position, seal, mark) VALUES(1, ?, ?, ?)"));
  const Bytes mark = HeadMark(head);
  return save->Bind(head.position).Bind(ByteView(head.seal)).Bind(ByteView(mark)).Run();
}

Status AuditRegister::Append(const Envelope& envelope, const Event* event, Instant received_at) {
  CPIS_ASSIGN(Head head, ReadHead());
  // What follows a broken record must never make it look whole again.
  if (!head.sound) head.seal = crypto::RandomBytes(32);
  if (event == nullptr) {
    CPIS_ASSIGN(Statement * again, query_("SELECT 1 FROM audit_record WHERE event = ? AND node_id = ?"));
    CPIS_ASSIGN(const bool came, again->Bind(envelope.id).Bind(envelope.node).Step());
    again->Reset();
    if (came) return Status::Ok();
  }
  Record record{head.position + 1, envelope.node, envelope.node_sequence, envelope.id};
  record.before = record.link = Bytes(32);
  if (envelope.audit_before) {
    const AuditCheckpoint after = After(*envelope.audit_before, envelope.sealed_event);
    record.count = after.count;
    record.before = platform::ToBytes(envelope.audit_before->link);
    record.link = platform::ToBytes(after.link);
  }
  record.readable = event != nullptr;
  if (event != nullptr) record.content = *event;
  record.received_at = received_at;
  const Bytes salt = crypto::RandomBytes(16);
  record.number_mark = NumberMark(salt, record.content.nhs_number);
  head.seal = SealOf(key_, head.seal, record);
  head.position = record.position;
  CPIS_ASSIGN(Statement * add, query_("INSERT INTO audit_record(position, node_id, node_sequence, event, count, before, link, readable,"
                                      " salt, number_mark, seal) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  add->Bind(record.position).Bind(record.node).Bind(static_cast<int64_t>(record.sequence)).Bind(record.event);
  add->Bind(static_cast<int64_t>(record.count)).Bind(ByteView(record.before)).Bind(ByteView(record.link)).Bind(record.readable ? 1 : 0);
  CPIS_TRY(add->Bind(ByteView(salt)).Bind(ByteView(record.number_mark)).Bind(ByteView(head.seal)).Run());
  return SaveHead(head);
}

Status AuditRegister::KeepPromise(const Envelope& envelope, Instant received_at) {
  CPIS_ASSIGN(Statement * keep, query_("INSERT INTO audit_promised(node_id, count, at_ms) VALUES(?, ?, ?) ON CONFLICT(node_id)"
                                       " DO UPDATE SET count = excluded.count, at_ms = excluded.at_ms WHERE count < excluded.count"));
  return keep->Bind(envelope.node).Bind(static_cast<int64_t>(envelope.audit_before->count)).Bind(Milliseconds(received_at)).Run();
}

Result<AuditRegister::Verdict> AuditRegister::Verify() {
  CPIS_ASSIGN(const Head head, ReadHead());
  CPIS_ASSIGN(Statement * walk, query_("SELECT r.position, r.node_id, r.node_sequence, r.event, r.count, r.before, r.link, r.readable, r.salt,"
                                       " r.number_mark, r.seal, a.nhs_number, a.action, a.occurred_ms, a.received_ms, a.staff, a.incident,"
                                       " a.outcome, a.reason, a.silent, a.node_id, a.node_sequence"
                                       " FROM audit_record r LEFT JOIN audit a ON a.id = r.event ORDER BY r.position"));
  Verdict verdict;
  Bytes seal(32);
  const auto broken = [&](const std::string& what) {
    if (verdict.broken.empty()) verdict.broken = what;
  };
  for (;;) {
    CPIS_ASSIGN(const bool more, walk->Step());
    if (!more) break;
    ++verdict.entries;
    const Record record = RecordAt(*walk);
    const std::string at = "record " + std::to_string(record.position) + " (entry " + record.event + " of node " + record.node + ")";
    if (record.position != static_cast<int64_t>(verdict.entries)) broken(at + " follows a record that is gone");
    if (record.readable && walk->IsNull(11)) broken(at + " has no entry any more");
    const bool same = SealOf(key_, seal, record) == platform::ToBytes(walk->Blob(10)) && (!record.readable || EntryFits(*walk, record));
    if (!same) broken(at + " is not what was kept");
    seal = platform::ToBytes(walk->Blob(10));
  }
  if (!head.sound || head.position != static_cast<int64_t>(verdict.entries) || head.seal != seal) {
    broken("the record ends at " + std::to_string(verdict.entries) + ", which is not the end that was kept");
  }
  CPIS_ASSIGN(Statement * loose, query_("SELECT count(*) FROM audit WHERE id NOT IN (SELECT event FROM audit_record WHERE readable)"));
  CPIS_ASSIGN(const bool counted, loose->Step());
  if (counted && loose->Int(0) > 0) broken(std::to_string(loose->Int(0)) + " entries are in no record");
  loose->Reset();
  CPIS_ASSIGN(verdict.outstanding, ReadOutstanding());
  return verdict;
}

Result<std::vector<AuditRegister::Outstanding>> AuditRegister::ReadOutstanding() {
  CPIS_ASSIGN(Statement * read, query_("SELECT p.node_id, p.count, p.at_ms, coalesce(max(r.count), 0) FROM audit_promised p"
                                       " LEFT JOIN audit_record r ON r.node_id = p.node_id GROUP BY p.node_id"
                                       " HAVING coalesce(max(r.count), 0) < p.count"));
  std::vector<Outstanding> all;
  for (;;) {
    CPIS_ASSIGN(const bool more, read->Step());
    if (!more) return all;
    all.push_back({read->Text(0), static_cast<uint64_t>(read->Int(1)), static_cast<uint64_t>(read->Int(3)), FromMilliseconds(read->Int(2))});
  }
}

}  // namespace cpis::sync::fleet
