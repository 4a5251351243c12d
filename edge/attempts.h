// SPDX-License-Identifier: Apache-2.0
//
// How often a PIN was wrong, and what follows from it; apart from anything that reads or writes. Staff are told apart by a
// short keyed hash: the book cannot be made to grow, nor read to learn who exists.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "edge/lived_time.h"

namespace cpis::edge {

// One who tries to sign in.
struct Trying {
  uint16_t key = 0;     // keyed hash of the staff id
  uint64_t record = 0;  // hash of their PIN record; 0 for an unknown name
};

enum class LockedOut { kNothing, kPerson, kNode };

class AttemptBook {
 public:
  struct Verdict {
    LockedOut locked = LockedOut::kNothing;
    std::chrono::milliseconds wait{};  // before the next try; of a person who is locked: for ever
    bool may_try() const { return locked == LockedOut::kNothing && wait.count() == 0; }
  };
  Verdict MayTry(const Trying& who, Lived now) const;

  // Counts a try as wrong; to be durable before the PIN is looked at. What it locks, if it stays wrong.
  LockedOut Count(const Trying& who, Lived now);
  // It was right: takes every Count of this person back, also from the day's.
  void WasRight(const Trying& who);

  // `tally`: what the key store has counted before the coming try, which is counted there next. Where that is more than this
  // book knows of, the book was put back from a copy: what is missing counts as wrong for everybody, and of this day.
  // How many were missing.
  uint64_t Reconcile(uint64_t tally, Lived now);
  // What the key store has counted so far is no try on this vehicle.
  void BeginAt(uint64_t tally) { tally_ = tally; }
  // Nobody knows what was counted: as if the day's tries had all been wrong.
  void Lost(Lived now);
  // A person who is locked by what was missing stays so until the fleet changes their entry: from now on that can be seen.
  bool NoteLocked(const Trying& who, Lived now);

  // 0 format 1 │ tally 8 │ missing 1 │ varint number of wrong tries of the day │ for each: key 4 (0x10000: nobody's), lived 8 (ms) │
  // varint number of people │ for each: key 2 │ wrong 1 │ last, lived 8 │ record 8
  platform::Bytes Encode() const;
  static platform::Result<AttemptBook> Decode(platform::ByteView bytes);  // kCorrupt

 private:
  struct Person {
    int wrong = 0;  // since the last right one
    Lived last{};
    uint64_t record = 0;
  };
  struct Wrong {
    uint32_t key = 0;
    Lived at{};
  };
  int WrongOf(const Trying& who) const;
  size_t Today(Lived now) const;

  uint64_t tally_ = 0;  // of the key store, when last tried
  int missing_ = 0;     // wrong tries of everybody
  std::vector<Wrong> day_;  // in their order
  std::map<uint16_t, Person> people_;
};

}  // namespace cpis::edge
