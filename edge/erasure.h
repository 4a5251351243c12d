// SPDX-License-Identifier: Apache-2.0
//
// A wipe of this vehicle from its order until the fleet server knows, over kills and starts: what is left to erase, and the proof of it
// to bring. The steps on disk are wipe.h's; whether anybody still uses the node that is erased is node.cc's.
#pragma once

#include <memory>
#include <mutex>

#include "edge/enrolled_node.h"
#include "edge/wipe.h"

namespace cpis::edge {

class Erasure {
 public:
  // `key_store` and `clock` must outlive it.
  Erasure(std::filesystem::path state, platform::KeyStore& key_store, const platform::Clock& clock)
      : state_(std::move(state)), key_store_(key_store), clock_(clock) {
    BeginAnew();
  }

  // Any thread.
  bool UnderWay() const;
  void Fill(NodeStatus& status) const;  // of a vehicle that is not enrolled

  // The rest is one thread's at a time.

  Status Load();  // what an earlier run of the daemon left
  // The node is to be erased: durable when it returns. With the disk full, its reserve gives way.
  Status Begin(EnrolledNode& node, const std::string& order);
  // `identity`: a copy that outlives the node, to sign with and to bring the proof.
  void Leave(sync::node::Identity identity) { leaving_ = std::make_unique<sync::node::Identity>(std::move(identity)); }
  // A link that carried nothing before will not carry the proof now: it waits for the next start or enrolment.
  void GiveUpProof() { proofs_left_ = 0; }
  // Erases what is left, if anything is; nobody may have the node's files open.
  void Finish();
  // While the erased node's keys are in memory: they stay no longer than there is hope.
  void BringProof();
  // Another node begins here.
  void BeginAnew();
  // It brings the proof of what the vehicle was; then nothing speaks of that any more.
  void Settle(EnrolledNode& node);

 private:
  std::optional<WipeRecord> Record() const;
  void Keep(std::optional<WipeRecord> record);
  void Told(WipeRecord record, const Status& proved);

  const std::filesystem::path state_;
  platform::KeyStore& key_store_;
  const platform::Clock& clock_;
  std::unique_ptr<sync::node::Identity> leaving_;  // of the node that is being erased
  int proofs_left_;                                // how often the proof is brought, before it must wait
  mutable std::mutex mutex_;
  std::optional<WipeRecord> record_;  // guarded by mutex_; of a wipe that is not settled
};

}  // namespace cpis::edge
