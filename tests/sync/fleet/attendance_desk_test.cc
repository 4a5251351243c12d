// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/attendance_desk.h"

#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

const std::string kChild = Number(1);
const std::string kUnknown = Number(9);

struct Desk : World {
  Desk() : vehicle(Enrols("NWAS-A101", {kLancashire})) {
    REQUIRE(roll->PutStaff({"555021935107", "Ms Sam Crew", "R1070", "B0107", "2468"}).ok());
    Imports({.records = {sample::CppRecord(kChild)}});
    out_before = FilesInOut().size();
  }

  Event Attends(const std::string& number, Instant at) {
    Event event;
    event.id = crypto::NewUuidV7(at.time_since_epoch().count());
    event.nhs_number = number;
    event.occurred_at = event.recorded_at = at;
    event.staff = "555021935107";
    event.incident = "INC-" + std::to_string(++incidents);
    event.outcome_at_node = Outcome::kFlagged;
    return event;
  }
  Envelope Seals(const Event& event) {
    return {vehicle.id, ++sequence, event.kind, event.id, crypto::SealTo(keys.box.public_key, EncodeEvent(event))};
  }
  Result<Receipt> Delivers(const Envelope& envelope) {
    CPIS_ASSIGN(const Bytes receipt, desk->Deliver(vehicle.id, EncodeEnvelope(envelope, vehicle.signing)));
    return DecodeReceipt(receipt, keys.freshness.public_key);
  }
  Verdict VerdictOn(const Envelope& envelope) {
    auto receipt = Delivers(envelope);
    REQUIRE(receipt.ok());
    CHECK(receipt->node == vehicle.id);
    CHECK(receipt->node_sequence == envelope.node_sequence);
    CHECK(receipt->id == envelope.id);
    CHECK(receipt->server_time == clock.Now());
    return receipt->verdict;
  }
  size_t NewFiles() { return FilesInOut().size() - out_before; }

  Node vehicle;
  uint64_t sequence = 0;
  int incidents = 0;
  size_t out_before = 0;
};

TEST_CASE("an attendance of a flagged child is kept, shown in the history and told to the authority") {
  Desk w;
  const uint64_t rows = w.SequenceOf(Topic::Rows(kLancashire));
  const Instant at = kNoon - hours(3);
  const Event event = w.Attends(kChild, at);
  CHECK(w.VerdictOn(w.Seals(event)) == Verdict::kAccepted);

  const auto kept = w.Attendances();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].event.id == event.id);
  CHECK(kept[0].event.occurred_at == at);
  CHECK(kept[0].received_at == kNoon);
  CHECK(kept[0].node == "NWAS-A101");
  CHECK(kept[0].role == "Paramedic");
  CHECK(kept[0].outcome_now == Outcome::kFlagged);
  REQUIRE(kept[0].notified.size() == 1);
  CHECK(kept[0].notified[0].authority == kLancashire);

  const Flag flag = w.FlagOf(kLancashire, kChild);
  REQUIRE(flag.accesses.size() == 1);
  CHECK(flag.accesses[0].at == at);
  CHECK(w.SequenceOf(Topic::Rows(kLancashire)) == rows + 1);
  CHECK(w.SizeOf(Topic::Directory()) == 2);  // the authority and who looked

  const std::string notification = w.TextOf(w.mailbox->out() / kept[0].notified[0].file);
  CHECK(notification.find(platform::UkSecond(at)) != std::string::npos);
  CHECK(notification.find("LANCS-20261120-001") != std::string::npos);
  CHECK(notification.find(kChild) != std::string::npos);
}

TEST_CASE("an envelope that comes again is a duplicate, one that only reuses a sequence is not") {
  Desk w;
  const Event event = w.Attends(kChild, kNoon);
  const Envelope envelope = w.Seals(event);
  CHECK(w.VerdictOn(envelope) == Verdict::kAccepted);
  CHECK(w.VerdictOn(envelope) == Verdict::kDuplicate);
  CHECK(w.VerdictOn(w.Seals(event)) == Verdict::kDuplicate);  // the same id under a new sequence
  Envelope reused = w.Seals(w.Attends(kChild, kNoon));
  reused.node_sequence = envelope.node_sequence;  // as after a disk that was put back from a backup
  CHECK(w.VerdictOn(reused) == Verdict::kAccepted);
  w.Restart();
  CHECK(w.VerdictOn(envelope) == Verdict::kDuplicate);

  CHECK(w.Attendances().size() == 2);
  CHECK(w.FlagOf(kLancashire, kChild).accesses.size() == 2);
  CHECK(w.NewFiles() == 2);
}

