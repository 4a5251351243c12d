// SPDX-License-Identifier: Apache-2.0
//
// What is known for one NHS number under one local authority, and how it is judged and encoded.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "platform/bytes.h"
#include "platform/clock.h"
#include "platform/status.h"

namespace cpis::sync {

using platform::Bytes;
using platform::ByteView;
using platform::Instant;
using platform::Result;
using platform::Status;

enum class PlanType : uint8_t { kLac = 0, kCpp = 1, kUcpp = 2 };
std::string_view Name(PlanType type);     // "LAC"
std::string_view Snomed(PlanType type);   // "764841000000100"
std::string_view Meaning(PlanType type);  // "Looked after child"

struct Plan {
  PlanType type;
  Instant start;               // whole minutes
  std::optional<Instant> end;  // whole minutes; for UCPP the due date, always there
  bool operator==(const Plan&) const = default;
};

// Current: not ended yet. Ended: over, but within the history window (365 days; UCPP 28 days after the due date).
// Gone: the window is over too; it must not be shown.
enum class PlanState { kCurrent, kEnded, kGone };
PlanState StateAt(const Plan& plan, Instant now);
// When the plan becomes kGone; nothing for a plan without an end.
std::optional<Instant> GoneAt(const Plan& plan);

enum class PersonId : uint32_t {};  // a viewer, named in the directory topic

struct Access {
  Instant at;      // whole seconds
  PersonId viewer;
  bool operator==(const Access&) const = default;
};
constexpr size_t kMaxAccesses = 25;  // the newest are kept

struct Flag {
  std::vector<Plan> plans;       // at most one of each type, in the order of PlanType
  std::vector<Access> accesses;  // newest first
  bool operator==(const Flag&) const = default;
};

// Inserts in order, drops what is past kMaxAccesses.
void AddAccess(Flag& flag, Access access);

Bytes EncodeFlag(const Flag& flag);       // byte table in flag.cc
Result<Flag> DecodeFlag(ByteView bytes);  // kCorrupt; trailing zeros are padding

// Why nothing can be said of a number, whatever else is known: sealed like a flag, in the partition of notices.
enum class Notice : uint8_t {
  kWithheld = 1,  // its record is sensitive and never leaves the server
  kReplaced = 2,  // the number is no longer in use: the person has another
};
Bytes EncodeNotice(Notice notice);
Result<Notice> DecodeNotice(ByteView bytes);  // kCorrupt; trailing zeros are padding

}  // namespace cpis::sync
