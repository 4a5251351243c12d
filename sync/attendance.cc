// SPDX-License-Identifier: Apache-2.0
//
//   event: 0 format 1 (= 2) │ 1 kind 1 │ id │ NHS number │ occurred at 8 (Unix ms) │ recorded at 8 │ staff │ incident │
//          outcome 1 │ reason │ silent 1 │ action │ resolving 1 │ alert; texts are varint-sized
//
//   Format 1, without what follows `action`, is still read: journals of that time may be on their way.
#include "sync/attendance.h"

#include "sync/nhs_number.h"
#include "sync/wire.h"

namespace cpis::sync {
namespace {

using platform::ByteWriter;
using platform::Corrupt;

constexpr uint8_t kOldEventFormat = 1;
constexpr uint8_t kEventFormat = 2;
constexpr std::string_view kEnvelopePurpose = "cpis.v1.envelope";
constexpr std::string_view kReceiptPurpose = "cpis.v1.receipt";

// An audit line may be about nobody (a sign-in); an attendance is always about somebody.
bool NumberFits(const Event& event) {
  if (event.nhs_number.empty()) return event.kind == EntryKind::kAudit;
  const auto number = NhsNumber::Parse(event.nhs_number);
  return number.ok() && number->digits() == event.nhs_number;
}

}  // namespace

std::string_view Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFlagged:
      return "FLAGGED";
    case Outcome::kNotFlagged:
      return "NOT_FLAGGED";
    case Outcome::kPossiblyElsewhere:
      return "POSSIBLY_FLAGGED_ELSEWHERE";
    case Outcome::kCannotSay:
      return "CANNOT_SAY";
  }
  std::abort();
}

Bytes EncodeEvent(const Event& event) {
  ByteWriter out;
  out.U8(kEventFormat);
  out.U8(static_cast<uint8_t>(event.kind));
  out.Sized(event.id);
  out.Sized(event.nhs_number);
  WriteMillis(out, event.occurred_at);
  WriteMillis(out, event.recorded_at);
  out.Sized(event.staff);
  out.Sized(event.incident);
  out.U8(static_cast<uint8_t>(event.outcome_at_node));
  out.Sized(event.reason);
  out.U8(event.silent ? 1 : 0);
  out.Sized(event.action);
  out.U8(event.resolving ? 1 : 0);
  out.Sized(event.alert);
  return std::move(out).Take();
}

Result<Event> DecodeEvent(ByteView bytes) {
  WireReader in(bytes);
  Event event;
  const auto format = in.Enumerator(kOldEventFormat, kEventFormat);
  event.kind = in.Enumerator(EntryKind::kAttendance, EntryKind::kAudit);
  event.id = in.SizedText();
  event.nhs_number = in.SizedText();
  event.occurred_at = in.Millis();
  event.recorded_at = in.Millis();
  event.staff = in.SizedText();
  event.incident = in.SizedText();
  event.outcome_at_node = in.Enumerator(Outcome::kFlagged, Outcome::kCannotSay);
  event.reason = in.SizedText();
  event.silent = in.Bool();
  event.action = in.SizedText();
  if (format == kEventFormat) {
    event.resolving = in.Bool();
    event.alert = in.SizedText();
  }
  in.Require(NumberFits(event));
  if (!in.AtEnd()) return Corrupt("event: not in the form of this version");
  return event;
}

AuditCheckpoint After(const AuditCheckpoint& before, ByteView sealed_event) {
  return {before.count + 1, crypto::Blake2b32({before.link, crypto::Blake2b32({sealed_event})})};
}

Bytes EncodeEnvelope(const Envelope& envelope, const crypto::SigningKey& node_key) {
  ByteWriter out;
  out.U8(kSuite);
  out.Sized(envelope.node);
  out.U64(envelope.node_sequence);
  out.U8(static_cast<uint8_t>(envelope.kind));
  out.Sized(envelope.id);
  out.Sized(ByteView(envelope.sealed_event));
  if (envelope.audit_before) {
    out.U64(envelope.audit_before->count);
    out.Raw(envelope.audit_before->link);
  }
  return crypto::Sign(node_key, crypto::Role::kNode, kEnvelopePurpose, out.bytes());
}

Result<Envelope> DecodeEnvelope(ByteView bytes, ByteView node_public_key) {
  CPIS_ASSIGN(const auto message, crypto::Verify(node_public_key, crypto::Role::kNode, kEnvelopePurpose, bytes));
  WireReader in(message);
  Envelope envelope;
  in.Expect(kSuite);
  envelope.node = in.SizedText();
  envelope.node_sequence = in.U64();
  envelope.kind = in.Enumerator(EntryKind::kAttendance, EntryKind::kAudit);
  envelope.id = in.SizedText();
  envelope.sealed_event = platform::ToBytes(in.Sized());
  if (in.remaining() > 0) {
    AuditCheckpoint& before = envelope.audit_before.emplace();
    before.count = in.U64();
    const ByteView link = in.Raw(before.link.size());
    if (link.size() == before.link.size()) std::copy(link.begin(), link.end(), before.link.begin());
  }
  if (!in.AtEnd()) return Corrupt("envelope: not in the form of this version");
  return envelope;
}

Bytes EncodeReceipt(const Receipt& receipt, const crypto::SigningKey& freshness) {
  ByteWriter out;
  out.U8(kSuite);
  out.Sized(receipt.node);
  out.U64(receipt.node_sequence);
  out.Sized(receipt.id);
  out.U8(static_cast<uint8_t>(receipt.verdict));
  WriteMillis(out, receipt.server_time);
  out.Sized(receipt.reason);
  return crypto::Sign(freshness, crypto::Role::kFreshness, kReceiptPurpose, out.bytes());
}

Result<Receipt> DecodeReceipt(ByteView bytes, ByteView freshness_public_key) {
  CPIS_ASSIGN(const auto message,
              crypto::Verify(freshness_public_key, crypto::Role::kFreshness, kReceiptPurpose, bytes));
  WireReader in(message);
  Receipt receipt;
  in.Expect(kSuite);
  receipt.node = in.SizedText();
  receipt.node_sequence = in.U64();
  receipt.id = in.SizedText();
  receipt.verdict = in.Enumerator(Verdict::kAccepted, Verdict::kQuarantined);
  receipt.server_time = in.Millis();
  receipt.reason = in.SizedText();
  if (!in.AtEnd()) return Corrupt("receipt: not in the form of this version");
  return receipt;
}

}  // namespace cpis::sync
