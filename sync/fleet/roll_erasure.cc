// SPDX-License-Identifier: Apache-2.0
//
// How a node leaves the fleet: ENROLLED → REVOKED, or ENROLLED → WIPING → WIPED, and its word that it is erased.
#include "platform/log.h"
#include "sync/fleet/alert_desk.h"
#include "sync/fleet/epochs.h"
#include "sync/fleet/node_history.h"
#include "sync/fleet/roll.h"

namespace cpis::sync::fleet {

using platform::Denied;
using platform::Invalid;

Status Roll::Revoke(const std::string& name) { return OrderErasure(name, Order::Kind::kRevoke); }
Status Roll::Wipe(const std::string& name) { return OrderErasure(name, Order::Kind::kWipe); }

Status SendAway(Store& store, const NodeRow& node, Order::Kind kind) {
  CPIS_TRY(store.records().PutNode(node));
  CPIS_TRY(CloseAlertsOf(store, node.id));
  CPIS_TRY(store.PublishGrant(node));
  const Instant now = store.clock().Now();
  CPIS_TRY(store.PublishOrder(node, {crypto::NewUuidV7(now.time_since_epoch().count()), kind, now}));
  return RotateIfPossible(store);  // to keep a lost vehicle in the fleet would be worse
}

Status Roll::OrderErasure(const std::string& name, Order::Kind kind) {
  return store_.Change([&](Store& store) -> Status {
    CPIS_ASSIGN(std::optional<NodeRow> node, store.records().NodeNamed(name));
    if (!node) return platform::NotFound("there is no node \"" + name + "\" (see \"fleet node list\")");
    const std::string state = kind == Order::Kind::kRevoke ? "REVOKED" : "WIPING";
    if (kind == Order::Kind::kRevoke) CPIS_TRY(Silence(store, node->id));  // also one that this server cut off itself
    if (node->state == state) return Status::Ok();
    if (node->state == "WIPED") return Invalid("\"" + name + "\" is wiped already (it has no keys any more)");
    if (node->state == "REVOKED") return Invalid("\"" + name + "\" is revoked, which erases it too (see \"fleet node list\")");
    const bool enrolled = node->state != "WAITING";
    if (!enrolled && kind == Order::Kind::kWipe) {
      return Invalid("\"" + name + "\" was never enrolled: there is nothing to wipe (revoke it to cancel its code)");
    }
    node->state = state;
    return enrolled ? SendAway(store, *node, kind) : store.records().PutNode(*node);
  });
}

Result<Erasure> Roll::RecordErasure(ByteView signed_erasure) {
  Erasure erasure;
  CPIS_TRY(store_.Change([&](Store& store) -> Status {
    const Status stranger = Denied("the proof of erasure is not signed by a node of this fleet");
    const auto sender = PeekSender(signed_erasure);
    if (!sender.ok()) return stranger;
    CPIS_ASSIGN(std::optional<NodeRow> node, store.records().NodeWithId(*sender));
    if (!node || node->state == "WAITING") return stranger;
    const auto decoded = DecodeErasure(signed_erasure, node->signing_key);
    if (!decoded.ok()) return stranger;
    erasure = *decoded;
    CPIS_TRY(store.records().KeepErasure({erasure, store.clock().Now(), platform::ToBytes(signed_erasure)}));
    if (node->state == "WIPED" || node->state == "REVOKED") return Status::Ok();
    const bool by_hand = node->state == "ENROLLED";
    node->state = "WIPED";
    CPIS_TRY(store.records().PutNode(*node));
    platform::LogInfo("nodes", node->id + " is wiped" + (by_hand ? ", by somebody at the vehicle" : ""));
    return by_hand ? SendAway(store, *node, Order::Kind::kWipe) : Status::Ok();  // a copy of its disk hears of it too
  }));
  return erasure;
}

}  // namespace cpis::sync::fleet
