// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/render.h"
#include "edge/ctl/table.h"
#include "edge/ctl/words.h"

namespace cpis::edge::ctl {

namespace {

constexpr size_t kWidest = 60;  // the rest is in --json

std::string Beginning(std::string text) {
  if (text.size() <= kWidest) return text;
  size_t end = kWidest - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a letter
  return text.substr(0, end) + "…";
}

}  // namespace

std::string RenderActs(const boost::json::value& answer) {
  Table table({"ID", "WHEN", "WHO", "DID", "WITH", "NHS NUMBER", "OUTCOME"});
  if (answer.is_array()) {
    for (const auto& act : answer.as_array()) {
      const auto* with = act.as_object().if_contains("arguments");
      const std::string number = Text(act, "nhs_number");
      table.Add({Text(act, "id"), LocalTime(act, "at"), Text(act, "who", "-"), Text(act, "method"),
                 with == nullptr || with->is_null() ? "-" : Beginning(boost::json::serialize(*with)), number.empty() ? "-" : GroupedNumber(number),
                 Text(act, "outcome")});
    }
  }
  return table.Text("Nobody has done anything.");
}

}  // namespace cpis::edge::ctl
