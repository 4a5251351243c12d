// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/resolve_desk.h"

#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

using namespace std::chrono_literals;

constexpr int kMostAtOnce = 240;

struct Desk : World {
  ResolveDesk resolve{*store};
  Node node = Enrols("A", {kLancashire});

  ResolveQuery Query(const std::string& number) {
    return {node.id, crypto::NewUuidV7(clock.Now().time_since_epoch().count()), number, clock.Now()};
  }
  Result<ResolveReply> Asks(const ResolveQuery& query) { return Asks(node, query); }
  Result<ResolveReply> Asks(const Node& asking, const ResolveQuery& query) {
    CPIS_ASSIGN(const Bytes reply, resolve.Answer(asking.id, SealResolveQuery(query, keys.box.public_key, asking.signing)));
    return OpenResolveReply(reply, keys.freshness.public_key, {asking.box, keys.directory_key});
  }
  ResolveReply Hears(const std::string& number) {
    const auto reply = Asks(Query(number));
    REQUIRE(reply.ok());
    return *reply;
  }
  void Attends(const std::string& number, const std::string& staff, uint64_t sequence) {
    Event event;
    event.id = crypto::NewUuidV7(clock.Now().time_since_epoch().count());
    event.nhs_number = number;
    event.occurred_at = event.recorded_at = clock.Now();
    event.staff = staff;
    const Envelope envelope{node.id, sequence, event.kind, event.id,
                            crypto::SealTo(keys.box.public_key, EncodeEvent(event))};
    REQUIRE(desk->Deliver(node.id, EncodeEnvelope(envelope, node.signing)).ok());
  }
};

TEST_CASE("a number of another region is answered with what its authority holds, by the server's time") {
  Desk desk;
  desk.Imports({.authority = kWarrington, .file_id = "WARR-1", .records = {sample::CppRecord(Number(1))}});
  const ResolveQuery query = desk.Query(Number(1));
  const auto reply = desk.Asks(query);
  REQUIRE(reply.ok());
  CHECK(reply->id == query.id);
  CHECK(reply->server_time == kNoon);
  CHECK(reply->outcome == Outcome::kFlagged);
  REQUIRE(reply->evidence.size() == 1);
  CHECK(reply->evidence[0].authority.code == kWarrington);
  CHECK_FALSE(reply->evidence[0].authority.emergency_duty_tel.empty());
  CHECK(reply->evidence[0].flag == desk.FlagOf(kWarrington, Number(1)));
  CHECK(reply->viewers.empty());
}

TEST_CASE("every authority that holds the number answers, with its accesses and who they were") {
  Desk desk;
  desk.Imports({.records = {sample::CppRecord(Number(1)), sample::CppRecord(Number(2))}});
  desk.Imports({.authority = kWarrington, .file_id = "WARR-1", .records = {sample::CppRecord(Number(1))}});
  REQUIRE(desk.roll->PutStaff({"1", "Ms Sam Crew", "R1070", "B0107", "493817"}).ok());
  REQUIRE(desk.roll->PutStaff({"2", "Mr Jo Other", "R1070", "B0107", "493817"}).ok());
  desk.Attends(Number(1), "1", 1);
  desk.Attends(Number(2), "2", 2);  // another child's is not told
  const ResolveReply reply = desk.Hears(Number(1));
  REQUIRE(reply.evidence.size() == 2);
  CHECK(reply.evidence[0].authority.code == kWarrington);
  CHECK(reply.evidence[1].authority.code == kLancashire);
  for (const ResolveEvidence& evidence : reply.evidence) CHECK(evidence.flag.accesses.size() == 1);
  REQUIRE(reply.viewers.size() == 1);
  CHECK(reply.viewers[0].name == "Ms Sam Crew");
  CHECK(reply.viewers[0].organisation_code == "RX7");
  CHECK(reply.viewers[0].id == reply.evidence[0].flag.accesses[0].viewer);
}

