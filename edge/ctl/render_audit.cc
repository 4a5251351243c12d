// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/render.h"
#include "edge/ctl/table.h"
#include "edge/ctl/words.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

const json::array& Rows(const json::value& answer) {
  static const json::array kNone;
  return answer.is_array() ? answer.as_array() : kNone;
}

std::string Said(const json::value& look) {
  const std::string outcome = Text(look, "outcome", "-");
  const std::string reason = Text(look, "reason");
  return reason.empty() ? outcome : outcome + " (" + reason + ")";
}

}  // namespace

std::string RenderLooks(const json::value& answer) {
  Table table({"WHEN", "WHO", "STAFF", "ROLE", "NODE", "DID", "NHS NUMBER", "INCIDENT", "WAS TOLD", "SILENT"});
  for (const json::value& row : Rows(answer)) {
    table.Add({LocalTime(row, "at"), Text(row, "name", "-"), Text(row, "staff", "-"), Text(row, "role", "-"), Text(row, "node"),
               Text(row, "action"), GroupedNumber(Text(row, "nhs_number", "-")), Text(row, "incident", "-"), Said(row),
               IsTrue(row, "silent") ? "silent" : "-"});
  }
  return table.Text("Nobody looked.");
}

std::string RenderFleetAudit(const json::value& answer) {
  std::string text = Text(answer, "entries", "0") + " entries, as they came.\n";
  for (const json::value& one : List(answer, "outstanding")) {
    text += Text(one, "node") + " signed for " + Text(one, "promised") + " entries, " + Text(one, "arrived") + " have come (since " +
            LocalTime(one, "since") + ")\n";
  }
  return text;
}

std::string RenderSecurity(const json::value& answer) {
  Table table({"ID", "FIRST", "LAST", "TIMES", "NODE", "WHAT", "STATE", "DETAIL"});
  for (const json::value& row : Rows(answer)) {
    table.Add({Text(row, "id"), LocalTime(row, "at"), LocalTime(row, "last"), Text(row, "times"), Text(row, "node"), Text(row, "kind"),
               Text(row, "acknowledged_at").empty() ? "OPEN" : "acknowledged", Text(row, "detail")});
  }
  return table.Text("Nothing was noticed.");
}

}  // namespace cpis::edge::ctl
