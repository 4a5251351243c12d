// SPDX-License-Identifier: Apache-2.0
#include "edge/attempts.h"

#include <catch2/catch.hpp>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

const Trying kSam{7, 1111};
const Trying kAlex{8, 2222};

// Waits out what there is to wait, and tries. What it locked.
LockedOut Fails(AttemptBook& book, const Trying& who, Lived& now) {
  now += book.MayTry(who, now).wait;
  REQUIRE(book.MayTry(who, now).may_try());
  return book.Count(who, now);
}

TEST_CASE("waiting grows from the fifth mistake on: 30 s, 2 min, 10 min, 1 h, and the tenth locks that person alone") {
  AttemptBook book;
  Lived now = 1h;
  for (int i = 0; i < 4; ++i) {
    CHECK(Fails(book, kSam, now) == LockedOut::kNothing);
    CHECK(book.MayTry(kSam, now).wait == 0s);
  }
  for (const auto wait : {30'000ms, 120'000ms, 600'000ms, 3'600'000ms, 3'600'000ms}) {
    CHECK(Fails(book, kSam, now) == LockedOut::kNothing);
    CHECK(book.MayTry(kSam, now).wait == wait);
    CHECK(book.MayTry(kSam, now + wait - 1ms).wait == 1ms);
  }
  CHECK(Fails(book, kSam, now) == LockedOut::kPerson);
  CHECK(book.MayTry(kSam, now + 10'000h).locked == LockedOut::kPerson);
  CHECK(book.MayTry(kAlex, now).may_try());
}

TEST_CASE("a right PIN forgets the mistakes before it") {
  AttemptBook book;
  Lived now{};
  for (int i = 0; i < 7; ++i) Fails(book, kSam, now);
  now += book.MayTry(kSam, now).wait;
  book.Count(kSam, now);
  book.WasRight(kSam);
  CHECK(book.MayTry(kSam, now).may_try());
  for (int i = 0; i < 9; ++i) CHECK(Fails(book, kSam, now) == LockedOut::kNothing);
}

TEST_CASE("whom a PIN locked out is let in when the fleet changes their entry, not by trying as somebody unknown") {
  AttemptBook book;
  Lived now{};
  for (int i = 0; i < 10; ++i) Fails(book, kSam, now);
  CHECK(book.MayTry(kSam, now).locked == LockedOut::kPerson);
  CHECK(book.MayTry({kSam.key, 0}, now).locked == LockedOut::kPerson);
  const Trying renewed{kSam.key, 3333};
  CHECK(book.MayTry(renewed, now).may_try());
  CHECK(book.Count(renewed, now) == LockedOut::kNothing);
  CHECK(book.MayTry(renewed, now).may_try());
}

TEST_CASE("thirty wrong PINs within a day lock the node for everybody, until the oldest is a day ago") {
  AttemptBook book;
  Lived now{};
  for (uint16_t i = 0; i < 30; ++i) {
    now += 1min;
    CHECK(book.Count({static_cast<uint16_t>(100 + i), 0}, now) == (i == 29 ? LockedOut::kNode : LockedOut::kNothing));
  }
  CHECK(book.MayTry(kSam, now).locked == LockedOut::kNode);
  CHECK(book.MayTry(kSam, now).wait == 24h - 29min);
  CHECK(book.MayTry(kSam, 24h + 1min - 1ms).locked == LockedOut::kNode);
  CHECK(book.MayTry(kSam, 24h + 1min).may_try());
}

TEST_CASE("right PINs do not use up the day's tries") {
  AttemptBook book;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(book.MayTry(kSam, 1h).may_try());
    book.Count(kSam, 1h);
    book.WasRight(kSam);
  }
  CHECK(book.MayTry(kAlex, 1h).may_try());
}

TEST_CASE("a right PIN takes that person's tries off the day's, those that a kill left behind too, and nobody else's") {
  AttemptBook book;
  for (int i = 0; i < 29; ++i) book.Count({static_cast<uint16_t>(100 + i), 0}, 1h);
  for (int i = 0; i < 50; ++i) {  // killed before the PIN was looked at, then right
    REQUIRE(book.MayTry(kSam, 1h).may_try());
    book.WasRight(kSam);
    if (i < 49) continue;
    CHECK(book.Count(kSam, 1h) == LockedOut::kNode);
    CHECK(book.MayTry(kAlex, 1h).locked == LockedOut::kNode);
    book.WasRight(kSam);
  }
  CHECK(book.MayTry(kAlex, 1h).may_try());
  CHECK(book.Count(kAlex, 1h) == LockedOut::kNode);
}

TEST_CASE("tries that a copy of the journal does not know of count as wrong for everybody, known there or not") {
  AttemptBook book;
  uint64_t store = 5;
  CHECK(book.Reconcile(store, 0s) == 5);  // a new journal beside an old store
  AttemptBook fresh;
  store = 0;
  CHECK(fresh.Reconcile(store, 0s) == 0);
  fresh.Count(kSam, 0s);
  ++store;
  const AttemptBook image = *AttemptBook::Decode(fresh.Encode());
  for (int i = 0; i < 9; ++i) {
    fresh.Reconcile(store, 0s);
    ++store;
  }
  AttemptBook back = image;
  CHECK(back.Reconcile(store, 0s) == 9);
  CHECK(back.MayTry(kSam, 100h).locked == LockedOut::kPerson);
  CHECK(back.MayTry(kAlex, 100h).wait == 0s);  // nine: one is left, which never waited here
  CHECK(back.Count(kAlex, 100h) == LockedOut::kPerson);
}

TEST_CASE("putting a copy back before every try wins nobody more tries than without it") {
  AttemptBook first;
  uint64_t store = 0;
  int tried = 0;
  const platform::Bytes image = first.Encode();
  for (int i = 0; i < 1000; ++i) {
    AttemptBook book = *AttemptBook::Decode(image);
    if (!book.MayTry(kSam, 1h).may_try()) continue;
    book.Reconcile(store, 1h);
    if (!book.MayTry(kSam, 1h).may_try()) continue;
    book.Count(kSam, 1h);
    ++store;
    ++tried;
  }
  CHECK(tried <= 10);
}

TEST_CASE("who is locked by missing tries is let in when the fleet changes their entry") {
  AttemptBook book;
  book.Reconcile(12, 0s);
  REQUIRE(book.MayTry(kSam, 25h).locked == LockedOut::kPerson);
  CHECK(book.NoteLocked(kSam, 25h));
  CHECK_FALSE(book.NoteLocked(kSam, 25h));
  CHECK(book.MayTry({kSam.key, 3333}, 25h).may_try());
}

TEST_CASE("a kill between the journal and the key store's count makes nothing missing") {
  AttemptBook book;
  for (uint64_t store = 0; store < 20; ++store) {
    CHECK(book.Reconcile(store, 0s) == 0);
    CHECK(book.Reconcile(store, 0s) == 0);  // the journal had it, the store did not come to
    book.Count(kSam, 0s);
    book.WasRight(kSam);
  }
}

TEST_CASE("attempts are kept as they are, in the bytes of the table, and nothing else is taken for them") {
  AttemptBook book;
  book.Reconcile(2, 3s);
  book.Count(kSam, 5s);
  const platform::Bytes bytes = book.Encode();
  CHECK(platform::Hex(bytes) ==
        "01" "0000000000000003" "02" "03" "00010000" "0000000000000bb8" "00010000" "0000000000000bb8" "00000007" "0000000000001388"
        "01" "0007" "03" "0000000000001388" "0000000000000457");
  const auto read = AttemptBook::Decode(bytes);
  REQUIRE(read.ok());
  CHECK(read->Encode() == bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(AttemptBook::Decode(platform::ByteView(bytes).first(size)).ok());
  }
  platform::Bytes other = bytes;
  other[0] = 2;
  CHECK_FALSE(AttemptBook::Decode(other).ok());
}

TEST_CASE("mistakes of a month ago are forgotten, locks are not") {
  AttemptBook book;
  Lived now{};
  for (int i = 0; i < 10; ++i) Fails(book, kSam, now);
  for (int i = 0; i < 6; ++i) Fails(book, kAlex, now);
  now += 31 * 24h;
  book.Count({99, 0}, now);
  CHECK(book.MayTry(kSam, now).locked == LockedOut::kPerson);
  for (int i = 0; i < 4; ++i) {
    CHECK(book.MayTry(kAlex, now).wait == 0s);
    book.Count(kAlex, now);
  }
}

}  // namespace
}  // namespace cpis::edge
