// SPDX-License-Identifier: Apache-2.0
//
// Numbers that change, records that are withheld, and files that would end too much, with real processes.
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

// REPC_MT000005GB01 to Lancashire; an empty replacement says that the number is inactive for good.
std::string InactiveNumbers(const std::vector<std::pair<std::string, std::string>>& numbers) {
  std::string xml = R"(<?xml version="1.0" encoding="UTF-8"?>
<CP-ISInactiveNHSNumberNotification xmlns="urn:hl7-org:v3" xmlns:npfitlc="NPFIT:HL7:Localisation">
  <effectiveTime value="20261101020000"/>
  <id root="0192F8B1-0C11-7D22-8E33-5F4455667788"/>
  <primaryInformationRecipient>
    <npfitlc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP145103GB01.IntendedRecipient"/>
    <COCT_TP145103GB01.IntendedRecipient>
      <representedSourceOrganization><id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension=")" +
                    Lancashire().code + R"("/><name>Lancashire County Council</name></representedSourceOrganization>
    </COCT_TP145103GB01.IntendedRecipient>
  </primaryInformationRecipient>
)";
  for (const auto& [number, by] : numbers) {
    xml += "<subject><pDSInactivePatient><id root=\"2.16.840.1.113883.2.1.4.1\" extension=\"" + number + "\"/>";
    if (!by.empty()) xml += "<replacedBy><newVersion><id extension=\"" + by + "\"/></newVersion></replacedBy>";
    xml +=
        "<subjectOf><lAUploadFile><value "
        "extension=\"LANCS-001\"/></lAUploadFile></subjectOf></pDSInactivePatient></subject>\n";
  }
  return xml + "</CP-ISInactiveNHSNumberNotification>\n";
}

void Arrives(const Fleet& fleet, const std::string& name, const std::string& xml) {
  const Path beside = fleet.mailbox() / (name + ".part");
  std::ofstream(beside) << xml;
  std::filesystem::rename(beside, fleet.mailbox() / "in" / name);
}

bool Has(const Fleet& fleet, const std::string& file) { return std::filesystem::exists(fleet.mailbox() / file); }

// Forty children of Lancashire on a plan; then a file that ends twelve of the plans.
void ProtectsForty(const Fleet& fleet) {
  AuthorityFile file(Lancashire(), "LANCS-001");
  for (size_t i = 0; i < 40; ++i) file.Protects(NhsNumber(i), Day(-9));
  REQUIRE(fleet.Imports(file).exit_code == 0);
}
AuthorityFile EndsTwelve() {
  AuthorityFile file(Lancashire(), "LANCS-002");
  for (size_t i = 0; i < 12; ++i) file.Protects(NhsNumber(i), Day(-9), Day(-1));
  return file;
}

json::value HeldOf(const Fleet& fleet) { return fleet.Does({"authorities"}).Json().at(0); }

}  // namespace

TEST_CASE(
    "a message of inactive numbers from the mailbox: who has a new number keeps plan and history, who was adopted is "
    "gone",
    "[numbers]") {
  Ambulance ambulance;
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  const std::string fresh = NhsNumber(60);
  REQUIRE(sam.Attends(Ambulance::Protected(), "INC-1").exit_code == 0);
  REQUIRE(sam.Attends(Ambulance::Expecting(), "INC-2").exit_code == 0);
  REQUIRE(ambulance.vehicle->CatchesUp());
  REQUIRE(Eventually([&] { return !sam.LooksUp(Ambulance::Protected(), {"--silent"}).List("accesses").empty(); }));

  Arrives(ambulance.fleet, "inactive.xml",
          InactiveNumbers({{Ambulance::Protected(), fresh}, {Ambulance::Expecting(), ""}}));
  REQUIRE(Eventually([&] { return Has(ambulance.fleet, "done/inactive.xml"); }));
  REQUIRE(ambulance.vehicle->CatchesUp());
  CHECK(Eventually([&] { return sam.LooksUp(fresh, {"--silent"}).outcome() == "FLAGGED"; }));
  CHECK(sam.LooksUp(fresh, {"--silent"}).List("accesses").size() == 1);
  CHECK(sam.LooksUp(Ambulance::Protected(), {"--silent"}).outcome() == "CANNOT_SAY");
  CHECK(sam.LooksUp(Ambulance::Expecting(), {"--silent"}).outcome() != "FLAGGED");
  CHECK(ambulance.vehicle->Verifies());
  CHECK(Text(ambulance.fleet.AttendancesOf("INC-1").at(0).at("nhs_number")) == Ambulance::Protected());
  CHECK(Text(ambulance.fleet.AttendancesOf("INC-2").at(0).at("nhs_number")).empty());

  // The authority still uses both.
  const Output again = ambulance.fleet.Imports(AuthorityFile(Lancashire(), "LANCS-900")
                                                   .Protects(Ambulance::Protected(), Day(-1))
                                                   .Protects(Ambulance::Expecting(), Day(-1))
                                                   .Protects(fresh, Day(-1)));
  CHECK(again.exit_code == 5);
  const json::value said = again.Json();
  CHECK(said.at("loaded") == 1);
  CHECK(said.at("records").at(0).at("code") == "CPR05");
  CHECK(said.at("records").at(1).at("code") == "CPR01");
}

