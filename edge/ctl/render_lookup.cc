// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/render.h"
#include "edge/ctl/table.h"
#include "edge/ctl/words.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

// The first line of a lookup: what a person who reads nothing else must take away.
std::string Headline(const json::value& answer) {
  const std::string outcome = Text(answer, "outcome");
  if (outcome == "FLAGGED") return "FLAGGED: child protection information is held for this NHS number.";
  if (outcome == "NOT_FLAGGED") return "NOT FLAGGED: nothing is held for this NHS number.";
  if (outcome == "POSSIBLY_FLAGGED_ELSEWHERE") {
    return "POSSIBLY FLAGGED ELSEWHERE: another authority may hold information. This is not a \"no\".";
  }
  return "CANNOT SAY (" + Text(answer, "reason", "no reason given") + "): this is not a \"no\".";
}

std::string TypeName(const std::string& type) {
  if (type == "CPP") return "Child protection plan";
  if (type == "LAC") return "Looked after child";
  if (type == "UCPP") return "Child protection plan for an unborn child (this is the mother)";
  return type;
}

std::string Accesses(const json::value& answer) {
  const json::array& accesses = List(answer, "accesses");
  if (accesses.empty()) return "\nNobody in unscheduled care has looked before.\n";
  const json::value& pattern = Member(answer, "pattern");
  std::string text = "\nLooked at before: " + Text(pattern, "accesses_90_days") + " in the last 90 days, by " +
                     Text(pattern, "organisations_90_days") + " organisation(s)";
  text += IsTrue(pattern, "frequent") ? ". FREQUENT: consider neglect.\n" : ".\n";
  Table table({"  WHEN", "WHO", "ROLE", "ORGANISATION"});
  for (const json::value& access : accesses) {
    table.Add(
        {"  " + LocalTime(access, "at"), Text(access, "viewer"), Text(access, "role"), Text(access, "organisation")});
  }
  return text + table.Text("");
}

std::string NotificationWords(const std::string& notification) {
  if (notification == "QUEUED") return "The local authority will be told that this person was seen.";
  if (notification == "ALREADY_QUEUED") return "The local authority is being told already; nothing was queued twice.";
  if (notification == "SILENT") return "Looked silently: nobody is told.";
  return "";
}

}  // namespace

std::string RenderPlan(const json::value& plan) {
  const json::value& authority = Member(plan, "authority");
  const std::string end = LocalTime(plan, "end");
  const bool current = Text(plan, "state") == "CURRENT";
  std::string text = "  " + TypeName(Text(plan, "type")) + (current ? ", CURRENT" : ", ENDED") + "\n";
  text += "    from " + LocalTime(plan, "start") + (end.empty() ? "" : (current ? ", due to end " : ", ended ") + end) +
          "\n";
  text += "    " + Text(authority, "name") + " (" + Text(authority, "code") + ")\n";
  text += "    phone, emergency duty team: " + Text(authority, "emergency_duty_tel", "none given") + "\n";
  text += "    phone, office hours:        " + Text(authority, "office_hours_tel", "none given") + "\n";
  return text;
}

std::string RenderLookup(const json::value& answer) {
  std::string text = Headline(answer) + "\n";
  text += "NHS number " + GroupedNumber(Text(answer, "nhs_number")) + "\n";
  for (const json::value& advice : List(answer, "advice")) {
    if (advice.is_string()) text += "  > " + std::string(advice.as_string()) + "\n";
  }
  const json::array& plans = List(answer, "plans");
  if (!plans.empty()) text += "\nPlans\n";
  for (const json::value& plan : plans) text += RenderPlan(plan);
  if (Text(answer, "outcome") == "FLAGGED") text += Accesses(answer);

  text += "\nInformation as of " + Text(answer, "as_of", "never");
  if (!Member(answer, "age_seconds").is_null()) text += " (" + Ago(answer, "age_seconds") + ")";
  text += IsTrue(answer, "stale") ? ", OLD: there may be newer.\n" : ".\n";
  const std::string region = Joined(List(answer, "region"), ", ");
  if (Text(answer, "source") == "FLEET_SERVER") {
    text += "It covers every authority that reports to the fleet server.\n";
  } else if (!region.empty()) {
    text += "It covers " + region + ".\n";
  }
  const std::string notification = NotificationWords(Text(answer, "notification"));
  if (!notification.empty()) text += notification + "\n";
  return text;
}

std::string RenderAttend(const json::value& answer) {
  const bool first = Text(answer, "notification") == "QUEUED";
  return std::string(first ? "Attendance kept" : "Attendance was kept before") + ": " +
         LocalTime(answer, "occurred_at") + ", id " + Text(answer, "id") +
         ".\nIt goes to the fleet server with the next connection.\n" +
         (Text(answer, "outcome") == "FLAGGED" ? "This person is FLAGGED: look them up to see whom to phone.\n" : "");
}

// Never the token: it would stay in a scrollback.
std::string RenderSession(const json::value& answer) {
  return "Signed in until " + LocalTime(answer, "expires") + ".\n";
}

}  // namespace cpis::edge::ctl
