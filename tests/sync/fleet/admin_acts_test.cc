// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/admin_acts.h"

#include <boost/json.hpp>

#include "platform/sqlite.h"
#include "sync/fleet/admin_record.h"
#include "sync/fleet/inactive_numbers.h"
#include "sync/fleet/sensitive_numbers.h"
#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

namespace json = boost::json;

struct Desk : World {
  int done = 0;
  Code ends = Code::kOk;
  LocalHandler call = Recorded(*store, [this](const LocalCall&, const LocalProgress&) -> Result<std::string> {
    ++done;
    if (ends == Code::kOk) return std::string("{}");
    return Status(ends, "no");
  });

  Result<std::string> Does(const std::string& method, const std::string& arguments = "{}", const Bytes& file = {}) {
    return call({method, arguments, file, "alice (uid 1000)"}, {});
  }
  std::vector<AdminActs::Act> Acts() { return *AdminActs::Since(*store, std::nullopt); }
  Status Verified() { return AdminActs::Verify(*store).status(); }
  void Runs(const std::string& sql) {
    REQUIRE(store->Change([&](Store& in) { return in.queries().database().Run(sql); }).ok());
  }
};

TEST_CASE("an act is on record before it is done, with who, what and how it ended") {
  Desk desk;
  desk.call = Recorded(*desk.store, [&](const LocalCall&, const LocalProgress&) -> Result<std::string> {
    REQUIRE(desk.Acts().size() == 1);
    CHECK(desk.Acts()[0].outcome == "begun");
    return std::string("{}");
  });
  REQUIRE(desk.Does("fleet.node.add", R"({"name":"A101","region":["E10000017"]})").ok());
  const auto acts = desk.Acts();
  REQUIRE(acts.size() == 1);
  CHECK(acts[0].at == kNoon);
  CHECK(acts[0].who == "alice (uid 1000)");
  CHECK(acts[0].method == "fleet.node.add");
  CHECK(acts[0].arguments == R"({"name":"A101","region":["E10000017"]})");
  CHECK(acts[0].outcome == "ok");
  CHECK(*AdminActs::Verify(*desk.store) == 2);
}

TEST_CASE("the record of acts outlives a change of the signing keys") {
  Desk desk;
  REQUIRE(desk.Does("fleet.staff.list").ok());
  desk.keys.freshness = crypto::NewSigningKey();
  desk.keys.policy = crypto::NewSigningKey();
  REQUIRE(desk.Does("fleet.staff.list").ok());
  CHECK(desk.Verified().ok());
}

TEST_CASE("what failed is on record as failed, and so is what nobody knows") {
  Desk desk;
  desk.ends = Code::kDenied;
  CHECK_FALSE(desk.Does("fleet.node.revoke", R"({"name":"A101"})").ok());
  CHECK_FALSE(desk.Does("fleet.whatever", "not json").ok());
  const auto acts = desk.Acts();
  REQUIRE(acts.size() == 2);
  CHECK(acts[0].outcome == platform::Name(Code::kDenied));
  CHECK(acts[1].method == "fleet.whatever");
}

TEST_CASE("reading persons is an act, figures of the service are not") {
  Desk desk;
  for (const char* method : {"fleet.attendances", "fleet.alerts", "fleet.sensitive.list", "fleet.staff.list", "fleet.audit"}) {
    REQUIRE(desk.Does(method).ok());
  }
  CHECK(desk.Acts().size() == 5);
  for (const char* method : {"fleet.status", "fleet.authorities", "fleet.node.list", "fleet.policy.show"}) {
    REQUIRE(desk.Does(method).ok());
  }
  CHECK(desk.Acts().size() == 5);
  CHECK(desk.done == 9);
  const auto listed = json::parse(*desk.Does("fleet.acts"));
  CHECK(listed.as_array().size() == 6);  // this look too
  CHECK(desk.Does("fleet.acts", R"({"since":"yesterday"})").status().code() == Code::kInvalid);
}

TEST_CASE("no PIN, code or file is on record; a file is known by its hash") {
  Desk desk;
  REQUIRE(desk.Does("fleet.staff.add", R"({"id":"1","pin":"86041759","auditor_pin":"86041759","code":"86041759"})").ok());
  REQUIRE(desk.Does("fleet.import", R"({"name":"x.xml"})", platform::ToBytes(platform::AsBytes("86041759"))).ok());
  for (const auto& act : desk.Acts()) CHECK(act.arguments.find("86041759") == std::string::npos);
  CHECK(desk.Acts()[0].arguments == R"({"id":"1"})");
  CHECK(desk.Acts()[1].arguments.find("file_blake2b") != std::string::npos);
}