TEST_CASE("the same message by hand says what it did, and one that cannot be read waits in mailbox/held", "[numbers]") {
  const Fleet fleet;
  REQUIRE(
      fleet
          .Imports(
              AuthorityFile(Lancashire(), "LANCS-001").Protects(NhsNumber(0), Day(-1)).Protects(NhsNumber(1), Day(-1)))
          .exit_code == 0);
  const std::string xml = InactiveNumbers({{NhsNumber(0), NhsNumber(9)}, {NhsNumber(1), ""}, {NhsNumber(5), ""}});
  const Output applied = fleet.ImportsText("inactive", xml);
  CHECK(applied.exit_code == 0);
  CHECK(
      json::serialize(applied.Json()) ==
      R"({"file_id":"0192F8B1-0C11-7D22-8E33-5F4455667788","code":"APPLIED","replaced":1,"erased":1,"unknown":1,"records":[],"ack":null})");

  Arrives(fleet, "half.xml", xml.substr(0, xml.size() / 2));
  REQUIRE(Eventually([&] { return Has(fleet, "held/half.xml"); }));
  const json::object status = fleet.Status();
  REQUIRE(status.at("refused_messages").as_array().size() == 1);
  CHECK(Text(status.at("refused_messages").at(0).at("mailbox_file")) == "half.xml");
  CHECK_FALSE(Text(status.at("refused_messages").at(0).at("reason")).empty());
  CHECK(fleet.ImportsText("half", xml.substr(0, xml.size() / 2)).exit_code == 1);
}

TEST_CASE("a file that would end too much is held by hand, over a restart, until it is released", "[numbers]") {
  Fleet fleet;
  ProtectsForty(fleet);
  const int64_t before = fleet.SequenceOf(Lancashire().code);
  const Output held = fleet.Imports(EndsTwelve());
  CHECK(held.exit_code == 1);
  CHECK(held.err.find("would end 12 of 40 flags of " + Lancashire().code + "; held:") != std::string::npos);
  CHECK(held.err.find('\n') == held.err.size() - 1);
  const json::value said = held.Json();
  CHECK(said.at("code") == "HELD");
  CHECK(said.at("loaded") == 0);
  CHECK(said.at("ack").is_null());
  CHECK(said.at("held").at("ending") == 12);
  CHECK(said.at("held").at("flags") == 40);

  REQUIRE(fleet.Stops() == 0);
  fleet.Starts();
  CHECK(fleet.SequenceOf(Lancashire().code) == before);
  CHECK(Text(HeldOf(fleet).at("held_file")) == "LANCS-002");
  CHECK(HeldOf(fleet).at("held_since") == said.at("held").at("since"));
  CHECK(fleet.Status().at("held") == 1);
  CHECK(fleet.Imports(AuthorityFile(Halton(), "HALTON-001").Protects(NhsNumber(0), Day(-1))).exit_code == 0);

  const Output released = fleet.Does({"import", (fleet.directory() / "LANCS-002.xml").string(), "--release"});
  CHECK(released.exit_code == 0);
  CHECK(released.Json().at("loaded") == 12);
  CHECK(HeldOf(fleet).at("held_file").is_null());
  CHECK(fleet.Status().at("held") == 0);
}

TEST_CASE("a file of the mailbox that would end too much waits in mailbox/held, unanswered, and is released from there",
          "[numbers]") {
  Fleet fleet;
  ProtectsForty(fleet);
  const auto answers = [&] {
    const std::filesystem::directory_iterator files(fleet.mailbox() / "out");
    return std::distance(begin(files), end(files));
  };
  const auto before = answers();
  Arrives(fleet, "mass.xml", EndsTwelve().Xml());
  REQUIRE(Eventually([&] { return Has(fleet, "held/mass.xml"); }));
  CHECK(answers() == before);
  const HttpReply metrics =
      Ask(Text(fleet.daemon().ready().at("http")), {.method = "GET", .target = "/metrics", .headers = {}, .body = ""});
  CHECK(metrics.body.find("cpis_fleet_files_held 1\n") != std::string::npos);
  fleet.IsKilled();
  fleet.Starts();
  CHECK(Text(HeldOf(fleet).at("held_file")) == "LANCS-002");
  CHECK(fleet.Does({"import", (fleet.mailbox() / "held" / "mass.xml").string(), "--release"}).exit_code == 0);
  CHECK(Has(fleet, "done/mass.xml"));
  CHECK_FALSE(Has(fleet, "held/mass.xml"));
  CHECK(answers() == before + 1);
  CHECK(HeldOf(fleet).at("held_since").is_null());
}

TEST_CASE("a sensitive record leaves the vehicles and comes back when it is no longer sensitive", "[numbers]") {
  Ambulance ambulance;
  const Crew sam = ambulance.vehicle->SignsIn(kSam, kSamsPin);
  const std::string number = Ambulance::Protected();
  REQUIRE(sam.LooksUp(number, {"--silent"}).outcome() == "FLAGGED");
  const std::string typed = number.substr(0, 3) + " " + number.substr(3, 3) + " " + number.substr(6);
  CHECK(ambulance.fleet.Does({"sensitive", "add", typed}).exit_code == 0);
  REQUIRE(ambulance.vehicle->CatchesUp());
  CHECK(Eventually([&] { return sam.LooksUp(number, {"--silent"}).outcome() == "CANNOT_SAY"; }));
  const json::value list = ambulance.fleet.Does({"sensitive", "list"}).Json();
  REQUIRE(list.as_array().size() == 1);
  CHECK(Text(list.at(0).at("nhs_number")) == number);
  CHECK_FALSE(Text(list.at(0).at("since")).empty());

  CHECK(ambulance.fleet.Does({"sensitive", "remove", number}).exit_code == 0);
  CHECK(ambulance.fleet.Does({"sensitive", "remove", number}).exit_code == 1);
  REQUIRE(ambulance.vehicle->CatchesUp());
  CHECK(Eventually([&] { return sam.LooksUp(number, {"--silent"}).outcome() == "FLAGGED"; }));
}

}  // namespace cpis::e2e
