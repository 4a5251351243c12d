// SPDX-License-Identifier: Apache-2.0
//
// The rules for one record.
#include <catch2/catch.hpp>

#include "intake_sample.h"
#include "sync/fleet/intake.h"

namespace cpis::sync::fleet {
namespace {

using Catch::Contains;
using Catch::Equals;
using sample::Child;
using sample::Cpp;
using sample::CppRecord;
using sample::File;
using sample::Lac;
using sample::Mother;
using sample::ProblemOfRecord;
using sample::Read;
using sample::Record;
using sample::Replaced;
using sample::Ucpp;

constexpr const char* kChild = "9990000018";
constexpr const char* kMother = "9990000050";
const std::string kSubject = "/File/record[1]/CP-ISRecord/subject[1]";
const std::string kPlan = "/File/record[1]/CP-ISRecord/pertinentInformation[1]";

std::vector<UploadRecord> Records(const std::vector<std::string>& records) {
  const UploadResult result = Read(File(records));
  if (!result.upload || !result.upload->problems.empty()) return {};
  return result.upload->records;
}

std::string Utc(std::optional<Instant> at) { return at ? platform::Rfc3339(*at) : "none"; }

}  // namespace

TEST_CASE("a number must be ten ASCII digits with a fitting check digit, and is never shown") {
  const auto problem = [](std::string_view number) { return ProblemOfRecord(CppRecord(number)); };
  const std::string start = "CPR04 " + kSubject + ": NHS number";
  CHECK_THAT(problem("9990000019"), Equals(start + ": check digit does not fit (Modulus 11)"));
  CHECK_THAT(problem("999000001"), Equals(start + " has 9 digits, 10 are needed"));
  CHECK_THAT(problem("99900000180"), Equals(start + " has 11 digits, 10 are needed"));
  CHECK_THAT(problem(""), Equals(start + " has 0 digits, 10 are needed"));
  for (const char* wrong : {"999 000 0018", " 9990000018", "999000001X", "٩٩٩٠٠٠٠٠١٨", "+999000018", "9990000018\n"}) {
    CAPTURE(wrong);
    CHECK_THAT(problem(wrong), Contains("CPR04") && Contains("something other than digits") && !Contains(wrong));
  }
  CHECK(Records({CppRecord(kChild)}).size() == 1);
}

TEST_CASE("the problem of a record says where it is") {
  const UploadResult result = Read(File({CppRecord(kChild), CppRecord("9990000026"), CppRecord("9990000035")}));
  REQUIRE(result.upload);
  REQUIRE(result.upload->problems.size() == 1);
  const RecordProblem& problem = result.upload->problems[0];
  CHECK(problem.location == "/File/record[3]/CP-ISRecord/subject[1]");
  CHECK(problem.display == "PDS Error - NHS Number Format Incorrect");
  CHECK(result.upload->records.size() == 2);
}

TEST_CASE("dates must exist and be minutes of UK local time") {
  for (const char* wrong :
       {"", "20260301", "20260301090000", "202602300900", "202613010900", "202603012400", "202603010960",
        "202603290130", "2026-03-01", "182603010900", "20260301 900", "202603010900+0000"}) {
    CAPTURE(wrong);
    const std::string location = "CPR07 " + kPlan + "/COCT_TP146101GB01.CPPInformation/component: cPPStartDate ";
    CHECK_THAT(ProblemOfRecord(Record(Cpp({wrong, "", ""}) + Child(kChild))), Contains(location));
  }
  CHECK_THAT(ProblemOfRecord(Record(Cpp({"202602300900", "", ""}) + Child(kChild))),
             Contains("\"202602300900\" does not exist, YYYYMMDDhhmm in UK local time is needed"));
  CHECK_THAT(ProblemOfRecord(Record(Lac({"202602010900", "2026", ""}) + Child(kChild))),
             Contains("component1: lACEndDate \"2026\""));
  CHECK_THAT(ProblemOfRecord(Record(Lac({"202602010900", "", "20260230"}) + Child(kChild))),
             Contains("component2: lACDeleteDate"));
  const auto records = Records({Record(Cpp({"202402290900", "202607010000", ""}) + Child(kChild))});
  REQUIRE(records.size() == 1);
  CHECK(Utc(records[0].changes[0].start) == "2024-02-29T09:00:00Z");
  CHECK(Utc(records[0].changes[0].end) == "2026-06-30T23:00:00Z");
}

TEST_CASE("a plan that starts and ends in the hour that October repeats lasts from the earlier to the later") {
  const auto records = Records({Record(Cpp({"202610250130", "202610250130", ""}) + Child(kChild))});
  REQUIRE(records.size() == 1);
  CHECK(Utc(records[0].changes[0].start) == "2026-10-25T00:30:00Z");
  CHECK(Utc(records[0].changes[0].end) == "2026-10-25T01:30:00Z");
}

TEST_CASE("a date that holds a number or a name is not shown") {
  CHECK_THAT(ProblemOfRecord(Record(Cpp({kChild, "", ""}) + Child(kChild))),
             !Contains(kChild) && Contains("not shown"));
  CHECK_THAT(ProblemOfRecord(Record(Cpp({"Aisha", "", ""}) + Child(kChild))),
             !Contains("Aisha") && Contains("not shown"));
}

TEST_CASE("a plan may not end before it starts") {
  CHECK_THAT(ProblemOfRecord(Record(Cpp({"202603010900", "202603010859", ""}) + Child(kChild))),
             Equals("CPR07 " + kPlan + "/COCT_TP146101GB01.CPPInformation/component1: the plan ends before it starts"));
  CHECK(Records({Record(Cpp({"202603010900", "202603010900", ""}) + Child(kChild))}).size() == 1);
}

TEST_CASE("a delete date deletes the plan") {
  const auto records = Records({Record(Lac({"202603010900", "", "202611210100"}) + Child(kChild))});
  REQUIRE(records.size() == 1);
  CHECK(records[0].changes[0].deleted);
  CHECK(records[0].changes[0].type == PlanType::kLac);
}

TEST_CASE("end and delete dates that are nil are not there") {
  const std::string ended = Record(Cpp({"202603010900", "202604010900", "202604010900"}) + Child(kChild));
  const std::string end = sample::Date("component1", "cPPEndDate", "202604010900");
  const std::string deletion = sample::Date("component2", "cPPDeleteDate", "202604010900");
  const std::string nil_inside =
      Replaced(Replaced(ended, end, "<component1><cPPEndDate xsi:nil=\"true\"/></component1>"), deletion,
               "<component2><cPPDeleteDate xsi:nil=\"1\"/></component2>");
  const std::string nil_outside = Replaced(Replaced(ended, end, "<component1 xsi:nil=\"true\"/>"), deletion, "");
  for (const std::string& record : {nil_inside, nil_outside}) {
    const auto records = Records({record});
    REQUIRE(records.size() == 1);
    CHECK_FALSE(records[0].changes[0].end);
    CHECK_FALSE(records[0].changes[0].deleted);
  }
  CHECK_THAT(ProblemOfRecord(Replaced(ended, end, "<component1/>")), Contains("cPPEndDate is missing"));
  CHECK_THAT(ProblemOfRecord(Replaced(ended, "<cPPEndDate>", "<cPPEndDate xsi:nil=\"true\">")),
             Contains("nil and has content"));
  CHECK_THAT(ProblemOfRecord(Replaced(ended, end, "<component1><cPPEndDate xsi:nil=\"false\"/></component1>")),
             Contains("value is missing"));
  // nil of another namespace says nothing.
  CHECK_THAT(ProblemOfRecord(Replaced(ended, end, "<component1 npfitlc:nil=\"true\"/>")),
             Contains("cPPEndDate is missing"));
  CHECK_THAT(ProblemOfRecord(Replaced(ended, "<cPPStartDate>", "<cPPStartDate xsi:nil=\"true\">")),
             Contains("cPPStartDate is nil"));
}

TEST_CASE("every date is there at most once and the start always") {
  const std::string record = Record(Cpp({"202603010900", "", ""}) + Child(kChild));
  const std::string start = sample::Date("component", "cPPStartDate", "202603010900");
  CHECK_THAT(ProblemOfRecord(Replaced(record, start, "")), Contains("cPPStartDate is missing"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, start, start + start)), Contains("cPPStartDate is there 2 times"));
  CHECK_THAT(ProblemOfRecord(
                 Replaced(Replaced(record, "<cPPStartDate>", "<lACStartDate>"), "</cPPStartDate>", "</lACStartDate>")),
             Contains("cPPStartDate is missing"));
}