TEST_CASE("an act that cannot be recorded is not done") {
  Desk desk;
  desk.Runs("DROP TABLE admin_acts");
  CHECK(desk.Does("fleet.node.revoke", R"({"name":"A101"})").status().code() == Code::kInternal);
  CHECK(desk.done == 0);
}

TEST_CASE("an act changed, taken out, put in or cut off at the end is noticed") {
  Desk desk;
  for (int i = 0; i < 5; ++i) REQUIRE(desk.Does("fleet.sensitive.add", R"({"nhs_number":")" + Number(1) + "\"}").ok());
  REQUIRE(desk.Verified().ok());
  SECTION("changed") { desk.Runs("UPDATE admin_acts SET entry = replace(entry, 'alice', 'malic') WHERE n = 3"); }
  SECTION("another outcome") { desk.Runs("UPDATE admin_acts SET entry = replace(entry, '\"ok\"', '\"no\"') WHERE n = 4"); }
  SECTION("another number") { desk.Runs("UPDATE admin_acts SET nhs_number = '" + Number(2) + "' WHERE n = 3"); }
  SECTION("taken out") { desk.Runs("DELETE FROM admin_acts WHERE n = 4"); }
  SECTION("the first taken out") { desk.Runs("DELETE FROM admin_acts WHERE n = 1"); }
  SECTION("taken out, and the others moved up") {
    desk.Runs("DELETE FROM admin_acts WHERE n = 4; UPDATE admin_acts SET n = n - 1 WHERE n > 4");
  }
  SECTION("cut off") { desk.Runs("DELETE FROM admin_acts WHERE n > 8"); }
  SECTION("all of it") { desk.Runs("DELETE FROM admin_acts"); }
  SECTION("cut off with its signed end") { desk.Runs("DELETE FROM admin_acts WHERE n > 8; DELETE FROM admin_acts_head"); }
  SECTION("the end signed by another") {
    const Bytes head = crypto::KeyedBlake2b(32, Bytes(32, 7), {platform::AsBytes("cpis.v1.act-head")});
    desk.Runs("UPDATE admin_acts_head SET head = x'" + platform::Hex(head) + "'");
  }
  CHECK(desk.Verified().code() == Code::kCorrupt);
  // And what is done afterwards does not heal it: asking for the check is itself an act.
  CHECK(desk.Does("fleet.acts.verify").status().code() == Code::kCorrupt);
  REQUIRE(desk.Does("fleet.node.list2").ok());
  CHECK(desk.Verified().code() == Code::kCorrupt);
}

TEST_CASE("an erased number leaves the record, and the chain holds") {
  Desk desk;
  desk.Imports({.records = {sample::CppRecord(Number(1))}});
  REQUIRE(desk.Does("fleet.sensitive.add", R"({"nhs_number":")" + Number(1) + "\"}").ok());
  REQUIRE(desk.Acts()[0].number == Number(1));
  REQUIRE(desk.Acts()[0].arguments.find(Number(1)) == std::string::npos);
  InactiveMessage message;
  message.authority = kLancashire;
  message.numbers.push_back({Subject(Number(1)), std::nullopt});
  REQUIRE(desk.store->Change([&](Store& store) { return ApplyInactiveNumbers(store, message).status(); }).ok());
  CHECK(desk.Acts()[0].number.empty());
  CHECK(desk.Verified().ok());
}

TEST_CASE("links have the bytes that the table gives") {
  Desk desk;
  REQUIRE(desk.Does("fleet.node.revoke", R"({"name":"A101"})").ok());
  REQUIRE(desk.store
              ->Read([&](Store& in) -> Status {
                CPIS_ASSIGN(platform::Statement * first, in.queries()("SELECT entry, link FROM admin_acts WHERE n = 1"));
                CPIS_TRY(first->Step().status());
                CHECK(first->Text(0) ==
                      R"x({"at":"2026-11-22T12:00:00Z","who":"alice (uid 1000)","method":"fleet.node.revoke","arguments":"{\"name\":\"A101\"}"})x");
                CHECK(platform::Hex(first->Blob(1)) == "acefb94de93ccca5499e7ecfb837fa9d1fe2c05fb9067c3638700dce062f0655");
                first->Reset();
                return Status::Ok();
              })
              .ok());
}

}  // namespace
}  // namespace cpis::sync::fleet