TEST_CASE("what cannot be read is quarantined and does not block what follows") {
  Desk w;
  Envelope garbage = w.Seals(w.Attends(kChild, kNoon));
  garbage.sealed_event[20] ^= 1;
  CHECK(w.VerdictOn(garbage) == Verdict::kQuarantined);

  Envelope swapped = w.Seals(w.Attends(kChild, kNoon));
  swapped.id = crypto::NewUuidV7(1);
  CHECK(w.VerdictOn(swapped) == Verdict::kQuarantined);

  const Envelope numberless = w.Seals(w.Attends("9990000019", kNoon));
  const auto receipt = w.Delivers(numberless);
  REQUIRE(receipt.ok());
  CHECK(receipt->verdict == Verdict::kQuarantined);
  CHECK_FALSE(receipt->reason.empty());
  CHECK(receipt->reason.find("9990000019") == std::string::npos);

  CHECK(w.Attendances().empty());
  CHECK(w.NewFiles() == 0);
  CHECK(w.VerdictOn(w.Seals(w.Attends(kChild, kNoon))) == Verdict::kAccepted);
}

TEST_CASE("nobody can deliver for another node") {
  Desk w;
  const Node other = w.Enrols("NWAS-A102", {kLancashire});
  const Envelope envelope = w.Seals(w.Attends(kChild, kNoon));
  const auto code = [&](const std::string& peer, const Bytes& bytes) {
    return w.desk->Deliver(peer, bytes).status().code();
  };

  CHECK(code(other.id, EncodeEnvelope(envelope, w.vehicle.signing)) == Code::kDenied);
  CHECK(code(other.id, EncodeEnvelope(envelope, other.signing)) == Code::kDenied);
  CHECK(code(w.vehicle.id, EncodeEnvelope(envelope, other.signing)) == Code::kDenied);
  CHECK(code("node-unknown", EncodeEnvelope(envelope, w.vehicle.signing)) == Code::kDenied);
  CHECK(code(w.vehicle.id, {}) == Code::kDenied);
  CHECK(w.Attendances().empty());
}

TEST_CASE("a revoked node is not listened to") {
  Desk w;
  REQUIRE(w.roll->Revoke("NWAS-A101").ok());
  CHECK(w.Delivers(w.Seals(w.Attends(kChild, kNoon))).status().code() == Code::kDenied);
  CHECK(w.Attendances().empty());
}

TEST_CASE("a child known to two authorities: both are told, both histories show it") {
  Desk w;
  w.Imports({.authority = kWarrington, .file_id = "WARR-1", .records = {sample::CppRecord(kChild)}});
  w.out_before = w.FilesInOut().size();
  CHECK(w.VerdictOn(w.Seals(w.Attends(kChild, kNoon))) == Verdict::kAccepted);
  CHECK(w.NewFiles() == 2);
  CHECK(w.FlagOf(kLancashire, kChild).accesses.size() == 1);
  CHECK(w.FlagOf(kWarrington, kChild).accesses.size() == 1);
  const auto notified = w.Attendances().at(0).notified;
  REQUIRE(notified.size() == 2);
  CHECK(notified[0].authority == kWarrington);
  CHECK(w.TextOf(w.mailbox->out() / notified[0].file).find("WARR-1") != std::string::npos);
  CHECK(notified[1].authority == kLancashire);
}

TEST_CASE("an attendance of somebody without a flag is kept and nobody is told") {
  Desk w;
  const uint64_t rows = w.SequenceOf(Topic::Rows(kLancashire));
  CHECK(w.VerdictOn(w.Seals(w.Attends(kUnknown, kNoon))) == Verdict::kAccepted);
  const auto kept = w.Attendances();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].outcome_now == Outcome::kNotFlagged);
  CHECK(kept[0].notified.empty());
  CHECK(w.NewFiles() == 0);
  CHECK(w.SequenceOf(Topic::Rows(kLancashire)) == rows);
}

