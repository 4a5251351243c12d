// SPDX-License-Identifier: Apache-2.0
//
// The first byte names the record and its format, so that none can stand for another. Texts and byte strings are
// varint-sized.
//
//   authority: 0x01 │ code │ name │ emergency duty telephone │ office hours telephone
//   viewer:    0x02 │ varint id │ name │ role code │ role name │ organisation code │ organisation name
//   staff:     0x03 │ id │ name │ role code │ role name │ right 1 │ disabled 1 │ PIN record │ duty 1
//   grant:     0x04 │ varint number of partitions │ codes │ boxed roster key │ revoked 1
//   setting:   0x05 │ key │ value
//   alert:     0x06 │ id │ event │ NHS number │ staff │ incident │ occurred at 8 (Unix ms) │ outcome 1 │ raised at 8 │
//              varint number of plans │ for each: the authority's four texts │ type 1 │ start 8 │ ends 1 │ end 8, if it ends
#include "sync/records.h"

#include "sync/quote.h"
#include "sync/wire.h"

namespace cpis::sync {
namespace {

using platform::ByteWriter;
using platform::Corrupt;

constexpr size_t kLeastKnownBytes = 14;  // a plan without an end, of an authority without words

enum class RecordFormat : uint8_t { kAuthority = 1, kViewer = 2, kStaff = 3, kGrant = 4, kSetting = 5, kAlert = 6 };

ByteWriter Begin(RecordFormat format) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(format));
  return out;
}

void Expect(WireReader& in, RecordFormat format) { in.Expect(static_cast<uint8_t>(format)); }

void Write(ByteWriter& out, const Authority& authority) {
  out.Sized(authority.code);
  out.Sized(authority.name);
  out.Sized(authority.emergency_duty_tel);
  out.Sized(authority.office_hours_tel);
}

Authority ReadAuthority(WireReader& in) {
  Authority authority;
  authority.code = in.SizedText();
  authority.name = in.SizedText();
  authority.emergency_duty_tel = in.SizedText();
  authority.office_hours_tel = in.SizedText();
  return authority;
}

void Write(ByteWriter& out, const Plan& plan) {
  out.U8(static_cast<uint8_t>(plan.type));
  WriteMillis(out, plan.start);
  out.U8(plan.end ? 1 : 0);
  if (plan.end) WriteMillis(out, *plan.end);
}

Plan ReadPlan(WireReader& in) {
  Plan plan{};
  plan.type = in.Enumerator(PlanType::kLac, PlanType::kUcpp);
  plan.start = in.Millis();
  if (in.Bool()) plan.end = in.Millis();
  return plan;
}

Viewer ReadViewer(WireReader& in) {
  const auto id = in.Varint();
  in.Require(id <= UINT32_MAX);
  Viewer viewer;
  viewer.id = PersonId{static_cast<uint32_t>(id)};
  viewer.name = in.SizedText();
  viewer.role_code = in.SizedText();
  viewer.role_name = in.SizedText();
  viewer.organisation_code = in.SizedText();
  viewer.organisation_name = in.SizedText();
  return viewer;
}

}  // namespace

std::string_view ActivityCode(Right right) { return right == Right::kNotify ? "B0107" : "B0170"; }

std::string_view Name(Duty duty) {
  switch (duty) {
    case Duty::kClinician: return "clinician";
    case Duty::kEventOnly: return "event-only";
    case Duty::kEngineer: return "engineer";
    case Duty::kAuditor: return "auditor";
  }
  return "";
}

Result<Duty> ParseDuty(std::string_view name) {
  for (const Duty duty : {Duty::kClinician, Duty::kEventOnly, Duty::kEngineer, Duty::kAuditor}) {
    if (name == Name(duty)) return duty;
  }
  return platform::Invalid(Quoted(name) + " is not a duty (there are clinician, event-only, engineer and auditor)");
}

Bytes Encode(const Authority& authority) {
  auto out = Begin(RecordFormat::kAuthority);
  Write(out, authority);
  return std::move(out).Take();
}

Bytes Encode(const Viewer& viewer) {
  auto out = Begin(RecordFormat::kViewer);
  out.Varint(static_cast<uint32_t>(viewer.id));
  out.Sized(viewer.name);
  out.Sized(viewer.role_code);
  out.Sized(viewer.role_name);
  out.Sized(viewer.organisation_code);
  out.Sized(viewer.organisation_name);
  return std::move(out).Take();
}

