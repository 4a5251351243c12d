// SPDX-License-Identifier: Apache-2.0
//
// Takes in what vehicles forward: keeps it, has it judged with what the server knows now (alert_desk.h), and only then gives a
// signed receipt.
#pragma once

#include <functional>
#include <string>

#include "sync/fleet/mailbox.h"
#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

class AttendanceDesk {
 public:
  AttendanceDesk(Store& store, Mailbox& mailbox) : store_(store), mailbox_(mailbox) {}

  // Told, on the thread that delivered, when a node was taken out of the fleet for what it delivered (node_history.h).
  void OnCutOff(std::function<void()> callback) { on_cut_off_ = std::move(callback); }

  // A signed receipt for an envelope of this node, or of one that was erased before (its vehicle was enrolled again, and kept what
  // it had queued), after the commit; what it says of the node's history is noticed. An envelope seen before gets the verdict
  // DUPLICATE, one that cannot be read QUARANTINED: neither blocks those behind it. kDenied: not enrolled, or signed by another.
  // Any thread.
  Result<Bytes> Deliver(const std::string& node_id, ByteView envelope);

 private:
  Result<Receipt> Keep(Store& store, const NodeRow& node, const Envelope& envelope, bool* cut_off);
  Status KeepAudit(Store& store, const NodeRow& node, const WatchedEvent& arrived, const Envelope& envelope);
  Status KeepAttendance(Store& store, const NodeRow& node, const WatchedEvent& arrived);

  Store& store_;
  Mailbox& mailbox_;
  std::function<void()> on_cut_off_;
};

}  // namespace cpis::sync::fleet
