// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/render.h"

#include <catch2/catch.hpp>

#include "edge/ctl/table.h"
#include "edge/ctl/terminal.h"
#include "edge/ctl/words.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

constexpr const char* kFlagged =
    R"({"nhs_number":"9990000018","outcome":"FLAGGED","as_of":"2026-11-22T02:00:00Z","age_seconds":14400,"stale":false,)"
    R"("source":"REPLICA","region":["E10000017"],"notification":"QUEUED",)"
    R"("plans":[{"type":"CPP","snomed":"342191000000101","start":"2026-07-01T09:00:00Z","end":null,"state":"CURRENT",)"
    R"("subject":"CHILD","authority":{"code":"E10000017","name":"Lancashire County Council",)"
    R"("emergency_duty_tel":"03001236722","office_hours_tel":null}}],)"
    R"("pattern":{"accesses_90_days":3,"organisations_90_days":2,"frequent":true},)"
    R"("accesses":[{"at":"2026-11-21T23:15:00Z","viewer":"Ms Sam Crew","role":"Paramedic","organisation":"NWAS"}],"advice":[]})";

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a flagged child reads: outcome first, then plans, whom to phone, who looked, how old, who is told") {
  const std::string text = Render("node.lookup", json::parse(kFlagged));
  CHECK(text ==
        "FLAGGED: child protection information is held for this NHS number.\n"
        "NHS number 999 000 0018\n"
        "\n"
        "Plans\n"
        "  Child protection plan, CURRENT\n"
        "    from 1 Jul 2026 10:00\n"
        "    Lancashire County Council (E10000017)\n"
        "    phone, emergency duty team: 03001236722\n"
        "    phone, office hours:        none given\n"
        "\n"
        "Looked at before: 3 in the last 90 days, by 2 organisation(s). FREQUENT: consider neglect.\n"
        "  WHEN               WHO          ROLE       ORGANISATION\n"
        "  21 Nov 2026 23:15  Ms Sam Crew  Paramedic  NWAS\n"
        "\n"
        "Information as of 2026-11-22T02:00:00Z (4 hours ago).\n"
        "It covers E10000017.\n"
        "The local authority will be told that this person was seen.\n");
}

TEST_CASE("an answer of the fleet server says that it covers more than the vehicle") {
  const json::value answer = json::parse(
      R"({"outcome":"NOT_FLAGGED","as_of":"2026-11-22T02:00:00Z","age_seconds":0,"source":"FLEET_SERVER","region":[]})");
  CHECK(Contains(Render("node.resolve", answer), "It covers every authority that reports to the fleet server.\n"));
  CHECK(ExitCodeOf("node.resolve", answer) == 0);
  CHECK(ExitCodeOf("node.resolve", json::object{{"outcome", "CANNOT_SAY"}}) == 3);
}

TEST_CASE("an alert reads: who, when, what was said then, what is so now, and whom to phone") {
  const std::string alert =
      R"({"id":"a-1","nhs_number":"9990000018","staff":"crew-9","incident":"INC-7","occurred_at":"2026-11-22T02:15:00Z",)"
      R"("raised_at":"2026-11-22T06:00:00Z","outcome_at_node":"NOT_FLAGGED","plans":[{"type":"CPP","start":)"
      R"("2026-11-20T09:00:00Z","end":null,"state":"CURRENT","authority":{"code":"E10000017","name":"Lancashire County Council",)"
      R"("emergency_duty_tel":"03001236722","office_hours_tel":null}}],)";
  const std::string story =
      "The person with NHS number 999 000 0018, whom crew-9 looked up or attended on 22 Nov 2026 02:15 (incident INC-7), is "
      "FLAGGED.\n"
      "The answer then was that nothing is held. It became known on 22 Nov 2026 06:00.\n"
      "  Child protection plan, CURRENT\n"
      "    from 20 Nov 2026 09:00\n"
      "    Lancashire County Council (E10000017)\n"
      "    phone, emergency duty team: 03001236722\n"
      "    phone, office hours:        none given\n";
  const std::string open = alert + R"("acknowledged_by":null,"acknowledged_at":null})";
  const std::string closed = alert + R"("acknowledged_by":"crew-1","acknowledged_at":"2026-11-22T08:00:00Z"})";
  CHECK(Render("node.alerts", json::parse("[" + open + "," + closed + "]")) ==
        story + "Phone the authority if nobody has, then: cpisctl node alerts --acknowledge a-1\n\n" + story +
            "Acknowledged by crew-1 on 22 Nov 2026 08:00.\n");
  CHECK(Render("node.alerts", json::parse("[]")) == "No alerts.\n");
  CHECK(Contains(Render("node.alerts.acknowledge", json::parse(closed)), "Acknowledged by crew-1"));
}

