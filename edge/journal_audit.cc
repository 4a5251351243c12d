// SPDX-License-Identifier: Apache-2.0
//
// The audit chain of JournalFile: its signed marks, its walk, and what of it may be forgotten.
#include <algorithm>

#include "edge/journal_file.h"

namespace cpis::edge {
namespace {

using platform::Corrupt;
using platform::Statement;

constexpr std::string_view kPurpose = "cpis.v1.audit-mark";

std::string At(uint64_t seq) { return "audit entry " + std::to_string(seq); }

}  // namespace

sync::AuditCheckpoint JournalFile::Mark::Checkpoint() const {
  sync::AuditCheckpoint checkpoint{.count = count};
  std::copy_n(link.begin(), std::min(link.size(), checkpoint.link.size()), checkpoint.link.begin());
  return checkpoint;
}

Result<std::optional<JournalFile::Mark>> JournalFile::SignedMark(std::string_view key) {
  CPIS_ASSIGN(const std::optional<Bytes> stored, Meta(key));
  if (!stored) return std::optional<Mark>();
  CPIS_ASSIGN(const ByteView message, crypto::Verify(identity_->signing.public_key, crypto::Role::kNode,
                                                     std::string(kPurpose) + "." + std::string(key), *stored));
  platform::ByteReader in(message);
  Mark mark;
  mark.seq = in.U64();
  mark.count = in.U64();
  mark.link = platform::ToBytes(in.Raw(32));
  if (!in.AtEnd()) return Corrupt("a signed mark of the audit has the wrong size");
  return std::optional<Mark>(std::move(mark));
}

Status JournalFile::SaveMark(std::string_view key, const Mark& mark) {
  platform::ByteWriter out;
  out.U64(mark.seq);
  out.U64(mark.count);
  out.Raw(mark.link);
  return SetMeta(key, crypto::Sign(identity_->signing, crypto::Role::kNode,
                                   std::string(kPurpose) + "." + std::string(key), out.bytes()));
}

// Every link's entry is still here, as it was written, or the server has signed for it.
Status JournalFile::CheckBodies() {
  CPIS_ASSIGN(
      Statement query,
      database_.Prepare("SELECT a.seq, a.digest, e.envelope, r.seq FROM audit a LEFT JOIN entries e ON e.seq = a.seq "
                        "LEFT JOIN receipts r ON r.seq = a.seq ORDER BY a.seq"));
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) break;
    const uint64_t seq = static_cast<uint64_t>(query.Int(0));
    if (query.IsNull(2)) {
      if (query.IsNull(3)) return Corrupt(At(seq) + " is gone, and the server has not signed for it");
      continue;
    }
    const auto envelope = sync::DecodeEnvelope(query.Blob(2), identity_->signing.public_key);
    if (!envelope.ok() || crypto::Blake2b(32, {envelope->sealed_event}) != platform::ToBytes(query.Blob(1))) {
      return Corrupt(At(seq) + " is not what was written");
    }
  }
  CPIS_ASSIGN(const int64_t unlinked,
              Number("SELECT count(*) FROM entries WHERE kind = 2 AND seq NOT IN (SELECT seq FROM audit)"));
  return unlinked == 0 ? Status::Ok() : Corrupt(std::to_string(unlinked) + " audit entries are not in the chain");
}

