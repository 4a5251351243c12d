// SPDX-License-Identifier: Apache-2.0
#include "edge/journal.h"

#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "fleet_fixture.h"
#include "platform/files.h"
#include "platform/sqlite.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using platform::Code;
using test::At;
using test::TemporaryDirectory;
using test::TestFleet;

const Instant kNow = At("2026-11-22T02:00:00Z");

struct Vehicle {
  Vehicle() { Starts(); }
  void Starts() {
    auto opened = Journal::Open(file(), identity);
    REQUIRE(opened.ok());
    journal = *std::move(opened);
  }
  std::filesystem::path file() const { return directory.path() / "journal.db"; }
  static sync::Event Event(Instant at, const std::string& incident, std::string_view number = TestFleet::kChild) {
    sync::Event event;
    event.nhs_number = number;
    event.occurred_at = event.recorded_at = at;
    event.staff = "crew-1";
    event.incident = incident;
    event.action = "attend";
    return event;
  }
  Journal::Attendance Attends(Instant at, const std::string& incident, std::string_view number = TestFleet::kChild) {
    const sync::Event event = Event(at, incident, number);
    auto kept = journal->Append({event, event});
    REQUIRE(kept.ok());
    REQUIRE(kept->has_value());
    return **kept;
  }
  void Looks(Instant at) { REQUIRE(journal->Append({Event(at, ""), std::nullopt}).ok()); }
  std::vector<sync::node::Outbox::Item> Waiting() {
    auto items = journal->Oldest(100);
    REQUIRE(items.ok());
    return *items;
  }
  Status Answers(const sync::node::Outbox::Item& item, sync::Verdict verdict) {
    sync::Receipt receipt;
    const Bytes bytes = fleet.Receipt(item, verdict, kNow + 1h, &receipt);
    return journal->Settle(receipt, bytes);
  }
  void Tamper(std::string_view sql) {
    journal.reset();
    {
      auto database = platform::Database::Open(file());
      REQUIRE(database.ok());
      REQUIRE(database->Run(sql).ok());
    }
    Starts();
  }

  TemporaryDirectory directory;
  TestFleet fleet;
  const sync::node::Identity identity = fleet.Identity();
  std::unique_ptr<Journal> journal;
};

TEST_CASE("what was appended is there after a restart, readable by the server only") {
  Vehicle vehicle;
  const std::string id = vehicle.Attends(kNow, "INC-1").id;
  vehicle.journal.reset();
  vehicle.Starts();
  const auto items = vehicle.Waiting();
  REQUIRE(items.size() == 2);
  CHECK(items[0].id == id);
  const auto event = vehicle.fleet.Read(items[0]);
  REQUIRE(event.ok());
  CHECK(event->kind == sync::EntryKind::kAttendance);
  CHECK(event->nhs_number == TestFleet::kChild);
  CHECK(event->occurred_at == kNow);
  CHECK(event->incident == "INC-1");
  CHECK(vehicle.fleet.Read(items[1])->kind == sync::EntryKind::kAudit);
  vehicle.journal.reset();
  for (const char* suffix : {"", "-wal"}) {
    const auto bytes = platform::ReadFile(vehicle.file().string() + suffix, 1 << 24);
    if (!bytes.ok()) continue;
    CHECK(platform::AsText(*bytes).find(TestFleet::kChild) == std::string_view::npos);
    CHECK(platform::AsText(*bytes).find("INC-1") == std::string_view::npos);
    CHECK(platform::AsText(*bytes).find("crew-1") == std::string_view::npos);
  }
}

TEST_CASE("a child is attended once an incident, however often it is pressed and whoever presses") {
  Vehicle vehicle;
  const auto first = vehicle.Attends(kNow, "INC-1");
  CHECK_FALSE(first.queued_before);
  const auto again = vehicle.Attends(kNow + 26h, "INC-1");
  CHECK(again.queued_before);
  CHECK(again.id == first.id);
  CHECK(again.occurred_at == kNow);
  CHECK_FALSE(vehicle.Attends(kNow, "INC-2").queued_before);
  CHECK_FALSE(vehicle.Attends(kNow, "INC-1", TestFleet::kUnknown).queued_before);
  CHECK(vehicle.journal->Count()->attendances_waiting == 3);
  CHECK(vehicle.journal->Count()->audit_waiting == 4);
}

