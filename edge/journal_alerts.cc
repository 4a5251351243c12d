// SPDX-License-Identifier: Apache-2.0
//
// Which alerts were acknowledged here. Table `acknowledged`; its body is sealed with the journal key, purpose
// "acknowledged":
//
//   0 format 1 (= 1) │ 1 alert 8 │ 9 at 8 (Unix ms) │ 17 staff, varint-sized
#include "edge/journal.h"
#include "platform/log.h"
#include "sync/wire.h"

namespace cpis::edge {
namespace {

using platform::Statement;

constexpr uint8_t kFormat = 1;
constexpr std::string_view kPurpose = "acknowledged";

Bytes Encode(const Acknowledgement& acknowledgement) {
  platform::ByteWriter out;
  out.U8(kFormat);
  out.U64(static_cast<uint64_t>(acknowledgement.alert));
  sync::WriteMillis(out, acknowledgement.at);
  out.Sized(acknowledgement.staff);
  return std::move(out).Take();
}

Result<Acknowledgement> Decode(ByteView bytes) {
  sync::WireReader in(bytes);
  Acknowledgement acknowledgement;
  in.Expect(kFormat);
  acknowledgement.alert = sync::RowIndex{in.U64()};
  acknowledgement.at = in.Millis();
  acknowledgement.staff = in.SizedText();
  if (!in.AtEnd()) return platform::Corrupt("an acknowledgement is not in the form of this version");
  return acknowledgement;
}

}  // namespace

Result<std::vector<Acknowledgement>> JournalFile::Acknowledged() {
  CPIS_ASSIGN(Statement query, database_.Prepare("SELECT alert, body FROM acknowledged"));
  std::vector<Acknowledgement> all;
  while (true) {
    CPIS_ASSIGN(const bool more, query.Step());
    if (!more) return all;
    const sync::RowIndex alert{static_cast<uint64_t>(query.Int(0))};
    const auto plain = crypto::OpenWith(identity_->journal_key, kPurpose, query.Blob(1));
    auto read = plain.ok() ? Decode(plain->Reveal()) : Result<Acknowledgement>(plain.status());
    if (read.ok() && read->alert == alert) {
      all.push_back(*std::move(read));
    } else {
      platform::LogWarning("journal", "an acknowledgement is damaged on disk: its alert is shown again");
    }
  }
}

Status JournalFile::SaveAcknowledged(const Acknowledgement& acknowledgement) {
  const Bytes body = crypto::SealWith(identity_->journal_key, kPurpose, Encode(acknowledgement));
  CPIS_ASSIGN(Statement save, database_.Prepare("INSERT OR IGNORE INTO acknowledged (alert, body) VALUES (?, ?)"));
  return save.Bind(static_cast<int64_t>(acknowledgement.alert)).Bind(ByteView(body)).Run();
}

Status JournalFile::ForgetAcknowledged(sync::RowIndex alert) {
  CPIS_ASSIGN(Statement forget, database_.Prepare("DELETE FROM acknowledged WHERE alert = ?"));
  return forget.Bind(static_cast<int64_t>(alert)).Run();
}

}  // namespace cpis::edge
