// SPDX-License-Identifier: Apache-2.0
#include "edge/rights.h"

#include <catch2/catch.hpp>

namespace cpis::edge {
namespace {

using sync::Duty;
using sync::Right;

// Every act, for B0107 and for B0170.
struct Row {
  Act act;
  Duty duty;
  bool notify;
  bool silent;
};
constexpr bool kYes = true;
constexpr bool kNo = false;
constexpr Row kMatrix[] = {
    {Act::kLook, Duty::kClinician, kYes, kNo},
    {Act::kLookSilently, Duty::kClinician, kYes, kYes},
    {Act::kResolve, Duty::kClinician, kYes, kYes},
    {Act::kAttend, Duty::kClinician, kYes, kNo},
    {Act::kSeeOutcome, Duty::kClinician, kYes, kNo},
    {Act::kSeeAlerts, Duty::kClinician, kYes, kYes},
    {Act::kAcknowledge, Duty::kClinician, kYes, kYes},
    {Act::kLook, Duty::kEventOnly, kNo, kNo},
    {Act::kLookSilently, Duty::kEventOnly, kNo, kNo},
    {Act::kResolve, Duty::kEventOnly, kNo, kNo},
    {Act::kAttend, Duty::kEventOnly, kYes, kNo},
    {Act::kSeeOutcome, Duty::kEventOnly, kNo, kNo},
    {Act::kSeeAlerts, Duty::kEventOnly, kNo, kNo},
    {Act::kAcknowledge, Duty::kEventOnly, kNo, kNo},
    {Act::kLook, Duty::kEngineer, kNo, kNo},
    {Act::kLookSilently, Duty::kEngineer, kNo, kNo},
    {Act::kResolve, Duty::kEngineer, kNo, kNo},
    {Act::kAttend, Duty::kEngineer, kNo, kNo},
    {Act::kSeeOutcome, Duty::kEngineer, kNo, kNo},
    {Act::kSeeAlerts, Duty::kEngineer, kNo, kNo},
    {Act::kAcknowledge, Duty::kEngineer, kNo, kNo},
    {Act::kLook, Duty::kAuditor, kNo, kNo},
    {Act::kLookSilently, Duty::kAuditor, kNo, kNo},
    {Act::kResolve, Duty::kAuditor, kNo, kNo},
    {Act::kAttend, Duty::kAuditor, kNo, kNo},
    {Act::kSeeOutcome, Duty::kAuditor, kNo, kNo},
    {Act::kSeeAlerts, Duty::kAuditor, kNo, kNo},
    {Act::kAcknowledge, Duty::kAuditor, kNo, kNo},
};

TEST_CASE("every act of every duty and right is allowed or refused as written out here") {
  CHECK(std::size(kMatrix) == 7 * 4);
  for (const Row& row : kMatrix) {
    CAPTURE(static_cast<int>(row.act), sync::Name(row.duty));
    for (const auto& [right, allowed] : {std::pair{Right::kNotify, row.notify}, std::pair{Right::kSilent, row.silent}}) {
      const platform::Status may = MayDo(row.act, row.duty, right);
      CHECK(may.ok() == allowed);
      if (allowed) continue;
      CHECK(may.code() == platform::Code::kForbidden);
      CHECK(may.message().size() > 20);
    }
  }
}

TEST_CASE("what the table does not name is refused") {
  CHECK_FALSE(MayDo(static_cast<Act>(99), Duty::kClinician, Right::kNotify).ok());
  CHECK_FALSE(MayDo(Act::kLook, static_cast<Duty>(9), Right::kNotify).ok());
  CHECK_FALSE(MayDo(Act::kLook, Duty::kClinician, static_cast<Right>(7)).ok());
  CHECK_FALSE(NeedsRecords(static_cast<Duty>(9)));
}

TEST_CASE("only clinicians need record keys, and auditors are let into no vehicle") {
  CHECK(NeedsRecords(Duty::kClinician));
  for (const Duty duty : {Duty::kEventOnly, Duty::kEngineer, Duty::kAuditor}) CHECK_FALSE(NeedsRecords(duty));
  for (const Duty duty : {Duty::kClinician, Duty::kEventOnly, Duty::kEngineer}) CHECK(MaySignIn(duty));
  CHECK_FALSE(MaySignIn(Duty::kAuditor));
}

}  // namespace
}  // namespace cpis::edge
