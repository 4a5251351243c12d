// SPDX-License-Identifier: Apache-2.0
#include "platform/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace cpis::platform {
namespace {

constexpr int kBusyMilliseconds = 5000;  // the owner's checkpoint may hold a reader off for a moment

Code CodeOf(int extended) {
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kUnavailable;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Code::kExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kCorrupt;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Code::kDenied;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return Code::kInvalid;
    case SQLITE_INTERRUPT:
      return Code::kCancelled;
    default:
      return Code::kInternal;
  }
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

}  // namespace

struct Database::Impl {
  std::unique_ptr<sqlite3, CloseDatabase> handle;  // the statements below go first
  Mode mode = Mode::kOwner;
  bool in_transaction = false;  // a Transaction is open, so SQLite must not be in autocommit mode
  bool poisoned = false;
  StatementHandle begin, commit, rollback;

  // SQLite's words name tables and columns, never bound values.
  Status Failure(int extended) {
    // A failed fsync may have dropped pages that the kernel now calls clean: nothing read afterwards can be relied on.
    if (extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC) Poison();
    return {CodeOf(extended),
            std::string("sqlite: ") + sqlite3_errmsg(handle.get()) + " (" + std::to_string(extended) + ")"};
  }

  void Poison() {
    poisoned = true;
    sqlite3_db_config(handle.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }

  Status CheckUsable() const {
    if (poisoned) return Internal("sqlite: a commit failed; the database must be opened again");
    // SQLite rolls back by itself on some errors. What follows must not commit alone.
    if (in_transaction && sqlite3_get_autocommit(handle.get()) != 0) {
      return Internal("sqlite: the transaction was rolled back by an earlier error");
    }
    return Status::Ok();
  }

  Result<StatementHandle> Compile(std::string_view sql, const char** tail = nullptr) {
    sqlite3_stmt* compiled = nullptr;
    const int rc = sqlite3_prepare_v3(handle.get(), sql.data(), static_cast<int>(sql.size()),
                                      tail == nullptr ? SQLITE_PREPARE_PERSISTENT : 0, &compiled, tail);
    if (rc != SQLITE_OK) return Failure(rc);
    return StatementHandle(compiled);
  }

  // Runs a statement that takes no parameters, and leaves it ready for its next use.
  Status Execute(sqlite3_stmt* statement) {
    int rc;
    do {
      rc = sqlite3_step(statement);
    } while (rc == SQLITE_ROW);
    if (rc == SQLITE_DONE) {
      sqlite3_reset(statement);
      return Status::Ok();
    }
    Status failure = Failure(rc);
    sqlite3_reset(statement);
    return failure;
  }

  Status RunScript(std::string_view sql) {
    while (!sql.empty()) {
      const char* tail = nullptr;
      CPIS_ASSIGN(StatementHandle statement, Compile(sql, &tail));
      sql.remove_prefix(static_cast<size_t>(tail - sql.data()));
      if (statement) CPIS_TRY(Execute(statement.get()));  // none for white space and comments
    }
    return Status::Ok();
  }

  // Fails unless the pragma, when asked, gives `expected`.
  Status ExpectPragma(const std::string& pragma, std::string_view expected) {
    CPIS_ASSIGN(StatementHandle statement, Compile("PRAGMA " + pragma));
    std::string value;
    if (sqlite3_step(statement.get()) == SQLITE_ROW) {
      value = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
    }
    if (value == expected) return Status::Ok();
    return Internal("sqlite: " + pragma + " is \"" + value + "\", not \"" + std::string(expected) + "\"");
  }

  Status Configure(const Options& options) {
    sqlite3* const db = handle.get();
    sqlite3_busy_timeout(db, kBusyMilliseconds);
    const bool reader = mode == Mode::kReader;
    if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, reader ? 1 : 0, nullptr) != SQLITE_OK) {
      return Internal("sqlite: this library lacks a safety setting");
    }
    CPIS_TRY(
        RunScript("PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;"
                  "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON;"
                  "PRAGMA cache_size=-" +
                  std::to_string(options.cache_kib)));
    if (reader) return RunScript("PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0");
    CPIS_TRY(RunScript("PRAGMA secure_delete=ON; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"));
    CPIS_TRY(ExpectPragma("secure_delete", "1"));
    CPIS_TRY(ExpectPragma("journal_mode", "wal"));
    CPIS_TRY(ExpectPragma("synchronous", "2"));
    CPIS_ASSIGN(begin, Compile("BEGIN IMMEDIATE"));
    CPIS_ASSIGN(commit, Compile("COMMIT"));
    CPIS_ASSIGN(rollback, Compile("ROLLBACK"));
    return Status::Ok();
  }
};

