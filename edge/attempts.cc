// SPDX-License-Identifier: Apache-2.0
#include "edge/attempts.h"

#include <algorithm>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

using std::chrono::milliseconds;

constexpr uint8_t kFormat = 1;
constexpr uint32_t kNobody = 0x10000;
constexpr int kMostWrong = 255;  // one byte; everybody is locked long before

milliseconds DelayAfter(int wrong) {
  if (wrong <= kFreeMistakes) return {};
  const auto step = static_cast<size_t>(wrong - kFreeMistakes - 1);
  return kPinDelays[std::min(step, kPinDelays.size() - 1)];
}

uint64_t Stored(Lived at) { return static_cast<uint64_t>(at.count()); }
Lived Read(uint64_t value) { return Lived(static_cast<int64_t>(value)); }

}  // namespace

// The fleet has changed their entry: what was tried on the one before says nothing about it.
int AttemptBook::WrongOf(const Trying& who) const {
  const auto person = people_.find(who.key);
  if (person == people_.end()) return missing_;
  const bool changed = person->second.record != 0 && who.record != 0 && person->second.record != who.record;
  return changed ? 0 : person->second.wrong;
}

size_t AttemptBook::Today(Lived now) const {
  return static_cast<size_t>(std::count_if(day_.begin(), day_.end(), [&](const Wrong& wrong) { return wrong.at + kAttemptDay > now; }));
}

AttemptBook::Verdict AttemptBook::MayTry(const Trying& who, Lived now) const {
  if (Today(now) >= kWrongLocksNode) {
    // When the oldest of the last thirty is a day ago there is room for one more.
    return {LockedOut::kNode, day_[day_.size() - kWrongLocksNode].at + kAttemptDay - now};
  }
  const int wrong = WrongOf(who);
  if (wrong >= kWrongLocksPerson) return {LockedOut::kPerson, {}};
  const auto person = people_.find(who.key);
  if (wrong == 0 || person == people_.end()) return {};
  return {LockedOut::kNothing, std::clamp(person->second.last + DelayAfter(wrong) - now, milliseconds{}, DelayAfter(wrong))};
}

LockedOut AttemptBook::Count(const Trying& who, Lived now) {
  const int wrong = std::min(WrongOf(who) + 1, kMostWrong);
  Person& person = people_[who.key];
  person.wrong = wrong;
  person.last = now;
  if (who.record != 0) person.record = who.record;
  std::erase_if(day_, [&](const Wrong& earlier) { return earlier.at + kAttemptDay <= now; });
  day_.push_back({who.key, now});
  std::erase_if(people_, [&](const auto& entry) {
    return entry.second.wrong < kWrongLocksPerson && entry.second.last + kKeepAttempts <= now;
  });
  if (day_.size() == kWrongLocksNode) return LockedOut::kNode;
  return wrong == kWrongLocksPerson ? LockedOut::kPerson : LockedOut::kNothing;
}

void AttemptBook::WasRight(const Trying& who) {
  std::erase_if(day_, [&](const Wrong& wrong) { return wrong.key == who.key; });
  if (missing_ == 0) {
    people_.erase(who.key);
  } else {
    people_[who.key].wrong = 0;
  }
}

uint64_t AttemptBook::Reconcile(uint64_t tally, Lived now) {
  const uint64_t lost = tally > tally_ ? tally - tally_ : 0;
  tally_ = tally + 1;
  if (lost == 0) return 0;
  const int more = static_cast<int>(std::min<uint64_t>(lost, kMostWrong));
  missing_ = std::min(missing_ + more, kMostWrong);
  for (auto& [key, person] : people_) person.wrong = std::min(person.wrong + more, kMostWrong);
  day_.insert(day_.end(), std::min<size_t>(lost, kWrongLocksNode), {kNobody, now});
  return lost;
}

void AttemptBook::Lost(Lived now) { day_.assign(kWrongLocksNode, {kNobody, now}); }

bool AttemptBook::NoteLocked(const Trying& who, Lived now) {
  if (people_.contains(who.key)) return false;
  people_[who.key] = {missing_, now, who.record};
  return true;
}

platform::Bytes AttemptBook::Encode() const {
  platform::ByteWriter out;
  out.U8(kFormat);
  out.U64(tally_);
  out.U8(static_cast<uint8_t>(missing_));
  out.Varint(day_.size());
  for (const Wrong& wrong : day_) {
    out.U32(wrong.key);
    out.U64(Stored(wrong.at));
  }
  out.Varint(people_.size());
  for (const auto& [key, person] : people_) {
    out.U8(static_cast<uint8_t>(key >> 8));
    out.U8(static_cast<uint8_t>(key));
    out.U8(static_cast<uint8_t>(person.wrong));
    out.U64(Stored(person.last));
    out.U64(person.record);
  }
  return std::move(out).Take();
}

platform::Result<AttemptBook> AttemptBook::Decode(platform::ByteView bytes) {
  platform::ByteReader in(bytes);
  const bool known = in.U8() == kFormat;
  AttemptBook book;
  book.tally_ = in.U64();
  book.missing_ = in.U8();
  const uint64_t tries = in.Varint();
  for (uint64_t i = 0; i < tries && in.ok(); ++i) {
    Wrong& wrong = book.day_.emplace_back();
    wrong.key = in.U32();
    wrong.at = Read(in.U64());
  }
  const uint64_t people = in.Varint();
  for (uint64_t i = 0; i < people && in.ok(); ++i) {
    const auto high = in.U8();
    const auto key = static_cast<uint16_t>(high << 8 | in.U8());
    Person& person = book.people_[key];
    person.wrong = in.U8();
    person.last = Read(in.U64());
    person.record = in.U64();
  }
  if (!known || !in.AtEnd()) return platform::Corrupt("the stored attempts are not ours");
  return book;
}

}  // namespace cpis::edge
