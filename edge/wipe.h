// SPDX-License-Identifier: Apache-2.0
//
// Erasing this vehicle: keys first, then rows, then its signed word for it. What was queued stays, sealed to the fleet server
// (former_journals.h). DIR/wipe stands from before the first byte is erased, so a wipe that began is finished by the next
// start, whatever stopped it, and the node does not serve meanwhile.
//
// DIR/wipe: 0 format 1 │ 1 state 1 │ node id, varint-sized │ order, varint-sized │ began at 8 (Unix ms) │ erased at 8 │ proof,
//           varint-sized: a signed erasure (sync/order.h), or nothing
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "platform/key_store.h"
#include "sync/node/identity.h"
#include "sync/order.h"

namespace cpis::edge {

using platform::Bytes;
using platform::ByteView;
using platform::Instant;
using platform::Result;
using platform::Status;

struct WipeRecord {
  enum class State : uint8_t { kUnderWay = 1, kErased = 2, kTold = 3 };  // told: the fleet server has the proof
  State state = State::kUnderWay;
  std::string node;
  std::string order;  // its id, or "local"
  Instant began_at;   // by the wall clock
  Instant erased_at;
  // Empty when a kill came after the key to sign with was gone and before it had signed. One that came later leaves a proof
  // that the keys are erased.
  Bytes proof;
};
Bytes Encode(const WipeRecord& record);
Result<WipeRecord> DecodeWipeRecord(ByteView bytes);  // kCorrupt

// Nothing when this vehicle was not wiped. A record that cannot be read is a wipe under way.
Result<std::optional<WipeRecord>> LoadWipe(const std::filesystem::path& state);
Status SaveWipe(const std::filesystem::path& state, const WipeRecord& record);  // durable when it returns
Status ForgetWipe(const std::filesystem::path& state);

struct WipeParts {
  const std::filesystem::path& state;
  platform::KeyStore& key_store;
  const platform::Clock& clock;
  const sync::node::Identity* identity = nullptr;  // to sign with, while it is in memory; null when it is gone
  std::function<void()> before_step{};             // if set, called before each step
};
// Does what is left to do; nobody else may have the files open. After a failure everything else is erased all the same, and the
// record stays under way: call again.
Result<WipeRecord> FinishWipe(const WipeParts& parts, WipeRecord record);

}  // namespace cpis::edge
