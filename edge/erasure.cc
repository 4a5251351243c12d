// SPDX-License-Identifier: Apache-2.0
#include "edge/erasure.h"

#include "edge/former_journals.h"
#include "edge/tuning.h"
#include "platform/log.h"

namespace cpis::edge {

using State = WipeRecord::State;

std::optional<WipeRecord> Erasure::Record() const {
  const std::lock_guard lock(mutex_);
  return record_;
}

void Erasure::Keep(std::optional<WipeRecord> record) {
  const std::lock_guard lock(mutex_);
  record_ = std::move(record);
}

bool Erasure::UnderWay() const {
  const auto record = Record();
  return record && record->state == State::kUnderWay;
}

void Erasure::Fill(NodeStatus& status) const {
  const auto record = Record();
  if (!record) return;
  const bool under_way = record->state == State::kUnderWay;
  status.wiped = {under_way, record->order, under_way ? record->began_at : record->erased_at, !record->proof.empty(),
                  record->state == State::kTold};
  if (const auto left = FormerJournals(state_).Count(); left.ok()) AddTo(status, *left);
}

Status Erasure::Load() {
  CPIS_ASSIGN(auto record, LoadWipe(state_));
  Keep(std::move(record));
  return Status::Ok();
}

Status Erasure::Begin(EnrolledNode& node, const std::string& order) {
  // A key store that fails now must not keep the rest.
  auto identity = sync::node::LoadIdentity(state_, key_store_);
  WipeRecord record;
  record.node = node.node_id();
  record.order = order;
  record.began_at = record.erased_at = clock_.Now();
  Status saved = SaveWipe(state_, record);
  while (saved.code() == platform::Code::kExhausted && node.journal().reserve().Release()) saved = SaveWipe(state_, record);
  CPIS_TRY(saved);
  platform::LogWarning("wipe", "begins, by order " + order);
  BeginAnew();
  if (identity.ok()) Leave(*std::move(identity));
  Keep(std::move(record));
  return Status::Ok();
}

void Erasure::Finish() {
  if (!UnderWay()) return;
  const auto finished = FinishWipe({state_, key_store_, clock_, leaving_.get()}, *Record());
  if (!finished.ok()) platform::LogError("wipe", "not everything is erased yet: " + finished.status().message());
  if (finished.ok()) Keep(*finished);
}

void Erasure::BringProof() {
  const auto record = Record();
  if (!leaving_ || !record || record->state == State::kUnderWay) return;
  if (proofs_left_-- > 0) Told(*record, sync::node::Prove(*leaving_, record->proof, kProvePatience));
  if (proofs_left_ > 0 && Record()->state != State::kTold) return;
  leaving_.reset();
}

void Erasure::BeginAnew() {
  leaving_.reset();
  proofs_left_ = kProveTries;
}

void Erasure::Settle(EnrolledNode& node) {
  const auto record = Record();
  if (!record || record->state == State::kUnderWay) return;
  const bool tell = record->state != State::kTold && !record->proof.empty();
  if (tell && proofs_left_-- > 0) {
    const Status proved = node.Prove(record->proof);
    if (proved.code() == platform::Code::kUnavailable) ++proofs_left_;
    return Told(*record, proved);
  }
  if (ForgetWipe(state_).ok()) Keep(std::nullopt);
}

void Erasure::Told(WipeRecord record, const Status& proved) {
  if (!proved.ok()) {
    platform::LogInfo("wipe", "the proof is not with the fleet server yet: " + proved.message());
    return;
  }
  record.state = State::kTold;
  if (Status saved = SaveWipe(state_, record); !saved.ok()) platform::LogError("wipe", saved.message());
  Keep(std::move(record));
}

}  // namespace cpis::edge
