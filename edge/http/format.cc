// SPDX-License-Identifier: Apache-2.0
#include "edge/http/format.h"

#include <algorithm>

#include "edge/http/fhir.h"
#include "edge/http/text.h"

namespace cpis::edge::http {
namespace {

bool IsJson(std::string_view type) {
  return type == "json" || type == "application/json" || type == kFhirJson || type == "text/json" ||
         type == "application/json+fhir" ||  // its name before FHIR R3
         type == "application/fhir json";    // a + that the client did not encode
}

bool IsAny(std::string_view type) { return type == "*/*" || type == "application/*"; }

// Whether the parameters of a media range leave it to us: not weighed 0, no other version of FHIR.
bool ParametersFit(const std::vector<std::string_view>& range) {
  return std::all_of(range.begin() + 1, range.end(), [](std::string_view parameter) {
    const std::string_view name = parameter.substr(0, parameter.find('='));
    const std::string value = Unquoted(Trimmed(parameter.substr(std::min(parameter.size(), name.size() + 1))));
    if (Trimmed(name) == "q") return !IsZeroWeight(value);
    if (Trimmed(name) == "fhirversion") return value == "4.0" || value == "4.0.1";
    return true;
  });
}

bool Fits(std::string_view range, bool wildcards) {
  const std::vector<std::string_view> parts = SplitOutsideQuotes(range, ';');
  const std::string_view type = Trimmed(parts.front());
  return (IsJson(type) || (wildcards && IsAny(type))) && ParametersFit(parts);
}

bool FormatFits(const platform::HttpRequest& request) {
  return std::all_of(request.query.begin(), request.query.end(), [](const platform::HttpHeader& parameter) {
    return parameter.name != "_format" || Fits(LowerCase(parameter.value), false);
  });
}

bool AcceptFits(const platform::HttpRequest& request) {
  bool said = false;
  for (const std::string_view header : HeaderValues(request, "Accept")) {
    const std::string accept = LowerCase(header);
    for (const std::string_view range : SplitOutsideQuotes(accept, ',')) {
      if (Trimmed(range).empty()) continue;
      if (Fits(range, true)) return true;
      said = true;
    }
  }
  return !said;
}

}  // namespace

std::optional<Problem> CheckFormat(const platform::HttpRequest& request) {
  if (request.Query("_format") ? FormatFits(request) : AcceptFits(request)) return std::nullopt;
  return Problem{406, "not-supported", "NOT_ACCEPTABLE", "only JSON of FHIR R4 is served (_format=json)", 0, ""};
}

}  // namespace cpis::edge::http
