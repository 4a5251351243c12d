// SPDX-License-Identifier: Apache-2.0
//
// What the audit holds beside looks: starts, sign-ins, sign-outs, and a checkpoint a day. None of them is about a child.
#include <algorithm>

#include "edge/enrolled_node.h"
#include "edge/tuning.h"
#include "platform/log.h"
#include "sync/nhs_number.h"

namespace cpis::edge {
namespace {

// What somebody typed instead of a staff id may be anything, a PIN or an NHS number among them.
std::string StaffIdOrNone(const std::string& typed) {
  const bool like = !typed.empty() && typed.size() <= 32 &&
                    std::all_of(typed.begin(), typed.end(), [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
  return like && !sync::NhsNumber::Parse(typed).ok() ? typed : "";
}

}  // namespace

void EnrolledNode::Note(const std::string& action, const std::string& staff) {
  sync::Event event;
  event.action = action;
  event.staff = staff;
  event.occurred_at = event.recorded_at = time_->Now().at;
  // Decided here: nothing was answered, so nothing is taken back. Whoever looks next is told that nothing can be recorded.
  if (const auto kept = journal_->Append({std::move(event), {}}); !kept.ok()) platform::LogError("audit", kept.status().message());
}

Result<SessionInfo> EnrolledNode::SignIn(const std::string& staff, const std::string& pin, const std::string& place) {
  Result<SessionInfo> session = keeper_->SignIn(staff, pin, place);
  if (session.ok()) {
    Note("sign-in", staff);
  } else if (session.status().code() == platform::Code::kDenied && CountRefusal()) {
    Note("sign-in-refused", StaffIdOrNone(staff));
  }
  return session;
}

bool EnrolledNode::SignOut(const std::string& token) {
  const std::optional<SignedIn> who = keeper_->Use(token);
  if (!keeper_->SignOut(token)) return false;
  if (who) Note("sign-out", who->staff);
  return true;
}

// A wrong PIN is counted by the keeper, durably; this only bounds what is written about it.
bool EnrolledNode::CountRefusal() {
  const std::lock_guard lock(mutex_);
  const std::chrono::milliseconds now = clock_.SinceBoot();
  if (now - refusals_since_ >= kCheckpointEvery) {
    refusals_since_ = now;
    refusals_ = 0;
  }
  return ++refusals_ <= kMostRefusalsADay;
}

void EnrolledNode::CheckpointIfDue() {
  {
    const std::lock_guard lock(mutex_);
    if (clock_.SinceBoot() - checkpoint_at_ < kCheckpointEvery) return;
    checkpoint_at_ = clock_.SinceBoot();
  }
  Note("checkpoint", "");
}

}  // namespace cpis::edge
