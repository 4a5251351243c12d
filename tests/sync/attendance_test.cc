// SPDX-License-Identifier: Apache-2.0
#include "sync/attendance.h"

#include <catch2/catch.hpp>

#include "tests/sync/hostile.h"
#include "tests/sync/keys.h"

namespace cpis::sync {
namespace {

using platform::Code;

Event Attendance() {
  Event event;
  event.kind = EntryKind::kAttendance;
  event.id = "01935111-2222-7333-8444-555566667777";
  event.nhs_number = "9990000018";
  event.occurred_at = *platform::ParseRfc3339("2026-11-22T02:15:00.250Z");
  event.recorded_at = *platform::ParseRfc3339("2026-11-22T02:15:01Z");
  event.staff = "sam";
  event.incident = "INC-7";
  event.outcome_at_node = Outcome::kFlagged;
  event.action = "lookup";
  return event;
}

void CheckSame(const Event& a, const Event& b) {
  CHECK(a.kind == b.kind);
  CHECK(a.id == b.id);
  CHECK(a.nhs_number == b.nhs_number);
  CHECK(a.occurred_at == b.occurred_at);
  CHECK(a.recorded_at == b.recorded_at);
  CHECK(a.staff == b.staff);
  CHECK(a.incident == b.incident);
  CHECK(a.outcome_at_node == b.outcome_at_node);
  CHECK(a.reason == b.reason);
  CHECK(a.silent == b.silent);
  CHECK(a.action == b.action);
}

TEST_CASE("an event decodes to what was encoded") {
  const auto attendance = Attendance();
  auto audit = Attendance();
  audit.kind = EntryKind::kAudit;
  audit.outcome_at_node = Outcome::kCannotSay;
  audit.reason = "STALE";
  audit.silent = true;
  auto sign_in = audit;
  sign_in.nhs_number.clear();
  sign_in.action = "sign-in";
  for (const auto& event : {attendance, audit, sign_in}) {
    const auto decoded = DecodeEvent(EncodeEvent(event));
    REQUIRE(decoded.ok());
    CheckSame(*decoded, event);
  }
}

TEST_CASE("an attendance of nobody, or of a number that does not exist, is corrupt") {
  for (const auto* number : {"", "9990000019", "999 000 0018", "999000001"}) {
    auto event = Attendance();
    event.nhs_number = number;
    CHECK(DecodeEvent(EncodeEvent(event)).status().code() == Code::kCorrupt);
  }
}

TEST_CASE("what is wrong with an event is told without its number") {
  auto event = Attendance();
  event.nhs_number = "9990000019";
  CHECK_THAT(DecodeEvent(EncodeEvent(event)).status().message(), !Catch::Matchers::Contains("999"));
}

TEST_CASE("a truncated or longer event is corrupt") {
  auto bytes = EncodeEvent(Attendance());
  ForEachTruncation(bytes, [](const Bytes& cut) { CHECK(DecodeEvent(cut).status().code() == Code::kCorrupt); });
  bytes.push_back(0);
  CHECK(DecodeEvent(bytes).status().code() == Code::kCorrupt);
}

TEST_CASE("an event with a flipped bit is corrupt or another event") {
  const auto bytes = EncodeEvent(Attendance());
  ForEachBitFlip(bytes, [](const Bytes& flipped) {
    const auto decoded = DecodeEvent(flipped);
    if (decoded.ok()) CHECK(EncodeEvent(*decoded) == flipped);
  });
}

TEST_CASE("outcomes have the names of the contract") {
  CHECK(Name(Outcome::kFlagged) == "FLAGGED");
  CHECK(Name(Outcome::kNotFlagged) == "NOT_FLAGGED");
  CHECK(Name(Outcome::kPossiblyElsewhere) == "POSSIBLY_FLAGGED_ELSEWHERE");
  CHECK(Name(Outcome::kCannotSay) == "CANNOT_SAY");
}

Envelope Sealed() {
  return {.node = "node-0123456789abcdef",
          .node_sequence = 17,
          .kind = EntryKind::kAudit,
          .id = Attendance().id,
          .sealed_event = Bytes(120, 0x5A),
          .audit_before = AuditCheckpoint{41, crypto::Blake2b32({Bytes(3, 0x5A)})}};
}

Result<Envelope> Decode(ByteView bytes) { return DecodeEnvelope(bytes, NodeKey().public_key); }

TEST_CASE("an envelope decodes to what was encoded") {
  const auto decoded = Decode(EncodeEnvelope(Sealed(), NodeKey()));
  REQUIRE(decoded.ok());
  CHECK(decoded->node == Sealed().node);
  CHECK(decoded->node_sequence == 17);
  CHECK(decoded->kind == EntryKind::kAudit);
  CHECK(decoded->id == Sealed().id);
  CHECK(decoded->sealed_event == Sealed().sealed_event);
  CHECK(decoded->audit_before == Sealed().audit_before);
}

TEST_CASE("an envelope from before there were checkpoints is read, half a checkpoint is not") {
  Envelope old = Sealed();
  old.audit_before.reset();
  const auto decoded = Decode(EncodeEnvelope(old, NodeKey()));
  REQUIRE(decoded.ok());
  CHECK_FALSE(decoded->audit_before);
  auto message = WithoutSignature(EncodeEnvelope(Sealed(), NodeKey()));
  message.resize(message.size() - 1);
  CHECK_FALSE(Decode(crypto::Sign(NodeKey(), crypto::Role::kNode, "cpis.v1.envelope", message)).ok());
}

TEST_CASE("an envelope with any byte missing, changed or added is refused") {
  CHECK(RefusesEveryDamage(EncodeEnvelope(Sealed(), NodeKey()), Decode));
}

TEST_CASE("an envelope of another node or role is refused") {
  CHECK(Decode(EncodeEnvelope(Sealed(), crypto::NewSigningKey())).status().code() == Code::kCorrupt);
  const auto message = WithoutSignature(EncodeEnvelope(Sealed(), NodeKey()));
  const auto as_content = crypto::Sign(NodeKey(), crypto::Role::kContent, "cpis.v1.envelope", message);
  CHECK(Decode(as_content).status().code() == Code::kDenied);
  CHECK_FALSE(Decode(crypto::Sign(NodeKey(), crypto::Role::kNode, "cpis.v1.receipt", message)).ok());
}

Receipt Quarantined() {
  return {.node = "node-0123456789abcdef",
          .node_sequence = 17,
          .id = Attendance().id,
          .verdict = Verdict::kQuarantined,
          .server_time = *platform::ParseRfc3339("2026-11-22T02:20:00Z"),
          .reason = "does not open"};
}

Result<Receipt> DecodeByFreshness(ByteView bytes) { return DecodeReceipt(bytes, FreshnessKey().public_key); }

TEST_CASE("a receipt decodes to what was encoded") {
  const auto decoded = DecodeByFreshness(EncodeReceipt(Quarantined(), FreshnessKey()));
  REQUIRE(decoded.ok());
  CHECK(decoded->node == Quarantined().node);
  CHECK(decoded->node_sequence == 17);
  CHECK(decoded->id == Quarantined().id);
  CHECK(decoded->verdict == Verdict::kQuarantined);
  CHECK(decoded->server_time == Quarantined().server_time);
  CHECK(decoded->reason == "does not open");
}

TEST_CASE("a receipt with any byte missing, changed or added is refused") {
  CHECK(RefusesEveryDamage(EncodeReceipt(Quarantined(), FreshnessKey()), DecodeByFreshness));
}

TEST_CASE("a receipt by another key or role is refused") {
  CHECK(DecodeByFreshness(EncodeReceipt(Quarantined(), ContentKey())).status().code() == Code::kCorrupt);
  const auto message = WithoutSignature(EncodeReceipt(Quarantined(), FreshnessKey()));
  const auto as_node = crypto::Sign(FreshnessKey(), crypto::Role::kNode, "cpis.v1.receipt", message);
  CHECK(DecodeByFreshness(as_node).status().code() == Code::kDenied);
}

}  // namespace
}  // namespace cpis::sync
