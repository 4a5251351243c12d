// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {

namespace {

constexpr std::string_view kNumbersAndFiles = R"sql(
    CREATE INDEX IF NOT EXISTS plans_ending ON plans(type, ends) WHERE ends IS NOT NULL;
    CREATE TABLE IF NOT EXISTS replaced_numbers(old TEXT PRIMARY KEY, new TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS replaced_by ON replaced_numbers(new);
    CREATE TABLE IF NOT EXISTS erased_numbers(mark BLOB PRIMARY KEY) STRICT;
    CREATE TABLE IF NOT EXISTS sensitive_numbers(nhs_number TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS notices(nhs_number TEXT PRIMARY KEY, notice INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS held(
      authority TEXT NOT NULL, file_id TEXT NOT NULL, since INTEGER NOT NULL, ending INTEGER NOT NULL, flags INTEGER NOT NULL, mailbox_file TEXT NOT NULL,
      PRIMARY KEY(authority, file_id)) STRICT;
    CREATE TABLE IF NOT EXISTS erasures(
      node_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, erased INTEGER NOT NULL, began_ms INTEGER NOT NULL,
      erased_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL, proof BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS refused_messages(
      mailbox_file TEXT PRIMARY KEY, reason TEXT NOT NULL, since INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS taken_files(
      name TEXT PRIMARY KEY, size INTEGER NOT NULL, hash BLOB NOT NULL, target TEXT NOT NULL) STRICT;
)sql";

}  // namespace

// Times are Unix seconds; accesses and attendances keep milliseconds where they say so.
Status Register::CreateTables(platform::Database& database) {
  CPIS_TRY(database.Run(R"sql(
    CREATE TABLE IF NOT EXISTS authorities(
      code TEXT PRIMARY KEY, name TEXT NOT NULL, emergency TEXT NOT NULL, office TEXT NOT NULL, root TEXT NOT NULL,
      last_file TEXT NOT NULL, last_file_at INTEGER NOT NULL, created INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS plans(
      authority TEXT NOT NULL, nhs_number TEXT NOT NULL, type INTEGER NOT NULL, starts INTEGER NOT NULL, ends INTEGER,
      file_id TEXT NOT NULL, PRIMARY KEY(nhs_number, authority, type)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS plan_said(
      authority TEXT NOT NULL, nhs_number TEXT NOT NULL, type INTEGER NOT NULL, created INTEGER NOT NULL,
      PRIMARY KEY(nhs_number, authority, type)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS accesses(
      authority TEXT NOT NULL, nhs_number TEXT NOT NULL, at INTEGER NOT NULL, attendance TEXT NOT NULL, viewer INTEGER NOT NULL,
      PRIMARY KEY(nhs_number, authority, at, attendance)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS number_keys(nhs_number TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS viewers(
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, role_code TEXT NOT NULL, role_name TEXT NOT NULL,
      organisation_code TEXT NOT NULL, organisation_name TEXT NOT NULL,
      UNIQUE(name, role_code, role_name, organisation_code, organisation_name)) STRICT;
    CREATE TABLE IF NOT EXISTS nodes(
      id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, region TEXT NOT NULL, state TEXT NOT NULL, code_hash BLOB NOT NULL,
      code_expires INTEGER, box_key BLOB NOT NULL, signing_key BLOB NOT NULL, enrolled_at INTEGER) STRICT;
    CREATE TABLE IF NOT EXISTS staff(
      id TEXT PRIMARY KEY, name TEXT NOT NULL, role_code TEXT NOT NULL, role_name TEXT NOT NULL, silent INTEGER NOT NULL,
      disabled INTEGER NOT NULL, pin_record BLOB NOT NULL, duty INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS attendances(
      id TEXT PRIMARY KEY, node_id TEXT NOT NULL, node_sequence INTEGER NOT NULL, node TEXT NOT NULL, nhs_number TEXT NOT NULL,
      occurred_ms INTEGER NOT NULL, recorded_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL, staff TEXT NOT NULL,
      staff_name TEXT NOT NULL, role TEXT NOT NULL, incident TEXT NOT NULL, outcome_at_node INTEGER NOT NULL,
      outcome_now INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS attendances_by_time ON attendances(received_ms);
    CREATE TABLE IF NOT EXISTS notified(
      attendance TEXT NOT NULL, authority TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY(attendance, authority)) STRICT;
    CREATE TABLE IF NOT EXISTS audit(
      id TEXT PRIMARY KEY, node_id TEXT NOT NULL, node_sequence INTEGER NOT NULL, action TEXT NOT NULL, nhs_number TEXT NOT NULL,
      occurred_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL, staff TEXT NOT NULL, incident TEXT NOT NULL,
      outcome INTEGER NOT NULL, reason TEXT NOT NULL, silent INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS attendances_by_number ON attendances(nhs_number);
    CREATE INDEX IF NOT EXISTS audit_by_number ON audit(nhs_number);
    CREATE TABLE IF NOT EXISTS watched(
      id TEXT PRIMARY KEY, node_id TEXT NOT NULL, node_sequence INTEGER NOT NULL, kind INTEGER NOT NULL, nhs_number TEXT NOT NULL,
      occurred_ms INTEGER NOT NULL, recorded_ms INTEGER NOT NULL, arrived_ms INTEGER NOT NULL, staff TEXT NOT NULL,
      incident TEXT NOT NULL, outcome INTEGER NOT NULL, due_ms INTEGER) STRICT;
    CREATE INDEX IF NOT EXISTS watched_by_number ON watched(nhs_number);
    CREATE INDEX IF NOT EXISTS watched_by_arrival ON watched(arrived_ms);
    CREATE INDEX IF NOT EXISTS watched_due ON watched(due_ms) WHERE due_ms IS NOT NULL;
    CREATE TABLE IF NOT EXISTS alerts(
      id TEXT PRIMARY KEY, event TEXT NOT NULL, node_id TEXT NOT NULL, nhs_number TEXT NOT NULL, incident TEXT NOT NULL,
      occurred_ms INTEGER NOT NULL, raised_ms INTEGER NOT NULL, open INTEGER NOT NULL, acknowledged_by TEXT NOT NULL,
      acknowledged_ms INTEGER) STRICT;
    CREATE INDEX IF NOT EXISTS alerts_by_number ON alerts(nhs_number);
    CREATE INDEX IF NOT EXISTS alerts_by_node ON alerts(node_id, raised_ms);
    CREATE INDEX IF NOT EXISTS alerts_open ON alerts(open) WHERE open;
    CREATE TABLE IF NOT EXISTS outgoing_files(name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
  )sql"));
  return database.Run(kNumbersAndFiles);
}

}  // namespace cpis::sync::fleet