struct Statement::Impl {
  StatementHandle handle;
  Database::Impl* database;
  int parameters;
  int bound = 0;         // parameters bound for the next run
  bool running = false;  // between the first Step and the reset
  int bind_error = SQLITE_OK;

  int NextParameter() {
    if (running) Reset();
    return ++bound;
  }

  void Bound(int rc) {
    if (rc != SQLITE_OK && bind_error == SQLITE_OK) bind_error = rc;
  }

  void Reset() {
    sqlite3_reset(handle.get());
    bound = 0;
    running = false;
    bind_error = SQLITE_OK;
  }

  Status CheckReady() {
    Status usable = database->CheckUsable();
    if (usable.ok() && bind_error == SQLITE_TOOBIG) usable = Invalid("sqlite: a value is too long");
    if (usable.ok() && bind_error == SQLITE_NOMEM) usable = Exhausted("sqlite: no memory for a value");
    if (usable.ok() && bound != parameters) {
      usable =
          Internal("sqlite: " + std::to_string(bound) + " values bound, " + std::to_string(parameters) + " wanted");
    }
    if (!usable.ok()) Reset();
    return usable;
  }
};

Statement::Statement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

Statement& Statement::Bind(int64_t value) {
  const int parameter = impl_->NextParameter();
  impl_->Bound(sqlite3_bind_int64(impl_->handle.get(), parameter, value));
  return *this;
}

// Values are copied, into memory that the statement keeps from run to run: callers may bind temporaries.
Statement& Statement::Bind(std::string_view value) {
  const int parameter = impl_->NextParameter();
  const char* const text = value.data() == nullptr ? "" : value.data();
  impl_->Bound(sqlite3_bind_text64(impl_->handle.get(), parameter, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::Bind(ByteView value) {
  const int parameter = impl_->NextParameter();
  if (value.empty()) {
    // A null pointer would bind NULL.
    impl_->Bound(sqlite3_bind_zeroblob(impl_->handle.get(), parameter, 0));
  } else {
    impl_->Bound(sqlite3_bind_blob64(impl_->handle.get(), parameter, value.data(), value.size(), SQLITE_TRANSIENT));
  }
  return *this;
}

Statement& Statement::BindNull() {
  const int parameter = impl_->NextParameter();
  impl_->Bound(sqlite3_bind_null(impl_->handle.get(), parameter));
  return *this;
}

Result<bool> Statement::Step() {
  Impl& impl = *impl_;
  if (impl.running) {
    CPIS_TRY(impl.database->CheckUsable());
  } else {
    CPIS_TRY(impl.CheckReady());
  }
  impl.running = true;
  const int rc = sqlite3_step(impl.handle.get());
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) {
    impl.Reset();
    return false;
  }
  Status failure = impl.database->Failure(rc);
  impl.Reset();
  return failure;
}

Status Statement::Run() {
  while (true) {
    CPIS_ASSIGN(const bool row, Step());
    if (!row) return Status::Ok();
  }
}

void Statement::Reset() { impl_->Reset(); }

int64_t Statement::Int(int column) const { return sqlite3_column_int64(impl_->handle.get(), column); }

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(impl_->handle.get(), column));
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<size_t>(sqlite3_column_bytes(impl_->handle.get(), column)));
}

