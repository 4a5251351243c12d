// SPDX-License-Identifier: Apache-2.0
#include "sync/records.h"

#include <catch2/catch.hpp>

#include "tests/sync/hostile.h"

namespace cpis::sync {
namespace {

using platform::Code;

const Authority kAuthority{"E10000017", "Lancashire County Council", "03001236722", ""};
const Viewer kViewer{PersonId{70'000}, "Ms Sam Crew", "R1070", "Paramedic", "RX7", "NORTH WEST AMBULANCE SERVICE"};
const StaffMember kStaff{"sam", "Sam Crew", "R1070", "Paramedic", Right::kSilent, true, Bytes(40, 7), Duty::kEventOnly};
const Grant kGrant{{"E10000017", "E09000012"}, Bytes(80, 1), true};
const Alert kAlert{"alert-1", "event-1", "9990000018", "sam", "INC-1", Instant(std::chrono::minutes(29'000'000)),
                   Outcome::kNotFlagged, Instant(std::chrono::minutes(29'000'060)),
                   {{kAuthority, {PlanType::kCpp, Instant(std::chrono::minutes(28'000'000)), std::nullopt}},
                    {kAuthority, {PlanType::kUcpp, Instant(std::chrono::minutes(1)), Instant(std::chrono::minutes(2))}}}};
const Setting kSetting{"lease_hours", "48"};

TEST_CASE("records of the directory decode to what was encoded, and the first byte tells them apart") {
  const auto authority = DecodeDirectoryEntry(Encode(kAuthority));
  REQUIRE(authority.ok());
  CHECK(authority->authority == kAuthority);
  CHECK_FALSE(authority->viewer.has_value());

  const auto viewer = DecodeDirectoryEntry(Encode(kViewer));
  REQUIRE(viewer.ok());
  CHECK(viewer->viewer == kViewer);
  CHECK_FALSE(viewer->authority.has_value());
}

TEST_CASE("a staff member decodes to what was encoded") {
  const auto staff = DecodeStaffMember(Encode(kStaff));
  REQUIRE(staff.ok());
  CHECK(staff->id == kStaff.id);
  CHECK(staff->name == kStaff.name);
  CHECK(staff->role_code == kStaff.role_code);
  CHECK(staff->role_name == kStaff.role_name);
  CHECK(staff->right == Right::kSilent);
  CHECK(staff->disabled);
  CHECK(staff->pin_record == kStaff.pin_record);
  CHECK(staff->duty == kStaff.duty);
}

TEST_CASE("a grant decodes to what was encoded") {
  const auto grant = DecodeGrant(Encode(kGrant));
  REQUIRE(grant.ok());
  CHECK(grant->region == kGrant.region);
  CHECK(grant->boxed_roster_key == kGrant.boxed_roster_key);
  CHECK(grant->revoked);
  const auto empty = DecodeGrant(Encode(Grant{}));
  REQUIRE(empty.ok());
  CHECK(empty->region.empty());
  CHECK_FALSE(empty->revoked);
}

TEST_CASE("a setting decodes to what was encoded") {
  const auto setting = DecodeSetting(Encode(kSetting));
  REQUIRE(setting.ok());
  CHECK(setting->key == "lease_hours");
  CHECK(setting->value == "48");
}

TEST_CASE("an alert decodes to what was encoded") {
  const auto alert = DecodeAlert(Encode(kAlert));
  REQUIRE(alert.ok());
  CHECK((*alert == kAlert));
}

// What decodes is in the one form that encodes it.
template <typename Decode, typename Again>
void CheckStrict(const Bytes& bytes, Decode decode, Again again) {
  ForEachTruncation(bytes, [&](const Bytes& cut) { CHECK(decode(cut).status().code() == Code::kCorrupt); });
  auto longer = bytes;
  longer.push_back(0);
  CHECK(decode(longer).status().code() == Code::kCorrupt);
  ForEachBitFlip(bytes, [&](const Bytes& flipped) {
    const auto decoded = decode(flipped);
    if (decoded.ok()) CHECK(again(*decoded) == flipped);
  });
}

TEST_CASE("records that are truncated, longer or in another form are corrupt") {
  const auto encode = [](const auto& record) { return Encode(record); };
  const auto encode_entry = [](const DirectoryEntry& e) {
    return e.authority ? Encode(*e.authority) : Encode(*e.viewer);
  };
  CheckStrict(Encode(kAuthority), DecodeDirectoryEntry, encode_entry);
  CheckStrict(Encode(kViewer), DecodeDirectoryEntry, encode_entry);
  CheckStrict(Encode(kStaff), DecodeStaffMember, encode);
  CheckStrict(Encode(kGrant), DecodeGrant, encode);
  CheckStrict(Encode(kSetting), DecodeSetting, encode);
  CheckStrict(Encode(kAlert), DecodeAlert, encode);
}

TEST_CASE("no record can stand for another") {
  CHECK_FALSE(DecodeStaffMember(Encode(kGrant)).ok());
  CHECK_FALSE(DecodeGrant(Encode(kStaff)).ok());
  CHECK_FALSE(DecodeSetting(Encode(kAuthority)).ok());
  CHECK_FALSE(DecodeDirectoryEntry(Encode(kSetting)).ok());
  CHECK_FALSE(DecodeGrant(Encode(kAlert)).ok());
  CHECK_FALSE(DecodeAlert(Encode(kGrant)).ok());
}

TEST_CASE("a count of partitions that cannot be there is refused") {
  CHECK(DecodeGrant(*platform::ParseHex("04ffffffffffffffffff01")).status().code() == Code::kCorrupt);
  CHECK(DecodeGrant(*platform::ParseHex("04050000")).status().code() == Code::kCorrupt);
}

TEST_CASE("rights have their national activity codes") {
  CHECK(ActivityCode(Right::kNotify) == "B0107");
  CHECK(ActivityCode(Right::kSilent) == "B0170");
}

TEST_CASE("duties have names, and another one is refused with those that there are") {
  for (const Duty duty : {Duty::kClinician, Duty::kEventOnly, Duty::kEngineer, Duty::kAuditor}) {
    CHECK(*ParseDuty(Name(duty)) == duty);
  }
  CHECK(ParseDuty("admin").status().message() ==
        "\"admin\" is not a duty (there are clinician, event-only, engineer and auditor)");
}

}  // namespace
}  // namespace cpis::sync
