// SPDX-License-Identifier: Apache-2.0
#include "platform/sqlite.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "platform/files.h"
#include "tests/scratch.h"

namespace cpis::platform {
namespace {

Database OpenWith(const ScratchDirectory& scratch, std::string_view schema) {
  auto database = Database::Open(scratch / "db");
  REQUIRE(database.ok());
  REQUIRE(database->Run(schema).ok());
  return *std::move(database);
}

Database OpenReader(const ScratchDirectory& scratch) {
  auto reader = Database::Open(scratch / "db", {Database::Mode::kReader, 256});
  REQUIRE(reader.ok());
  return *std::move(reader);
}

std::string One(Database& database, std::string_view sql) {
  auto statement = database.Prepare(sql);
  REQUIRE(statement.ok());
  auto row = statement->Step();
  if (!row.ok()) return std::string(Name(row.status().code()));
  return *row ? statement->Text(0) : "no row";
}

int ModeOf(const std::filesystem::path& file) {
  struct stat facts {};
  return stat(file.c_str(), &facts) == 0 ? static_cast<int>(facts.st_mode & 07777) : -1;
}

TEST_CASE("the owner's settings are those that durability and privacy need") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (x)");
  CHECK(One(database, "PRAGMA journal_mode") == "wal");
  CHECK(One(database, "PRAGMA synchronous") == "2");
  CHECK(One(database, "PRAGMA secure_delete") == "1");
  CHECK(One(database, "PRAGMA temp_store") == "2");
  CHECK(One(database, "PRAGMA mmap_size") == "0");
  CHECK(One(database, "PRAGMA cell_size_check") == "1");
  CHECK(One(database, "PRAGMA trusted_schema") == "0");
  CHECK(One(database, "PRAGMA foreign_keys") == "1");
  CHECK(One(database, "PRAGMA cache_size") == "-1024");
  CHECK(ModeOf(scratch / "db") == 0600);
  CHECK(ModeOf(scratch / "db-wal") == 0600);
  CHECK(ModeOf(scratch / "db-shm") == 0600);
}

TEST_CASE("defensive mode keeps the schema table from being written") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (x); PRAGMA writable_schema=ON");
  CHECK_FALSE(database.Run("DELETE FROM sqlite_schema").ok());
  CHECK_FALSE(database.Run("SELECT \"not a column\"").ok());
}

TEST_CASE("values come back as they were bound") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (a, b, c, d)");
  auto insert = database.Prepare("INSERT INTO t VALUES (?, ?, ?, ?)");
  REQUIRE(insert.ok());
  const Bytes bytes{0, 1, 255};
  REQUIRE(insert->Bind(INT64_MIN).Bind(std::string("te\0xt", 5)).Bind(ByteView(bytes)).BindNull().Run().ok());
  CHECK(database.Changes() == 1);
  CHECK(database.LastRowId() == 1);
  auto select = database.Prepare("SELECT * FROM t");
  REQUIRE(*select->Step());
  CHECK(select->Int(0) == INT64_MIN);
  CHECK(select->Text(1) == std::string("te\0xt", 5));
  CHECK(ToBytes(select->Blob(2)) == bytes);
  CHECK(select->IsNull(3));
  CHECK_FALSE(select->IsNull(2));
  CHECK_FALSE(*select->Step());
}

TEST_CASE("an empty blob and an empty text are not NULL") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (b BLOB NOT NULL, s TEXT NOT NULL)");
  auto insert = database.Prepare("INSERT INTO t VALUES (?, ?)");
  REQUIRE(insert->Bind(ByteView()).Bind(std::string_view()).Run().ok());
  CHECK(One(database, "SELECT typeof(b) || typeof(s) || length(b) || length(s) FROM t") == "blobtext00");
}

