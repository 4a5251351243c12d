// SPDX-License-Identifier: Apache-2.0
//
// What stands between an untrusted file and the XML parser: one pass over the raw bytes that accepts a strict subset of
// XML 1.0 and refuses everything that has ever made a parser fetch, expand, recurse or guess.
#pragma once

#include <string_view>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::sync::fleet {

// The document without its byte order mark, a view into `xml`. It is then well-formed UTF-8 with no document type, no
// entities but the five of XML, and within the limits of intake.h. kInvalid says on which line it is not; kExhausted
// names the limit. Messages quote names of the national messages at most, never text or values.
platform::Result<std::string_view> GuardXml(platform::ByteView xml);

}  // namespace cpis::sync::fleet
