// SPDX-License-Identifier: Apache-2.0
#include "edge/wipe.h"

#include "edge/former_journals.h"
#include "platform/erase.h"
#include "platform/files.h"
#include "platform/log.h"

namespace cpis::edge {
namespace {

namespace fs = std::filesystem;

constexpr uint8_t kFormat = 1;
constexpr std::string_view kFile = "wipe";
constexpr uint64_t kMaxRecord = 4096;

void Write(platform::ByteWriter& out, Instant at) { out.U64(static_cast<uint64_t>(at.time_since_epoch().count())); }
Instant ReadInstant(platform::ByteReader& in) { return Instant(std::chrono::milliseconds(static_cast<int64_t>(in.U64()))); }

// The file, and what SQLite or a write that was cut short keeps beside it.
Status EraseAll(const fs::path& file) {
  Status first;
  for (const char* suffix : {"", "-wal", "-shm", "-journal", ".next"}) {
    Status erased = platform::EraseFile(file.string() + suffix);
    if (first.ok()) first = std::move(erased);
  }
  return first;
}

Bytes Signed(const sync::node::Identity& identity, const WipeRecord& record, sync::Erasure::What erased) {
  return sync::EncodeErasure({record.node, record.order, erased, record.began_at, record.erased_at}, identity.signing);
}

}  // namespace

Bytes Encode(const WipeRecord& record) {
  platform::ByteWriter out;
  out.U8(kFormat);
  out.U8(static_cast<uint8_t>(record.state));
  out.Sized(record.node);
  out.Sized(record.order);
  Write(out, record.began_at);
  Write(out, record.erased_at);
  out.Sized(ByteView(record.proof));
  return std::move(out).Take();
}

Result<WipeRecord> DecodeWipeRecord(ByteView bytes) {
  platform::ByteReader in(bytes);
  const bool known = in.U8() == kFormat;
  const uint8_t state = in.U8();
  WipeRecord record;
  record.node = in.SizedText();
  record.order = in.SizedText();
  record.began_at = ReadInstant(in);
  record.erased_at = ReadInstant(in);
  record.proof = platform::ToBytes(in.Sized());
  if (!known || !in.AtEnd() || state < 1 || state > 3) return platform::Corrupt("the record of a wipe is not ours");
  record.state = static_cast<WipeRecord::State>(state);
  return record;
}

Result<std::optional<WipeRecord>> LoadWipe(const fs::path& state) {
  const auto bytes = platform::ReadFile(state / kFile, kMaxRecord);
  if (bytes.status().code() == platform::Code::kNotFound) return std::optional<WipeRecord>();
  auto record = bytes.ok() ? DecodeWipeRecord(*bytes) : bytes.status();
  if (record.ok()) return std::optional<WipeRecord>(*std::move(record));
  platform::LogError("wipe", "begun, and its record cannot be read: " + record.status().message());
  WipeRecord unknown;
  unknown.node = "node-unknown";
  unknown.order = "unknown";
  return std::optional<WipeRecord>(std::move(unknown));
}

Status SaveWipe(const fs::path& state, const WipeRecord& record) {
  return platform::WriteFileDurably(state / kFile, Encode(record)).In("wipe");
}

Status ForgetWipe(const fs::path& state) { return platform::EraseFile(state / kFile); }

Result<WipeRecord> FinishWipe(const WipeParts& parts, WipeRecord record) {
  Status failure;
  const auto step = [&](Status done) {
    if (parts.before_step) parts.before_step();
    if (failure.ok()) failure = std::move(done).In("wipe");
  };
  step(Status::Ok());
  step(parts.key_store.Forget());
  step(EraseAll(parts.state / "identity"));
  step(EraseAll(parts.state / "lan"));
  if (failure.ok() && parts.identity != nullptr) {
    record.erased_at = parts.clock.Now();
    record.proof = Signed(*parts.identity, record, sync::Erasure::What::kKeys);
    step(SaveWipe(parts.state, record));
  }
  step(EraseAll(parts.state / "replica.db"));
  step(SetJournalAside(parts.state, record.node));
  CPIS_TRY(failure);
  record.state = WipeRecord::State::kErased;
  record.erased_at = parts.clock.Now();
  if (parts.identity != nullptr) record.proof = Signed(*parts.identity, record, sync::Erasure::What::kKeysAndRows);
  CPIS_TRY(SaveWipe(parts.state, record));
  platform::LogWarning("wipe", "keys and rows of this vehicle are erased");
  return record;
}

}  // namespace cpis::edge
