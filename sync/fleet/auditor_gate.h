// SPDX-License-Identifier: Apache-2.0
//
// Who may ask the audit: once the fleet has an enabled auditor (Duty::kAuditor), only auditors, with their PIN. Before that,
// whoever reaches the admin socket.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "sync/records.h"

namespace cpis::sync::fleet {

constexpr int kAuditorTries = 5;                                               // wrong PINs of one auditor, in a row
constexpr std::chrono::milliseconds kAuditorWait = std::chrono::minutes(10);   // after them, before the next is looked at

// Any thread.
class AuditorGate {
 public:
  using Roll = std::function<Result<std::vector<StaffMember>>()>;
  // `clock` must outlive it.
  AuditorGate(Roll roll, const platform::Clock& clock) : roll_(std::move(roll)), clock_(clock) {}

  // `id` may be empty. kDenied: an auditor is needed, or id and PIN are not those of one, without saying which, or too many
  // wrong PINs.
  Status Admit(const std::string& id, const std::string& pin);

 private:
  struct Tries {
    int wrong = 0;
    platform::Instant last{};
  };
  Status Check(const std::vector<StaffMember>& staff, const std::string& id, const std::string& pin);

  Roll roll_;
  const platform::Clock& clock_;
  std::mutex mutex_;                    // one PIN at a time
  std::map<std::string, Tries> tries_;  // guarded by mutex_; of ids that are auditors'
  Bytes decoy_;                         // guarded by mutex_; costs an unknown id as much time as a known one
};

}  // namespace cpis::sync::fleet
