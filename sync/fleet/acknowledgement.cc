// SPDX-License-Identifier: Apache-2.0
//
// REPC_MT000003GB01: how an authority hears what became of its file.
#include <algorithm>
#include <array>

#include "sync/fleet/intake.h"
#include "sync/fleet/xml_writer.h"

namespace cpis::sync::fleet {
namespace {

constexpr std::string_view kRecordCodes = "2.16.840.1.113883.2.1.3.2.4.17.473";

// CP-ISUploadFileResponse and CP-ISUploadRecordResponse, spelled as the vocabulary spells them ("Unsucessful" too).
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kDisplays = {{
    {"CPF01", "File Level Error"},
    {"CPF02", "Successful File Upload"},
    {"CPF03", "Partial File Upload"},
    {"CPF04", "Unsuccessful File Upload"},
    {"CPF05", "PDS Error - PDS Unavailable"},
    {"CPF06", "Spine ii rejected the request because this version of the CPIS Client is no longer supported"},
    {"CPR01", "PDS Error - No Match Found for NHS Number"},
    {"CPR02", "PDS Error - NHS Number Matched, but Sensitive Record"},
    {"CPR03", "PDS Error - NHS Number not Verified"},
    {"CPR04", "PDS Error - NHS Number Format Incorrect"},
    {"CPR05", "PDS Error - NHS Number Verified, but Superseded"},
    {"CPR06", "Successful Record Upload"},
    {"CPR07", "Unsucessful Record Upload"},
}};

// The schema wants one telecom; "tel:" is its shortest valid value.
std::string TelUri(std::string_view number) {
  const std::string_view digits = number.substr(number.starts_with('+') ? 1 : 0);
  const bool valid = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return "tel:" + std::string(valid ? number : "");
}

void WriteCount(XmlWriter& xml, std::string_view name, int count) {
  xml.Open(name);
  xml.Empty("value", {{"value", std::to_string(count)}});
  xml.Close();
}

void WriteProblems(XmlWriter& xml, const std::vector<RecordProblem>& problems) {
  xml.Open("acknowledgementRecord");
  for (const RecordProblem& problem : problems) {
    xml.Open("acknowledgementRecordDetail");
    xml.Empty("code", {{"code", problem.code}, {"codeSystem", kRecordCodes}, {"displayName", problem.display}});
    xml.Text("location", problem.location);
    xml.Close();
  }
  xml.Close();
}

}  // namespace

std::string_view CodeDisplay(std::string_view code) {
  const auto found =
      std::find_if(kDisplays.begin(), kDisplays.end(), [&](const auto& entry) { return entry.first == code; });
  return found == kDisplays.end() ? std::string_view() : found->second;
}

std::string WriteAcknowledgement(const Acknowledgement& acknowledgement) {
  XmlWriter xml("FileResponse");
  xml.Empty("creationTime", {{"value", platform::UkSecond(acknowledgement.at)}});
  xml.Empty("id", {{"extension", OrUnknown(acknowledgement.file_id)}});
  xml.Empty("transmissionQuantity", {{"value", std::to_string(acknowledgement.quantity)}});

  xml.Open("acknowledgementFile");
  xml.Open("acknowledgementFileDetail");
  xml.Empty("code", {{"code", acknowledgement.file_code}, {"displayName", CodeDisplay(acknowledgement.file_code)}});
  xml.Close();
  xml.Close();
  if (!acknowledgement.problems.empty()) WriteProblems(xml, acknowledgement.problems);

  xml.Open("communicationFunctionRcv");
  xml.Open("organisation");
  xml.Organisation(acknowledgement.organisation_root, acknowledgement.authority.code, acknowledgement.authority.name);
  xml.Empty("telecom", {{"use", "EC"}, {"value", TelUri(acknowledgement.authority.emergency_duty_tel)}});
  xml.Close();
  xml.Close();
  WriteCount(xml, "failedReturnedCP-ISRecords", acknowledgement.rejected);
  WriteCount(xml, "successfulReturnedCP-ISRecords", acknowledgement.loaded);
  return xml.Finish();
}

}  // namespace cpis::sync::fleet
