// SPDX-License-Identifier: Apache-2.0
//
// Late alerts (DESIGN §5). Every attendance and unscheduled look is judged with what the server knows when it arrives, and again
// for seven days whenever that changes for its number. If the child has a plan, the authority is notified with the true time,
// once; and if the crew was not told so, their node gets an alert.
#pragma once

#include <set>

#include "sync/fleet/mailbox.h"
#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

constexpr std::chrono::milliseconds kJudgedFor = std::chrono::days(7);
// A node that asks the server about a number reports that it asked before it has the answer: what it was told follows soon.
constexpr std::chrono::milliseconds kResolveGrace = std::chrono::seconds(10);

// These run inside a change of the caller's: store thread.

// An event that is neither silent nor about nobody, just kept in the register: judged now, or after kResolveGrace if it is a
// look that the node is resolving, and from then on by JudgeAgain.
Status WatchAndJudge(Store& store, const WatchedEvent& event);
// What is known of these numbers has changed. An alert that nobody has acknowledged is taken back when no plan is left.
Status JudgeAgain(Store& store, const std::set<NhsNumber>& numbers);
// The number is erased: its alerts are taken back, nothing is judged again, and who acknowledged what keeps a blank.
Status ForgetNumber(Store& store, const NhsNumber& number);
// The node leaves the fleet: what it has not fetched it does not get.
Status CloseAlertsOf(Store& store, const std::string& node_id);
// An event with action "acknowledge-alert" of this node. One that names no alert of the node changes nothing.
Status TakeAcknowledgement(Store& store, const std::string& node_id, const Event& event);

class AlertDesk {
 public:
  AlertDesk(Store& store, Mailbox& mailbox) : store_(store), mailbox_(mailbox) {}

  // Judges what has waited long enough, and every hour ends what is over. Cheap when there is nothing to do. One thread.
  Status JudgeDue();

 private:
  Status Sweep(Store& store, Instant now);

  Store& store_;
  Mailbox& mailbox_;
  Instant swept_at_{};  // JudgeDue's thread
};

}  // namespace cpis::sync::fleet
