// SPDX-License-Identifier: Apache-2.0
//
// A vehicle that holds Halton alone meets a child of Cumberland: what it knows is said at once, and the fleet server's word
// after it.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/e2e/http_call.h"
#include "tests/e2e/world.h"

namespace cpis::e2e {
namespace {

using std::chrono::steady_clock;

struct Away {
  Away() {
    AuthorityFile cumbria(Cumbria(), "CUMB-001");
    cumbria.Protects(Child(), Day(-200));
    AuthorityFile halton(Halton(), "HALTON-001");
    halton.LooksAfter(Local(), Day(-90));
    REQUIRE(fleet.Imports(cumbria).exit_code == 0);
    REQUIRE(fleet.Imports(halton).exit_code == 0);
    fleet.Hires(kSam, "Ms Sam Crew", kSamsPin);
    fleet.Hires(kAlex, "Mr Alex Quiet", kAlexsPin, "B0170");
    vehicle = fleet.Equips("A101", Halton().code);
  }
  Crew Sam() const { return vehicle->SignsIn(kSam, kSamsPin); }
  bool GoesOffLine() const {
    vehicle->LosesLink();
    return Eventually([&] { return vehicle->Status().at("link").at("state") == "OFFLINE"; });
  }
  // What people read, not scripts.
  Output Reads(const Crew& crew, const std::string& number) const {
    return Run({{Program("cpisctl"), "node", "lookup", number, "--state", vehicle->state().string()},
                "",
                {"HOME=" + fleet.directory().string(), "CPIS_SESSION=" + crew.session()}});
  }
  // The rows that the vehicle holds, by topic, and how far each partition has come.
  std::string Held() const {
    std::string held = json::serialize(vehicle->Status().at("region"));
    const json::value topics = vehicle->Does({"verify"}).Json();
    for (const auto& topic : topics.as_array()) {
      if (topic.at("topic").as_string().starts_with("rows/")) held += json::serialize(topic);
    }
    return held;
  }

  static std::string Child() { return NhsNumber(10); }  // Cumberland
  static std::string Local() { return NhsNumber(11); }  // Halton
  static std::string Unknown() { return NhsNumber(100); }