TEST_CASE("the fleet's alerts say who has read them") {
  const std::string text = Render(
      "fleet.alerts",
      json::parse(R"([{"id":"a-1","node":"A101","nhs_number":"9990000018","incident":"INC-7","occurred_at":)"
                  R"("2026-11-22T02:15:00Z","raised_at":"2026-11-22T06:00:00Z","acknowledged_by":null,)"
                  R"("acknowledged_at":null,"open":true}])"));
  CHECK(Contains(text, "A101"));
  CHECK(Contains(text, "999 000 0018"));
  CHECK(Contains(text, "not yet"));
}

TEST_CASE("what is not known never reads as no flag") {
  const std::string cannot_say = Render(
      "node.lookup",
      json::parse(
          R"({"nhs_number":"9990000026","outcome":"CANNOT_SAY","reason":"NEVER_SYNCED","as_of":null,"age_seconds":null,)"
          R"("advice":["Phone the emergency duty team."],"notification":"NOT_NEEDED"})"));
  CHECK(cannot_say.starts_with("CANNOT SAY (NEVER_SYNCED): this is not a \"no\".\n"));
  CHECK(Contains(cannot_say, "> Phone the emergency duty team."));
  CHECK(Contains(cannot_say, "Information as of never."));
  CHECK(Render("node.lookup", json::parse(R"({"outcome":"POSSIBLY_FLAGGED_ELSEWHERE"})"))
            .starts_with("POSSIBLY FLAGGED"));
  CHECK(Render("node.lookup", json::parse("{}")).starts_with("CANNOT SAY"));
}

TEST_CASE("old information says that it is old") {
  json::value answer = json::parse(kFlagged);
  answer.as_object()["stale"] = true;
  CHECK(Contains(Render("node.lookup", answer), "OLD: there may be newer"));
}

TEST_CASE("exit codes are those of the contract") {
  const auto lookup = [](const char* outcome) { return ExitCodeOf("node.lookup", json::object{{"outcome", outcome}}); };
  CHECK(lookup("FLAGGED") == 0);
  CHECK(lookup("NOT_FLAGGED") == 0);
  CHECK(lookup("CANNOT_SAY") == 3);
  CHECK(lookup("POSSIBLY_FLAGGED_ELSEWHERE") == 3);
  CHECK(lookup("SOMETHING_NEWER") == 3);
  const auto import = [](const char* code) { return ExitCodeOf("fleet.import", json::object{{"code", code}}); };
  CHECK(import("CPF01") == 1);
  CHECK(import("CPF02") == 0);
  CHECK(import("CPF03") == 5);
  CHECK(import("CPF04") == 1);
  CHECK(import("HELD") == 1);
  CHECK(import("REFUSED") == 1);
  CHECK(import("APPLIED") == 0);
  CHECK(ExitCodeOf("node.verify", json::parse(R"([{"matches":true},{"matches":false}])")) == 1);
  CHECK(ExitCodeOf("node.verify", json::parse(R"([{"matches":true}])")) == 0);
  CHECK(ExitCodeOf("node.doctor", json::parse(R"([{"good":false}])")) == 0);
  CHECK(ExitCodeOf("node.status", json::parse("{}")) == 0);
}

TEST_CASE("signing in prints until when, never the token") {
  const std::string text =
      Render("node.sign-in", json::parse(R"({"token":"secret-token","expires":"2026-11-22T14:00:00Z"})"));
  CHECK(text == "Signed in until 22 Nov 2026 14:00.\n");
}

