// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/key_rotation.h"

#include <algorithm>

namespace cpis::sync::fleet {
namespace {

Status AboutToStart() { return platform::Unavailable("a new key set was adopted, and the server starts anew (try again in a moment)"); }

}  // namespace

Result<KeySet> KeyRotation::Propose(RotatableKey which, ByteView new_root) {
  std::lock_guard lock(mutex_);
  if (adopted_) return AboutToStart();
  CPIS_ASSIGN(KeySet next, DecodeKeySet(keys_.signed_key_set, keys_.root_public_key));
  ++next.version;
  Proposal proposal{which, {}, crypto::NewSigningKey(), crypto::NewBoxKey()};
  switch (which) {
    case RotatableKey::kContent: next.content = proposal.signing.public_key; break;
    case RotatableKey::kFreshness: next.freshness = proposal.signing.public_key; break;
    case RotatableKey::kPolicy: next.policy = proposal.signing.public_key; break;
    case RotatableKey::kBox: next.fleet_box = proposal.box.public_key; break;
    case RotatableKey::kRoot:
      if (new_root.size() != 32 || std::ranges::equal(new_root, next.root)) {
        return platform::Invalid("the new root key is no Ed25519 public key, or the present one (make a new one)");
      }
      next.root = platform::ToBytes(new_root);
      break;
  }
  proposal.next = next;
  proposal_ = std::move(proposal);
  return next;
}

Status KeyRotation::Adopt(ByteView signed_key_set, Instant now) {
  std::lock_guard lock(mutex_);
  if (adopted_) return AboutToStart();
  if (!proposal_) return platform::Denied("no key was proposed since this server started (run: cpisctl fleet keys rotate)");
  CPIS_ASSIGN(const KeySet held, DecodeKeySet(keys_.signed_key_set, keys_.root_public_key));
  const auto next = DecodeNextKeySet(signed_key_set, held);
  if (!next.ok()) return platform::Denied("the key set is not signed by this fleet's root key (is --root the right file?)");
  if (*next != proposal_->next) return platform::Denied("the key set is not the one that was proposed");
  Status saved = Save(signed_key_set, now);
  proposal_.reset();
  adopted_ = true;  // also when it failed: what the disk holds then is only known after a new start
  return saved;
}

// From what is on disk: what others have in memory is not touched.
Status KeyRotation::Save(ByteView signed_key_set, Instant now) {
  CPIS_ASSIGN(FleetKeys keys, LoadFleetKeys(state_, store_));
  CPIS_ASSIGN(const KeySet held, DecodeKeySet(keys.signed_key_set, keys.root_public_key));
  if (proposal_->next.version != held.version + 1) return AboutToStart();
  switch (proposal_->which) {
    case RotatableKey::kContent: keys.content = std::move(proposal_->signing); break;
    case RotatableKey::kFreshness: keys.freshness = std::move(proposal_->signing); break;
    case RotatableKey::kPolicy: keys.policy = std::move(proposal_->signing); break;
    case RotatableKey::kBox:
      keys.former_boxes.push_back(std::move(keys.box));
      keys.box = std::move(proposal_->box);
      break;
    case RotatableKey::kRoot: break;
  }
  keys.made[static_cast<size_t>(proposal_->which)] = now;
  keys.former_key_sets.push_back(std::move(keys.signed_key_set));
  keys.signed_key_set = platform::ToBytes(signed_key_set);
  keys.root_public_key = held.root;
  return SaveFleetKeys(state_, store_, keys);
}

}  // namespace cpis::sync::fleet
