// SPDX-License-Identifier: Apache-2.0
//
// What is said about the file as a whole.
#include "sync/fleet/intake.h"

#include <catch2/catch.hpp>

#include "intake_sample.h"
#include "platform/files.h"

namespace cpis::sync::fleet {
namespace {

using Catch::Contains;
using Catch::Equals;
using sample::CppRecord;
using sample::File;
using sample::Read;
using sample::Refusal;
using sample::Replaced;

std::string Without(std::string_view part) { return Replaced(File(), part, ""); }

}  // namespace

TEST_CASE("a good file gives its authority, both phones and its records") {
  const UploadResult result = Read(File());
  REQUIRE(result.upload);
  const Upload& upload = *result.upload;
  CHECK(FileCode(result) == "CPF02");
  CHECK(upload.file_id == "LANCS-20261120-001");
  CHECK(platform::Rfc3339(upload.created_at) == "2026-11-20T02:00:00Z");
  CHECK(upload.organisation_root == "2.16.840.1.113883.2.1.3.2.4.19.1");
  CHECK(upload.authority == Authority{"E10000017", "Lancashire County Council", "03001236722", "03001236720"});
  CHECK(upload.emergency_tel_uri == "tel:03001236722");
  CHECK(upload.record_count == 1);
  CHECK(upload.Loaded() == 1);
  REQUIRE(upload.records.size() == 1);
  CHECK(upload.records[0].subject.digits() == "9990000018");
  CHECK(upload.records[0].local_id == "LCS-1");
  REQUIRE(upload.records[0].changes.size() == 1);
  CHECK(upload.records[0].changes[0].type == PlanType::kCpp);
  CHECK(platform::Rfc3339(upload.records[0].changes[0].start) == "2026-03-01T09:00:00Z");
  CHECK_FALSE(upload.records[0].changes[0].end);
  CHECK_FALSE(upload.records[0].changes[0].deleted);
}

TEST_CASE("prefixes are the sender's choice; namespaces are not") {
  const std::string prefixed = R"(<h:File xmlns:h="urn:hl7-org:v3" xmlns:loc="NPFIT:HL7:Localisation">
    <h:creationTime value="20261120020000"/><h:id extension="X-1"/><h:transmissionQuantity value="1"/>
    <h:communicationFunctionSnd><h:organisation><h:id root="2.16.840.1.113883.2.1.3.2.4.19.2" extension="E10000017"/>
    <h:name>L</h:name><h:telecom use="EC" value="tel:1"/></h:organisation></h:communicationFunctionSnd>
    <h:record><CP-ISRecord xmlns="urn:hl7-org:v3"><pertinentInformation>
    <loc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP146101GB01.CPPInformation"/>
    <h:COCT_TP146101GB01.CPPInformation><component><cPPStartDate><value value="202603010900"/></cPPStartDate></component>
    </h:COCT_TP146101GB01.CPPInformation></pertinentInformation><subject>
    <loc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP145101GB01.Child"/>
    <COCT_TP145101GB01.Child><id root="2.16.840.1.113883.2.1.4.1" extension="9990000018"/><childPerson>
    <birthTime value="2019"/><name><given/><family>Testing</family></name></childPerson></COCT_TP145101GB01.Child>
    </subject></CP-ISRecord></h:record></h:File>)";
  CHECK(FileCode(Read(prefixed)) == "CPF02");
  CHECK(RootElement(platform::AsBytes(prefixed)) == "File");
  CHECK_THAT(Refusal(Replaced(prefixed, "xmlns:h=\"urn:hl7-org:v3\"", "xmlns:h=\"urn:hl7-org:v2\"")),
             Contains("not File"));
  // The record is somebody else's element then, and is not counted.
  CHECK_THAT(Refusal(Replaced(File(), "<record>", "<record xmlns=\"urn:other\">")), Contains("the file has 0 records"));
}

TEST_CASE("the root element must be File of HL7 v3") {
  CHECK_THAT(Refusal("<Files xmlns=\"urn:hl7-org:v3\"/>"), Contains("CPF01") && Contains("not File"));
  CHECK_THAT(Refusal("<File/>"), Contains("not File"));
  CHECK(RootElement(platform::AsBytes("<File/>")).empty());
  CHECK(RootElement(platform::AsBytes("<Other xmlns=\"urn:hl7-org:v3\"/>")).empty());
  CHECK(RootElement(platform::AsBytes("<CP-ISInactiveNHSNumberNotification xmlns='urn:hl7-org:v3'/>")) ==
        "CP-ISInactiveNHSNumberNotification");
}

