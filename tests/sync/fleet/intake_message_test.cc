// SPDX-License-Identifier: Apache-2.0
//
// The two messages that go back to an authority. What is written here as expected was checked against the national
// schemas by hand; CPIS_WRITE_MESSAGES=DIR makes the last test leave its messages there, so that it can be done again.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "intake_sample.h"
#include "platform/files.h"
#include "sync/fleet/intake.h"

namespace cpis::sync::fleet {
namespace {

using Catch::Contains;
using Catch::Equals;

Instant At(std::string_view text) { return *platform::ParseRfc3339(text); }
const Authority kLancashire = {"E10000017", "Lancashire County Council", "03001236722", "03001236720"};
constexpr const char* kRoot = "2.16.840.1.113883.2.1.3.2.4.19.1";

Acknowledgement Partial() {
  return {
      .file_id = "LANCS-20261122-001",
      .file_code = "CPF03",
      .authority = kLancashire,
      .organisation_root = kRoot,
      .loaded = 4,
      .rejected = 1,
      .quantity = 5,
      .problems = {{"CPR04", std::string(CodeDisplay("CPR04")), "/File/record[3]/CP-ISRecord/subject[1]", "9 digits"}},
      .at = At("2026-11-22T02:01:05Z")};
}

AccessNotification Attended() {
  return {.id = "0192f3a0-7b1c-7e52-9a61-3b0c5d8e4f11",
          .sent_at = At("2026-11-22T09:30:00Z"),
          .query_id = "0192f39f-2c40-7a10-8c77-1d2e3f405162",
          .occurred_at = At("2026-11-22T02:15:00Z"),
          .viewer = {PersonId{1}, "Ms Sam Crew", "R1070", "Paramedic", "RX7", "NORTH WEST AMBULANCE SERVICE NHS TRUST"},
          .viewer_staff_id = "555021935107",
          .nhs_number = "9990000018",
          .upload_file_id = "LANCS-20261120-001",
          .authority = kLancashire,
          .organisation_root = kRoot};
}

std::string NotificationFor(std::string name) {
  AccessNotification notification = Attended();
  notification.viewer.name = std::move(name);
  const std::string xml = WriteAccessNotification(notification);
  const size_t start = xml.find("<assignedAuthorPerson>");
  std::string person = xml.substr(start, xml.find("</assignedAuthorPerson>") - start);
  std::erase_if(person, [](char c) { return c == '\n'; });
  while (person.find("> ") != std::string::npos) person.erase(person.find("> ") + 1, 1);
  return person.substr(person.find("<name>"));
}

}  // namespace

TEST_CASE("the acknowledgement of a partial file has the shape of the national sample") {
  CHECK(WriteAcknowledgement(Partial()) == R"(<?xml version="1.0" encoding="UTF-8"?>
<FileResponse xmlns="urn:hl7-org:v3" xmlns:npfitlc="NPFIT:HL7:Localisation">
  <creationTime value="20261122020105"/>
  <id extension="LANCS-20261122-001"/>
  <transmissionQuantity value="5"/>
  <acknowledgementFile>
    <acknowledgementFileDetail>
      <code code="CPF03" displayName="Partial File Upload"/>
    </acknowledgementFileDetail>
  </acknowledgementFile>
  <acknowledgementRecord>
    <acknowledgementRecordDetail>
      <code code="CPR04" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.473" displayName="PDS Error - NHS Number Format Incorrect"/>
      <location>/File/record[3]/CP-ISRecord/subject[1]</location>
    </acknowledgementRecordDetail>
  </acknowledgementRecord>
  <communicationFunctionRcv>
    <organisation>
      <id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension="E10000017"/>
      <name>Lancashire County Council</name>
      <telecom use="EC" value="tel:03001236722"/>
    </organisation>
  </communicationFunctionRcv>
  <failedReturnedCP-ISRecords>
    <value value="1"/>
  </failedReturnedCP-ISRecords>
  <successfulReturnedCP-ISRecords>
    <value value="4"/>
  </successfulReturnedCP-ISRecords>
</FileResponse>
)");
}

TEST_CASE("the access notification has the shape of the national sample, with the true time of the attendance") {
  CHECK(WriteAccessNotification(Attended()) == R"(<?xml version="1.0" encoding="UTF-8"?>
<CP-ISAccessToServiceNotification xmlns="urn:hl7-org:v3" xmlns:npfitlc="NPFIT:HL7:Localisation">
  <effectiveTime value="20261122093000"/>
  <id root="0192F3A0-7B1C-7E52-9A61-3B0C5D8E4F11"/>
  <pertinentInformation>
    <pertinentTotalReturnedRecords>
      <value value="1"/>
    </pertinentTotalReturnedRecords>
  </pertinentInformation>
  <pertinentInformation1>
    <pertinentCP-ISRecordAccess>
      <pertinentInformation2>
        <pertinentCP-ISNHSQuery>
          <effectiveTime value="20261122021500"/>
          <id root="0192F39F-2C40-7A10-8C77-1D2E3F405162"/>
          <author>
            <npfitlc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP145102GB01.AssignedAuthor"/>
            <COCT_TP145102GB01.AssignedAuthor>
              <code code="R1070" codeSystem="1.2.826.0.1285.0.2.1.104" displayName="Paramedic"/>
              <id root="1.2.826.0.1285.0.2.0.65" extension="555021935107"/>
              <assignedAuthorPerson>
                <name>
                  <prefix>Ms</prefix>
                  <given>Sam</given>
                  <family>Crew</family>
                </name>
              </assignedAuthorPerson>
              <representedOrganization>
                <id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension="RX7"/>
                <name>NORTH WEST AMBULANCE SERVICE NHS TRUST</name>
              </representedOrganization>
            </COCT_TP145102GB01.AssignedAuthor>
          </author>
          <queryByParameter>
            <person.id>
              <value root="2.16.840.1.113883.2.1.4.1" extension="9990000018"/>
            </person.id>
          </queryByParameter>
        </pertinentCP-ISNHSQuery>
      </pertinentInformation2>
      <reference>
        <referredToLAUploadFile>
          <value extension="LANCS-20261120-001"/>
        </referredToLAUploadFile>
      </reference>
    </pertinentCP-ISRecordAccess>
  </pertinentInformation1>
  <primaryInformationRecipient>
    <npfitlc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP145103GB01.IntendedRecipient"/>
    <COCT_TP145103GB01.IntendedRecipient>
      <representedSourceOrganization>
        <id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension="E10000017"/>
        <name>Lancashire County Council</name>
      </representedSourceOrganization>
    </COCT_TP145103GB01.IntendedRecipient>
  </primaryInformationRecipient>
</CP-ISAccessToServiceNotification>
)");
}

TEST_CASE("a good file is acknowledged without record details, a bad one with one for each bad record") {
  Acknowledgement all_good = Partial();
  all_good.file_code = "CPF02";
  all_good.problems.clear();
  CHECK_THAT(WriteAcknowledgement(all_good), Contains("Successful File Upload") && !Contains("acknowledgementRecord"));
  Acknowledgement all_bad = Partial();
  all_bad.file_code = "CPF04";
  all_bad.problems.push_back({"CPR07", std::string(CodeDisplay("CPR07")), "/File/record[4]", ""});
  CHECK_THAT(WriteAcknowledgement(all_bad),
             Contains("Unsuccessful File Upload") && Contains("record[3]/CP") && Contains("/File/record[4]<") &&
                 Contains("displayName=\"Unsucessful Record Upload\""));  // sic
}

TEST_CASE("a file of nobody is acknowledged to UNKNOWN") {
  const std::string xml = WriteAcknowledgement({.file_id = {},
                                                .file_code = "CPF01",
                                                .authority = {},
                                                .organisation_root = {},
                                                .problems = {},
                                                .at = At("2026-07-01T12:00:00Z")});
  CHECK_THAT(xml, Contains("<creationTime value=\"20260701130000\"/>") && Contains("<id extension=\"UNKNOWN\"/>") &&
                      Contains("displayName=\"File Level Error\"") && Contains("19.1\" extension=\"UNKNOWN\"/>") &&
                      Contains("<name>UNKNOWN</name>") && Contains("<telecom use=\"EC\" value=\"tel:\"/>"));
}

TEST_CASE("names are escaped, and what XML cannot hold is left out") {
  Acknowledgement acknowledgement = Partial();
  acknowledgement.authority.name = "A&B <\"C\"> \x01\x08 é\xFF 漢\xEF\xBF\xBE\n";
  acknowledgement.file_id = "a\"b'<c>&\t";
  const std::string xml = WriteAcknowledgement(acknowledgement);
  CHECK_THAT(xml, Contains("<name>A&amp;B &lt;&quot;C&quot;&gt;  é\xEF\xBF\xBD 漢"));
  CHECK_THAT(xml, Contains("extension=\"a&quot;b'&lt;c&gt;&amp; \""));
  acknowledgement.authority.name = "\x01";
  CHECK_THAT(WriteAcknowledgement(acknowledgement), Contains("<name>UNKNOWN</name>"));
  acknowledgement.authority.emergency_duty_tel = "+44 (0)300\"";
  CHECK_THAT(WriteAcknowledgement(acknowledgement), Contains("value=\"tel:\""));
  acknowledgement.authority.emergency_duty_tel = "+443001236722";
  CHECK_THAT(WriteAcknowledgement(acknowledgement), Contains("value=\"tel:+443001236722\""));
}

TEST_CASE("a viewer's name is split into title, given and family name") {
  CHECK(NotificationFor("Ms Sam Crew") == "<name><prefix>Ms</prefix><given>Sam</given><family>Crew</family></name>");
  CHECK(NotificationFor("Dr. Mary Ann O'Neil") ==
        "<name><prefix>Dr.</prefix><given>Mary Ann</given><family>O'Neil</family></name>");
  CHECK(NotificationFor("Sam Crew") == "<name><given>Sam</given><family>Crew</family></name>");
  CHECK(NotificationFor("Sam Alex Crew") == "<name><given>Sam Alex</given><family>Crew</family></name>");
  CHECK(NotificationFor("dr Crew") == "<name><prefix>dr</prefix><family>Crew</family></name>");
  CHECK(NotificationFor("Crew") == "<name><family>Crew</family></name>");
  CHECK(NotificationFor("Rev") == "<name><family>Rev</family></name>");
  CHECK(NotificationFor(" ") == "<name><family>UNKNOWN</family></name>");
}

TEST_CASE("every code has its display") {
  CHECK(CodeDisplay("CPF01") == "File Level Error");
  CHECK(CodeDisplay("CPR01") == "PDS Error - No Match Found for NHS Number");
  CHECK(CodeDisplay("CPR06") == "Successful Record Upload");
  CHECK(CodeDisplay("CPX01").empty());
}

TEST_CASE("messages of every kind are well-formed") {
  Acknowledgement good = Partial(), bad = Partial(), odd = Partial();
  good.file_code = "CPF02";
  good.problems.clear();
  bad.file_code = "CPF04";
  bad.problems.push_back({"CPR07", std::string(CodeDisplay("CPR07")), "/File/record[4]", ""});
  odd.authority = {"A&B", "\x01<é\xFF>", "12x", ""};
  odd.organisation_root = "2.16.840.1.113883.2.1.3.2.4.19.2";
  const Acknowledgement nobody = {
      .file_id = {}, .file_code = "CPF01", .authority = {}, .organisation_root = {}, .problems = {}, .at = {}};
  AccessNotification bare = Attended();
  bare.viewer = {};
  bare.viewer_staff_id = bare.upload_file_id = bare.organisation_root = "";
  bare.authority = {};
  AccessNotification strange = Attended();
  strange.viewer.name = "Prof. 漢 <\"\x02 & 'Ŵ'";
  strange.viewer.role_code = "R 10\t70";

  const std::vector<std::string> messages = {WriteAcknowledgement(Partial()), WriteAcknowledgement(good),
                                             WriteAcknowledgement(bad),       WriteAcknowledgement(odd),
                                             WriteAcknowledgement(nobody),    WriteAccessNotification(Attended()),
                                             WriteAccessNotification(bare),   WriteAccessNotification(strange)};
  for (size_t i = 0; i < messages.size(); ++i) {
    CAPTURE(messages[i]);
    // Past the guard and the parser, and only then refused: for being another message.
    CHECK_THAT(sample::Refusal(messages[i]), Contains("the root element is not File"));
    if (const char* directory = std::getenv("CPIS_WRITE_MESSAGES")) {
      const std::string file = std::string(directory) + "/message-" + std::to_string(i) + ".xml";
      REQUIRE(platform::WriteFileDurably(file, platform::AsBytes(messages[i])).ok());
    }
  }
}

}  // namespace cpis::sync::fleet
