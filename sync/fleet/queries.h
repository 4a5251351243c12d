// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>

#include "platform/clock.h"
#include "platform/sqlite.h"

namespace cpis::sync::fleet {

// Times as columns hold them: Unix milliseconds.
inline int64_t Milliseconds(platform::Instant at) { return at.time_since_epoch().count(); }
inline platform::Instant FromMilliseconds(int64_t stored) { return platform::Instant(std::chrono::milliseconds(stored)); }

// Statements prepared once, by the address of their text: give string literals only. Store thread only.
class Queries {
 public:
  explicit Queries(platform::Database& database) : database_(database) {}

  platform::Result<platform::Statement*> operator()(const char* sql) {
    auto found = prepared_.find(sql);
    if (found == prepared_.end()) {
      CPIS_ASSIGN(platform::Statement statement, database_.Prepare(sql));
      found = prepared_.emplace(sql, std::move(statement)).first;
    }
    return &found->second;
  }

  platform::Database& database() { return database_; }

 private:
  platform::Database& database_;
  std::unordered_map<const char*, platform::Statement> prepared_;
};

}  // namespace cpis::sync::fleet