TEST_CASE("without an incident the same child within two hours is the same attendance, after a restart too") {
  Vehicle vehicle;
  const auto first = vehicle.Attends(kNow, "");
  vehicle.journal.reset();
  vehicle.Starts();
  CHECK(vehicle.Attends(kNow + 2h, "").id == first.id);
  CHECK_FALSE(vehicle.Attends(kNow + 2h + 1s, "").queued_before);
  CHECK_FALSE(vehicle.Attends(kNow + 3h, "INC-9").queued_before);
  CHECK(vehicle.Attends(kNow + 4h, "").queued_before);
}

TEST_CASE("many crews at once get one attendance and as many audit entries") {
  Vehicle vehicle;
  std::vector<std::thread> crews;
  std::atomic<int> queued = 0;
  for (int i = 0; i < 16; ++i) {
    crews.emplace_back([&] {
      const sync::Event event = Vehicle::Event(kNow, "INC-1");
      const auto kept = vehicle.journal->Append({event, event});
      if (kept.ok() && !(*kept)->queued_before) ++queued;
    });
  }
  for (std::thread& crew : crews) crew.join();
  CHECK(queued == 1);
  CHECK(vehicle.journal->Count()->attendances_waiting == 1);
  CHECK(vehicle.journal->Count()->audit_waiting == 16);
  CHECK(*vehicle.journal->VerifyAudit() == "16 entries, chain unbroken");
}

TEST_CASE("attendances are forwarded before audit, and sequences are never used twice") {
  Vehicle vehicle;
  vehicle.Looks(kNow);
  vehicle.Attends(kNow, "INC-1");
  auto items = vehicle.Waiting();
  REQUIRE(items.size() == 3);
  CHECK(vehicle.fleet.Read(items[0])->kind == sync::EntryKind::kAttendance);
  CHECK(vehicle.journal->Oldest(1)->size() == 1);
  std::set<uint64_t> seen;
  for (const auto& item : items) {
    seen.insert(item.node_sequence);
    REQUIRE(vehicle.Answers(item, sync::Verdict::kAccepted).ok());
  }
  CHECK(vehicle.Waiting().empty());
  vehicle.journal.reset();
  vehicle.Starts();
  vehicle.Looks(kNow);
  CHECK(vehicle.Waiting().front().node_sequence == *seen.rbegin() + 1);
}

TEST_CASE("a receipt ends an entry and is kept; one for something else changes nothing") {
  Vehicle vehicle;
  const std::string id = vehicle.Attends(kNow, "INC-1").id;
  const auto item = vehicle.Waiting().front();
  auto foreign = item;
  foreign.id = "somebody else's";
  CHECK(vehicle.Answers(foreign, sync::Verdict::kAccepted).ok());
  CHECK(vehicle.journal->Show(id)->state == "WAITING");
  REQUIRE(vehicle.Answers(item, sync::Verdict::kDuplicate).ok());
  REQUIRE(vehicle.Answers(item, sync::Verdict::kDuplicate).ok());
  const auto shown = vehicle.journal->Show(id);
  REQUIRE(shown.ok());
  CHECK(shown->state == "FORWARDED");
  CHECK(shown->receipt_at == kNow + 1h);
  CHECK(vehicle.Attends(kNow, "INC-1").queued_before);  // forwarded is still the same attendance
  REQUIRE(vehicle.journal->Purge(kNow + 1h + 30 * 24h).ok());
  CHECK(vehicle.journal->Show(id).ok());
  REQUIRE(vehicle.journal->Purge(kNow + 2h + 30 * 24h).ok());
  CHECK(vehicle.journal->Show(id).status().code() == Code::kNotFound);
}

TEST_CASE("a quarantined entry keeps its reason, blocks nobody and can be restored") {
  Vehicle vehicle;
  const std::string id = vehicle.Attends(kNow, "INC-1").id;
  REQUIRE(vehicle.Answers(vehicle.Waiting().front(), sync::Verdict::kQuarantined).ok());
  CHECK(vehicle.journal->Count()->quarantined == 1);
  CHECK(vehicle.journal->Show(id)->reason == "unknown staff");
  CHECK(vehicle.Waiting().size() == 1);
  CHECK(vehicle.journal->Restore("no such id").code() == Code::kNotFound);
  int told = 0;
  vehicle.journal->OnWaiting([&] { ++told; });
  REQUIRE(vehicle.journal->Restore(id).ok());
  CHECK(told == 1);
  CHECK(vehicle.Waiting().front().id == id);
}