ByteView Statement::Blob(int column) const {
  const auto* bytes = static_cast<const uint8_t*>(sqlite3_column_blob(impl_->handle.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(impl_->handle.get(), column))};
}

bool Statement::IsNull(int column) const { return sqlite3_column_type(impl_->handle.get(), column) == SQLITE_NULL; }

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::Open(const std::filesystem::path& file, Options options) {
  auto impl = std::make_unique<Impl>();
  impl->mode = options.mode;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (options.mode == Mode::kOwner) {
    flags |= SQLITE_OPEN_READWRITE;
    // SQLite would create it for everyone to read; its -wal and -shm take the mode of the file. O_EXCL, because closing
    // any descriptor of a file that SQLite has open would drop SQLite's locks on it.
    const int created = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (created >= 0) close(created);
  } else {
    flags |= SQLITE_OPEN_READONLY;
    if (access(file.c_str(), F_OK) != 0) return NotFound("no database at " + file.string());
  }
  sqlite3* opened = nullptr;
  const int rc = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
  impl->handle.reset(opened);  // to be closed even after a failure
  if (rc != SQLITE_OK) return impl->Failure(rc).In("cannot open " + file.string());
  Status configured = impl->Configure(options);
  // What is asked there is always right, so an error of form is the file's: its header names a format that does not exist.
  if (!configured.ok() && (sqlite3_errcode(impl->handle.get()) & 0xff) == SQLITE_ERROR) {
    configured = Corrupt(configured.message());
  }
  if (!configured.ok()) return std::move(configured).In("cannot open " + file.string());
  return Database(std::move(impl));
}

Result<Statement> Database::Prepare(std::string_view sql) {
  CPIS_TRY(impl_->CheckUsable());
  CPIS_ASSIGN(StatementHandle handle, impl_->Compile(sql));
  if (!handle) return Internal("sqlite: no statement to prepare");
  const int parameters = sqlite3_bind_parameter_count(handle.get());
  return Statement(std::make_unique<Statement::Impl>(Statement::Impl{std::move(handle), impl_.get(), parameters}));
}

Status Database::Run(std::string_view sql) {
  CPIS_TRY(impl_->CheckUsable());
  return impl_->RunScript(sql);
}

int64_t Database::LastRowId() const { return sqlite3_last_insert_rowid(impl_->handle.get()); }
int64_t Database::Changes() const { return sqlite3_changes64(impl_->handle.get()); }

Status Database::Checkpoint() {
  CPIS_TRY(impl_->CheckUsable());
  if (impl_->mode != Mode::kOwner) return Denied("sqlite: only the owner checkpoints");
  const int rc = sqlite3_wal_checkpoint_v2(impl_->handle.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  return rc == SQLITE_OK ? Status::Ok() : impl_->Failure(rc);
}

Result<Transaction> Transaction::Begin(Database& database) {
  Database::Impl& impl = *database.impl_;
  CPIS_TRY(impl.CheckUsable());
  if (impl.mode != Database::Mode::kOwner) return Denied("sqlite: only the owner writes");
  CPIS_TRY(impl.Execute(impl.begin.get()));
  impl.in_transaction = true;
  return Transaction(&database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  Database::Impl& impl = *database_->impl_;
  impl.in_transaction = false;
  if (sqlite3_get_autocommit(impl.handle.get()) != 0) return;  // SQLite has rolled back already
  if (!impl.Execute(impl.rollback.get()).ok()) impl.Poison();
}

Status Transaction::Commit() {
  if (database_ == nullptr) return Internal("sqlite: the transaction has ended");
  Database::Impl& impl = *database_->impl_;
  CPIS_TRY(impl.CheckUsable());
  Status committed = impl.Execute(impl.commit.get());
  if (!committed.ok()) {
    impl.Poison();
    // The destructor rolls back what may be left. A full disk is told apart: whoever opens it again may make room first.
    return committed.code() == Code::kExhausted ? Exhausted(committed.message()) : Internal(committed.message());
  }
  impl.in_transaction = false;
  database_ = nullptr;
  return Status::Ok();
}

}  // namespace cpis::platform
