// SPDX-License-Identifier: Apache-2.0
//
// One call at the admin socket, as its methods see it.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "sync/local/local_service.h"

namespace cpis::sync::fleet {

class Fleet;
namespace json = boost::json;
using platform::Instant;
using platform::Result;

struct Call {
  Fleet& fleet;
  const json::object& arguments;
  const platform::Bytes& attachment;
  const LocalProgress& progress;

  // kInvalid when it is missing, or no text.
  Result<std::string> Text(std::string_view key) const {
    const json::value* value = arguments.if_contains(key);
    if (value == nullptr || !value->is_string()) return platform::Invalid("\"" + std::string(key) + "\" is missing");
    return std::string(value->as_string());
  }
  std::string TextOr(std::string_view key, std::string otherwise) const {
    const json::value* value = arguments.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::move(otherwise);
  }
  Result<std::vector<std::string>> Texts(std::string_view key) const {
    const json::value* value = arguments.if_contains(key);
    if (value == nullptr || !value->is_array()) return platform::Invalid("\"" + std::string(key) + "\" is missing");
    std::vector<std::string> texts;
    for (const json::value& item : value->as_array()) {
      if (!item.is_string()) return platform::Invalid("\"" + std::string(key) + "\" holds something that is not text");
      texts.emplace_back(item.as_string());
    }
    return texts;
  }
};

// RFC 3339, or null.
inline json::value Time(const std::optional<Instant>& at) { return at ? json::value(platform::Rfc3339(*at)) : json::value(nullptr); }

}  // namespace cpis::sync::fleet
