// SPDX-License-Identifier: Apache-2.0
//
// Gathers what this node knows of a number: rows and notices of the replica opened with the key ring, names from the
// directory, what the England index says, and how far all of it can be believed. Judge (lookup.h) makes the answer of it.
#pragma once

#include <string>
#include <vector>

#include "edge/lookup.h"
#include "edge/orders.h"
#include "edge/trusted_time.h"

namespace cpis::edge {

// Thread-safe.
class Inquiry {
 public:
  // Both must outlive it.
  Inquiry(Replica& replica, TrustedTime& time) : replica_(replica), time_(time) {}

  // `ring` is null while locked. kExhausted: no memory for the number key just now.
  Result<Grounds> About(const std::string& digits, const Orders::Now& orders, const crypto::KeyRing* ring);
  // "authority/E10000017", "person/7".
  Result<sync::DirectoryEntry> Directory(const crypto::KeyRing& ring, const std::string& name);

 private:
  void CountCoverage(const std::vector<std::string>& region, Grounds& grounds);
  Status ReadRows(const crypto::KeyRing& ring, const std::vector<std::string>& region, const std::string& digits,
                  Grounds& grounds);
  void TakeRow(const crypto::KeyRing& ring, const StoredRow& row, const sync::Flag& flag, Grounds& grounds);
  void ReadViewers(const crypto::KeyRing& ring, Grounds& grounds);

  Replica& replica_;
  TrustedTime& time_;
};

}  // namespace cpis::edge
