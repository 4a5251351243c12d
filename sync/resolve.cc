// SPDX-License-Identifier: Apache-2.0
//
// What is sealed; texts, records and flags are varint-sized.
//
//   query: 0 format 1 │ node id │ id │ NHS number │ asked at 8 (Unix ms)
//   reply: 0 format 1 │ id │ server time 8 (Unix ms) │ outcome 1 │ notice 1 (0: none) │
//          varint number of authorities │ { authority record │ flag } … │ varint number of viewers │ viewer records │
//          zeros to the next 1024 bytes
//
// The zeros hide from whoever sees lengths whether a child is known, and nearly always by how many.
#include "sync/resolve.h"

#include "sync/nhs_number.h"
#include "sync/wire.h"

namespace cpis::sync {
namespace {

using platform::ByteWriter;
using platform::Corrupt;

constexpr uint8_t kFormat = 1;
constexpr uint8_t kNoNotice = 0;
constexpr size_t kReplyStep = 1024;
constexpr size_t kLeastEvidenceBytes = 9;  // two sizes, an authority of five bytes, a flag of two
constexpr size_t kLeastViewerBytes = 8;
constexpr std::string_view kQueryPurpose = "cpis.v1.resolve";
constexpr std::string_view kReplyPurpose = "cpis.v1.resolved";

Bytes SealAndSign(ByteView plain, ByteView box, const crypto::SigningKey& signer, crypto::Role role, std::string_view purpose) {
  ByteWriter out;
  out.U8(kSuite);
  out.Sized(ByteView(crypto::SealTo(box, plain)));
  return crypto::Sign(signer, role, purpose, out.bytes());
}

Result<ByteView> SealedIn(ByteView message) {
  WireReader in(message);
  in.Expect(kSuite);
  const ByteView sealed = in.Sized();
  if (!in.AtEnd()) return Corrupt("resolve: not in the form of this version");
  return sealed;
}

// A flag may be padded elsewhere; here it has one encoding, as everything else.
bool Unpadded(const Flag& flag, ByteView bytes) { return EncodeFlag(flag).size() == bytes.size(); }

std::optional<Authority> ReadAuthority(WireReader& in) {
  auto entry = DecodeDirectoryEntry(in.Sized());
  in.Require(entry.ok() && entry->authority.has_value());
  if (!in.ok()) return std::nullopt;
  return std::move(entry->authority);
}

void ReadEvidence(WireReader& in, ResolveReply& reply) {
  auto authority = ReadAuthority(in);
  const ByteView bytes = in.Sized();
  auto flag = DecodeFlag(bytes);
  in.Require(flag.ok() && !flag->plans.empty() && Unpadded(*flag, bytes));
  if (!in.ok()) return;
  in.Require(reply.evidence.empty() || reply.evidence.back().authority.code < authority->code);
  reply.evidence.push_back({*std::move(authority), *std::move(flag)});
}

void ReadViewer(WireReader& in, ResolveReply& reply) {
  auto entry = DecodeDirectoryEntry(in.Sized());
  in.Require(entry.ok() && entry->viewer.has_value());
  if (!in.ok()) return;
  in.Require(reply.viewers.empty() || reply.viewers.back().id < entry->viewer->id);
  reply.viewers.push_back(*std::move(entry->viewer));
}

void ReadOutcome(WireReader& in, ResolveReply& reply) {
  reply.outcome = in.Enumerator(Outcome::kFlagged, Outcome::kCannotSay);
  in.Require(reply.outcome != Outcome::kPossiblyElsewhere);
  const auto notice = in.Enumerator<uint8_t>(kNoNotice, static_cast<uint8_t>(Notice::kReplaced));
  if (notice != kNoNotice) reply.notice = static_cast<Notice>(notice);
  in.Require(reply.notice.has_value() == (reply.outcome == Outcome::kCannotSay));
}

}  // namespace

Bytes EncodeResolveQuery(const ResolveQuery& query) {
  ByteWriter out;
  out.U8(kFormat);
  out.Sized(query.node);
  out.Sized(query.id);
  out.Sized(query.nhs_number);
  WriteMillis(out, query.asked_at);
  return std::move(out).Take();
}

Result<ResolveQuery> DecodeResolveQuery(ByteView bytes) {
  WireReader in(bytes);
  ResolveQuery query;
  in.Expect(kFormat);
  query.node = in.SizedText();
  query.id = in.SizedText();
  query.nhs_number = in.SizedText();
  query.asked_at = in.Millis();
  const auto number = NhsNumber::Parse(query.nhs_number);
  in.Require(number.ok() && number->digits() == query.nhs_number);
  in.Require(!query.id.empty());
  if (!in.AtEnd()) return Corrupt("resolve query: not in the form of this version");
  return query;
}

Bytes EncodeResolveReply(const ResolveReply& reply) {
  ByteWriter out;
  out.U8(kFormat);
  out.Sized(reply.id);
  WriteMillis(out, reply.server_time);
  out.U8(static_cast<uint8_t>(reply.outcome));
  out.U8(reply.notice ? static_cast<uint8_t>(*reply.notice) : kNoNotice);
  out.Varint(reply.evidence.size());
  for (const ResolveEvidence& evidence : reply.evidence) {
    out.Sized(ByteView(Encode(evidence.authority)));
    out.Sized(ByteView(EncodeFlag(evidence.flag)));
  }
  out.Varint(reply.viewers.size());
  for (const Viewer& viewer : reply.viewers) out.Sized(ByteView(Encode(viewer)));
  Bytes bytes = std::move(out).Take();
  bytes.resize((bytes.size() + kReplyStep - 1) / kReplyStep * kReplyStep, 0);
  return bytes;
}

Result<ResolveReply> DecodeResolveReply(ByteView bytes) {
  WireReader in(bytes);
  ResolveReply reply;
  in.Expect(kFormat);
  reply.id = in.SizedText();
  reply.server_time = in.Millis();
  ReadOutcome(in, reply);
  const auto authorities = in.Count(kLeastEvidenceBytes);
  for (size_t i = 0; i < authorities && in.ok(); ++i) ReadEvidence(in, reply);
  in.Require(reply.evidence.empty() == (reply.outcome != Outcome::kFlagged));
  const auto viewers = in.Count(kLeastViewerBytes);
  for (size_t i = 0; i < viewers && in.ok(); ++i) ReadViewer(in, reply);
  in.Require(bytes.size() % kReplyStep == 0 && in.remaining() < kReplyStep);
  for (const uint8_t zero : in.Raw(in.remaining())) in.Require(zero == 0);
  if (!in.AtEnd()) return Corrupt("resolve reply: not in the form of this version");
  return reply;
}

Bytes SealResolveQuery(const ResolveQuery& query, ByteView fleet_box_public_key, const crypto::SigningKey& node_key) {
  Bytes plain = EncodeResolveQuery(query);
  Bytes out = SealAndSign(plain, fleet_box_public_key, node_key, crypto::Role::kNode, kQueryPurpose);
  crypto::Wipe(std::span<uint8_t>(plain));
  return out;
}

Result<ResolveQuery> OpenResolveQuery(ByteView bytes, ByteView node_public_key, const crypto::BoxKey& fleet_box) {
  CPIS_ASSIGN(const ByteView message, crypto::Verify(node_public_key, crypto::Role::kNode, kQueryPurpose, bytes));
  CPIS_ASSIGN(const ByteView sealed, SealedIn(message));
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenBox(fleet_box, sealed));
  return DecodeResolveQuery(plain.Reveal());
}