TEST_CASE("a number that nobody holds, or whose plans are over for good, is not flagged") {
  Desk desk;
  CHECK(desk.Hears(Number(7)).outcome == Outcome::kNotFlagged);
  desk.Imports({.records = {sample::CppRecord(Number(1))}});
  REQUIRE(desk.Hears(Number(1)).outcome == Outcome::kFlagged);
  desk.Imports({.file_id = "LANCS-2",
                .records = {sample::Record(sample::Cpp({"202603010900", "202611211200", ""}) + sample::Child(Number(1)))},
                .created = "20261121130000"});
  desk.clock.Advance(std::chrono::days(363));
  CHECK(desk.Hears(Number(1)).outcome == Outcome::kFlagged);
  desk.clock.Advance(std::chrono::days(3));
  const ResolveReply reply = desk.Hears(Number(1));
  CHECK(reply.outcome == Outcome::kNotFlagged);
  CHECK(reply.evidence.empty());
}

TEST_CASE("only a node that is enrolled is answered, and only for its own question") {
  Desk desk;
  const Node other = desk.Enrols("B", {kLancashire});
  const ResolveQuery query = desk.Query(Number(1));
  const Bytes sealed = SealResolveQuery(query, desk.keys.box.public_key, desk.node.signing);
  CHECK(desk.resolve.Answer(other.id, sealed).status().code() == Code::kDenied);         // signed by another
  CHECK(desk.Asks(other, query).status().code() == Code::kDenied);                       // of another
  CHECK(desk.resolve.Answer("", sealed).status().code() == Code::kDenied);               // TLS named nobody
  CHECK(desk.resolve.Answer(desk.node.id, Bytes(40, 7)).status().code() == Code::kDenied);
  CHECK(desk.Asks(query).ok());  // none of that used it up
  REQUIRE(desk.roll->Revoke("A").ok());
  CHECK(desk.Asks(desk.Query(Number(1))).status().code() == Code::kDenied);
}

TEST_CASE("a query is answered once, and not when it is old") {
  Desk desk;
  const ResolveQuery query = desk.Query(Number(1));
  ResolveQuery ahead = desk.Query(Number(1));
  ahead.asked_at += 10min;
  REQUIRE(desk.Asks(query).ok());
  REQUIRE(desk.Asks(ahead).ok());
  for (const auto wait : {0min, 9min, 11min}) {  // the sum of them
    desk.clock.Advance(wait);
    CHECK(desk.Asks(query).status().code() == Code::kDenied);
    CHECK(desk.Asks(ahead).status().code() == Code::kDenied);
  }
  ResolveQuery early = desk.Query(Number(1));
  early.asked_at += 11min;
  CHECK(desk.Asks(early).status().code() == Code::kDenied);
}

TEST_CASE("a vehicle can ask, but not list: too many questions are refused until some time has passed") {
  Desk desk;
  for (int i = 0; i < kMostAtOnce; ++i) REQUIRE(desk.Asks(desk.Query(Number(i))).ok());
  CHECK(desk.Asks(desk.Query(Number(1))).status().code() == Code::kUnavailable);
  const Node other = desk.Enrols("B", {kLancashire});
  ResolveQuery query = desk.Query(Number(1));
  query.node = other.id;
  CHECK(desk.Asks(other, query).ok());
  desk.clock.Advance(21min);
  CHECK(desk.Asks(desk.Query(Number(1))).ok());
}

TEST_CASE("a failure never names the number") {
  Desk desk;
  ResolveQuery query = desk.Query("9990000019");
  CHECK(desk.Asks(query).status().message().find("999") == std::string::npos);
  query = desk.Query(Number(1));
  REQUIRE(desk.Asks(query).ok());
  CHECK(desk.Asks(query).status().message().find("999") == std::string::npos);
}

}  // namespace
}  // namespace cpis::sync::fleet
