// SPDX-License-Identifier: Apache-2.0
#include "sync/enrolment.h"

#include <catch2/catch.hpp>

#include "crypto/secret.h"
#include "sync/node/link.h"

namespace cpis::sync {
namespace {

using platform::Bytes;
using platform::Code;

EnrolmentCode Sample() {
  EnrolmentCode code;
  for (uint8_t i = 0; i < kEnrolmentSecretBytes; ++i) code.secret.push_back(i);
  for (uint8_t i = 0; i < kEnrolmentPinBytes; ++i) code.server_pin.push_back(static_cast<uint8_t>(0xF0 + i));
  return code;
}

TEST_CASE("an enrolment code is 42 characters in groups of 6 and never changes its form") {
  CHECK(FormatEnrolmentCode(Sample()) == "000G40-R40M30-E209Y3-RZ5WZM-YQVFFY-7SZBXZ-SZFYZW");
}

TEST_CASE("a code is read as people type it") {
  const std::string printed = FormatEnrolmentCode(Sample());
  std::string lower, bare;
  for (char c : printed) {
    lower += static_cast<char>(std::tolower(c));
    if (c != '-') bare += c;
  }
  for (const std::string& typed : {printed, lower, bare}) {
    const auto code = ParseEnrolmentCode(typed);
    REQUIRE(code.ok());
    CHECK(code->secret == Sample().secret);
    CHECK(code->server_pin == Sample().server_pin);
  }
}

TEST_CASE("random codes come back as they were") {
  for (int i = 0; i < 100; ++i) {
    const EnrolmentCode code{crypto::RandomBytes(kEnrolmentSecretBytes), crypto::RandomBytes(kEnrolmentPinBytes)};
    const auto parsed = ParseEnrolmentCode(FormatEnrolmentCode(code));
    REQUIRE(parsed.ok());
    CHECK(parsed->secret == code.secret);
    CHECK(parsed->server_pin == code.server_pin);
  }
}

TEST_CASE("what is not a code is refused without being quoted") {
  const std::string printed = FormatEnrolmentCode(Sample());
  std::vector<std::string> bad{"", "U", printed + "0", "000G40-R40M30", std::string(100'000, '0')};
  for (size_t size = 0; size < printed.size(); ++size) bad.push_back(printed.substr(0, size));
  for (const std::string& text : bad) {
    const auto code = ParseEnrolmentCode(text);
    REQUIRE_FALSE(code.ok());
    CHECK(code.status().code() == Code::kInvalid);
    CHECK(code.status().message() ==
          "that is not an enrolment code (42 letters and digits in groups of 6, as \"fleet node add\" prints)");
  }
}

TEST_CASE("enrolment says what is wrong before it makes a key or opens a connection") {
  CHECK(node::Enrol({"127.0.0.1:1", "no code"}).status().code() == Code::kInvalid);
  CHECK(node::Enrol({"trust:", FormatEnrolmentCode(Sample())}).status().code() == Code::kInvalid);
}

TEST_CASE("enrolment where nobody listens is kUnavailable") {
  CHECK(node::Enrol({"127.0.0.1:1", FormatEnrolmentCode(Sample())}).status().code() == Code::kUnavailable);
}

}  // namespace
}  // namespace cpis::sync
