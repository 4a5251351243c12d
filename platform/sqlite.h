// SPDX-License-Identifier: Apache-2.0
//
// SQLite as we use it. sqlite3.h is included in sqlite.cc and nowhere else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::platform {

class Database;

// A prepared statement, reset and ready again when a Rows object over it ends. Not thread-safe.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  // Parameters are bound in order of appearance. An empty ByteView binds as an empty blob, not NULL.
  Statement& Bind(int64_t value);
  Statement& Bind(std::string_view value);
  Statement& Bind(ByteView value);
  Statement& BindNull();

  // Next row: true; no more rows: false (and the statement is reset for its next use).
  Result<bool> Step();
  // Runs to the end, for statements that give no rows.
  Status Run();
  // Resets early, when the rest of the rows is not wanted.
  void Reset();

  // Columns of the current row; views live until the next Step or Reset.
  int64_t Int(int column) const;
  std::string Text(int column) const;
  ByteView Blob(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Database;
  struct Impl;
  explicit Statement(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One connection. Exactly one read-write connection may exist for a file in all processes together: it owns every write and
// every checkpoint (SQLite before 3.51.3 can corrupt otherwise). Use from one thread at a time.
class Database {
 public:
  enum class Mode { kOwner, kReader };

  // kOwner creates the file (mode 0600) if missing and sets WAL, synchronous=FULL (read back), secure_delete=ON,
  // temp_store=MEMORY, mmap_size=0, cell_size_check=ON, trusted_schema=OFF, foreign_keys=ON and defensive mode.
  // kReader never writes nor checkpoints. cache_kib bounds the page cache.
  struct Options {
    Mode mode = Mode::kOwner;
    int cache_kib = 1024;
  };
  static Result<Database> Open(const std::filesystem::path& file, Options options);
  static Result<Database> Open(const std::filesystem::path& file) { return Open(file, Options()); }

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  Result<Statement> Prepare(std::string_view sql);
  Status Run(std::string_view sql);                 // one or more statements without parameters or rows

  int64_t LastRowId() const;
  int64_t Changes() const;                          // rows changed by the last statement
  Status Checkpoint();                              // TRUNCATE; owner only

 private:
  friend class Statement;
  friend class Transaction;
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// BEGIN IMMEDIATE … COMMIT. Rolls back unless Commit was called and succeeded. A commit that fails leaves the database
// unusable until it is opened again (after an fsync error the state of the disk is unknowable): every later call on it fails
// with kInternal. The commit itself fails with kExhausted when the disk is full, else with kInternal.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database);
  Transaction(Transaction&&) noexcept;
  ~Transaction();
  Status Commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;
};

}  // namespace cpis::platform