Status JournalFile::CheckCheckpoints(Mark at) {
  const uint64_t start = at.seq;
  CPIS_ASSIGN(Statement links, database_.Prepare("SELECT seq, link FROM audit ORDER BY seq"));
  CPIS_ASSIGN(bool more_links, links.Step());
  CPIS_ASSIGN(Statement waiting, database_.Prepare("SELECT seq, envelope FROM entries ORDER BY seq"));
  while (true) {
    CPIS_ASSIGN(const bool more, waiting.Step());
    if (!more) return Status::Ok();
    const int64_t seq = waiting.Int(0);
    while (more_links && links.Int(0) < seq) {
      at = {.seq = static_cast<uint64_t>(links.Int(0)), .count = at.count + 1, .link = platform::ToBytes(links.Blob(1))};
      CPIS_ASSIGN(more_links, links.Step());
    }
    const auto envelope = sync::DecodeEnvelope(waiting.Blob(1), identity_->signing.public_key);
    // What was signed before the chain's start, and waits, names a link that is forgotten.
    if (static_cast<uint64_t>(seq) < start) continue;
    if (!envelope.ok()) continue;  // damaged: an attendance steps aside when it is forwarded, CheckBodies speaks of the audit
    if (envelope->audit_before && *envelope->audit_before != at.Checkpoint()) {
      return Corrupt("entry " + std::to_string(seq) + " was signed after another chain than the one that is here");
    }
  }
}

Result<std::string> JournalFile::VerifyAudit() {
  CPIS_ASSIGN(const auto floor, SignedMark("audit.floor"));
  CPIS_ASSIGN(const auto head, SignedMark("audit.head"));
  Mark at = floor.value_or(Mark{});
  const Mark start = at;
  CPIS_ASSIGN(Statement query, database_.Prepare("SELECT seq, digest, link FROM audit ORDER BY seq"));
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) break;
    const uint64_t seq = static_cast<uint64_t>(query.Int(0));
    at = {.seq = seq, .count = at.count + 1, .link = crypto::Blake2b(32, {at.link, query.Blob(1)})};
    if (at.link != platform::ToBytes(query.Blob(2))) return Corrupt("the chain breaks at " + At(seq));
  }
  const Mark expected = head.value_or(Mark{});
  if (at.seq != expected.seq || at.count != expected.count || at.link != expected.link) {
    return Corrupt("the chain ends at " + At(at.seq) + ", signed for is " + At(expected.seq));
  }
  CPIS_TRY(CheckBodies());
  CPIS_TRY(CheckCheckpoints(start));
  return std::to_string(at.count - start.count) + " entries, chain unbroken";
}

Status JournalFile::Purge(Instant before) {
  for (const char* sql : {"DELETE FROM receipts WHERE server_time < ?", "DELETE FROM attended WHERE occurred_at < ?"}) {
    CPIS_ASSIGN(Statement forget, database_.Prepare(sql));
    CPIS_TRY(forget.Bind(before.time_since_epoch().count()).Run());
  }
  // Links are forgotten from the start only, up to the first whose entry or receipt is still here.
  CPIS_ASSIGN(const int64_t keep_from,
              Number("SELECT coalesce(min(seq), (SELECT max(seq) + 1 FROM audit)) FROM audit WHERE "
                     "seq IN (SELECT seq FROM entries) OR seq IN (SELECT seq FROM receipts)"));
  CPIS_ASSIGN(Statement last, database_.Prepare("SELECT max(seq), count(*) FROM audit WHERE seq < ?"));
  CPIS_ASSIGN(const bool counted, last.Bind(keep_from).Step());
  if (!counted || last.Int(1) == 0) return Status::Ok();
  Mark floor;
  floor.seq = static_cast<uint64_t>(last.Int(0));
  CPIS_ASSIGN(const auto former, SignedMark("audit.floor"));
  floor.count = (former ? former->count : 0) + static_cast<uint64_t>(last.Int(1));
  last.Reset();
  CPIS_ASSIGN(Statement link, database_.Prepare("SELECT link FROM audit WHERE seq = ?"));
  CPIS_ASSIGN(const bool found, link.Bind(static_cast<int64_t>(floor.seq)).Step());
  if (!found) return Corrupt("a link of the audit vanished while it was read");
  floor.link = platform::ToBytes(link.Blob(0));
  link.Reset();
  CPIS_ASSIGN(Statement forget, database_.Prepare("DELETE FROM audit WHERE seq < ?"));
  CPIS_TRY(forget.Bind(keep_from).Run());
  return SaveMark("audit.floor", floor);
}

}  // namespace cpis::edge
