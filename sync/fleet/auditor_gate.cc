// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/auditor_gate.h"

#include <algorithm>

#include "crypto/pin.h"

namespace cpis::sync::fleet {
namespace {

using platform::Denied;

bool IsAuditor(const StaffMember& member) { return member.duty == Duty::kAuditor && !member.disabled; }

}  // namespace

Status AuditorGate::Admit(const std::string& id, const std::string& pin) {
  CPIS_ASSIGN(const std::vector<StaffMember> staff, roll_());
  // Also one who was disabled: the gate must not open because its last keeper has left.
  const bool any = std::any_of(staff.begin(), staff.end(), [](const StaffMember& one) { return one.duty == Duty::kAuditor; });
  if (id.empty()) return any ? Denied("the audit is for auditors (try --auditor ID)") : Status::Ok();
  const std::lock_guard one(mutex_);
  return Check(staff, id, pin);
}

Status AuditorGate::Check(const std::vector<StaffMember>& staff, const std::string& id, const std::string& pin) {
  const Status refused = Denied("auditor id or PIN is wrong");
  if (decoy_.empty()) {
    CPIS_ASSIGN(decoy_, crypto::MakePinRecord("0000", crypto::Secret::Random(32)));
  }
  const auto member = std::find_if(staff.begin(), staff.end(), [&](const StaffMember& one) { return one.id == id && IsAuditor(one); });
  if (member == staff.end()) {
    (void)crypto::OpenPinRecord(decoy_, pin);
    return refused;
  }
  Tries& tries = tries_[id];
  const platform::Instant now = clock_.Now();
  const bool waits = tries.wrong >= kAuditorTries && now >= tries.last && now - tries.last < kAuditorWait;
  if (waits) return Denied("too many wrong PINs: wait " + std::to_string(kAuditorWait / std::chrono::minutes(1)) + " minutes and try again");
  const auto opened = crypto::OpenPinRecord(member->pin_record, pin);
  if (opened.ok()) {
    tries_.erase(id);
    return Status::Ok();
  }
  if (opened.status().code() != platform::Code::kDenied) return opened.status();
  tries = {tries.wrong + 1, now};
  return refused;
}

}  // namespace cpis::sync::fleet
