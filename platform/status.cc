// SPDX-License-Identifier: Apache-2.0
#include "platform/status.h"

namespace cpis::platform {

std::string_view Name(Code code) {
  switch (code) {
    case Code::kOk:
      return "ok";
    case Code::kInvalid:
      return "invalid";
    case Code::kNotFound:
      return "not found";
    case Code::kDenied:
      return "denied";
    case Code::kForbidden:
      return "forbidden";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kExhausted:
      return "exhausted";
    case Code::kCancelled:
      return "cancelled";
    case Code::kInternal:
      return "internal";
  }
  return "unknown";
}

}  // namespace cpis::platform