TEST_CASE("an unborn plan needs its due date and the mother as subject") {
  const sample::Dates dates = {"202609010900", "202701150000", ""};
  const auto records = Records({Record(Ucpp(dates) + Mother(kMother))});
  REQUIRE(records.size() == 1);
  CHECK(records[0].subject.digits() == kMother);
  CHECK(records[0].changes[0].type == PlanType::kUcpp);
  CHECK(Utc(records[0].changes[0].end) == "2027-01-15T00:00:00Z");

  const std::string no_end = Record(Ucpp({"202609010900", "", ""}) + Mother(kMother));
  CHECK_THAT(ProblemOfRecord(no_end),
             Equals("CPR07 " + kPlan + "/COCT_TP146102GB01.UCPInformation: uCPEndDate is missing"));
  const std::string nil_end = Replaced(no_end, "</component>", "</component><component1 xsi:nil=\"true\"/>");
  CHECK_THAT(ProblemOfRecord(nil_end), Contains("uCPEndDate is nil, a date is needed"));
  CHECK_THAT(ProblemOfRecord(Record(Ucpp(dates) + Child(kChild))),
             Contains("CPR07 " + kPlan + ": UCPP needs the subject UnbornChild"));
  CHECK_THAT(ProblemOfRecord(Record(Cpp({"202603010900", "", ""}) + Mother(kMother))),
             Contains("CPP needs the subject Child"));
  CHECK_THAT(ProblemOfRecord(Record(Lac({"202603010900", "", ""}) + Mother(kMother))),
             Contains("LAC needs the subject Child"));
  const std::string record = Record(Ucpp(dates) + Mother(kMother));
  CHECK_THAT(ProblemOfRecord(Replaced(Replaced(record, "<playedMother>", "<p>"), "</playedMother>", "</p>")),
             Contains("playedMother is missing"));
  CHECK_THAT(ProblemOfRecord(Record(Ucpp(dates) + Mother("9990000051"))), Contains("CPR04 " + kSubject));
}

