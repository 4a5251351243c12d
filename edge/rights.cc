// SPDX-License-Identifier: Apache-2.0
#include "edge/rights.h"

#include <algorithm>
#include <array>

namespace cpis::edge {
namespace {

using platform::Forbidden;
using sync::Duty;
using sync::Right;

struct Allowed {
  Act act;
  Duty duty;
  Right right;
  bool operator==(const Allowed&) const = default;
};

// B0170 looks without notifying: no notifying look, and no attendance, which notifies.
constexpr std::array kAllowed{
    Allowed{Act::kLook, Duty::kClinician, Right::kNotify},
    Allowed{Act::kLookSilently, Duty::kClinician, Right::kNotify},
    Allowed{Act::kLookSilently, Duty::kClinician, Right::kSilent},
    Allowed{Act::kResolve, Duty::kClinician, Right::kNotify},
    Allowed{Act::kResolve, Duty::kClinician, Right::kSilent},
    Allowed{Act::kAttend, Duty::kClinician, Right::kNotify},
    Allowed{Act::kAttend, Duty::kEventOnly, Right::kNotify},
    Allowed{Act::kSeeOutcome, Duty::kClinician, Right::kNotify},
    Allowed{Act::kSeeAlerts, Duty::kClinician, Right::kNotify},
    Allowed{Act::kSeeAlerts, Duty::kClinician, Right::kSilent},
    Allowed{Act::kAcknowledge, Duty::kClinician, Right::kNotify},
    Allowed{Act::kAcknowledge, Duty::kClinician, Right::kSilent},
};

}  // namespace

platform::Status MayDo(Act act, Duty duty, Right right) {
  if (std::find(kAllowed.begin(), kAllowed.end(), Allowed{act, duty, right}) != kAllowed.end()) return {};
  if (duty == Duty::kEventOnly && act != Act::kAttend) {
    return Forbidden("your duty is event-only: you record attendances, and look nobody up (ask a clinician of the crew)");
  }
  if (duty == Duty::kEngineer) {
    return Forbidden("your duty is engineer: status, doctor, verify and sync need no sign-in, and records are not yours to see");
  }
  if (duty == Duty::kAuditor) return Forbidden("your duty is auditor: ask the fleet server (cpisctl fleet audit)");
  return Forbidden("your right B0170 looks silently: an attendance needs B0107 (ask operations)");
}

bool MaySignIn(Duty duty) { return duty != Duty::kAuditor; }

bool NeedsRecords(Duty duty) {
  return std::any_of(kAllowed.begin(), kAllowed.end(),
                     [&](const Allowed& row) { return row.duty == duty && row.act == Act::kLookSilently; });
}

}  // namespace cpis::edge
