// SPDX-License-Identifier: Apache-2.0
//
// Who belongs to the fleet: nodes with their enrolment codes and regions, staff with their PINs, and policy. Any thread.
#pragma once

#include <string>
#include <vector>

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

struct NodeAdded {
  std::string id;
  std::string code;  // for a person to type; shown once, kept nowhere
  Instant expires;
};

// What a node brings to enrolment, and what it gets.
struct EnrolmentOffer {
  Bytes code_secret;
  std::string certificate_request_pem;
  Bytes box_key;
  Bytes signing_key;
};
struct EnrolmentGrant {
  NodeRow node;
  std::string certificate_pem;
};

class Roll {
 public:
  explicit Roll(Store& store) : store_(store) {}

  // kInvalid: a name or region that cannot be, or a name that is taken.
  Result<NodeAdded> AddNode(const std::string& name, const std::vector<std::string>& region);
  Result<std::vector<NodeRow>> Nodes();
  Status SetRegion(const std::string& name, const std::vector<std::string>& region);
  // A node leaves the fleet: its grant is taken away and a signed order makes it erase itself on contact (roll_erasure.cc).
  // Revoked, it is listened to no more; to be wiped, it forwards first what waits. kNotFound; kInvalid: was never enrolled, or
  // is wiped already.
  Status Revoke(const std::string& name);
  Status Wipe(const std::string& name);
  // A node's signed word that it is erased, whoever brings it; again is no failure. kDenied: not signed by a node of this fleet.
  Result<Erasure> RecordErasure(ByteView signed_erasure);
  // Codes that could still be used.
  Result<int> CodesOutstanding();
  // kDenied: no such code, used, or expired; does not say which.
  Result<EnrolmentGrant> Enrol(const EnrolmentOffer& offer);

  struct NewStaff {
    std::string id;
    std::string name;
    std::string role;   // national job role code, "R1070"
    std::string right;  // "B0107" or "B0170"; empty is B0107
    std::string pin;
    std::string duty{};  // by its name; empty is clinician
  };
  // Adds, or replaces a member of that id (a new PIN, another role). Only a clinician's PIN opens key rings. kInvalid quotes what is wrong, never the PIN.
  Status PutStaff(const NewStaff& staff);
  Status DisableStaff(const std::string& id);
  Result<std::vector<StaffMember>> Staff();

  Result<Policy> CurrentPolicy();
  // All of the "KEY=VALUE" settings, or none.
  Status SetPolicy(const std::vector<std::string>& settings);

 private:
  Status OrderErasure(const std::string& name, Order::Kind kind);

  Store& store_;
};

// Takes an enrolled node out of the fleet, in the state that `node` says: it is ordered to erase itself, and a new epoch begins,
// so that its keys open nothing that is sealed from now on. Inside a change; whoever calls it tells the hub afterwards.
Status SendAway(Store& store, const NodeRow& node, Order::Kind kind);

// The name of a national job role code; the code itself for one we do not know.
std::string RoleName(std::string_view role_code);

}  // namespace cpis::sync::fleet