TEST_CASE("a record with a child and a mother gives one result for each") {
  const auto records = Records({Record(Ucpp({"202609010900", "202701150000", ""}) + Lac({"202501010900", "", ""}) +
                                       Cpp({"202603010900", "202604010900", ""}) + Mother(kMother) + Child(kChild))});
  REQUIRE(records.size() == 2);
  CHECK(records[0].subject.digits() == kChild);
  REQUIRE(records[0].changes.size() == 2);
  CHECK(records[0].changes[0].type == PlanType::kLac);
  CHECK(records[0].changes[1].type == PlanType::kCpp);
  CHECK(records[1].subject.digits() == kMother);
  REQUIRE(records[1].changes.size() == 1);
  CHECK(records[1].changes[0].type == PlanType::kUcpp);

  const std::string cpp = Cpp({"202603010900", "", ""});
  CHECK_THAT(ProblemOfRecord(Record(cpp + Child(kChild) + Mother(kMother))),
             Contains("subject[2]: no plan in this record"));
  CHECK_THAT(ProblemOfRecord(Record(cpp + Child(kChild) + Child("9990000026"))),
             Contains("subject[2]: a second subject"));
  // One bad subject takes the other with it: all of a record or nothing.
  const UploadResult half =
      Read(File({Record(cpp + Ucpp({"202609010900", "202701150000", ""}) + Child(kChild) + Mother("1"))}));
  CHECK(FileCode(half) == "CPF04");
  CHECK(half.upload->records.empty());
}

TEST_CASE("a record has one to three plans of different types, and one or two subjects") {
  const std::string cpp = Cpp({"202603010900", "", ""}), child = Child(kChild);
  CHECK_THAT(ProblemOfRecord(Record(child)), Contains("0 pertinentInformation, 1 to 3 are needed"));
  CHECK_THAT(ProblemOfRecord(Record(cpp + cpp + cpp + cpp + child)), Contains("4 pertinentInformation"));
  CHECK_THAT(ProblemOfRecord(Record(cpp + cpp + child)), Contains("pertinentInformation[2]: CPP twice in one record"));
  CHECK_THAT(ProblemOfRecord(Record(cpp)), Contains("0 subjects, 1 or 2 are needed"));
  CHECK_THAT(ProblemOfRecord(Record(cpp + child + child + child)), Contains("3 subjects"));
  CHECK_THAT(ProblemOfRecord("<record/>"), Equals("CPR07 /File/record[1]: CP-ISRecord is missing"));
}

