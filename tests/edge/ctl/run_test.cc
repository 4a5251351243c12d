// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/run.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "edge/ctl/session_file.h"
#include "edge/ctl/terminal.h"
#include "tests/scratch.h"

namespace cpis::edge::ctl {
namespace {

namespace json = boost::json;

// A person at a terminal, with a directory of their own and a daemon that answers what the test wants.
struct Person {
  Person() {
    ::setenv("XDG_RUNTIME_DIR", home.path().c_str(), 1);
    ::unsetenv("CPIS_SESSION");
    around.out = &out;
    around.err = &err;
    around.call = [this](const std::filesystem::path& socket, const sync::LocalCall& call,
                         const sync::LocalProgress& progress) {
      if (progress) progress("rows", 1, 2);
      last_socket = socket;
      calls.push_back(call);
      if (call.method == "node.resolve") shown_before_asking = out.str();
      return call.method == "node.resolve" ? resolved : answer;
    };
    around.pin_from_stdin = [this] { return ReadPinLine(in); };
    around.ask_pin = [this](const std::string&) -> platform::Result<std::string> { return typed_pins.at(asked++); };
    around.init_fleet = [](const Command&) -> platform::Result<int> { return 78; };
  }
  ~Person() {
    ::unsetenv("XDG_RUNTIME_DIR");
    ::unsetenv("CPIS_SESSION");
  }

  int Types(std::vector<std::string> words) {
    words.insert(words.begin(), {"--state", (home / "state").string()});
    Parsed parsed = ParseArguments(words);
    REQUIRE(parsed.command.has_value());
    return Run(*parsed.command, around);
  }
  void DaemonFails(platform::Code code, const std::string& message) {
    answer = {"", {code, message, sync::ExitCodeFor(code)}};
  }
  std::string File(const std::string& name, const std::string& text) {
    std::ofstream(home / name) << text;
    return (home / name).string();
  }
  json::value LastArguments() { return json::parse(calls.back().json); }