TEST_CASE("an import in part lists each record that was refused") {
  const std::string text = Render(
      "fleet.import",
      json::parse(
          R"({"file_id":"L-1","code":"CPF03","loaded":4,"rejected":1,"records":[{"code":"CPR04","location":"/File/record[3]",)"
          R"("detail":"check digit"}],"ack":"/x/ack.xml"})"));
  CHECK(text ==
        "L-1: CPF03 loaded in part (4 loaded, 1 refused)\n"
        "  CPR04 /File/record[3]: check digit\n"
        "  acknowledgement /x/ack.xml\n");
}

TEST_CASE("an import that is held, and one of inactive numbers, say what became of them") {
  CHECK(Render("fleet.import", json::parse(R"({"file_id":"L-2","code":"HELD","loaded":0,"rejected":0,"records":[],"ack":null,)"
                                           R"("held":{"since":"2026-11-22T02:00:00Z","ending":12,"flags":40},"detail":"would end 12"})")) ==
        "L-2: HELD held, nothing was loaded (0 loaded, 0 refused)\n"
        "  would end 12\n");
  CHECK(Render("fleet.import", json::parse(R"({"file_id":"M-1","code":"APPLIED","replaced":1,"erased":2,"unknown":0,"records":[],"ack":null})")) ==
        "M-1: inactive numbers (1 replaced, 2 erased, 0 not known here)\n");
}

TEST_CASE("an authority of which a file is held says which, and since when") {
  const std::string text = Render(
      "fleet.authorities",
      json::parse(R"([{"code":"E1","name":"A","flags":40,"last_file":"L-1","age_seconds":60,"held_since":"2026-11-22T02:00:00Z","held_file":"L-2"},)"
                  R"({"code":"E2","name":"B","flags":1,"last_file":"H-1","age_seconds":60,"held_since":null,"held_file":null}])"));
  CHECK(Contains(text, "L-2 since 22 Nov 2026 02:00\n"));
  CHECK(Contains(text, "1 minute ago  -\n"));
}

TEST_CASE("status says what is missing in words") {
  CHECK(Contains(Render("node.status", json::parse(R"({"enrolled":false,"version":"0.1.0"})")),
                 "belongs to no fleet yet"));
  const std::string text = Render(
      "node.status",
      json::parse(
          R"({"node":"amb-12","trust":"RX7","enrolled":true,"locked":true,"link":{"state":"OFFLINE","since":null,"error":null},)"
          R"("as_of":null,"age_seconds":null,"freshness":"NEVER","region":[],"journal":{"attendances_waiting":2,"audit_waiting":3,)"
          R"("quarantined":0},"lease":{"expires":null},"key_store":{"kind":"plain","hardware_bound":false}})"));
  CHECK(Contains(text, "data          NEVER, never\n"));
  CHECK(Contains(text, "2 attendance(s), 3 audit entries"));
  CHECK(Contains(text, "NOT HARDWARE BOUND"));
}

TEST_CASE("lists of the fleet are tables, and empty ones say so") {
  CHECK(
      Render(
          "fleet.node.list",
          json::parse(
              R"([{"name":"amb-1","node_id":null,"region":["E1","E2"],"state":"WAITING","last_seen":null,"connected":false}])")) ==
      "NAME   STATE    REGION  LAST SEEN  NOW   ID\n"
      "amb-1  WAITING  E1,E2   never      away\n");
  for (const char* method : {"fleet.node.list", "fleet.staff.list", "fleet.authorities", "fleet.attendances",
                             "fleet.sensitive.list", "node.outbox.list", "node.verify", "node.doctor"}) {
    CHECK_FALSE(Render(method, json::parse("[]")).empty());
  }
}

