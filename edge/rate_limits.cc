// SPDX-License-Identifier: Apache-2.0
#include "edge/rate_limits.h"

#include <algorithm>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

using std::chrono::minutes;

constexpr uint8_t kFormat = 1;
constexpr minutes kHour{60};
constexpr minutes kDay{24 * 60};

uint32_t MinuteOf(Lived at) { return static_cast<uint32_t>(std::chrono::floor<minutes>(at).count()); }

bool OfEverybody(Limit limit) { return limit == Limit::kNodeHour || limit == Limit::kNodeDay || limit == Limit::kLost; }

}  // namespace

std::string_view Name(Limit limit) {
  switch (limit) {
    case Limit::kPersonHour: return "looks_per_hour_person";
    case Limit::kPersonDay: return "looks_per_day_person";
    case Limit::kNodeHour: return "looks_per_hour_node";
    case Limit::kNodeDay: return "looks_per_day_node";
    case Limit::kMisses: return "misses_per_hour_person";
    case Limit::kLost: return "lost";
  }
  return "";
}

// A minute counts until the whole of it is out of the window.
LookBook::Counts LookBook::Within(minutes window, std::optional<Who> who, Lived now) const {
  Counts counts;
  for (const Minute& entry : minutes_) {
    const bool inside = minutes(entry.minute) + minutes(1) + window > now;
    if (!inside || (who && entry.who != *who)) continue;
    counts.looks += entry.looks;
    counts.misses += entry.misses;
  }
  return counts;
}

std::optional<Limit> LookBook::LimitReached(Who who, const sync::Policy& policy, Lived now) const {
  const auto reached = [](uint64_t count, int limit) { return count >= static_cast<uint64_t>(limit); };
  if (reached(Within(kHour, who, now).looks, policy.looks_per_hour_person)) return Limit::kPersonHour;
  if (reached(Within(kDay, who, now).looks, policy.looks_per_day_person)) return Limit::kPersonDay;
  if (reached(Within(kHour, std::nullopt, now).looks, policy.looks_per_hour_node)) return Limit::kNodeHour;
  if (reached(Within(kDay, std::nullopt, now).looks, policy.looks_per_day_node)) return Limit::kNodeDay;
  return std::nullopt;
}

const LookBook::Hold* LookBook::HoldOf(Who who, Lived now) const {
  const Hold* longest = nullptr;
  for (const Hold& hold : holds_) {
    if ((hold.who != who && hold.who != 0) || hold.until <= now) continue;
    if (longest == nullptr || hold.until > longest->until) longest = &hold;
  }
  return longest;
}

void LookBook::Begin(Who who, Limit limit, Lived until) {
  holds_.push_back({OfEverybody(limit) ? 0 : who, limit, until});
}

LookBook::Minute& LookBook::ThisMinute(Who who, Lived now) {
  const uint32_t minute = MinuteOf(now);
  for (Minute& entry : minutes_) {
    if (entry.minute == minute && entry.who == who) return entry;
  }
  return minutes_.emplace_back(Minute{minute, who, 0, 0});
}

LookBook::Verdict LookBook::Take(Who who, const sync::Policy& policy, Lived now) {
  std::erase_if(minutes_, [&](const Minute& entry) { return minutes(entry.minute) + minutes(1) + kDay <= now; });
  std::erase_if(holds_, [&](const Hold& hold) { return hold.until <= now; });
  if (const Hold* hold = HoldOf(who, now)) return {hold->limit, hold->until - now, false};
  if (const auto limit = LimitReached(who, policy, now)) {
    Begin(who, *limit, now + kLookHold);
    return {limit, kLookHold, true};
  }
  ++ThisMinute(who, now).looks;
  return {};
}

std::optional<Limit> LookBook::Missed(Who who, const sync::Policy& policy, Lived now) {
  ++ThisMinute(who, now).misses;
  if (Within(kHour, who, now).misses < static_cast<uint64_t>(policy.misses_per_hour_person)) return std::nullopt;
  Begin(who, Limit::kMisses, now + kLookHold);
  return Limit::kMisses;
}

void LookBook::Lost(Lived now) { Begin(0, Limit::kLost, now + kHour); }

platform::Bytes LookBook::Encode() const {
  platform::ByteWriter out;
  out.U8(kFormat);
  out.Varint(minutes_.size());
  for (const Minute& entry : minutes_) {
    out.U32(entry.minute);
    out.U64(entry.who);
    out.Varint(entry.looks);
    out.Varint(entry.misses);
  }
  out.Varint(holds_.size());
  for (const Hold& hold : holds_) {
    out.U64(hold.who);
    out.U8(static_cast<uint8_t>(hold.limit));
    out.U64(static_cast<uint64_t>(hold.until.count()));
  }
  return std::move(out).Take();
}

platform::Result<LookBook> LookBook::Decode(platform::ByteView bytes) {
  platform::ByteReader in(bytes);
  const bool known = in.U8() == kFormat;
  LookBook book;
  const uint64_t minutes_kept = in.Varint();
  for (uint64_t i = 0; i < minutes_kept && in.ok(); ++i) {
    Minute& entry = book.minutes_.emplace_back();
    entry.minute = in.U32();
    entry.who = in.U64();
    entry.looks = in.Varint();
    entry.misses = in.Varint();
  }
  bool limits_known = true;
  const uint64_t holds = in.Varint();
  for (uint64_t i = 0; i < holds && in.ok(); ++i) {
    Hold& hold = book.holds_.emplace_back();
    hold.who = in.U64();
    const uint8_t limit = in.U8();
    limits_known = limits_known && limit >= 1 && limit <= static_cast<uint8_t>(Limit::kLost);
    hold.limit = static_cast<Limit>(limit);
    hold.until = Lived(static_cast<int64_t>(in.U64()));
  }
  if (!known || !limits_known || !in.AtEnd()) return platform::Corrupt("the stored looks are not ours");
  return book;
}

}  // namespace cpis::edge
