// SPDX-License-Identifier: Apache-2.0
#include "crypto/pin.h"

#include <catch2/catch.hpp>

#include "tests/crypto/tampering.h"

using namespace cpis::crypto;
using cpis::platform::Code;

namespace {

constexpr Hardness kFast{8, 1};

Bytes RecordOf(std::string_view pin, const Secret& ring_key, Hardness hardness = kFast) {
  auto record = MakePinRecord(pin, ring_key, hardness);
  REQUIRE(record.ok());
  return *std::move(record);
}

}  // namespace

TEST_CASE("the right PIN opens the ring key") {
  const Secret ring_key = Secret::Random(32);
  for (const std::string_view pin : {"1234", "271828182845"}) {
    const auto opened = OpenPinRecord(RecordOf(pin, ring_key), pin);
    REQUIRE(opened.ok());
    CHECK(ConstantTimeEqual((*opened).Reveal(), ring_key.Reveal()));
  }
}

TEST_CASE("the right PIN opens a record of the hardness that rosters carry") {
  const Secret ring_key = Secret::Random(32);
  CHECK(OpenPinRecord(RecordOf("271828", ring_key, kPinHardness), "271828").ok());
}

TEST_CASE("a wrong PIN is denied, and so is what cannot be a PIN") {
  const Bytes record = RecordOf("1234", Secret::Random(32));
  for (const std::string_view pin : {"1235", "12345", "01234", "", "123", "1234 ", "abcd"}) {
    CHECK(OpenPinRecord(record, pin).status().code() == Code::kDenied);
  }
}

TEST_CASE("a PIN is 4 to 12 ASCII digits, and is not quoted when it is not") {
  CHECK(CheckPinForm("0000").ok());
  CHECK(CheckPinForm("123456789012").ok());
  for (const std::string_view bad :
       {"", "123", "1234567890123", "12a4", "12 34", "-123", "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4"}) {
    const Status refused = CheckPinForm(bad);
    CHECK(refused.code() == Code::kInvalid);
    CHECK(refused.message() == "a PIN is 4 to 12 digits");
    CHECK(MakePinRecord(bad, Secret::Random(32), kFast).status().code() == Code::kInvalid);
  }
}

TEST_CASE("a changed PIN record is refused") {
  RefusesEveryChange(RecordOf("1234", Secret::Random(32)),
                     [](ByteView record) { return OpenPinRecord(record, "1234").ok(); });
}

TEST_CASE("bytes that are no PIN record are corrupt, and cost no time") {
  CHECK(OpenPinRecord({}, "1234").status().code() == Code::kCorrupt);
  Bytes record = RecordOf("1234", Secret::Random(32));
  record[1] = 0xff;  // a hardness of terabytes
  CHECK(OpenPinRecord(record, "1234").status().code() == Code::kCorrupt);
  record[1] = 0;
  record[0] = 2;
  CHECK(OpenPinRecord(record, "1234").status().code() == Code::kCorrupt);
}

TEST_CASE("one PIN gives two people different records") {
  const Secret ring_key = Secret::Random(32);
  const Bytes one = RecordOf("1234", ring_key);
  const Bytes two = RecordOf("1234", ring_key);
  CHECK(Bytes(one.begin() + 9, one.begin() + 57) != Bytes(two.begin() + 9, two.begin() + 57));
}