TEST_CASE("an entry damaged on disk steps aside and does not hold up those behind it") {
  Vehicle vehicle;
  const std::string damaged = vehicle.Attends(kNow, "INC-1").id;
  const std::string sound = vehicle.Attends(kNow, "INC-2").id;
  vehicle.Tamper("UPDATE entries SET envelope = substr(envelope, 1, 60) || x'5a' || substr(envelope, 62) WHERE id = '" + damaged +
                 "'");
  CHECK(vehicle.Waiting().front().id == sound);
  CHECK(vehicle.journal->Count()->quarantined == 1);
  CHECK(vehicle.journal->Show(damaged)->state == "QUARANTINED");
  CHECK_FALSE(vehicle.journal->Show(damaged)->reason.empty());
  CHECK_FALSE(vehicle.Attends(kNow, "INC-1").queued_before);
  CHECK(vehicle.Attends(kNow, "INC-2").queued_before);
}

TEST_CASE("an unbroken audit stays so over forwarding, restarts and forgetting") {
  Vehicle vehicle;
  for (int i = 0; i < 5; ++i) vehicle.Looks(kNow);
  auto items = vehicle.Waiting();
  for (int i = 0; i < 3; ++i) REQUIRE(vehicle.Answers(items[static_cast<size_t>(i)], sync::Verdict::kAccepted).ok());
  CHECK(*vehicle.journal->VerifyAudit() == "5 entries, chain unbroken");
  REQUIRE(vehicle.journal->Purge(kNow + 1000h).ok());
  vehicle.Looks(kNow);
  vehicle.journal.reset();
  vehicle.Starts();
  CHECK(*vehicle.journal->VerifyAudit() == "3 entries, chain unbroken");
}

TEST_CASE("an audit that was changed behind the node's back does not verify") {
  const char* tampering =
      GENERATE("DELETE FROM audit WHERE seq = 2", "DELETE FROM audit WHERE seq = 4",
               "UPDATE audit SET digest = zeroblob(32) WHERE seq = 2", "DELETE FROM entries WHERE seq = 2",
               "UPDATE entries SET envelope = (SELECT envelope FROM entries WHERE seq = 1) WHERE seq = 2",
               "DELETE FROM meta WHERE key = 'audit.head'", "DELETE FROM audit; DELETE FROM entries; DELETE FROM meta");
  Vehicle vehicle;
  for (int i = 0; i < 4; ++i) vehicle.Looks(kNow);
  vehicle.Tamper(tampering);
  vehicle.Looks(kNow);  // the chain goes on, and does not heal
  CHECK(vehicle.journal->VerifyAudit().status().code() == Code::kCorrupt);
}

TEST_CASE("a journal that cannot be written says so, and goes on when it can again") {
  Vehicle vehicle;
  vehicle.Looks(kNow);
  vehicle.Tamper("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'no'); END");
  const sync::Event event = Vehicle::Event(kNow, "INC-1");
  CHECK_FALSE(vehicle.journal->Append({event, event}).ok());
  CHECK(vehicle.journal->Count()->attendances_waiting == 0);  // together or not at all
  vehicle.Tamper("DROP TRIGGER full");
  CHECK_FALSE(vehicle.Attends(kNow, "INC-1").queued_before);
  CHECK(*vehicle.journal->VerifyAudit() == "2 entries, chain unbroken");
}

TEST_CASE("every envelope says how far the audit had come, and the chain continues over restarts") {
  Vehicle vehicle;
  vehicle.Attends(kNow, "INC-1");
  vehicle.Looks(kNow);
  vehicle.journal.reset();
  vehicle.Starts();
  vehicle.Looks(kNow);
  sync::AuditCheckpoint at;
  uint64_t audited = 0;
  const auto items = vehicle.Waiting();
  REQUIRE(items.size() == 4);
  for (const auto& item : items) {
    const auto envelope = sync::DecodeEnvelope(item.envelope, vehicle.identity.signing.public_key);
    REQUIRE(envelope.ok());
    REQUIRE(envelope->audit_before);
    if (envelope->kind == sync::EntryKind::kAttendance) {
      CHECK(envelope->audit_before->count == 1);
      continue;
    }
    CHECK(*envelope->audit_before == at);
    at = sync::After(at, envelope->sealed_event);
    ++audited;
  }
  CHECK(audited == 3);
}

