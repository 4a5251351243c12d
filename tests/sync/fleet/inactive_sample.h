// SPDX-License-Identifier: Apache-2.0
//
// Builds messages of inactive numbers (REPC_MT000005GB01) about synthetic people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cpis::sync::fleet::sample {

inline std::string InactiveIds(std::string_view number) {
  return "<id root=\"2.16.840.1.113883.2.1.4.1\" extension=\"" + std::string(number) + "\"/>";
}
// `between` stands where replacedBy does.
inline std::string Inactive(const std::string& ids, const std::string& between) {
  return "  <subject><pDSInactivePatient>" + ids + between +
         "<subjectOf><lAUploadFile><value extension=\"LANCS-20261120-001\"/></lAUploadFile></subjectOf>"
         "</pDSInactivePatient></subject>\n";
}
inline std::string ReplacedNumber(std::string_view old, std::string_view by) {
  return Inactive(InactiveIds(old),
                  "<replacedBy><newVersion><id extension=\"" + std::string(by) + "\"/></newVersion></replacedBy>");
}
inline std::string ErasedNumber(std::string_view number) { return Inactive(InactiveIds(number), ""); }

struct InactiveOf {
  std::vector<std::string> subjects;
  std::string authority = "E10000017";
  std::string id = "0192F8B1-0C11-7D22-8E33-5F4455667788";
  std::string effective = "20261121020000";

  std::string Xml() const {
    std::string xml = R"(<?xml version="1.0" encoding="UTF-8"?>
<CP-ISInactiveNHSNumberNotification xmlns="urn:hl7-org:v3" xmlns:npfitlc="NPFIT:HL7:Localisation" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <effectiveTime value=")" +
                      effective + R"("/>
  <id root=")" + id + R"("/>
  <primaryInformationRecipient>
    <npfitlc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP145103GB01.IntendedRecipient"/>
    <COCT_TP145103GB01.IntendedRecipient>
      <representedSourceOrganization><id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension=")" +
                      authority + R"("/><name>Lancashire County Council</name></representedSourceOrganization>
    </COCT_TP145103GB01.IntendedRecipient>
  </primaryInformationRecipient>
)";
    for (const std::string& subject : subjects) xml += subject;
    return xml + "</CP-ISInactiveNHSNumberNotification>\n";
  }
};

}  // namespace cpis::sync::fleet::sample
