// SPDX-License-Identifier: Apache-2.0
#include "edge/http/prefer.h"

#include "edge/http/text.h"

namespace cpis::edge::http {
namespace {

// One preference: what stands before its parameters. `handling = "strict"; a=b` → handling, strict.
struct Preference {
  std::string name;
  std::string value;
};

Preference ReadPreference(std::string_view text) {
  const std::string_view whole = SplitOutsideQuotes(text, ';').front();
  const std::string_view name = whole.substr(0, whole.find('='));
  const std::string_view value = name.size() == whole.size() ? std::string_view() : whole.substr(name.size() + 1);
  return {LowerCase(Trimmed(name)), LowerCase(Unquoted(Trimmed(value)))};
}

}  // namespace

Handling PreferredHandling(const platform::HttpRequest& request) {
  for (const std::string_view header : HeaderValues(request, "Prefer")) {
    for (const std::string_view one : SplitOutsideQuotes(header, ',')) {
      const Preference preference = ReadPreference(one);
      if (preference.name != "handling") continue;
      if (preference.value == "strict") return Handling::kStrict;
      return preference.value == "lenient" ? Handling::kLenient : Handling::kUnsaid;
    }
  }
  return Handling::kUnsaid;
}

}  // namespace cpis::edge::http