  ScratchDirectory home;
  std::filesystem::path last_socket;
  std::ostringstream out, err;
  std::istringstream in{"2468\nrest\n"};
  std::vector<std::string> typed_pins{"2468", "2468"};
  size_t asked = 0;
  sync::LocalAnswer answer{"{}", {platform::Code::kOk, "", 0}};
  sync::LocalAnswer resolved{"", {platform::Code::kUnavailable, "the fleet server could not be asked", 75}};
  std::string shown_before_asking;
  std::vector<sync::LocalCall> calls;
  Surroundings around;
};

constexpr const char* kSession = R"({"token":"secret-token","expires":"2026-11-22T14:00:00Z"})";

}  // namespace

TEST_CASE("the audit asks for a PIN only where an auditor is named") {
  Person person;
  CHECK(person.Types({"fleet", "audit", "9990000018"}) == 0);
  CHECK_FALSE(person.LastArguments().as_object().contains("pin"));
  CHECK(person.Types({"fleet", "audit", "9990000018", "--auditor", "aud1", "--pin-stdin"}) == 0);
  CHECK(person.LastArguments().at("pin").as_string() == "2468");
  person.DaemonFails(platform::Code::kDenied, "the audit is for auditors (try --auditor ID)");
  CHECK(person.Types({"fleet", "audit", "9990000018"}) == 4);
}

TEST_CASE("a session is kept for its person alone, used by the next command and gone after signing out") {
  Person person;
  person.answer.json = kSession;
  CHECK(person.Types({"node", "sign-in", "--staff", "crew1", "--pin-stdin"}) == 0);
  CHECK(person.LastArguments().at("pin").as_string() == "2468");
  CHECK(person.out.str().find("secret-token") == std::string::npos);

  const auto file = SessionFile::For(person.home / "state");
  REQUIRE(file.ok());
  struct stat mode {};
  REQUIRE(::stat(file->path().c_str(), &mode) == 0);
  CHECK((mode.st_mode & 0777) == 0600);

  person.answer.json = R"({"outcome":"FLAGGED"})";
  CHECK(person.Types({"node", "lookup", "9990000018"}) == 0);
  CHECK(person.LastArguments().at("token").as_string() == "secret-token");
  person.answer.json = "{}";
  CHECK(person.Types({"node", "sign-out"}) == 0);
  CHECK_FALSE(std::filesystem::exists(file->path()));
}

TEST_CASE("the session of one daemon is not another's") {
  Person person;
  REQUIRE(SessionFile::For(person.home / "a")->Save("t").ok());
  CHECK_FALSE(SessionFile::For(person.home / "b")->Load().ok());
  CHECK(*SessionFile::For(person.home / "x" / ".." / "a")->Load() == "t");
}

TEST_CASE("--session goes before CPIS_SESSION, which goes before what was kept") {
  Person person;
  REQUIRE(SessionFile::For(person.home / "state")->Save("kept").ok());
  person.answer.json = R"({"outcome":"NOT_FLAGGED"})";
  ::setenv("CPIS_SESSION", "environment", 1);
  CHECK(person.Types({"node", "lookup", "9990000018"}) == 0);
  CHECK(person.LastArguments().at("token").as_string() == "environment");
  CHECK(person.Types({"node", "lookup", "9990000018", "--session", "flag"}) == 0);
  CHECK(person.LastArguments().at("token").as_string() == "flag");
}

TEST_CASE("without a session nothing is asked of the daemon and the exit code is 4") {
  Person person;
  CHECK(person.Types({"node", "attend", "9990000018", "--incident", "I-1"}) == 4);
  CHECK(person.calls.empty());
  CHECK(person.err.str() == "cpisctl: not signed in (cpisctl node sign-in --staff ID)\n");
  CHECK(person.Types({"node", "alerts"}) == 4);
  CHECK(person.Types({"node", "alerts", "--acknowledge", "a-1"}) == 4);
  CHECK(person.calls.empty());
  person.answer.json = "[]";
  CHECK(person.Types({"node", "alerts", "--session", "t"}) == 0);
  CHECK(person.LastArguments().at("token").as_string() == "t");
}

TEST_CASE("a lookup without a session is the node's to refuse: one that is not enrolled has an answer for everyone") {
  Person person;
  person.answer.json = R"({"outcome":"CANNOT_SAY","reason":"NOT_ENROLLED"})";
  CHECK(person.Types({"node", "lookup", "9990000018"}) == 3);
  CHECK(person.LastArguments().at("token").as_string().empty());
}

TEST_CASE("--json prints the daemon's line unchanged") {
  Person person;
  person.answer.json = R"({"locked":true,  "node":"A101"})";
  CHECK(person.Types({"node", "status", "--json"}) == 0);
  CHECK(person.out.str() == person.answer.json + "\n");
  person.out.str("");
  person.answer.json = kSession;
  CHECK(person.Types({"node", "sign-in", "--staff", "crew1", "--pin-stdin", "--json"}) == 0);
  CHECK(person.out.str() == std::string(kSession) + "\n");
}

constexpr const char* kElsewhere =
    R"({"nhs_number":"9990000018","outcome":"POSSIBLY_FLAGGED_ELSEWHERE","source":"REPLICA","resolvable":true})";

TEST_CASE("what the vehicle knows is shown at once, and then what the fleet server says, whose exit code counts") {
  Person person;
  person.answer.json = kElsewhere;
  person.resolved = {R"({"outcome":"NOT_FLAGGED","source":"FLEET_SERVER"})", {platform::Code::kOk, "", 0}};
  CHECK(person.Types({"node", "lookup", "9990000018", "--session", "t", "--incident", "I-1", "--silent"}) == 0);
  CHECK(person.shown_before_asking.starts_with("POSSIBLY FLAGGED ELSEWHERE"));
  CHECK(person.out.str().starts_with(person.shown_before_asking + "\nThe fleet server says now:\nNOT FLAGGED"));
  REQUIRE(person.calls.size() == 2);
  CHECK(person.calls[1].method == "node.resolve");
  CHECK(person.calls[1].json == person.calls[0].json);
}

TEST_CASE("when the fleet server cannot be asked the local answer stands, in one line and with its exit code") {
  Person person;
  person.answer.json = kElsewhere;
  CHECK(person.Types({"node", "lookup", "9990000018", "--session", "t"}) == 3);
  CHECK(person.out.str() ==
        person.shown_before_asking + "The fleet server could not be asked just now: the answer above stands.\n");
  CHECK(person.err.str().empty());
}

TEST_CASE("--json of a lookup is one document: the last word, and what the vehicle said before it") {
  Person person;
  const std::vector<std::string> lookup{"node", "lookup", "9990000018", "--session", "t", "--json"};
  person.answer.json = kElsewhere;
  CHECK(person.Types(lookup) == 3);
  CHECK(json::parse(person.out.str()).at("outcome") == "POSSIBLY_FLAGGED_ELSEWHERE");
  CHECK_FALSE(json::parse(person.out.str()).at("resolved").as_bool());
  CHECK(person.shown_before_asking.empty());

  person.out.str("");
  person.resolved = {R"({"outcome":"FLAGGED","source":"FLEET_SERVER"})", {platform::Code::kOk, "", 0}};
  CHECK(person.Types(lookup) == 0);
  CHECK(person.out.str() ==
        R"({"outcome":"FLAGGED","source":"FLEET_SERVER","resolved":true,"before":"POSSIBLY_FLAGGED_ELSEWHERE"})"
        "\n");
}

TEST_CASE("the fleet server is not asked about what needs no asking, nor with --local") {
  Person person;
  person.answer.json = R"({"outcome":"FLAGGED","resolvable":false})";
  CHECK(person.Types({"node", "lookup", "9990000018", "--session", "t", "--json"}) == 0);
  CHECK(person.out.str() == R"({"outcome":"FLAGGED","resolvable":false,"resolved":false})"
                            "\n");
  person.answer.json = R"({"outcome":"CANNOT_SAY","reason":"STALE","resolvable":false})";
  CHECK(person.Types({"node", "lookup", "9990000018", "--session", "t", "--local"}) == 3);
  CHECK(person.LastArguments().at("local").as_bool());  // so that the node does not record that it asks
  CHECK(person.calls.size() == 2);
  CHECK(person.out.str().find("could not be asked") == std::string::npos);
}

TEST_CASE("a failure is one line on stderr, nothing on stdout, and the daemon's exit code") {
  Person person;
  person.DaemonFails(platform::Code::kUnavailable, "no daemon answers\non \"x\"");
  CHECK(person.Types({"node", "status"}) == 75);
  CHECK(person.err.str() == "cpisctl: no daemon answers on \"x\"\n");
  CHECK(person.out.str().empty());
  person.DaemonFails(platform::Code::kDenied, "staff or PIN is wrong");
  CHECK(person.Types({"node", "sign-in", "--staff", "c", "--pin-stdin"}) == 4);
}

TEST_CASE("an answer that is not JSON is a failure") {
  Person person;
  person.answer.json = "oops";
  CHECK(person.Types({"node", "status"}) == 1);
  CHECK(person.out.str().empty());
}

TEST_CASE("a new person's PIN is asked for twice and must be the same") {
  Person person;
  const std::vector<std::string> add{"fleet", "staff", "add", "--id", "c1", "--name", "Ms Sam Crew", "--role", "R1070"};
  CHECK(person.Types(add) == 0);
  CHECK(person.asked == 2);
  CHECK(person.LastArguments().at("pin").as_string() == "2468");
  person.typed_pins = {"", "", "2468", "2469"};
  CHECK(person.Types(add) == 2);
  CHECK(person.calls.size() == 1);
}

TEST_CASE("no PIN on stdin is a usage error") {
  Person person;
  person.in.str("");
  CHECK(person.Types({"node", "sign-in", "--staff", "c", "--pin-stdin"}) == 2);
  CHECK(person.calls.empty());
}

TEST_CASE("an import sends each file's bytes under its own name, one answer a line") {
  Person person;
  person.answer.json = R"({"file_id":"L-1","code":"CPF02","loaded":2,"rejected":0,"records":[],"ack":"p"})";
  CHECK(person.Types({"fleet", "import", person.File("a.xml", "<a/>"), person.File("b.xml", "<b/>"), "--json",
                      "--release"}) == 0);
  REQUIRE(person.calls.size() == 2);
  CHECK(person.last_socket.filename() == "fleetd.sock");
  CHECK(platform::AsText(person.calls[1].attachment) == "<b/>");
  CHECK(person.calls[1].json == R"({"name":"b.xml","release":true})");
  CHECK(person.out.str() == person.answer.json + "\n" + person.answer.json + "\n");
}

TEST_CASE("the exit code of several imports is that of the worst") {
  Person person;
  const std::string good = person.File("good.xml", "<a/>");
  person.answer.json = R"({"code":"CPF03"})";
  CHECK(person.Types({"fleet", "import", good}) == 5);
  CHECK(person.Types({"fleet", "import", good, (person.home / "missing.xml").string()}) == 1);
  CHECK(person.err.str().find("missing.xml") != std::string::npos);
  CHECK(person.Types({"fleet", "import", (person.home / "missing.xml").string(), good}) == 1);
}

TEST_CASE("without a daemon the remaining files are not tried") {
  Person person;
  const std::string good = person.File("good.xml", "<a/>");
  person.DaemonFails(platform::Code::kUnavailable, "no daemon answers");
  CHECK(person.Types({"fleet", "import", good, good}) == 75);
  CHECK(person.calls.size() == 1);
}

TEST_CASE("a bar is drawn on a terminal and wiped, and not drawn into a pipe") {
  Person person;
  CHECK(person.Types({"fleet", "status"}) == 0);
  CHECK(person.err.str().empty());
  person.around.err_is_terminal = true;
  CHECK(person.Types({"fleet", "status"}) == 0);
  CHECK(person.err.str().find("rows  [") != std::string::npos);
  CHECK(person.err.str().ends_with("\r\033[K"));
}

TEST_CASE("fleet init ends with the exit code of the server's own program") {
  Person person;
  CHECK(person.Types({"fleet", "init", "--trust", "RX7", "--name", "N"}) == 78);
}

}  // namespace cpis::edge::ctl
