// SPDX-License-Identifier: Apache-2.0
//
// What a certificate for the LAN of a vehicle may name: private addresses, and names that the public DNS never has. One table for
// who signs and for what the authority's own certificate is constrained to.
#pragma once

#include <string>
#include <string_view>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::crypto {

// Under which every node has a name of its own, and none but its own.
inline constexpr std::string_view kVehicleSuffix = ".cpis.internal";

struct LanName {
  bool address = false;  // else a DNS name
  std::string text;      // in its one spelling: lower case, addresses as inet_ntop writes them
};

// kInvalid quotes the name and says what may be: an address of RFC 1918, RFC 3927, fc00::/7, fe80::/10 or of this machine, or a name
// under .internal, .local, .lan or .home.arpa.
platform::Result<LanName> ParseLanName(std::string_view text);

// An address of 4 or 16 bytes in its one spelling.
std::string AddressText(platform::ByteView bytes);

// The same as X.509 name constraints (RFC 5280 §4.2.1.10), as openssl.cnf writes them.
std::string LanNameConstraints();

}  // namespace cpis::crypto
