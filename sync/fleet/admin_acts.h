// SPDX-License-Identifier: Apache-2.0
//
// What people did at the fleet server's socket: a chain in fleet.db, so that an act that is changed, taken out or cut off at the end
// is noticed. An act is two entries, what was begun and how it ended; nothing is done, and nothing personal shown, that is not
// begun here first.
//
//   link 0   = 32 zero bytes
//   link n   = BLAKE2b-32("cpis.v1.act" │ link n-1 │ n 8, big endian │ entry)      entry: UTF-8 JSON as it stands in the table
//   head     = BLAKE2b-32(key = index key, "cpis.v1.act-head" │ n 8, big endian │ link n)
//
// Where the chain does not end as signed, the next act is preceded by an entry that says so ("broken"): nothing heals it.
//
// An NHS number is not in the entry: there is its mark, BLAKE2b-16(key = index key, "cpis.v1.act-number" │ digits), and the number
// beside it, which goes when the number is erased; the chain still holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

class AdminActs {
 public:
  static Status CreateTables(platform::Database& database);

  struct Begun {
    std::string who;        // as cpisctl says
    std::string method;     // "fleet.node.add"
    std::string arguments;  // JSON, without secrets; numbers only as `number`
    std::string number;     // digits, or empty
  };
  // The act's own number. kInternal when it cannot be written: then it must not be done.
  static Result<int64_t> Begin(Store& store, const Begun& act);
  // `code`: "ok", or why not.
  static Status End(Store& store, int64_t act, std::string_view code);

  struct Act {
    int64_t id;
    Instant at;
    std::string who;
    std::string method;
    std::string arguments;
    std::string number;   // empty when there was none, or it is erased
    std::string outcome;  // "begun" when its end is not known
  };
  static Result<std::vector<Act>> Since(Store& store, std::optional<Instant> since);

  // How many entries there are. kCorrupt says what is wrong, and from which entry on.
  static Result<int64_t> Verify(Store& store);
};

}  // namespace cpis::sync::fleet
