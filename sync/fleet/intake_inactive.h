// SPDX-License-Identifier: Apache-2.0
//
// REPC_MT000005GB01: the national service tells an authority which of the numbers it uploaded are no longer in use.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sync/fleet/intake.h"

namespace cpis::sync::fleet {

struct InactiveNumber {
  NhsNumber number;
  std::optional<NhsNumber> replacement;  // none: inactive for good, as after an adoption
};

struct InactiveMessage {
  std::string id;
  Instant effective_at;
  std::string authority;                // whose partition it is about
  std::vector<InactiveNumber> numbers;  // in document order, each number once
};

// Whether the bytes are, or were meant to be, this message: one that is cut short must not be answered like an upload.
bool IsInactiveMessage(platform::ByteView xml);

// All of the message or nothing of it. kInvalid and kExhausted say what was wrong, never with a number in it.
Result<InactiveMessage> ReadInactiveNumbers(platform::ByteView xml);

}  // namespace cpis::sync::fleet