TEST_CASE("the quantity must equal the number of records") {
  CHECK_THAT(Refusal(Replaced(File(), "transmissionQuantity value=\"1\"", "transmissionQuantity value=\"7\"")),
             Equals("CPF01 transmissionQuantity says 7 but the file has 1 records"));
  for (const char* wrong : {"", "-1", "1.0", "one", "1 ", "99999999999999999999", "١"}) {
    CAPTURE(wrong);
    CHECK_THAT(Refusal(Replaced(File(), "Quantity value=\"1\"", "Quantity value=\"" + std::string(wrong) + "\"")),
               Contains("transmissionQuantity is"));
  }
  CHECK_THAT(Refusal(Without("<transmissionQuantity value=\"1\"/>")),
             Contains("File: transmissionQuantity is missing"));
  CHECK_THAT(Refusal(File(std::vector<std::string>{})), Contains("the file has no record, at least 1 is needed"));
}

TEST_CASE("the time of the file must be one that exists") {
  for (const char* wrong :
       {"", "20261120", "20261320020000", "20260230020000", "20261120020060", "2026-11-20", "202611200200001"}) {
    CAPTURE(wrong);
    const std::string value = "creationTime value=\"" + std::string(wrong) + "\"";
    CHECK_THAT(Refusal(Replaced(File(), "creationTime value=\"20261120020000\"", value)), Contains("creationTime is"));
  }
  const auto created = [](std::string_view value) {
    const UploadResult result = Read(Replaced(File(), "20261120020000", value));
    return result.upload ? platform::Rfc3339(result.upload->created_at) : result.failure->detail;
  };
  CHECK(created("20260720020015") == "2026-07-20T01:00:15Z");  // British Summer Time
  CHECK(created("202611200200") == "2026-11-20T02:00:00Z");
  CHECK(created("20261120020000.123") == "2026-11-20T02:00:00Z");
  CHECK(created("20260720020000+0000") == "2026-07-20T02:00:00Z");
  CHECK(created("20260720020000+0100") == "2026-07-20T01:00:00Z");
  CHECK_THAT(created("20260329013000"), Contains("creationTime is"));  // the hour that does not happen
}

TEST_CASE("the file must have an id and a sender that can be named") {
  CHECK_THAT(Refusal(Without(" extension=\"LANCS-20261120-001\"")), Contains("the file's id has no extension"));
  CHECK_THAT(Refusal(Replaced(File(), "LANCS-20261120-001", "  ")), Contains("the file's id has no extension"));
  CHECK_THAT(Refusal(Replaced(File(), "LANCS-20261120-001", std::string(kMaxNameBytes + 1, 'x'))),
             Contains("1025 bytes long"));
  CHECK(Read(Replaced(File(), "LANCS-20261120-001", std::string(kMaxNameBytes, 'x'))).upload);
  CHECK_THAT(Refusal(Replaced(File(), "2.4.19.1", "2.4.19.3")),
             Contains("organisation id root is \"2.16.840.1.113883.2.1.3.2.4.19.3\""));
  for (const char* wrong : {"", "../../etc", "E1000 0017", "e10000017", "E10000017/", "E10000017E10000017E10000017"}) {
    CAPTURE(wrong);
    CHECK_THAT(Refusal(Replaced(File(), "\"E10000017\"", "\"" + std::string(wrong) + "\"")),
               Contains("organisation id extension is"));
  }
  CHECK_THAT(Refusal(Replaced(File(), "Lancashire County Council", " \n ")), Contains("organisation name is empty"));
  CHECK_THAT(Refusal(Replaced(File(), "Lancashire County Council", std::string(2000, 'n'))),
             Contains("organisation name is 2000 bytes"));
  CHECK_THAT(Refusal(Without("<name>Lancashire County Council</name>")), Contains("organisation: name is missing"));
  CHECK(Read(Replaced(File(), "Lancashire County", " Blackburn\n  with &amp; <![CDATA[Darwen]]> "))
            .upload->authority.name == "Blackburn with & Darwen Council");
}

TEST_CASE("exactly one phone must be the emergency-duty phone") {
  const std::string duty = "<telecom use=\"EC\" value=\"tel:03001236722\"/>";
  const std::string office = "<telecom use=\"WP\" value=\"tel:03001236720\"/>";
  CHECK_THAT(Refusal(Without(duty)),
             Equals("CPF01 organisation has 0 emergency-duty phones (telecom use=\"EC\"), exactly 1 is needed"));
  CHECK_THAT(Refusal(Replaced(File(), "\"WP\"", "\"EC\"")), Contains("organisation has 2 emergency-duty phones"));
  CHECK_THAT(Refusal(Replaced(File(), office, office + office)),
             Contains("organisation has 3 telecom, 1 or 2 are needed"));
  CHECK_THAT(Refusal(Replaced(Without(duty), office, "")), Contains("organisation has 0 telecom"));

  const UploadResult only_duty = Read(Without(office));
  REQUIRE(only_duty.upload);
  CHECK(only_duty.upload->authority.office_hours_tel.empty());
  const UploadResult other_way_round = Read(Replaced(Replaced(Replaced(File(), "EC", "xx"), "WP", "EC"), "xx", "WP"));
  REQUIRE(other_way_round.upload);
  CHECK(other_way_round.upload->authority.emergency_duty_tel == "03001236720");
}

