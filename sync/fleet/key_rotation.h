// SPDX-License-Identifier: Apache-2.0
//
// Replacing one of the fleet's keys. The server makes the new key, whoever holds root signs the key set that names it, and the
// server keeps both at once: root's secret never comes here. What is in memory stays as it was: the server then starts anew.
// Any thread.
#pragma once

#include <mutex>
#include <optional>

#include "sync/fleet/keys.h"

namespace cpis::sync::fleet {

class KeyRotation {
 public:
  // `keys` and `store` must outlive it.
  KeyRotation(std::filesystem::path state, const FleetKeys& keys, platform::KeyStore& store)
      : state_(std::move(state)), keys_(keys), store_(store) {}

  // The key set with one key new, to be signed. A new root's public key comes from whoever made it; of the others the secret is
  // remembered here until Adopt. The last proposal is the one that counts. kInvalid: a root key that is none, or the present one.
  Result<KeySet> Propose(RotatableKey which, ByteView new_root);
  // Keeps what was proposed, durably, all or nothing. kDenied: root did not sign it, or it is not what was proposed;
  // kUnavailable: one was adopted, and the server is about to start anew.
  Status Adopt(ByteView signed_key_set, Instant now);

 private:
  struct Proposal {
    RotatableKey which;
    KeySet next;
    crypto::SigningKey signing;
    crypto::BoxKey box;
  };
  Status Save(ByteView signed_key_set, Instant now);  // mutex_ held

  const std::filesystem::path state_;
  const FleetKeys& keys_;
  platform::KeyStore& store_;
  std::mutex mutex_;
  std::optional<Proposal> proposal_;  // guarded by mutex_
  bool adopted_ = false;              // guarded by mutex_
};

}  // namespace cpis::sync::fleet
