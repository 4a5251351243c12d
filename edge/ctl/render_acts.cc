// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/render.h"
#include "edge/ctl/table.h"
#include "edge/ctl/words.h"

namespace cpis::edge::ctl {

std::string RenderActs(const boost::json::value& answer) {
  Table table({"ID", "WHEN", "WHO", "DID", "WITH", "NHS NUMBER", "OUTCOME"});
  if (answer.is_array()) {
    for (const auto& act : answer.as_array()) {
      const auto* with = act.as_object().if_contains("arguments");
      const std::string number = Text(act, "nhs_number");
      table.Add({Text(act, "id"), LocalTime(act, "at"), Text(act, "who", "-"), Text(act, "method"),
                 with == nullptr || with->is_null() ? "-" : boost::json::serialize(*with), number.empty() ? "-" : GroupedNumber(number),
                 Text(act, "outcome")});
    }
  }
  return table.Text("Nobody has done anything.");
}

}  // namespace cpis::edge::ctl