TEST_CASE("a checkpoint of an attendance that waits is held against the chain") {
  Vehicle vehicle;
  vehicle.Attends(kNow, "INC-1");
  vehicle.Looks(kNow);
  REQUIRE(vehicle.journal->VerifyAudit().ok());
  // The attendance of another time of this node: well signed, and of another history.
  Vehicle other;
  const sync::Envelope foreign{.node = other.identity.node_id, .node_sequence = 2, .kind = sync::EntryKind::kAttendance, .id = "x",
                               .sealed_event = Bytes(40, 1), .audit_before = sync::AuditCheckpoint{1, crypto::Blake2b32({Bytes(1, 7)})}};
  const std::string hex = platform::Hex(sync::EncodeEnvelope(foreign, vehicle.identity.signing));
  vehicle.Tamper("UPDATE entries SET envelope = x'" + hex + "' WHERE kind = 1");
  const auto verified = vehicle.journal->VerifyAudit();
  CHECK(verified.status().code() == Code::kCorrupt);
  CHECK(verified.status().message().find("another chain") != std::string::npos);
}

TEST_CASE("a damaged counter makes no node use a sequence twice") {
  Vehicle vehicle;
  vehicle.Attends(kNow, "INC-1");
  vehicle.Looks(kNow);
  for (const auto& item : vehicle.Waiting()) REQUIRE(vehicle.Answers(item, sync::Verdict::kAccepted).ok());
  vehicle.Tamper("UPDATE sqlite_sequence SET seq = 0");
  vehicle.Looks(kNow);
  CHECK(vehicle.Waiting().front().node_sequence == 4);
  CHECK(vehicle.journal->VerifyAudit().ok());
}

TEST_CASE("a journal that was lost goes on where its node never was, however often; that of a vehicle just enrolled begins at one") {
  Vehicle vehicle;
  vehicle.Looks(kNow);
  const auto first_of = [&] { return *sync::DecodeEnvelope(vehicle.Waiting().front().envelope, vehicle.identity.signing.public_key); };
  CHECK(first_of().node_sequence == 1);
  CHECK(first_of().audit_before == sync::AuditCheckpoint{});
  std::set<uint64_t> begun;
  std::set<crypto::Digest> links;
  const auto is_lost = [&](bool file_stays) {
    vehicle.journal.reset();
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(vehicle.file().string() + suffix);
    if (file_stays) REQUIRE(platform::WriteFileDurably(vehicle.file(), {}).ok());
    vehicle.journal = *Journal::Open(vehicle.file(), vehicle.identity, Beginning::kOfProcess);
  };
  for (int loss = 0; loss < 4; ++loss) {
    is_lost(loss % 2 == 1);
    vehicle.Looks(kNow);
    vehicle.Looks(kNow);
    const sync::Envelope envelope = first_of();
    CHECK(envelope.node_sequence > 1'000'000'000'000);
    CHECK(envelope.node_sequence < uint64_t{1} << 53);
    CHECK(vehicle.Waiting().back().node_sequence == envelope.node_sequence + 1);
    CHECK(envelope.audit_before->count == 0);
    begun.insert(envelope.node_sequence);
    links.insert(envelope.audit_before->link);
  }
  CHECK(begun.size() == 4);
  CHECK(links.size() == 4);
  CHECK_FALSE(links.contains(sync::AuditCheckpoint{}.link));
  CHECK(vehicle.journal->VerifyAudit().status().code() == Code::kCorrupt);  // its beginning is gone, and it says so
  vehicle.journal = *Journal::Open(vehicle.file(), vehicle.identity, Beginning::kOfProcess);
  vehicle.Looks(kNow);
  CHECK(vehicle.Waiting().back().node_sequence == first_of().node_sequence + 2);
}

}  // namespace
}  // namespace cpis::edge
