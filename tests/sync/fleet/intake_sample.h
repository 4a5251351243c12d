// SPDX-License-Identifier: Apache-2.0
//
// Builds upload files of synthetic people, whole or with one thing wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sync/fleet/intake.h"

namespace cpis::sync::fleet::sample {

inline std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at == std::string::npos) std::abort();  // the test would test nothing
  return text.replace(at, from.size(), to);
}

inline std::string ContentId(std::string_view extension) {
  return "<npfitlc:contentId root=\"2.16.840.1.113883.2.1.3.2.4.18.16\" extension=\"" + std::string(extension) + "\"/>";
}

inline std::string Date(std::string_view component, std::string_view name, std::string_view value) {
  const std::string c(component), n(name);
  return "<" + c + "><" + n + "><value value=\"" + std::string(value) + "\"/></" + n + "></" + c + ">";
}

struct Dates {
  std::string start;
  std::string end;       // empty: none
  std::string deletion;  // empty: none
};

inline std::string Plan(std::string_view element, std::string_view prefix, const Dates& dates) {
  const std::string e(element), p(prefix);
  std::string xml =
      "<pertinentInformation>" + ContentId(e) + "<" + e + ">" + Date("component", p + "StartDate", dates.start);
  if (!dates.end.empty()) xml += Date("component1", p + "EndDate", dates.end);
  if (!dates.deletion.empty()) xml += Date("component2", p + "DeleteDate", dates.deletion);
  return xml + "</" + e + "></pertinentInformation>";
}
inline std::string Cpp(const Dates& dates) { return Plan("COCT_TP146101GB01.CPPInformation", "cPP", dates); }
inline std::string Lac(const Dates& dates) { return Plan("COCT_TP146100GB01.LACInformation", "lAC", dates); }
inline std::string Ucpp(const Dates& dates) { return Plan("COCT_TP146102GB01.UCPInformation", "uCP", dates); }

inline std::string Ids(std::string_view number) {
  return "<id root=\"2.16.840.1.113883.2.1.4.1\" extension=\"" + std::string(number) +
         "\"/><id root=\"2.16.840.1.113883.2.1.3.2.4.18.24\" extension=\"LCS-1\" "
         "assigningAuthorityName=\"E10000017\"/>";
}
inline const std::string kPerson =
    "<birthTime value=\"20190401\"/><name><given>Aisha</given><family>Testing</family></name>";

inline std::string Child(std::string_view number) {
  return "<subject>" + ContentId("COCT_TP145101GB01.Child") + "<COCT_TP145101GB01.Child>" + Ids(number) +
         "<childPerson>" + kPerson + "</childPerson></COCT_TP145101GB01.Child></subject>";
}
inline std::string Mother(std::string_view number) {
  return "<subject>" + ContentId("COCT_TP145100GB01.UnbornChild") +
         "<COCT_TP145100GB01.UnbornChild><parentMotherPerson>" + kPerson + "<playedMother>" + Ids(number) +
         "</playedMother></parentMotherPerson></COCT_TP145100GB01.UnbornChild></subject>";
}
inline std::string Record(const std::string& content) {
  return "<record><CP-ISRecord>" + content + "</CP-ISRecord></record>\n";
}
inline std::string CppRecord(std::string_view number) { return Record(Cpp({"202603010900", "", ""}) + Child(number)); }

inline std::string File(const std::vector<std::string>& records) {
  std::string xml = R"(<?xml version="1.0" encoding="UTF-8"?>
<File xmlns="urn:hl7-org:v3" xmlns:npfitlc="NPFIT:HL7:Localisation" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <creationTime value="20261120020000"/>
  <id extension="LANCS-20261120-001"/>
  <transmissionQuantity value=")" +
                    std::to_string(records.size()) + R"("/>
  <communicationFunctionSnd><organisation>
    <id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension="E10000017"/>
    <name>Lancashire County Council</name>
    <telecom use="EC" value="tel:03001236722"/>
    <telecom use="WP" value="tel:03001236720"/>
  </organisation></communicationFunctionSnd>
)";
  for (const std::string& record : records) xml += record;
  return xml + "</File>\n";
}
inline std::string File() { return File({CppRecord("9990000018")}); }

inline UploadResult Read(std::string_view xml) { return ReadUpload(platform::AsBytes(xml)); }

// What is said about a file that must be refused as a whole.
inline std::string Refusal(std::string_view xml) {
  const UploadResult result = Read(xml);
  if (result.upload || !result.failure) return "(not refused)";
  return FileCode(result) + " " + result.failure->detail;
}

// "CODE LOCATION: DETAIL" of the one problem of a file whose other records are good, or that has only this one.
inline std::string Problem(std::string_view xml) {
  const UploadResult result = Read(xml);
  if (!result.upload) return "(refused: " + result.failure->detail + ")";
  if (result.upload->problems.size() != 1) return "(" + std::to_string(result.upload->problems.size()) + " problems)";
  const RecordProblem& problem = result.upload->problems[0];
  return problem.code + " " + problem.location + ": " + problem.detail;
}
inline std::string ProblemOfRecord(const std::string& record) { return Problem(File({record})); }

}  // namespace cpis::sync::fleet::sample
