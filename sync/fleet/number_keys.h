// SPDX-License-Identifier: Apache-2.0
//
// Number keys of numbers that are new to the register. They take milliseconds each: never derived on the store thread.
#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

using DerivedKeys = std::vector<std::pair<NhsNumber, crypto::Secret>>;
using KeyProgress = std::function<void(uint64_t done, uint64_t total)>;  // called from the caller's thread only

// Derives, on all cores, the keys that the register does not have. kUnavailable once `stopping` is true.
Result<DerivedKeys> DeriveMissing(Store& store, const std::set<NhsNumber>& numbers, const KeyProgress& progress,
                                  const std::atomic<bool>& stopping);

// Store thread, in a change.
Status KeepKeys(Store& store, const DerivedKeys& keys);

}  // namespace cpis::sync::fleet