TEST_CASE("a statement is ready again after its rows, after Reset and after a failure") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (x INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)");
  auto select = database.Prepare("SELECT x FROM t WHERE x >= ? ORDER BY x");
  select->Bind(int64_t{3});
  CHECK(*select->Step());
  CHECK_FALSE(*select->Step());
  select->Bind(int64_t{1});
  CHECK(*select->Step());
  select->Reset();
  select->Bind(int64_t{2});
  CHECK(*select->Step());
  CHECK(select->Int(0) == 2);
  select->Bind(int64_t{1});  // binding starts anew by itself
  CHECK(*select->Step());
  CHECK(select->Int(0) == 1);

  auto insert = database.Prepare("INSERT INTO t VALUES (?)");
  CHECK(insert->Bind(int64_t{1}).Run().code() == Code::kInvalid);
  CHECK(insert->Bind(int64_t{4}).Run().ok());
}

TEST_CASE("a forgotten or superfluous value is an error, not NULL or the value of the last run") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (x, y)");
  auto insert = database.Prepare("INSERT INTO t VALUES (?, ?)");
  CHECK(insert->Bind(int64_t{1}).Run().code() == Code::kInternal);
  CHECK(insert->Bind(int64_t{1}).Bind(int64_t{2}).Bind(int64_t{3}).Run().code() == Code::kInternal);
  CHECK(insert->Bind(int64_t{1}).Bind(int64_t{2}).Run().ok());
  CHECK(insert->Run().code() == Code::kInternal);
  CHECK(One(database, "SELECT count(*) FROM t") == "1");
}

TEST_CASE("errors carry SQLite's words and code, and no values") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (x TEXT UNIQUE)");
  auto insert = database.Prepare("INSERT INTO t VALUES (?)");
  REQUIRE(insert->Bind(std::string_view("9990000018")).Run().ok());
  const Status again = insert->Bind(std::string_view("9990000018")).Run();
  CHECK(again.message() == "sqlite: UNIQUE constraint failed: t.x (2067)");
  CHECK(again.code() == Code::kInvalid);
}

TEST_CASE("a transaction that is not committed leaves nothing") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (x)");
  {
    auto transaction = Transaction::Begin(database);
    REQUIRE(transaction.ok());
    REQUIRE(database.Run("INSERT INTO t VALUES (1)").ok());
    CHECK(One(database, "SELECT count(*) FROM t") == "1");
  }
  CHECK(One(database, "SELECT count(*) FROM t") == "0");
  {
    auto transaction = Transaction::Begin(database);
    REQUIRE(database.Run("INSERT INTO t VALUES (1)").ok());
    Transaction moved = *std::move(transaction);
    REQUIRE(moved.Commit().ok());
    CHECK(moved.Commit().code() == Code::kInternal);
  }
  CHECK(One(database, "SELECT count(*) FROM t") == "1");
}

TEST_CASE("after SQLite has rolled back by itself, the rest of the transaction does not commit alone") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (x INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)");
  {
    auto transaction = Transaction::Begin(database);
    REQUIRE(database.Run("INSERT INTO t VALUES (1)").ok());
    CHECK_FALSE(database.Run("INSERT INTO t VALUES (1)").ok());
    CHECK(database.Run("INSERT INTO t VALUES (2)").code() == Code::kInternal);
    CHECK(transaction->Commit().code() == Code::kInternal);
  }
  CHECK(One(database, "SELECT count(*) FROM t") == "0");
  CHECK(database.Run("INSERT INTO t VALUES (2)").ok());
}

TEST_CASE("a reader sees what was committed, and only that, and cannot write") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
  Database reader = OpenReader(scratch);
  CHECK(One(reader, "SELECT count(*) FROM t") == "1");
  auto transaction = Transaction::Begin(database);
  REQUIRE(database.Run("INSERT INTO t VALUES (2)").ok());
  CHECK(One(reader, "SELECT count(*) FROM t") == "1");
  REQUIRE(transaction->Commit().ok());
  CHECK(One(reader, "SELECT count(*) FROM t") == "2");
  CHECK(reader.Run("INSERT INTO t VALUES (3)").code() == Code::kDenied);
  CHECK(reader.Checkpoint().code() == Code::kDenied);
  CHECK(Transaction::Begin(reader).status().code() == Code::kDenied);
}