TEST_CASE("contentId must announce what follows") {
  const std::string record = CppRecord(kChild);
  const std::string id = sample::ContentId("COCT_TP146101GB01.CPPInformation");
  CHECK_THAT(ProblemOfRecord(Replaced(record, id, sample::ContentId("COCT_TP146100GB01.LACInformation"))),
             Equals("CPR07 " + kPlan + ": contentId extension is not the name of the element that follows"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, id, "")), Contains("0 contentId, 1 is needed"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, id, id + id)), Contains("2 contentId, 1 is needed"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, "2.4.18.16", "2.4.18.17")), Contains("contentId root is"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, "<npfitlc:contentId", "<contentId")), Contains("0 contentId"));
  CHECK_THAT(ProblemOfRecord(Record(sample::Plan("COCT_TP146109GB01.XYZInformation", "x", {"202603010900", "", ""}) +
                                    Child(kChild))),
             Contains("a plan type that is not known"));
  const std::string stranger = Replaced(Child(kChild), "COCT_TP145101GB01.Child\"", "COCT_TP145109GB01.Pet\"");
  CHECK_THAT(ProblemOfRecord(Record(Cpp({"202603010900", "", ""}) +
                                    Replaced(Replaced(stranger, "<COCT_TP145101GB01.Child>", "<COCT_TP145109GB01.Pet>"),
                                             "</COCT_TP145101GB01.Child>", "</COCT_TP145109GB01.Pet>"))),
             Contains("subject[1]: a subject of a kind that is not known"));
}

TEST_CASE("a subject needs its NHS number, a date of birth and a name") {
  const std::string record = CppRecord(kChild);
  const std::string number = "<id root=\"2.16.840.1.113883.2.1.4.1\" extension=\"9990000018\"/>";
  CHECK_THAT(ProblemOfRecord(Replaced(record, number, "")),
             Contains("CPR07 " + kSubject + ": no NHS number: an id with root"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, number, number + number)), Contains("the same kind of id twice"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, "2.4.18.24", "2.4.18.25")), Contains("an id whose root is not known"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, "<birthTime value=\"20190401\"/>", "")),
             Contains("birthTime is missing"));
  for (const char* wrong : {"", "1 April 2019", "2019-04-01", "201904010900000"}) {
    CHECK_THAT(ProblemOfRecord(Replaced(record, "20190401", wrong)),
               Contains("birthTime is not a date") && !Contains("2019-"));
  }
  for (const char* right : {"2019", "201904", "201904010930", "20190401093000.5+0100"}) {
    CAPTURE(right);
    CHECK(Records({Replaced(record, "20190401", right)}).size() == 1);
  }
  CHECK_THAT(ProblemOfRecord(Replaced(record, "<given>Aisha</given>", "")), Contains("given is missing"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, "<family>Testing</family>", "")), Contains("family is missing"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, "Aisha", std::string(1025, 'A'))),
             Contains("given is 1025 bytes long") && !Contains("AAAA"));
  CHECK_THAT(ProblemOfRecord(Replaced(record, "LCS-1", std::string(1025, 'A'))),
             Contains("local id is 1025 bytes long"));
  CHECK(Records({Replaced(record, "<given>Aisha</given>", "<given/>")}).size() ==
        1);  // a new-born child without a name
}

TEST_CASE("a later record for the same number and plan type takes the place of an earlier one") {
  const std::string cpp = Cpp({"202603010900", "", ""}), lac = Lac({"202501010900", "", ""});
  const UploadResult result = Read(File({Record(cpp + lac + Child(kChild)), CppRecord("9990000026"),
                                         Record(Cpp({"202605010900", "", ""}) + Child(kChild))}));
  REQUIRE(result.upload);
  CHECK(FileCode(result) == "CPF02");
  CHECK(result.upload->Loaded() == 3);
  REQUIRE(result.upload->records.size() == 3);
  REQUIRE(result.upload->records[0].changes.size() == 1);
  CHECK(result.upload->records[0].changes[0].type == PlanType::kLac);
  CHECK(Utc(result.upload->records[2].changes[0].start) == "2026-05-01T08:00:00Z");
  CHECK(Records({CppRecord(kChild), CppRecord(kChild)}).size() == 1);
}

}  // namespace cpis::sync::fleet
