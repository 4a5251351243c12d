// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/auditor_gate.h"

#include <catch2/catch.hpp>

#include "crypto/pin.h"

namespace cpis::sync::fleet {
namespace {

using platform::Code;
using std::chrono::minutes;

struct Door {
  void Employs(const std::string& id, Duty duty, bool disabled = false) {
    StaffMember member;
    member.id = id;
    member.name = "Ms A";
    member.duty = duty;
    member.disabled = disabled;
    member.pin_record = *crypto::MakePinRecord("4938", crypto::Secret::Random(32), {64, 1});
    staff.push_back(member);
  }
  Code Admits(const std::string& id, const std::string& pin) { return gate.Admit(id, pin).code(); }

  std::vector<StaffMember> staff;
  platform::ManualClock clock{*platform::ParseRfc3339("2026-11-22T12:00:00Z")};
  AuditorGate gate{[this] { return Result<std::vector<StaffMember>>(staff); }, clock};
};

TEST_CASE("before there is an auditor whoever reaches the socket may ask") {
  Door door;
  door.Employs("crew", Duty::kClinician);
  CHECK(door.Admits("", "") == Code::kOk);
  CHECK(door.Admits("crew", "4938") == Code::kDenied);
}

TEST_CASE("the gate does not open because the last auditor has left") {
  Door door;
  door.Employs("gone", Duty::kAuditor, true);
  CHECK(door.Admits("", "") == Code::kDenied);
  CHECK(door.Admits("gone", "4938") == Code::kDenied);
}

TEST_CASE("once there is an auditor only auditors may ask, with their PIN") {
  Door door;
  door.Employs("crew", Duty::kClinician);
  door.Employs("auditor", Duty::kAuditor);
  CHECK(door.Admits("", "") == Code::kDenied);
  CHECK(door.Admits("crew", "4938") == Code::kDenied);
  CHECK(door.Admits("nobody", "4938") == Code::kDenied);
  CHECK(door.Admits("auditor", "4939") == Code::kDenied);
  CHECK(door.Admits("auditor", "4938") == Code::kOk);
  CHECK(door.gate.Admit("nobody", "4938").message() == door.gate.Admit("auditor", "4939").message());
}

TEST_CASE("after five wrong PINs the right one waits too") {
  Door door;
  door.Employs("auditor", Duty::kAuditor);
  for (int i = 0; i < kAuditorTries; ++i) CHECK(door.Admits("auditor", "0000") == Code::kDenied);
  CHECK(door.Admits("auditor", "4938") == Code::kDenied);
  door.clock.Advance(minutes(11));
  CHECK(door.Admits("auditor", "4938") == Code::kOk);
  CHECK(door.Admits("auditor", "0000") == Code::kDenied);  // counted from the start
  CHECK(door.Admits("auditor", "4938") == Code::kOk);
}

}  // namespace
}  // namespace cpis::sync::fleet
