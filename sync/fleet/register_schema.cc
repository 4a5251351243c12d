// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {

// Times are Unix seconds; accesses and attendances keep milliseconds where they say so.
Status Register::CreateTables(platform::Database& database) {
  return database.Run(R"sql(
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
      disabled INTEGER NOT NULL, pin_record BLOB NOT NULL) STRICT;
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
    CREATE TABLE IF NOT EXISTS outgoing_files(name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
  )sql");
}

}  // namespace cpis::sync::fleet
