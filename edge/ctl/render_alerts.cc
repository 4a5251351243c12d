// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/render.h"
#include "edge/ctl/table.h"
#include "edge/ctl/words.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

std::string OutcomeWords(const std::string& outcome) {
  if (outcome == "NOT_FLAGGED") return "that nothing is held";
  if (outcome == "POSSIBLY_FLAGGED_ELSEWHERE") return "that another authority may hold information";
  if (outcome == "CANNOT_SAY") return "that this cannot be said";
  return outcome;
}

std::string Story(const json::value& alert) {
  const std::string incident = Text(alert, "incident");
  std::string text = "The person with NHS number " + GroupedNumber(Text(alert, "nhs_number")) + ", whom " + Text(alert, "staff") +
                     " looked up or attended on " + LocalTime(alert, "occurred_at");
  if (!incident.empty()) text += " (incident " + incident + ")";
  text += ", is FLAGGED.\nThe answer then was " + OutcomeWords(Text(alert, "outcome_at_node")) + ". It became known on " +
          LocalTime(alert, "raised_at") + ".\n";
  for (const json::value& plan : List(alert, "plans")) text += RenderPlan(plan);
  return text;
}

}  // namespace

std::string RenderAlerts(const json::value& answer) {
  if (!answer.is_array() || answer.as_array().empty()) return "No alerts.\n";
  std::string text;
  for (const json::value& alert : answer.as_array()) {
    text += (text.empty() ? "" : "\n") + Story(alert);
    const std::string by = Text(alert, "acknowledged_by");
    text += by.empty() ? "Phone the authority if nobody has, then: cpisctl node alerts --acknowledge " + Text(alert, "id") + "\n"
                       : "Acknowledged by " + by + " on " + LocalTime(alert, "acknowledged_at") + ".\n";
  }
  return text;
}

std::string RenderAlert(const json::value& alert) {
  return "Acknowledged by " + Text(alert, "acknowledged_by") + " on " + LocalTime(alert, "acknowledged_at") +
         ". It goes from the list when the fleet server has heard of it.\n";
}

std::string RenderFleetAlerts(const json::value& answer) {
  Table table({"RAISED", "NODE", "NHS NUMBER", "INCIDENT", "OCCURRED", "ACKNOWLEDGED", "BY", "ID"});
  if (answer.is_array()) {
    for (const json::value& row : answer.as_array()) {
      const std::string when = LocalTime(row, "acknowledged_at");
      const bool open = IsTrue(row, "open");
      table.Add({LocalTime(row, "raised_at"), Text(row, "node"), GroupedNumber(Text(row, "nhs_number")),
                 Text(row, "incident", "-"), LocalTime(row, "occurred_at"), !when.empty() ? when : open ? "not yet" : "taken back",
                 Text(row, "acknowledged_by", "-"), Text(row, "id")});
    }
  }
  return table.Text("No alert was raised.");
}

}  // namespace cpis::edge::ctl
