// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/render.h"
#include "edge/ctl/table.h"
#include "edge/ctl/words.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

std::string Line(const std::string& label, const std::string& value) {
  return label + std::string(label.size() < 14 ? 14 - label.size() : 1, ' ') + value + "\n";
}

}  // namespace

// What is said of a vehicle that was erased, a line each.
std::string RenderWiped(const json::value& status) {
  const json::value& wiped = Member(status, "wiped");
  const json::value& journal = Member(status, "journal");
  const bool under_way = Text(wiped, "state") == "UNDER_WAY";
  const std::string order = Text(wiped, "order") == "local" ? "by somebody here" : "by order " + Text(wiped, "order") + " of the fleet";
  std::string text = (under_way ? "This vehicle is being wiped " : "This vehicle was wiped ") + order + ", " + LocalTime(wiped, "at") + ".\n";
  text += Line("proof", IsTrue(wiped, "told") ? "the fleet server has it"
                        : IsTrue(wiped, "proof") ? "signed; the fleet server has not got it yet"
                                                 : "none: it was stopped before it could sign");
  text += Line("waiting", Text(journal, "attendances_waiting") + " attendance(s), " + Text(journal, "audit_waiting") +
                              " audit entries: sealed, and sent when it is enrolled again");
  return text + "Only a new enrolment code brings it back (cpisctl node enrol --server HOST:7444 --code CODE).\n";
}

std::string RenderNodeStatus(const json::value& status) {
  if (!IsTrue(status, "enrolled") && Member(status, "wiped").is_object()) return RenderWiped(status);
  if (!IsTrue(status, "enrolled")) {
    return "This node belongs to no fleet yet (cpisctl node enrol --server HOST:7444 --code CODE).\n" +
           Line("version", Text(status, "version"));
  }
  const json::value& link = Member(status, "link");
  const json::value& journal = Member(status, "journal");
  const json::value& key_store = Member(status, "key_store");
  std::string text = Line("node", Text(status, "node") + " of " + Text(status, "trust"));
  std::string state = Text(link, "state");
  if (const std::string since = LocalTime(link, "since"); !since.empty()) state += " since " + since;
  if (const std::string error = Text(link, "error"); !error.empty()) state += " (" + error + ")";
  text += Line("link", state);
  text += Line("data", Text(status, "freshness") + ", " + Ago(status, "age_seconds"));
  if (const json::value& lan = Member(status, "lan"); lan.is_object()) text += Line("LAN", Text(lan, "detail"));
  text += Line("sessions", IsTrue(status, "locked") ? "locked: nobody is signed in" : "somebody is signed in");
  text += Line("lease", Text(Member(status, "lease"), "expires").empty()
                            ? "none yet"
                            : "until " + LocalTime(Member(status, "lease"), "expires"));
  text += Line("waiting", Text(journal, "attendances_waiting") + " attendance(s), " + Text(journal, "audit_waiting") +
                              " audit entries, " + Text(journal, "quarantined") + " quarantined");
  if (const int64_t alerts = Number(status, "alerts"); alerts > 0) {
    text += Line("alerts", std::to_string(alerts) + " NOT ACKNOWLEDGED (cpisctl node alerts)");
  }
  text +=
      Line("key store", Text(key_store, "kind") + (IsTrue(key_store, "hardware_bound") ? "" : ", NOT HARDWARE BOUND"));
  text += Line("version", Text(status, "version"));
  Table table({"AUTHORITY", "NAME", "ROWS", "SEQUENCE"});
  for (const json::value& partition : List(status, "region")) {
    table.Add(
        {Text(partition, "code"), Text(partition, "name", "-"), Text(partition, "rows"), Text(partition, "sequence")});
  }
  return text + "\n" + table.Text("No authority's rows are held.");
}

std::string RenderOutbox(const json::value& answer) {
  Table table({"ID", "KIND", "STATE", "QUEUED", "BYTES", "REASON"});
  if (answer.is_array()) {
    for (const json::value& item : answer.as_array()) {
      table.Add({Text(item, "id"), Text(item, "kind"), Text(item, "state"), LocalTime(item, "queued_at"),
                 Text(item, "bytes"), Text(item, "reason")});
    }
  }
  return table.Text("Nothing waits.");
}

std::string RenderOutboxItem(const json::value& item) {
  std::string text =
      Line("id", Text(item, "id")) + Line("kind", Text(item, "kind")) + Line("state", Text(item, "state"));
  text += Line("queued", LocalTime(item, "queued_at"));
  if (const std::string receipt = LocalTime(item, "receipt_at"); !receipt.empty()) text += Line("receipt", receipt);
  if (const std::string reason = Text(item, "reason"); !reason.empty()) text += Line("reason", reason);
  return text + Line("bytes", Text(item, "bytes") + ", sealed: only the fleet server can read it");
}

std::string RenderVerdicts(const json::value& answer) {
  Table table({"TOPIC", "ENTRIES", "VERDICT"});
  if (answer.is_array()) {
    for (const json::value& verdict : answer.as_array()) {
      table.Add(
          {Text(verdict, "topic"), Text(verdict, "entries"), IsTrue(verdict, "matches") ? "as signed" : "DAMAGED"});
    }
  }
  return table.Text("Nothing is held yet.");
}

std::string RenderAudit(const json::value& answer) { return Text(answer, "detail") + "\n"; }

std::string RenderFindings(const json::value& answer) {
  Table table({"CHECK", "", "DETAIL"});
  if (answer.is_array()) {
    for (const json::value& finding : answer.as_array()) {
      table.Add({Text(finding, "check"), IsTrue(finding, "good") ? "good" : "BAD", Text(finding, "detail")});
      if (const std::string advice = Text(finding, "advice"); !advice.empty()) table.Add({"", "", "> " + advice});
    }
  }
  return table.Text("Nothing was checked.");
}

}  // namespace cpis::edge::ctl