  Fleet fleet;
  std::unique_ptr<Vehicle> vehicle;
};

// How long `what` took.
template <typename What>
std::chrono::milliseconds Timed(What what) {
  const auto begun = steady_clock::now();
  what();
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begun);
}

HttpReply CareTeam(const Vehicle& vehicle, const Crew& crew, const std::string& number) {
  return Ask(vehicle.http(), {"GET", "/cpis/FHIR/R4/CareTeam?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C" + number,
                              {{"Authorization", "Bearer " + crew.session()}},
                              ""});
}

std::string TextOf(const Path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a child of another region is found through the fleet server, and its authority is told", "[resolve]") {
  Away away;
  const Crew sam = away.Sam();
  const std::string held = away.Held();
  const Said answer = sam.LooksUp(Away::Child(), {"--incident", "INC-1"});
  CHECK(answer.exit_code == 0);
  REQUIRE(answer.outcome() == "FLAGGED");
  CHECK(answer.Text("source") == "FLEET_SERVER");
  CHECK(answer.json.at("resolved").as_bool());
  CHECK(answer.Text("before") != "FLAGGED");
  CHECK(answer.json.at("age_seconds") == 0);
  CHECK(answer.notification() == "QUEUED");
  CHECK(Text(answer.List("region").at(0)) == Cumbria().code);
  REQUIRE(answer.List("plans").size() == 1);
  const json::value& authority = answer.List("plans")[0].at("authority");
  CHECK(Text(authority.at("name")) == Cumbria().name);
  CHECK(Text(authority.at("emergency_duty_tel")) == Cumbria().emergency_tel);
  CHECK(sam.LooksUp(Away::Child(), {"--incident", "INC-1"}).notification() == "ALREADY_QUEUED");

  REQUIRE(Eventually([&] { return away.fleet.AttendancesOf("INC-1").size() == 1; }));
  const json::value attendance = away.fleet.AttendancesOf("INC-1")[0];
  CHECK(attendance.at("outcome_at_node") == "FLAGGED");
  REQUIRE(attendance.at("notified").as_array().size() == 1);
  CHECK(Text(attendance.at("notified").at(0).at("authority")) == Cumbria().code);
  // The next crew sees that this one looked.
  const Said later = sam.LooksUp(Away::Child(), {"--incident", "INC-1"});
  REQUIRE(later.List("accesses").size() == 1);
  CHECK(Text(later.List("accesses")[0].at("viewer")) == "Ms Sam Crew");

  SECTION("and both looks are in the audit that the fleet server keeps") {
    REQUIRE(away.vehicle->CatchesUp());
    // The columns of a record follow each other: what was done, and about whom.
    const Path store = away.fleet.state() / "fleet.db";
    const std::string kept = TextOf(store) + TextOf(store.string() + "-wal");
    CHECK(kept.find("lookup" + Away::Child()) != std::string::npos);
    CHECK(kept.find("resolve" + Away::Child()) != std::string::npos);
  }
  SECTION("and nothing of it is kept") {
    REQUIRE(away.vehicle->CatchesUp());
    CHECK(away.vehicle->Verifies());
    CHECK(away.Held() == held);
    REQUIRE(away.GoesOffLine());
    const Said off_line = sam.LooksUp(Away::Child());
    CHECK(off_line.exit_code == 3);
    CHECK(off_line.List("plans").empty());
  }
}

TEST_CASE("a number that nobody in England holds is NOT_FLAGGED by the fleet server", "[resolve]") {
  Away away;
  const Crew sam = away.Sam();
  const Said answer = sam.LooksUp(Away::Unknown());
  CHECK(answer.exit_code == 0);
  CHECK(answer.outcome() == "NOT_FLAGGED");
  if (answer.json.at("resolved").as_bool()) CHECK(answer.Text("source") == "FLEET_SERVER");
  CHECK(answer.notification() == "NOT_NEEDED");
  // What the vehicle holds itself is not asked about.
  const Said local = sam.LooksUp(Away::Local());
  CHECK(local.Text("source") == "REPLICA");
  CHECK_FALSE(local.json.at("resolved").as_bool());
}

TEST_CASE("people read what the vehicle knows first, and then the fleet server's word", "[resolve]") {
  Away away;
  const Crew sam = away.Sam();
  const Output read = away.Reads(sam, Away::Child());
  CHECK(read.exit_code == 0);
  const size_t then = read.out.find("\nThe fleet server says now:\nFLAGGED");
  REQUIRE(then != std::string::npos);
  CHECK(read.out.find("POSSIBLY FLAGGED ELSEWHERE") < then);
  const Said local = sam.LooksUp(Away::Child(), {"--local"});
  CHECK(local.exit_code == 3);
  CHECK_FALSE(local.json.at("resolvable").as_bool());
}

TEST_CASE("with the link cut the local answer comes at once", "[resolve]") {
  Away away;
  const Crew sam = away.Sam();
  REQUIRE(away.GoesOffLine());
  Said answer{};
  CHECK(Timed([&] { answer = sam.LooksUp(Away::Child()); }) < Patient(seconds(1)));
  CHECK(answer.exit_code == 3);
  CHECK_FALSE(answer.json.at("resolved").as_bool());
  CHECK(answer.Text("source") == "REPLICA");
  CHECK(CareTeam(*away.vehicle, sam, Away::Child()).status == 503);
  CHECK(away.vehicle->Waiting() == 0);
}

TEST_CASE("where the radio hangs the crew waits three seconds, and the local answer stands", "[resolve]") {
  Away away;
  const Crew sam = away.Sam();
  away.vehicle->link().Hold();
  Said answer{};
  const auto waited = Timed([&] { answer = sam.LooksUp(Away::Child()); });
  CHECK(waited >= milliseconds(2900));
  CHECK(waited < Patient(milliseconds(4000)));
  CHECK(answer.exit_code == 3);
  CHECK_FALSE(answer.json.at("resolved").as_bool());
  CHECK(Timed([&] { CHECK(CareTeam(*away.vehicle, sam, Away::Child()).status == 503); }) < Patient(milliseconds(4000)));

  // However many ask, what needs no link is answered beside them.
  std::vector<std::thread> asking;
  for (int i = 0; i < 4; ++i) asking.emplace_back([&] { (void)CareTeam(*away.vehicle, sam, Away::Child()); });
  std::this_thread::sleep_for(milliseconds(200));
  CHECK(Timed([&] { CHECK(CareTeam(*away.vehicle, sam, Away::Local()).status == 200); }) < Patient(milliseconds(1500)));
  CHECK(away.vehicle->Stops() == 0);  // within five seconds, whoever waits
  for (std::thread& one : asking) one.join();
}

TEST_CASE("a revoked vehicle is told nothing", "[resolve]") {
  Away away;
  const Crew sam = away.Sam();
  REQUIRE(sam.LooksUp(Away::Child()).outcome() == "FLAGGED");
  REQUIRE(away.fleet.Does({"node", "revoke", "A101"}).exit_code == 0);
  Said answer{};
  REQUIRE(Eventually([&] {
    answer = sam.LooksUp(Away::Child());
    return answer.outcome() != "FLAGGED" || answer.exit_code == 4;
  }));
  CHECK(answer.List("plans").empty());
  CHECK_FALSE(answer.json.at("resolved").as_bool());
}

TEST_CASE("a silent look is resolved silently", "[resolve]") {
  Away away;
  const Crew sam = away.Sam();
  const Crew alex = away.vehicle->SignsIn(kAlex, kAlexsPin);
  for (const Said& answer : {sam.LooksUp(Away::Child(), {"--silent"}), alex.LooksUp(Away::Child())}) {
    CHECK(answer.outcome() == "FLAGGED");
    CHECK(answer.Text("source") == "FLEET_SERVER");
    CHECK(answer.notification() == "SILENT");
  }
  CHECK(away.vehicle->Waiting() == 0);
  REQUIRE(away.vehicle->CatchesUp());
  CHECK(away.fleet.Attendances().empty());
  CHECK(away.vehicle->Does({"audit", "verify"}).exit_code == 0);
}

TEST_CASE("an ePCR application gets the fleet server's word in the same request", "[resolve]") {
  Away away;
  const Crew sam = away.Sam();
  const HttpReply flagged = CareTeam(*away.vehicle, sam, Away::Child());
  REQUIRE(flagged.status == 200);
  CHECK(flagged.Json().at("total") == 1);
  CHECK(flagged.body.find(Cumbria().emergency_tel) != std::string::npos);
  CHECK(flagged.headers.count("x-cpis-as-of") == 1);
  CHECK(Eventually([&] { return away.fleet.Attendances().size() == 1; }));
  const HttpReply nobody = CareTeam(*away.vehicle, sam, Away::Unknown());
  REQUIRE(nobody.status == 200);
  CHECK(nobody.Json().at("total") == 0);
  CHECK(nobody.Json().at("entry").at(0).at("search").at("mode") == "outcome");
  // Neither log knows whom it was about.
  for (const auto& entry : std::filesystem::directory_iterator(away.fleet.directory())) {
    if (!entry.is_regular_file() || entry.path().extension() != ".err") continue;
    CHECK(TextOf(entry.path()).find(Away::Child()) == std::string::npos);
  }
}

}  // namespace cpis::e2e
