// SPDX-License-Identifier: Apache-2.0
#include "edge/http/body.h"

#include <algorithm>
#include <boost/json.hpp>

#include "edge/http/text.h"

namespace cpis::edge::http {
namespace {

bool Contains(std::initializer_list<const char*> keys, std::string_view key) {
  return std::any_of(keys.begin(), keys.end(), [key](const char* known) { return key == known; });
}

std::string Listed(const BodyShape& shape) {
  std::string listed;
  for (const char* key : shape.required) listed += (listed.empty() ? "\"" : ", \"") + std::string(key) + "\"";
  for (const char* key : shape.optional) listed += ", \"" + std::string(key) + "\" (optional)";
  for (const char* key : shape.flags) listed += ", \"" + std::string(key) + "\" (optional, true or false)";
  return listed;
}

}  // namespace

std::optional<Problem> ReadBody(const platform::HttpRequest& request, const BodyShape& shape,
                                std::map<std::string, std::string>* values) {
  const std::string wanted = "; send a JSON object with " + Listed(shape);
  boost::json::error_code error;
  const boost::json::value body = boost::json::parse(request.body, error);
  if (error || !body.is_object()) return InvalidBody("the body is not a JSON object" + wanted);
  for (const auto& [key, value] : body.as_object()) {
    const bool is_flag = Contains(shape.flags, key);
    const bool is_optional = is_flag || Contains(shape.optional, key);
    if (!is_optional && !Contains(shape.required, key)) {
      return InvalidBody("unknown key \"" + NameShown(key) + "\"" + wanted);
    }
    if (is_optional && value.is_null()) continue;
    if (is_flag) {
      if (!value.is_bool()) return InvalidBody("\"" + std::string(key) + "\" is neither true nor false" + wanted);
      if (value.as_bool()) (*values)[std::string(key)] = "true";
      continue;
    }
    if (!value.is_string()) return InvalidBody("\"" + std::string(key) + "\" is not a string" + wanted);
    (*values)[std::string(key)] = std::string(value.as_string());
  }
  for (const char* key : shape.required) {
    if (!values->contains(key)) return InvalidBody("\"" + std::string(key) + "\" is missing" + wanted);
  }
  return std::nullopt;
}

}  // namespace cpis::edge::http