TEST_CASE("a phone is tel:, at most one plus, and ASCII digits") {
  for (const char* wrong :
       {"", "tel:", "tel:+", "tel:++44300", "tel:0300 123", "tel:0300-123", "TEL:0300", "03001236722", "mailto:0300",
        "tel:0300a", "tel:٠٣٠٠", " tel:0300", "tel:0300;ext=1", "tel:030012367220300123672"}) {
    CAPTURE(wrong);
    CHECK_THAT(Refusal(Replaced(File(), "tel:03001236722", wrong)), Contains("telecom value is"));
  }
  const UploadResult abroad = Read(Replaced(File(), "tel:03001236722", "tel:+443001236722"));
  REQUIRE(abroad.upload);
  CHECK(abroad.upload->authority.emergency_duty_tel == "+443001236722");
  CHECK(abroad.upload->emergency_tel_uri == "tel:+443001236722");
  CHECK_THAT(Refusal(Replaced(File(), "\"WP\"", "\"XX\"")), Contains("telecom use is \"XX\""));
  CHECK_THAT(Refusal(Replaced(File(), "use=\"WP\" ", "")), Contains("telecom use is"));
}

TEST_CASE("a refused file says everything that is wrong, and whose it was as far as that is known") {
  std::string xml = Replaced(File({CppRecord("9990000018"), CppRecord("9990000026")}), "Quantity value=\"2\"",
                             "Quantity value=\"3\"");
  xml = Replaced(xml, "use=\"EC\"", "use=\"WP\"");
  const UploadResult result = Read(xml);
  REQUIRE(result.failure);
  CHECK_FALSE(result.upload);
  CHECK(result.failure->detail ==
        "transmissionQuantity says 3 but the file has 2 records; organisation has 0 "
        "emergency-duty phones (telecom use=\"EC\"), exactly 1 is needed");
  CHECK(result.failure->file_id == "LANCS-20261120-001");
  CHECK(result.failure->organisation_root == "2.16.840.1.113883.2.1.3.2.4.19.1");
  CHECK(result.failure->record_count == 2);
  REQUIRE(result.failure->authority);
  CHECK(result.failure->authority->code == "E10000017");

  const UploadResult hopeless = Read("<File");
  REQUIRE(hopeless.failure);
  CHECK_FALSE(hopeless.failure->authority);
  CHECK(hopeless.failure->file_id.empty());
}

TEST_CASE("one bad record makes the file partial, all bad make it unsuccessful") {
  const std::string good = CppRecord("9990000018"), bad = CppRecord("9990000019");
  CHECK(FileCode(Read(File({good, good}))) == "CPF02");
  const UploadResult partial = Read(File({good, bad, CppRecord("9990000026")}));
  CHECK(FileCode(partial) == "CPF03");
  CHECK(partial.upload->records.size() == 2);
  CHECK(partial.upload->Loaded() == 2);
  CHECK(partial.upload->Rejected() == 1);
  const UploadResult all_bad = Read(File({bad, bad}));
  CHECK(FileCode(all_bad) == "CPF04");
  REQUIRE(all_bad.upload);
  CHECK(all_bad.upload->records.empty());
  CHECK(all_bad.upload->problems.size() == 2);
}

TEST_CASE("the demonstration files read as their description says") {
  const auto read = [](const std::string& name) {
    const auto bytes = platform::ReadFile(std::string(CPIS_SOURCE_DIR) + "/tests/data/demo/" + name, kMaxUploadBytes);
    REQUIRE(bytes.ok());
    return ReadUpload(*bytes);
  };
  for (const char* name : {"lancashire.xml", "halton.xml", "warrington.xml"}) {
    CAPTURE(name);
    CHECK(FileCode(read(name)) == "CPF02");
  }
  const UploadResult partial = read("lancashire-one-wrong-number.xml");
  CHECK(FileCode(partial) == "CPF03");
  REQUIRE(partial.upload->problems.size() == 1);
  CHECK(partial.upload->problems[0].code == "CPR04");
  CHECK(FileCode(read("warrington-no-duty-phone.xml")) == "CPF01");
}

}  // namespace cpis::sync::fleet