TEST_CASE("a plan that ended within its window notifies, one past it does not") {
  Desk w;
  const std::string ended = Number(3);
  const std::string gone = Number(4);
  w.Imports({.file_id = "LANCS-2",
             .records = {sample::Record(sample::Lac({"202001010900", "202512010900", ""}) + sample::Child(ended)),
                         sample::Record(sample::Lac({"202001010900", "202511010900", ""}) + sample::Child(gone))}});
  w.out_before = w.FilesInOut().size();
  CHECK(w.VerdictOn(w.Seals(w.Attends(ended, kNoon))) == Verdict::kAccepted);
  CHECK(w.NewFiles() == 1);
  CHECK(w.VerdictOn(w.Seals(w.Attends(gone, kNoon))) == Verdict::kAccepted);
  CHECK(w.NewFiles() == 1);
  CHECK(w.Attendances().back().outcome_now == Outcome::kNotFlagged);
}

TEST_CASE("a time that cannot be true is judged, not refused") {
  Desk w;
  const Instant far = kNoon + days(400);
  CHECK(w.VerdictOn(w.Seals(w.Attends(kChild, far))) == Verdict::kAccepted);
  CHECK(w.Attendances().at(0).event.occurred_at == far);  // kept as reported
  CHECK(w.FlagOf(kLancashire, kChild).accesses.at(0).at == kNoon);

  const Instant slightly = kNoon + minutes(4);  // two clocks
  CHECK(w.VerdictOn(w.Seals(w.Attends(kChild, slightly))) == Verdict::kAccepted);
  CHECK(w.FlagOf(kLancashire, kChild).accesses.at(0).at == slightly);
  const Instant long_ago = kNoon - days(20'000);
  CHECK(w.VerdictOn(w.Seals(w.Attends(kChild, long_ago))) == Verdict::kAccepted);
  CHECK(w.FlagOf(kLancashire, kChild).accesses.back().at == long_ago);
}

TEST_CASE("the history shows the 25 newest accesses, newest first, whatever order they arrive in") {
  Desk w;
  for (int i = 0; i < 30; ++i) {
    const Instant at = kNoon - hours((i * 7) % 30 + 1);
    REQUIRE(w.VerdictOn(w.Seals(w.Attends(kChild, at))) == Verdict::kAccepted);
  }
  const Flag flag = w.FlagOf(kLancashire, kChild);
  REQUIRE(flag.accesses.size() == 25);
  for (size_t i = 0; i < 25; ++i) CHECK(flag.accesses[i].at == kNoon - hours(i + 1));
}

TEST_CASE("audit is kept without touching flags, history or mailbox") {
  Desk w;
  Event look = w.Attends(kChild, kNoon);
  look.kind = EntryKind::kAudit;
  look.action = "lookup";
  look.silent = true;
  const Envelope envelope = w.Seals(look);
  CHECK(w.VerdictOn(envelope) == Verdict::kAccepted);
  CHECK(w.VerdictOn(envelope) == Verdict::kDuplicate);
  CHECK(w.Attendances().empty());
  CHECK(w.FlagOf(kLancashire, kChild).accesses.empty());
  CHECK(w.NewFiles() == 0);
}

TEST_CASE("staff that the roll does not know are shown by their id") {
  Desk w;
  Event event = w.Attends(kChild, kNoon);
  event.staff = "AGENCY-7";
  CHECK(w.VerdictOn(w.Seals(event)) == Verdict::kAccepted);
  CHECK(w.Attendances().at(0).staff_name == "AGENCY-7");
}

TEST_CASE("a receipt is given although the notification cannot be written, and it is written later") {
  Desk w;
  std::filesystem::rename(w.mailbox->out(), w.state / "away");
  CHECK(w.VerdictOn(w.Seals(w.Attends(kChild, kNoon))) == Verdict::kAccepted);
  std::filesystem::rename(w.state / "away", w.mailbox->out());
  CHECK(w.NewFiles() == 0);
  w.Restart();
  REQUIRE(w.mailbox->WriteQueued().ok());
  CHECK(w.NewFiles() == 1);
}

}  // namespace
}  // namespace cpis::sync::fleet
