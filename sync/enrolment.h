// SPDX-License-Identifier: Apache-2.0
//
// The code that operations hand to a field engineer: it proves the engineer to the server and the server to the node.
//
//   Crockford base 32 of: secret 10 │ first 16 bytes of the SHA-256 of the fleet's CA certificate, in groups of 6
#pragma once

#include <string>
#include <string_view>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::sync {

constexpr size_t kEnrolmentSecretBytes = 10;
constexpr size_t kEnrolmentPinBytes = 16;
constexpr std::string_view kEnrolmentPath = "/enrol";

struct EnrolmentCode {
  platform::Bytes secret;      // known to nobody but the holder; the server keeps a hash
  platform::Bytes server_pin;
};

std::string FormatEnrolmentCode(const EnrolmentCode& code);
// kInvalid says what a code looks like; it does not quote the code, which is a secret.
platform::Result<EnrolmentCode> ParseEnrolmentCode(std::string_view text);

}  // namespace cpis::sync
