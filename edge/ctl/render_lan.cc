// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/render_lan.h"

#include "edge/ctl/table.h"
#include "edge/ctl/words.h"

namespace cpis::edge::ctl {

namespace json = boost::json;

std::string RenderPairingCode(const json::value& answer) {
  const std::string code = Text(answer, "code");
  return "Type this on the tablet: " + code.substr(0, 4) + " " + code.substr(4) + "\nIt lets \"" + Text(answer, "name") +
         "\" in once, until " + LocalTime(answer, "expires") + "; five wrong tries end it.\n";
}

std::string RenderTablets(const json::value& answer) {
  Table table({"NAME", "PAIRED"});
  if (answer.is_array()) {
    for (const json::value& row : answer.as_array()) table.Add({Text(row, "name"), LocalTime(row, "paired_at")});
  }
  return table.Text("No tablet may come in (cpisctl node tablet add NAME).");
}

std::string RenderLanAuthority(const json::value& answer) { return Text(answer, "certificate"); }

}  // namespace cpis::edge::ctl
