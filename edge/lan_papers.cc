// SPDX-License-Identifier: Apache-2.0
#include "edge/lan_papers.h"

#include "crypto/certificates.h"
#include "crypto/seal.h"
#include "crypto/secret_writer.h"
#include "platform/files.h"

namespace cpis::edge {
namespace {

using platform::Instant;
using platform::Result;
using platform::Status;

constexpr uint8_t kFormat = 1;
constexpr std::string_view kPurpose = "cpis.v1.lan";
constexpr uint64_t kMaxBytes = 64 * 1024;
constexpr uint64_t kMostNames = 64;

std::filesystem::path FileIn(const std::filesystem::path& state) { return state / "lan"; }
crypto::Secret KeyOf(const crypto::Secret& node_key) { return crypto::DeriveSecret(node_key, {platform::AsBytes(kPurpose)}).Clone(); }

}  // namespace

bool LanPapers::RenewalDue(const std::vector<std::string>& names, Instant now) const {
  const auto expires = crypto::CertificateExpiry(certificate_pem);
  if (!expires.ok() || names != asked) return true;
  const Instant end(*expires);
  return now >= end - (end - obtained_at) / 3;
}

crypto::Secret Encode(const LanPapers& papers) {
  crypto::SecretWriter out;
  out.U8(kFormat);
  out.Sized(papers.private_key_pem.Reveal());
  out.Sized(papers.certificate_pem);
  out.Sized(papers.authority_pem);
  out.U64(static_cast<uint64_t>(papers.obtained_at.time_since_epoch().count()));
  out.Varint(papers.asked.size());
  for (const std::string& name : papers.asked) out.Sized(name);
  return std::move(out).Take();
}

Result<LanPapers> DecodeLanPapers(platform::ByteView bytes) {
  platform::ByteReader in(bytes);
  if (in.U8() != kFormat) return platform::Corrupt("LAN papers have an unknown format");
  LanPapers papers;
  papers.private_key_pem = crypto::Secret::Copy(in.Sized());
  papers.certificate_pem = in.SizedText();
  papers.authority_pem = in.SizedText();
  papers.obtained_at = Instant(std::chrono::milliseconds(static_cast<int64_t>(in.U64())));
  const uint64_t names = in.Varint();
  for (uint64_t i = 0; i < names && i < kMostNames && in.ok(); ++i) papers.asked.push_back(in.SizedText());
  if (names > kMostNames || !in.AtEnd()) return platform::Corrupt("LAN papers are cut short or have bytes too many");
  return papers;
}

Result<LanPapers> LoadLanPapers(const std::filesystem::path& state, const crypto::Secret& node_key) {
  CPIS_ASSIGN(const platform::Bytes sealed, platform::ReadFile(FileIn(state), kMaxBytes));
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenWith(KeyOf(node_key), kPurpose, sealed));
  return DecodeLanPapers(plain.Reveal());
}

Status SaveLanPapers(const std::filesystem::path& state, const crypto::Secret& node_key, const LanPapers& papers) {
  return platform::WriteFileDurably(FileIn(state), crypto::SealWith(KeyOf(node_key), kPurpose, Encode(papers).Reveal()));
}

}  // namespace cpis::edge