Bytes Encode(const StaffMember& staff) {
  auto out = Begin(RecordFormat::kStaff);
  out.Sized(staff.id);
  out.Sized(staff.name);
  out.Sized(staff.role_code);
  out.Sized(staff.role_name);
  out.U8(static_cast<uint8_t>(staff.right));
  out.U8(staff.disabled ? 1 : 0);
  out.Sized(ByteView(staff.pin_record));
  out.U8(static_cast<uint8_t>(staff.duty));
  return std::move(out).Take();
}

Bytes Encode(const Grant& grant) {
  auto out = Begin(RecordFormat::kGrant);
  out.Varint(grant.region.size());
  for (const auto& code : grant.region) out.Sized(code);
  out.Sized(ByteView(grant.boxed_roster_key));
  out.U8(grant.revoked ? 1 : 0);
  return std::move(out).Take();
}

Bytes Encode(const Setting& setting) {
  auto out = Begin(RecordFormat::kSetting);
  out.Sized(setting.key);
  out.Sized(setting.value);
  return std::move(out).Take();
}

Bytes Encode(const Alert& alert) {
  auto out = Begin(RecordFormat::kAlert);
  for (const auto* text : {&alert.id, &alert.event, &alert.nhs_number, &alert.staff, &alert.incident}) out.Sized(*text);
  WriteMillis(out, alert.occurred_at);
  out.U8(static_cast<uint8_t>(alert.outcome_at_node));
  WriteMillis(out, alert.raised_at);
  out.Varint(alert.plans.size());
  for (const Alert::Known& known : alert.plans) {
    Write(out, known.authority);
    Write(out, known.plan);
  }
  return std::move(out).Take();
}

Result<Grant> DecodeGrant(ByteView bytes) {
  WireReader in(bytes);
  Grant grant;
  Expect(in, RecordFormat::kGrant);
  const auto count = in.Count(1);
  for (size_t i = 0; i < count && in.ok(); ++i) grant.region.push_back(in.SizedText());
  grant.boxed_roster_key = platform::ToBytes(in.Sized());
  grant.revoked = in.Bool();
  if (!in.AtEnd()) return Corrupt("grant: not in the form of this version");
  return grant;
}

Result<StaffMember> DecodeStaffMember(ByteView bytes) {
  WireReader in(bytes);
  StaffMember staff;
  Expect(in, RecordFormat::kStaff);
  staff.id = in.SizedText();
  staff.name = in.SizedText();
  staff.role_code = in.SizedText();
  staff.role_name = in.SizedText();
  staff.right = in.Enumerator(Right::kNotify, Right::kSilent);
  staff.disabled = in.Bool();
  staff.pin_record = platform::ToBytes(in.Sized());
  staff.duty = in.Enumerator(Duty::kClinician, Duty::kAuditor);
  if (!in.AtEnd()) return Corrupt("staff member: not in the form of this version");
  return staff;
}

Result<Setting> DecodeSetting(ByteView bytes) {
  WireReader in(bytes);
  Setting setting;
  Expect(in, RecordFormat::kSetting);
  setting.key = in.SizedText();
  setting.value = in.SizedText();
  if (!in.AtEnd()) return Corrupt("setting: not in the form of this version");
  return setting;
}

Result<Alert> DecodeAlert(ByteView bytes) {
  WireReader in(bytes);
  Alert alert;
  Expect(in, RecordFormat::kAlert);
  for (auto* text : {&alert.id, &alert.event, &alert.nhs_number, &alert.staff, &alert.incident}) *text = in.SizedText();
  alert.occurred_at = in.Millis();
  alert.outcome_at_node = in.Enumerator(Outcome::kFlagged, Outcome::kCannotSay);
  alert.raised_at = in.Millis();
  const auto count = in.Count(kLeastKnownBytes);
  for (size_t i = 0; i < count && in.ok(); ++i) {
    Authority authority = ReadAuthority(in);
    alert.plans.push_back({std::move(authority), ReadPlan(in)});
  }
  if (!in.AtEnd()) return Corrupt("alert: not in the form of this version");
  return alert;
}

Result<DirectoryEntry> DecodeDirectoryEntry(ByteView bytes) {
  WireReader in(bytes);
  DirectoryEntry entry;
  if (in.Enumerator(RecordFormat::kAuthority, RecordFormat::kViewer) == RecordFormat::kAuthority) {
    entry.authority = ReadAuthority(in);
  } else {
    entry.viewer = ReadViewer(in);
  }
  if (!in.AtEnd()) return Corrupt("directory entry: not in the form of this version");
  return entry;
}

}  // namespace cpis::sync