TEST_CASE("a reader of a missing file makes none") {
  ScratchDirectory scratch;
  CHECK(Database::Open(scratch / "db", {Database::Mode::kReader, 256}).status().code() == Code::kNotFound);
  CHECK_FALSE(std::filesystem::exists(scratch / "db"));
}

TEST_CASE("a file that is no database is corrupt, not empty") {
  ScratchDirectory scratch;
  FILE* file = fopen((scratch / "db").c_str(), "w");
  for (int i = 0; i < 5000; ++i) fputc('x', file);
  fclose(file);
  CHECK(Database::Open(scratch / "db").status().code() == Code::kCorrupt);
}

TEST_CASE("a checkpoint empties the write-ahead log") {
  ScratchDirectory scratch;
  Database database = OpenWith(scratch, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
  CHECK(std::filesystem::file_size(scratch / "db-wal") > 0);
  REQUIRE(database.Checkpoint().ok());
  CHECK(std::filesystem::file_size(scratch / "db-wal") == 0);
}

TEST_CASE("deleted content does not stay in the file") {
  ScratchDirectory scratch;
  {
    Database database = OpenWith(scratch, "CREATE TABLE t (x); INSERT INTO t VALUES ('seeded-marker-text')");
    REQUIRE(database.Checkpoint().ok());
    REQUIRE(database.Run("DELETE FROM t").ok());
    REQUIRE(database.Checkpoint().ok());
  }
  const auto bytes = ReadFile(scratch / "db", 1 << 20);
  REQUIRE(bytes.ok());
  CHECK(AsText(*bytes).find("seeded-marker") == std::string_view::npos);
}

TEST_CASE("a commit that fails poisons the connection until the file is opened again") {
  ScratchDirectory scratch;
  {
    Database database = OpenWith(scratch,
                                 "CREATE TABLE p (id INTEGER PRIMARY KEY);"
                                 "CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
    auto prepared = database.Prepare("SELECT count(*) FROM c");
    auto transaction = Transaction::Begin(database);
    REQUIRE(database.Run("INSERT INTO c VALUES (1)").ok());
    CHECK(transaction->Commit().code() == Code::kInternal);
    CHECK(database.Run("SELECT 1").code() == Code::kInternal);
    CHECK(database.Prepare("SELECT 1").status().code() == Code::kInternal);
    CHECK(database.Checkpoint().code() == Code::kInternal);
    CHECK(prepared->Step().status().code() == Code::kInternal);
    CHECK(Transaction::Begin(database).status().code() == Code::kInternal);
  }
  auto again = Database::Open(scratch / "db");
  REQUIRE(again.ok());
  CHECK(One(*again, "SELECT count(*) FROM c") == "0");
}

TEST_CASE("a commit that finds no room loses only itself") {
  ScratchDirectory scratch;
  { Database database = OpenWith(scratch, "CREATE TABLE t (x); INSERT INTO t VALUES ('kept')"); }
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    auto database = Database::Open(scratch / "db");
    if (!database.ok() || !database->Run("INSERT INTO t VALUES ('kept too')").ok()) _exit(1);
    const auto log_size = std::filesystem::file_size(scratch / "db-wal");
    auto transaction = Transaction::Begin(*database);
    if (!transaction.ok() || !database->Run("INSERT INTO t VALUES ('lost')").ok()) _exit(2);
    const rlimit limit{log_size, log_size};
    setrlimit(RLIMIT_FSIZE, &limit);
    if (transaction->Commit().code() != Code::kInternal) _exit(3);
    if (database->Run("SELECT 1").code() != Code::kInternal) _exit(4);
    _exit(0);
  }
  int outcome = -1;
  waitpid(child, &outcome, 0);
  CHECK(outcome == 0);
  auto again = Database::Open(scratch / "db");
  REQUIRE(again.ok());
  CHECK(One(*again, "SELECT group_concat(x) FROM t") == "kept,kept too");
}

}  // namespace
}  // namespace cpis::platform
