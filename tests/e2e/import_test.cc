// SPDX-License-Identifier: Apache-2.0
//
// Authority files as they come: good, partly good, wrong, twice, and by mailbox.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

std::string TextOf(const Path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::vector<Path> FilesIn(const Path& folder) {
  std::vector<Path> files;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) files.push_back(entry.path());
  return files;
}

}  // namespace

TEST_CASE("a good file is loaded, acknowledged and counted", "[import]") {
  const Fleet fleet;
  const Output imported =
      fleet.Imports(AuthorityFile(Lancashire(), "LANCS-001").Protects(NhsNumber(0), Day(-1)).LooksAfter(NhsNumber(1), Day(-2)));
  CHECK(imported.exit_code == 0);
  const json::value said = imported.Json();
  CHECK(said.at("file_id") == "LANCS-001");
  CHECK(said.at("code") == "CPF02");
  CHECK(said.at("loaded") == 2);
  CHECK(said.at("rejected") == 0);
  CHECK(said.at("records").as_array().empty());
  const std::string ack = TextOf(Path(Text(said.at("ack"))));
  CHECK(ack.find("<FileResponse") != std::string::npos);
  CHECK(ack.find("CPF02") != std::string::npos);
  const json::value authorities = fleet.Does({"authorities"}).Json();
  REQUIRE(authorities.as_array().size() == 1);
  CHECK(Text(authorities.at(0).at("code")) == Lancashire().code);
  CHECK(authorities.at(0).at("flags") == 2);
}

TEST_CASE("one wrong number does not stop the others", "[import]") {
  const Fleet fleet;
  std::string wrong = NhsNumber(1);
  wrong.back() = wrong.back() == '0' ? '1' : static_cast<char>(wrong.back() - 1);
  AuthorityFile file(Lancashire(), "LANCS-001");
  file.Protects(NhsNumber(0), Day(-1)).Protects(wrong, Day(-1)).Protects(NhsNumber(2), Day(-1));
  const Output imported = fleet.Imports(file);
  CHECK(imported.exit_code == 5);
  const json::value said = imported.Json();
  CHECK(said.at("code") == "CPF03");
  CHECK(said.at("loaded") == 2);
  CHECK(said.at("rejected") == 1);
  REQUIRE(said.at("records").as_array().size() == 1);
  CHECK(said.at("records").at(0).at("code") == "CPR04");
  CHECK(Text(said.at("records").at(0).at("location")).rfind("/File/record[2]/", 0) == 0);
  CHECK(Text(said.at("records").at(0).at("detail")).find(wrong) == std::string::npos);
}

TEST_CASE("a file that is wrong as a whole changes nothing", "[import]") {
  const Fleet fleet;
  REQUIRE(fleet.Imports(AuthorityFile(Lancashire(), "LANCS-001").Protects(NhsNumber(0), Day(-1))).exit_code == 0);
  const int64_t before = fleet.SequenceOf(Lancashire().code);
  AuthorityFile next(Lancashire(), "LANCS-002");
  next.Protects(NhsNumber(1), Day(-1));
  Output imported;
  SECTION("a wrong quantity") { imported = fleet.Imports(next.SaysItHas(3)); }
  SECTION("no emergency duty phone") { imported = fleet.Imports(next.WithoutDutyPhone()); }
  SECTION("half a file") { imported = fleet.ImportsText("LANCS-002", next.Xml().substr(0, next.Xml().size() / 2)); }
  SECTION("an empty file") { imported = fleet.ImportsText("LANCS-002", ""); }
  SECTION("a document type") {
    imported = fleet.ImportsText("LANCS-002", "<!DOCTYPE File [<!ENTITY x \"y\">]>" + next.Xml().substr(next.Xml().find("<File")));
  }
  CHECK(imported.exit_code == 1);
  CHECK(imported.Json().at("code") == "CPF01");
  CHECK_FALSE(Text(imported.Json().at("detail")).empty());
  CHECK(fleet.SequenceOf(Lancashire().code) == before);
  CHECK(fleet.Status().at("partitions").at(0).at("flags") == 1);
}

TEST_CASE("the same file again changes nothing", "[import]") {
  const Fleet fleet;
  AuthorityFile file(Lancashire(), "LANCS-001");
  file.Protects(NhsNumber(0), Day(-1)).LooksAfter(NhsNumber(0), Day(-9), Day(-3)).Expects(NhsNumber(1), Day(-3), Day(30));
  REQUIRE(fleet.Imports(file).exit_code == 0);
  const int64_t before = fleet.SequenceOf(Lancashire().code);
  CHECK(fleet.Imports(file).exit_code == 0);
  CHECK(fleet.SequenceOf(Lancashire().code) == before);
}

TEST_CASE("several files in one command are each told about, and the worst decides the exit code", "[import]") {
  const Fleet fleet;
  const Path good = fleet.directory() / "good.xml";
  const Path bad = fleet.directory() / "bad.xml";
  std::ofstream(good) << AuthorityFile(Lancashire(), "LANCS-001").Protects(NhsNumber(0), Day(-1)).Xml();
  std::ofstream(bad) << AuthorityFile(Halton(), "HALTON-001").Protects(NhsNumber(1), Day(-1)).SaysItHas(2).Xml();
  const Output imported = fleet.Does({"import", good.string(), bad.string()});
  CHECK(imported.exit_code == 1);
  CHECK(fleet.SequenceOf(Lancashire().code) > 0);
}

TEST_CASE("a file in the mailbox is taken, moved and acknowledged", "[import]") {
  const Fleet fleet;
  const Path beside = fleet.mailbox() / "LANCS-001.part";
  std::ofstream(beside) << AuthorityFile(Lancashire(), "LANCS-001").Protects(NhsNumber(0), Day(-1)).Xml();
  std::filesystem::rename(beside, fleet.mailbox() / "in" / "LANCS-001.xml");
  REQUIRE(Eventually([&] { return FilesIn(fleet.mailbox() / "out").size() == 1; }));
  CHECK(TextOf(FilesIn(fleet.mailbox() / "out")[0]).find("CPF02") != std::string::npos);
  CHECK(Eventually([&] { return FilesIn(fleet.mailbox() / "in").empty(); }));
  CHECK(FilesIn(fleet.mailbox() / "done").size() == 1);
  CHECK(fleet.SequenceOf(Lancashire().code) > 0);
}

TEST_CASE("a file that is not there is quoted", "[import]") {
  const Fleet fleet;
  const Output imported = fleet.Does({"import", "/nowhere/file.xml"});
  CHECK(imported.exit_code != 0);
  CHECK(imported.err.find("/nowhere/file.xml") != std::string::npos);
}

}  // namespace cpis::e2e
