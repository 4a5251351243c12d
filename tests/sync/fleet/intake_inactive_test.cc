// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/intake_inactive.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/sync/fleet/inactive_sample.h"
#include "tests/sync/fleet/intake_sample.h"
#include "tests/sync/fleet/mutations.h"

namespace cpis::sync::fleet {
namespace {

using Catch::Contains;
using sample::ErasedNumber;
using sample::InactiveOf;
using sample::Replaced;
using sample::ReplacedNumber;

const std::string kOld = "9990000026";
const std::string kNew = "9990000204";
const std::string kAdopted = "9990000042";
const std::string kGood = InactiveOf{{ReplacedNumber(kOld, kNew), ErasedNumber(kAdopted)}}.Xml();

Result<InactiveMessage> Read(std::string_view xml) { return ReadInactiveNumbers(platform::AsBytes(xml)); }
std::string Refusal(const std::string& xml) {
  const auto read = Read(xml);
  return read.ok() ? "accepted" : read.status().message();
}

}  // namespace

TEST_CASE("a message names its authority and what became of each number") {
  const auto message = Read(kGood);
  REQUIRE(message.ok());
  CHECK(message->id == "0192F8B1-0C11-7D22-8E33-5F4455667788");
  CHECK(message->authority == "E10000017");
  CHECK(message->effective_at == *platform::ParseRfc3339("2026-11-21T02:00:00Z"));
  REQUIRE(message->numbers.size() == 2);
  CHECK(message->numbers[0].number.digits() == kOld);
  REQUIRE(message->numbers[0].replacement);
  CHECK(message->numbers[0].replacement->digits() == kNew);
  CHECK(message->numbers[1].number.digits() == kAdopted);
  CHECK_FALSE(message->numbers[1].replacement);
}

TEST_CASE("a local id may stand beside the number, on either side of it") {
  const std::string local = "<id root=\"2.16.840.1.113883.2.1.3.2.4.18.24\" extension=\"LCS-1\"/>";
  for (const std::string& ids : {local + sample::InactiveIds(kOld), sample::InactiveIds(kOld) + local}) {
    const auto message = Read(InactiveOf{{sample::Inactive(ids, "")}}.Xml());
    REQUIRE(message.ok());
    CHECK(message->numbers.at(0).number.digits() == kOld);
  }
}

TEST_CASE("a replacement that is nil is none, and one that is half said is refused") {
  const auto with = [](const std::string& between) {
    return InactiveOf{{sample::Inactive(sample::InactiveIds(kOld), between)}}.Xml();
  };
  for (const char* nil : {"<replacedBy xsi:nil=\"true\"/>", "<replacedBy><newVersion xsi:nil=\"1\"/></replacedBy>"}) {
    const auto message = Read(with(nil));
    REQUIRE(message.ok());
    CHECK_FALSE(message->numbers.at(0).replacement);
  }
  const std::string id = "<id extension=\"" + kNew + "\"/>";
  CHECK_THAT(Refusal(with("<replacedBy xsi:nil=\"true\"><newVersion>" + id + "</newVersion></replacedBy>")),
             Contains("nil and has content"));
  CHECK_THAT(Refusal(with("<replacedBy><newVersion xsi:nil=\"true\">" + id + "</newVersion></replacedBy>")),
             Contains("nil and has content"));
  CHECK_THAT(Refusal(with("<replacedBY><newVersion>" + id + "</newVersion></replacedBY>")), Contains("not known"));
  CHECK_THAT(Refusal(with("<replacedBy xmlns=\"\"><newVersion>" + id + "</newVersion></replacedBy>")),
             Contains("not known"));
  CHECK_THAT(Refusal(with("<replacedBy/>")), Contains("newVersion is missing"));
  CHECK_THAT(Refusal(with("<replacedBy><newVersion/></replacedBy>")), Contains("0 numbers, 1 is needed"));
  CHECK_THAT(
      Refusal(with("<replacedBy><newVersion>" + id + "<id extension=\"9990000018\"/></newVersion></replacedBy>")),
      Contains("2 numbers, 1 is needed"));
  CHECK_THAT(Refusal(with("<replacedBy><newVersion><id extension=\"9990000019\"/></newVersion></replacedBy>")),
             Contains("Modulus 11"));
  CHECK_THAT(
      Refusal(with("<replacedBy><newVersion><id root=\"1.2\" extension=\"9990000018\"/></newVersion></replacedBy>")),
      Contains("root is not known"));
}

TEST_CASE("a message with one thing wrong is refused whole, and no number is shown") {
  const auto wrong = [](std::string_view from, std::string_view to) { return Refusal(Replaced(kGood, from, to)); };
  CHECK_THAT(wrong(kOld, "9990000027"), Contains("subject[1]: NHS number: check digit") && !Contains("9990000027"));
  CHECK_THAT(wrong(kOld, "999 000 0026"), Contains("digits 0 to 9"));
  CHECK_THAT(wrong(kAdopted, "12"), Contains("subject[2]: NHS number has 2 digits"));
  CHECK_THAT(wrong(kAdopted, kOld), Contains("subject[2]: a number is there twice") && !Contains(kOld));
  CHECK_THAT(wrong("2.16.840.1.113883.2.1.4.1", "1.2.3"), Contains("no NHS number"));
  CHECK_THAT(wrong("<effectiveTime value=\"20261121020000\"/>", ""), Contains("effectiveTime is missing"));
  CHECK_THAT(wrong("20261121020000", "20261321020000"), Contains("a time that exists"));
  CHECK_THAT(wrong("0192F8B1-0C11", "0192F8B1"), Contains("a UUID is needed"));
  CHECK_THAT(wrong("E10000017", "../E1"), Contains("organisation id extension"));
  CHECK_THAT(wrong("2.16.840.1.113883.2.1.3.2.4.19.1", "1.2"), Contains("organisation id root"));
  CHECK_THAT(wrong("extension=\"COCT_TP145103GB01.IntendedRecipient\"", "extension=\"x\""), Contains("contentId"));
  CHECK_THAT(wrong("<lAUploadFile><value extension=\"LANCS-20261120-001\"/></lAUploadFile>", ""),
             Contains("lAUploadFile is missing"));
  CHECK_THAT(wrong("urn:hl7-org:v3", "urn:other"), Contains("the root element is not"));
  CHECK_THAT(wrong("<CP-ISInactiveNHS", "<!DOCTYPE x><CP-ISInactiveNHS"), Contains("not accepted"));
  CHECK_THAT(Refusal(InactiveOf{{}}.Xml()), Contains("no subject"));
  CHECK_THAT(Refusal(sample::File()), Contains("the root element is not"));
}

TEST_CASE("the same word on a number twice counts once") {
  const auto message = Read(InactiveOf{{ErasedNumber(kOld), ErasedNumber(kOld)}}.Xml());
  REQUIRE(message.ok());
  CHECK(message->numbers.size() == 1);
}

TEST_CASE("a message that is cut short anywhere is refused, and still known for what it was") {
  const size_t name = kGood.find("CP-ISInactiveNHSNumberNotification") + 34;
  const size_t end = kGood.rfind('>');
  for (size_t size = 0; size < end; size += 7) {
    const std::string_view part = std::string_view(kGood).substr(0, size);
    REQUIRE_FALSE(Read(part).ok());
    REQUIRE(IsInactiveMessage(platform::AsBytes(part)) == (size >= name));
  }
  CHECK(IsInactiveMessage(platform::AsBytes(kGood)));
  CHECK_FALSE(IsInactiveMessage(platform::AsBytes(sample::File())));
  // An upload may speak of anything in a name.
  CHECK_FALSE(IsInactiveMessage(
      platform::AsBytes(Replaced(sample::File(), "Lancashire", "CP-ISInactiveNHSNumberNotification"))));
}

TEST_CASE("ten thousand mutations of a good message never crash and never yield what the rules forbid") {
  const uint64_t seed = 20261123;
  WARN("seed " << seed);
  std::mt19937_64 random(seed);
  int accepted = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string xml = Mutated(kGood, random);
    const auto message = Read(xml);
    if (!message.ok()) {
      REQUIRE_THAT(message.status().message(), !Contains(kOld) && !Contains(kNew) && !Contains(kAdopted));
      continue;
    }
    ++accepted;
    REQUIRE(message->authority.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string::npos);
    REQUIRE_FALSE(message->numbers.empty());
    // A harmed replacement must never read as an erasure.
    for (const InactiveNumber& one : message->numbers) {
      if (one.number.digits() == kOld) REQUIRE(one.replacement.has_value());
    }
  }
  CHECK(accepted > 200);
}

}  // namespace cpis::sync::fleet