TEST_CASE("looks, the record and security events are shown for people") {
  const std::string looks = Render("fleet.audit", json::parse(
      R"([{"at":"2026-11-22T02:15:00Z","received_at":"2026-11-22T02:16:00Z","node":"A101","staff":"crew1","name":"Ms Sam Crew",)"
      R"("role":"Paramedic","action":"lookup","nhs_number":"9990000018","incident":"INC-1","outcome":"CANNOT_SAY","reason":"STALE","silent":true}])"));
  for (const char* part : {"Ms Sam Crew", "999 000 0018", "INC-1", "CANNOT_SAY (STALE)", "silent", "A101"}) {
    INFO(part);
    CHECK(looks.find(part) != std::string::npos);
  }
  CHECK(Render("fleet.audit", json::parse("[]")) == "Nobody looked.\n");
  const std::string record = Render("fleet.audit.verify", json::parse(
      R"({"good":true,"entries":7,"outstanding":[{"node":"A101","promised":9,"arrived":7,"since":"2026-11-22T02:15:00Z"}]})"));
  CHECK(record.find("7 entries, as they came.") == 0);
  CHECK(record.find("A101 signed for 9 entries, 7 have come") != std::string::npos);
  const std::string events = Render("fleet.security", json::parse(
      R"([{"id":3,"at":"2026-11-22T02:15:00Z","last":"2026-11-22T02:15:00Z","node":"A101","node_id":"node-1","kind":"AUDIT_GAP",)"
      R"("detail":"audit entries 2 to 3 never came","times":1,"acknowledged_at":null}])"));
  CHECK(events.find("AUDIT_GAP") != std::string::npos);
  CHECK(events.find("OPEN") != std::string::npos);
  CHECK(Render("fleet.security", json::parse("[]")) == "Nothing was noticed.\n");
}

TEST_CASE("an answer of another version never makes cpisctl fall over") {
  for (const char* method : {"node.lookup", "node.attend", "node.status", "node.outbox.list", "node.outbox.show",
                             "node.verify", "node.doctor", "fleet.import", "fleet.authorities", "fleet.node.add",
                             "fleet.node.list", "fleet.staff.list", "fleet.attendances", "fleet.status"}) {
    for (const char* odd :
         {"null", "{}", "[]", "7", R"([{"region":3}])", R"({"plans":[1],"accesses":[null],"as_of":5})"}) {
      CHECK_FALSE(Render(method, json::parse(odd)).empty());
    }
  }
}

TEST_CASE("ages are said in plain words") {
  CHECK(Age(0) == "just now");
  CHECK(Age(59) == "just now");
  CHECK(Age(60) == "1 minute");
  CHECK(Age(7200) == "2 hours");
  CHECK(Age(30 * 3600) == "30 hours");
  CHECK(Age(3 * 86400) == "3 days");
  CHECK(LocalTime("not a time") == "not a time");
}

TEST_CASE("columns line up under letters that take more than one byte") {
  Table table({"A", "B"});
  table.Add({"Môn", "1"});
  table.Add({"Bury", "2"});
  CHECK(table.Text("") == "A     B\nMôn   1\nBury  2\n");
}

TEST_CASE("the bar fills with what is done") {
  CHECK(ProgressBar::Line("rows", 5, 10) == "rows  [###############---------------] 50 %");
  CHECK(ProgressBar::Line("rows", 11, 10) == "rows  [##############################] 100 %");
  CHECK(ProgressBar::Line("rows", 3, 0) == "rows  3");
}

TEST_CASE("what was done is shown with the beginning of its arguments, never cut within a letter") {
  const auto shown = [](const std::string& name) {
    return RenderActs(json::array{{{"id", 1}, {"at", "2026-11-23T07:17:00Z"}, {"who", "root (uid 0)"}, {"method", "fleet.node.add"},
                                   {"arguments", {{"name", name}}}, {"nhs_number", ""}, {"outcome", "ok"}}});
  };
  CHECK(shown("A101").find(R"({"name":"A101"})") != std::string::npos);
  const std::string before(49, 'x');  // {"name":" and these are 58 bytes
  CHECK(shown(before + "éééé").find(before + "…") != std::string::npos);
  CHECK(shown(before + "éééé").find("é") == std::string::npos);
}

}  // namespace cpis::edge::ctl
