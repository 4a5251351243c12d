// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

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

// National response codes for a whole file (CP-ISUploadFileResponse).
std::string FileVerdict(const std::string& code) {
  if (code == "CPF01") return "refused, nothing was loaded";
  if (code == "CPF02") return "loaded";
  if (code == "CPF03") return "loaded in part";
  if (code == "CPF04") return "every record was refused, nothing was loaded";
  if (code == "HELD") return "held, nothing was loaded";
  if (code == "REFUSED") return "refused, nothing was changed";
  return "not loaded";
}

std::string Counts(const json::value& answer) {
  if (Text(answer, "code") == "APPLIED") {
    return Text(answer, "replaced", "0") + " replaced, " + Text(answer, "erased", "0") + " erased, " +
           Text(answer, "unknown", "0") + " not known here";
  }
  return Text(answer, "loaded", "0") + " loaded, " + Text(answer, "rejected", "0") + " refused";
}

// The longest-held file of an authority; the last good set goes on serving.
std::string Held(const json::value& authority) {
  const std::string file = Text(authority, "held_file");
  return file.empty() ? "-" : file + " since " + LocalTime(authority, "held_since");
}

std::string Notified(const json::value& attendance) {
  std::string codes;
  for (const json::value& notified : List(attendance, "notified")) {
    codes += (codes.empty() ? "" : ", ") + Text(notified, "authority");
  }
  return codes.empty() ? "-" : codes;
}

}  // namespace

std::string RenderKeys(const json::value& answer) {
  Table table({"KEY", "FINGERPRINT", "AGE"});
  for (const json::value& row : List(answer, "keys")) table.Add({Text(row, "key"), Text(row, "fingerprint"), Ago(row, "age_seconds")});
  std::string text = "Key set " + Text(answer, "version") + "\n" + table.Text("No keys.");
  if (const std::string advice = Text(answer, "advice"); !advice.empty()) text += "Root key: " + advice + "\n";
  return text;
}

std::string RenderImport(const json::value& answer) {
  const std::string code = Text(answer, "code");
  const std::string verdict = code == "APPLIED" ? "inactive numbers" : code + " " + FileVerdict(code);
  std::string text = Text(answer, "file_id", "file without an id") + ": " + verdict + " (" + Counts(answer) + ")\n";
  if (const std::string detail = Text(answer, "detail"); !detail.empty()) text += "  " + detail + "\n";
  for (const json::value& record : List(answer, "records")) {
    text += "  " + Text(record, "code") + " " + Text(record, "location") + ": " + Text(record, "detail") + "\n";
  }
  if (const std::string ack = Text(answer, "ack"); !ack.empty()) text += "  acknowledgement " + ack + "\n";
  return text;
}

std::string RenderAuthorities(const json::value& answer) {
  Table table({"CODE", "NAME", "FLAGS", "LAST FILE", "AGE", "HELD"});
  for (const json::value& row : Rows(answer)) {
    table.Add({Text(row, "code"), Text(row, "name"), Text(row, "flags"), Text(row, "last_file", "-"),
               Ago(row, "age_seconds"), Held(row)});
  }
  return table.Text("No authority has sent a file yet (cpisctl fleet import FILE…).");
}

std::string RenderNewNode(const json::value& answer) {
  return "Enrolment code for " + Text(answer, "name") + ", to be used once before " + LocalTime(answer, "expires") +
         ":\n\n  " + Text(answer, "code") + "\n\nIn the vehicle: cpisctl node enrol --server " +
         Text(answer, "enrol_listen", "HOST:7444") + " --code CODE\n";
}

std::string RenderNodes(const json::value& answer) {
  Table table({"NAME", "STATE", "REGION", "LAST SEEN", "NOW", "ID"});
  for (const json::value& row : Rows(answer)) {
    const bool proved = Member(row, "erasure_proof").is_object();
    table.Add({Text(row, "name"), Text(row, "state") + (proved ? ", proved" : ""), Joined(List(row, "region"), ","),
               Text(row, "last_seen").empty() ? "never" : LocalTime(row, "last_seen"),
               IsTrue(row, "connected") ? "connected" : "away", Text(row, "node_id")});
  }
  return table.Text("There is no vehicle yet (cpisctl fleet node add NAME --region CODE).");
}

std::string RenderStaff(const json::value& answer) {
  Table table({"ID", "NAME", "ROLE", "RIGHT", "DUTY", "STATE"});
  for (const json::value& row : Rows(answer)) {
    table.Add({Text(row, "id"), Text(row, "name"), Text(row, "role"), Text(row, "right"),
               Text(row, "duty"), IsTrue(row, "disabled") ? "disabled" : "may sign in"});
  }
  return table.Text("Nobody can sign in yet (cpisctl fleet staff add …).");
}

std::string RenderSensitive(const json::value& answer) {
  Table table({"NHS NUMBER", "SINCE"});
  for (const json::value& row : Rows(answer)) table.Add({GroupedNumber(Text(row, "nhs_number")), LocalTime(row, "since")});
  return table.Text("No number is marked as sensitive.");
}

std::string RenderAttendances(const json::value& answer) {
  Table table({"OCCURRED", "RECEIVED", "NHS NUMBER", "NODE", "STAFF", "INCIDENT", "AT NODE", "NOW", "NOTIFIED"});
  for (const json::value& row : Rows(answer)) {
    table.Add({LocalTime(row, "occurred_at"), LocalTime(row, "received_at"), GroupedNumber(Text(row, "nhs_number")),
               Text(row, "node"), Text(row, "staff"), Text(row, "incident", "-"), Text(row, "outcome_at_node"),
               Text(row, "outcome_now"), Notified(row)});
  }
  return table.Text("No attendance has arrived.");
}

std::string RenderFields(const json::value& answer) {
  if (!answer.is_object()) return json::serialize(answer) + "\n";
  if (answer.as_object().empty()) return "Nothing to show.\n";
  size_t widest = 0;
  for (const auto& [key, value] : answer.as_object()) widest = std::max(widest, key.size());
  std::string text;
  for (const auto& [key, value] : answer.as_object()) {
    const std::string name(key);
    text += name + std::string(widest - name.size() + 2, ' ') + Text(answer, key, "-") + "\n";
  }
  return text;
}

}  // namespace cpis::edge::ctl
