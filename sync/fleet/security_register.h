// SPDX-License-Identifier: Apache-2.0
//
// What the fleet server noticed that somebody should look at: signs that a vehicle's history was changed or copied, and what
// vehicles report themselves. Table `security_events`. Store thread, inside a change of the caller's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "sync/fleet/queries.h"

namespace cpis::sync::fleet {

using platform::Instant;
using platform::Result;
using platform::Status;

enum class SecurityKind { kAuditEdited, kAuditGap, kAuditTruncated, kOldImageOrClone, kRateHold, kPersonLocked, kNodeLocked, kWiped };
std::string_view Name(SecurityKind kind);  // "AUDIT_EDITED"
// What an audit entry with this action reports; nothing for one that is no security event.
std::optional<SecurityKind> ReportedBy(std::string_view action);

struct SecurityEvent {
  int64_t id = 0;          // given by Raise
  Instant at{};            // first
  Instant last{};          // latest of `times`
  std::string node_id;
  std::string node;        // its name then
  std::string kind;        // Name(SecurityKind)
  std::string detail;      // for people; no NHS number
  uint64_t times = 1;
  std::optional<Instant> acknowledged_at{};
};

class SecurityRegister {
 public:
  explicit SecurityRegister(platform::Database& database) : query_(database) {}
  static Status CreateTables(platform::Database& database);

  // The same kind of the same node, while nobody has acknowledged it, is counted in its row: a node cannot flood the list.
  Status Raise(SecurityKind kind, const SecurityEvent& event);
  Result<std::vector<SecurityEvent>> Latest(size_t most);  // newest first
  Result<bool> HasAny(std::string_view node_id, SecurityKind kind);
  Status Acknowledge(int64_t id, Instant at);  // kNotFound; one that is acknowledged already stays as it is
  struct Counts {
    uint64_t open = 0;   // rows that nobody has acknowledged
    uint64_t total = 0;  // events ever
  };
  Result<Counts> Count();

 private:
  Queries query_;
};

}  // namespace cpis::sync::fleet
