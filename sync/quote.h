// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cpis::sync {

// What a person typed or sent, as an error message shows it: in double quotes, control characters and quotes as '?',
// cut after 64 bytes so that a hostile input cannot flood a terminal. Never for a secret or, where it may be logged, a
// number.
std::string Quoted(std::string_view text);

}  // namespace cpis::sync
