// SPDX-License-Identifier: Apache-2.0
//
//   0 format 1 (= 1) │ 1 number of plans 1 │ plans │ number of accesses 1 │ accesses │ zeros, any number: padding
//   plan:   type 1, plus 0x80 when it has an end │ zigzag varint start, minutes since 1970 │
//           zigzag varint end - start in minutes, only with an end
//   access: varint; the first: zigzag seconds since 1970; the others: seconds before the access above │ varint viewer
//
// notice: 0 format 2 │ 1 notice 1 │ zeros
//
// Plans come in strictly ascending order of type, accesses newest first. One plan and five accesses take about 40
// bytes.
#include "sync/flag.h"

#include <algorithm>

#include "sync/wire.h"

namespace cpis::sync {
namespace {

using platform::ByteWriter;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr uint8_t kFormat = 1;
constexpr uint8_t kNoticeFormat = 2;
constexpr uint8_t kHasEnd = 0x80;
constexpr size_t kPlanTypes = 3;
constexpr size_t kLeastPlanBytes = 2;
constexpr size_t kLeastAccessBytes = 2;

constexpr hours kHistory{365 * 24};
constexpr hours kUnbornHistory{28 * 24};

uint64_t ZigZag(int64_t value) { return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63); }
int64_t UnZigZag(uint64_t value) { return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1); }

int64_t MinuteOf(Instant at) { return floor<minutes>(at).time_since_epoch().count(); }
int64_t SecondOf(Instant at) { return floor<seconds>(at).time_since_epoch().count(); }

