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

std::string Listed(std::initializer_list<const char*> required, std::initializer_list<const char*> optional) {
  std::string listed;
  for (const char* key : required) listed += (listed.empty() ? "\"" : ", \"") + std::string(key) + "\"";
  for (const char* key : optional) listed += ", \"" + std::string(key) + "\" (optional)";
  return listed;
}

}  // namespace

std::optional<Problem> ReadBody(const platform::HttpRequest& request, std::initializer_list<const char*> required,
                                std::initializer_list<const char*> optional,
                                std::map<std::string, std::string>* values) {
  const std::string wanted = "; send a JSON object with " + Listed(required, optional);
  boost::json::error_code error;
  const boost::json::value body = boost::json::parse(request.body, error);
  if (error || !body.is_object()) return InvalidBody("the body is not a JSON object" + wanted);
  for (const auto& [key, value] : body.as_object()) {
    const bool is_optional = Contains(optional, key);
    if (!is_optional && !Contains(required, key)) {
      return InvalidBody("unknown key \"" + NameShown(key) + "\"" + wanted);
    }
    if (is_optional && value.is_null()) continue;
    if (!value.is_string()) return InvalidBody("\"" + std::string(key) + "\" is not a string" + wanted);
    (*values)[std::string(key)] = std::string(value.as_string());
  }
  for (const char* key : required) {
    if (!values->contains(key)) return InvalidBody("\"" + std::string(key) + "\" is missing" + wanted);
  }
  return std::nullopt;
}

}  // namespace cpis::edge::http
