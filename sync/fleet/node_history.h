// SPDX-License-Identifier: Apache-2.0
//
// Holds what a node forwards against what it forwarded before: every envelope is signed with its sequence and with a
// checkpoint of the node's audit chain, so an edit, a gap, a chain cut short, a disk put back from an old image and two
// nodes from one image show. Store thread, inside a change of the caller's.
#pragma once

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

// An envelope that is new here, and not kept yet. What does not fit becomes a security event. True when the node was taken
// out of the fleet by policy on_clone, which takes the proof of two different envelopes, both signed by this node, at one
// place. A disk that only lost or damaged something is never such a proof: its place was never used twice.
Result<bool> HoldAgainstHistory(Store& store, const NodeRow& node, const Envelope& envelope);

// An audit entry whose action is a security event (ReportedBy).
Status NoteReport(Store& store, const NodeRow& node, const Event& event);

// Whether the node's envelopes are still taken in: from everybody who was ever enrolled, until a person revokes them. Of two
// copies of a disk one may be wiped, or both be cut off by this server, while the other holds what its crew was told is queued.
Result<bool> IsHeard(Store& store, const NodeRow& node);
// A person revoked this node: it is listened to no more. Inside a change.
Status Silence(Store& store, const std::string& node_id);

}  // namespace cpis::sync::fleet