// Refuses a time outside the years 1 to 9999; `value` counts units of `unit_millis` since 1970.
int64_t InRange(WireReader& in, int64_t value, int64_t unit_millis) {
  const bool fits = value >= kEarliestMillis / unit_millis && value <= kLatestMillis / unit_millis;
  in.Require(fits);
  return fits ? value : 0;
}
int64_t MinuteInRange(WireReader& in, int64_t minute) { return InRange(in, minute, 60'000); }
int64_t SecondInRange(WireReader& in, int64_t second) { return InRange(in, second, 1'000); }

// a + b, refused where 64 bits do not hold it.
int64_t Sum(WireReader& in, int64_t a, int64_t b) {
  int64_t sum = 0;
  const bool fits = !__builtin_add_overflow(a, b, &sum);
  in.Require(fits);
  return fits ? sum : 0;
}

void WritePlan(ByteWriter& out, const Plan& plan) {
  const auto start = MinuteOf(plan.start);
  out.U8(static_cast<uint8_t>(plan.type) | (plan.end ? kHasEnd : 0));
  out.Varint(ZigZag(start));
  if (plan.end) out.Varint(ZigZag(MinuteOf(*plan.end) - start));
}

Plan ReadPlan(WireReader& in) {
  const auto head = in.U8();
  const auto type = static_cast<PlanType>(head & ~kHasEnd);
  in.Require(type <= PlanType::kUcpp);
  const auto start = MinuteInRange(in, UnZigZag(in.Varint()));
  Plan plan{type, Instant(minutes(start)), std::nullopt};
  if (head & kHasEnd) {
    plan.end = Instant(minutes(MinuteInRange(in, Sum(in, start, UnZigZag(in.Varint())))));
  }
  in.Require(plan.end || type != PlanType::kUcpp);
  return plan;
}

void ReadPlans(WireReader& in, Flag& flag) {
  const size_t count = in.U8();
  in.Require(count <= kPlanTypes && count <= in.remaining() / kLeastPlanBytes);
  for (size_t i = 0; i < count && in.ok(); ++i) {
    flag.plans.push_back(ReadPlan(in));
    in.Require(i == 0 || flag.plans[i - 1].type < flag.plans[i].type);
  }
}

void ReadAccesses(WireReader& in, Flag& flag) {
  const size_t count = in.U8();
  in.Require(count <= kMaxAccesses && count <= in.remaining() / kLeastAccessBytes);
  if (!in.ok()) return;
  flag.accesses.reserve(count);
  int64_t at = 0;
  for (size_t i = 0; i < count && in.ok(); ++i) {
    const auto step = in.Varint();
    in.Require(i == 0 || step <= INT64_MAX);
    at = SecondInRange(in, i == 0 ? UnZigZag(step) : Sum(in, at, -static_cast<int64_t>(step & INT64_MAX)));
    const auto viewer = in.Varint();
    in.Require(viewer <= UINT32_MAX);
    flag.accesses.push_back({Instant(seconds(at)), PersonId{static_cast<uint32_t>(viewer)}});
  }
}

}  // namespace

std::string_view Name(PlanType type) {
  switch (type) {
    case PlanType::kLac:
      return "LAC";
    case PlanType::kCpp:
      return "CPP";
    case PlanType::kUcpp:
      return "UCPP";
  }
  std::abort();
}

std::string_view Snomed(PlanType type) {
  switch (type) {
    case PlanType::kLac:
      return "764841000000100";
    case PlanType::kCpp:
      return "342191000000101";
    case PlanType::kUcpp:
      return "818901000000100";
  }
  std::abort();
}

// As the value set England-ChildProtectionPlan (NHS England, 2023) displays them.
std::string_view Meaning(PlanType type) {
  switch (type) {
    case PlanType::kLac:
      return "Looked after child";
    case PlanType::kCpp:
      return "Subject to child protection plan";
    case PlanType::kUcpp:
      return "Unborn child subject to child protection plan";
  }
  std::abort();
}

std::optional<Instant> GoneAt(const Plan& plan) {
  if (!plan.end) return std::nullopt;
  return *plan.end + (plan.type == PlanType::kUcpp ? kUnbornHistory : kHistory);
}

// A start that lies ahead does not matter: an authority that uploads early wants the plan to be seen, with its date.
PlanState StateAt(const Plan& plan, Instant now) {
  if (!plan.end || now < *plan.end) return PlanState::kCurrent;
  return now < *GoneAt(plan) ? PlanState::kEnded : PlanState::kGone;
}

void AddAccess(Flag& flag, Access access) {
  // Of one second, by viewer: the same accesses give the same bytes in whichever order they arrive.
  const auto newer = [](const Access& a, const Access& b) { return a.at != b.at ? a.at > b.at : a.viewer < b.viewer; };
  auto& all = flag.accesses;
  all.insert(std::upper_bound(all.begin(), all.end(), access, newer), access);
  if (all.size() > kMaxAccesses) all.resize(kMaxAccesses, access);
}

Bytes EncodeFlag(const Flag& flag) {
  ByteWriter out;
  out.U8(kFormat);
  out.U8(static_cast<uint8_t>(flag.plans.size()));
  for (const auto& plan : flag.plans) WritePlan(out, plan);
  out.U8(static_cast<uint8_t>(flag.accesses.size()));
  std::optional<int64_t> above;
  for (const auto& access : flag.accesses) {
    const auto at = SecondOf(access.at);
    out.Varint(above ? static_cast<uint64_t>(*above - at) : ZigZag(at));
    out.Varint(static_cast<uint32_t>(access.viewer));
    above = at;
  }
  return std::move(out).Take();
}

Result<Flag> DecodeFlag(ByteView bytes) {
  WireReader in(bytes);
  Flag flag;
  in.Expect(kFormat);
  ReadPlans(in, flag);
  if (in.ok()) ReadAccesses(in, flag);
  const auto padding = in.Raw(in.remaining());
  in.Require(std::all_of(padding.begin(), padding.end(), [](uint8_t b) { return b == 0; }));
  if (!in.AtEnd()) return platform::Corrupt("flag: not in the form of this version");
  return flag;
}

Bytes EncodeNotice(Notice notice) { return {kNoticeFormat, static_cast<uint8_t>(notice)}; }

Result<Notice> DecodeNotice(ByteView bytes) {
  WireReader in(bytes);
  in.Expect(kNoticeFormat);
  const auto notice = in.Enumerator(Notice::kWithheld, Notice::kReplaced);
  while (in.ok() && in.remaining() > 0) in.Require(in.U8() == 0);
  if (!in.AtEnd()) return platform::Corrupt("notice: not in the form of this version");
  return notice;
}

}  // namespace cpis::sync
