// SPDX-License-Identifier: Apache-2.0
//
// Which numbers are flagged anywhere in England, as far as this server knows, and the index that says so to every node
// (england.h). Kept apart from the rows because a number counts once, whatever authorities flag it. Store thread only; changes
// run inside the transaction of their caller.
#pragma once

#include <optional>
#include <set>

#include "crypto/row.h"
#include "sync/england.h"
#include "sync/fleet/publisher.h"
#include "sync/fleet/queries.h"
#include "sync/nhs_number.h"

namespace cpis::sync::fleet {

class EnglandRegister {
 public:
  explicit EnglandRegister(platform::Database& database) : query_(database) {}
  static Status CreateTables(platform::Database& database);
  // Reads the index as it was published last.
  Status Load();

  // From now on the number is flagged, or is not. Saying it again changes nothing.
  Status Add(const NhsNumber& number, crypto::EnglandHash hash);
  Status Remove(const NhsNumber& number);
  // Numbers that are flagged and not known here, or the other way round; none unless this directory is older than the index.
  Result<std::vector<NhsNumber>> Differing();

  // Publishes what was said since the last time: a patch, or the whole when the set has outgrown its prefixes. True when that
  // was anything.
  Result<bool> Publish(Publisher& publisher, int one_in);
  // After the transaction committed, or instead of it.
  void Keep();
  void Drop();

  // As published last.
  const England& index() const { return index_; }

 private:
  Result<size_t> Count();
  Result<bool> Holds(uint32_t prefix, int bits);  // whether some flagged number has it
  Result<England> Rebuilt(int bits);

  Queries query_;
  England index_;
  int fitted_for_ = 0;                 // the policy that the prefixes were last held against, by the last step before a commit
  std::optional<England> next_;        // in this transaction
  std::set<crypto::EnglandHash> said_;  // in this transaction; whose prefixes may have come or gone
};

}  // namespace cpis::sync::fleet
