// SPDX-License-Identifier: Apache-2.0
//
// Epochs of the fleet. A new one begins by order, when a node is revoked, when a key that signs for nodes was replaced, and
// when this server finds that it came back from a backup. Rows stay as they were sealed: only what changes from then on is
// sealed with the new epoch's keys, which a node that is no longer enrolled cannot derive (crypto/key_ring.h).
#pragma once

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

// Begins the epoch after the present one, or after `past` if that is later, and gives every enrolled node its new key ring.
// Inside a change. kExhausted: there is no later epoch.
Status RotateEpoch(Store& store, crypto::Epoch past = crypto::Epoch{0});

// The same where not to go on would be worse than the old epoch: that there is no later one is logged. Inside a change.
Status RotateIfPossible(Store& store);

// Whether a key that signs for nodes is another one than when the store was last open. What the former one signed is worth
// nothing any more: it is not sent again, and a new epoch leads nodes away from whatever else was signed with it. Inside a change.
Status TakeUpSigners(Store& store);

// Whether a manifest that this server has signed speaks of what it does not know: then it came back from a backup.
bool IsAhead(const Manifest& manifest, crypto::Epoch epoch, const std::function<TopicHead(const Topic&)>& ours);

// Begins an epoch in which nodes leave what they heard from the server's own lost future; nothing if it is not ahead any more.
Status ReturnFromBackup(Store& store, const Manifest& future);
// When that happened last, or was ordered. Store thread.
Result<std::optional<Instant>> ReturnedFromBackupAt(Store& store);
Status KeepReturn(Store& store);  // it happened now; inside a change

}  // namespace cpis::sync::fleet
