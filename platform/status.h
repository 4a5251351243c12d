// SPDX-License-Identifier: Apache-2.0
//
// How failure travels: every fallible call returns a Status or a Result<T>. A code says what the caller can do about it;
// the message quotes the input and says what would be right. No exceptions of ours.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace cpis::platform {

enum class Code {
  kOk,
  kInvalid,      // the input is wrong: mend it, do not retry
  kNotFound,     // no such thing
  kDenied,       // not signed in, or a signature by the wrong role
  kForbidden,    // known, and may not: signing in again will not help
  kCorrupt,      // stored or received bytes are not what was written or signed
  kUnavailable,  // no link, or the peer is busy: try later
  kExhausted,    // a limit, a quota or the disk
  kCancelled,    // we were asked to stop
  kInternal,     // the platform let us down (I/O error)
};

std::string_view Name(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure, seen from one folder further out: "forward: link closed".
  Status In(std::string_view where) && {
    if (!ok()) message_ = std::string(where) + ": " + message_;
    return std::move(*this);
  }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

inline Status Invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }
inline Status NotFound(std::string message) { return {Code::kNotFound, std::move(message)}; }
inline Status Denied(std::string message) { return {Code::kDenied, std::move(message)}; }
inline Status Forbidden(std::string message) { return {Code::kForbidden, std::move(message)}; }
inline Status Corrupt(std::string message) { return {Code::kCorrupt, std::move(message)}; }
inline Status Unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }
inline Status Exhausted(std::string message) { return {Code::kExhausted, std::move(message)}; }
inline Status Cancelled(std::string message) { return {Code::kCancelled, std::move(message)}; }
inline Status Internal(std::string message) { return {Code::kInternal, std::move(message)}; }

// A value, or why there is none. Reading the value of a failure aborts: it is a bug.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}             // NOLINT: implicit by design
  Result(Status failure) : held_(std::in_place_index<1>, std::move(failure)) {     // NOLINT: implicit by design
    if (std::get<1>(held_).ok()) std::abort();
  }

  bool ok() const { return held_.index() == 0; }
  Status status() const& { return ok() ? Status::Ok() : std::get<1>(held_); }
  Status status() && { return ok() ? Status::Ok() : std::move(std::get<1>(held_)); }

  T& operator*() & { return Value(); }
  const T& operator*() const& { return const_cast<Result*>(this)->Value(); }
  T&& operator*() && { return std::move(Value()); }
  T* operator->() { return &Value(); }
  const T* operator->() const { return &const_cast<Result*>(this)->Value(); }

 private:
  T& Value() {
    if (!ok()) std::abort();
    return std::get<0>(held_);
  }

  std::variant<T, Status> held_;
};

}  // namespace cpis::platform

// Returns the failure of `expression` from the enclosing function, if it is one.
#define CPIS_TRY(expression) CPIS_TRY_(CPIS_JOIN_(cpis_status_, __COUNTER__), expression)
#define CPIS_TRY_(status, expression)                              \
  do {                                                             \
    if (auto status = (expression); !status.ok()) return status;   \
  } while (false)

// Declares `declaration` from a Result, or returns its failure from the enclosing function.
#define CPIS_ASSIGN(declaration, expression) \
  CPIS_ASSIGN_(CPIS_JOIN_(cpis_result_, __COUNTER__), declaration, expression)
#define CPIS_ASSIGN_(result, declaration, expression) \
  auto result = (expression);                         \
  if (!result.ok()) return std::move(result).status(); \
  declaration = *std::move(result)
#define CPIS_JOIN_(a, b) CPIS_JOIN2_(a, b)
#define CPIS_JOIN2_(a, b) a##b