Bytes SealResolveReply(const ResolveReply& reply, const ResolveSeal& to, const crypto::SigningKey& freshness) {
  Bytes plain = EncodeResolveReply(reply);
  const Bytes inner = crypto::SealWith(to.directory_key, kReplyPurpose, plain);
  Bytes out = SealAndSign(inner, to.box_public_key, freshness, crypto::Role::kFreshness, kReplyPurpose);
  crypto::Wipe(std::span<uint8_t>(plain));
  return out;
}

Result<ResolveReply> OpenResolveReply(ByteView bytes, ByteView freshness_public_key, const ResolveOpener& by) {
  CPIS_ASSIGN(const ByteView message, crypto::Verify(freshness_public_key, crypto::Role::kFreshness, kReplyPurpose, bytes));
  CPIS_ASSIGN(const ByteView sealed, SealedIn(message));
  CPIS_ASSIGN(const crypto::Secret inner, crypto::OpenBox(by.box, sealed));
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenWith(by.directory_key, kReplyPurpose, inner.Reveal()));
  return DecodeResolveReply(plain.Reveal());
}

Status CheckReply(const ResolveReply& reply, const ResolveQuery& query, platform::Instant now) {
  if (reply.id != query.id) return platform::Denied("the reply is to another query");
  if (now - reply.server_time > kResolveReplyAge) return platform::Denied("the reply is of an earlier time");
  return Status::Ok();
}

}  // namespace cpis::sync
