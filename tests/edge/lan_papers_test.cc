// SPDX-License-Identifier: Apache-2.0
#include "edge/lan_papers.h"

#include <catch2/catch.hpp>

#include "crypto/certificates.h"
#include "platform/files.h"
#include "tests/scratch.h"

namespace cpis::edge {
namespace {

using platform::Instant;
using std::chrono::days;
using std::chrono::hours;

LanPapers Papers(const std::string& certificate = "C", Instant at = platform::FromUnixSeconds(1'700'000'000)) {
  return {crypto::Secret::Copy(platform::AsBytes("K")), certificate, "A", at, {"192.168.8.1", "gateway.lan"}};
}

TEST_CASE("papers of the LAN are kept as their table says") {
  const std::string vector = "01" "014b" "0143" "0141" "0000018bcfe56800" "02" "0b3139322e3136382e382e31" "0b676174657761792e6c616e";
  CHECK(platform::Hex(Encode(Papers()).Reveal()) == vector);
  const auto bytes = *platform::ParseHex(vector);
  const auto again = DecodeLanPapers(bytes);
  REQUIRE(again.ok());
  CHECK(platform::Hex(Encode(*again).Reveal()) == vector);
  for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(DecodeLanPapers(platform::ByteView(bytes).first(size)).ok());
}

TEST_CASE("papers open for the node that kept them alone, and their key does not lie open") {
  const ScratchDirectory state;
  const auto key = crypto::Secret::Random(32);
  CHECK(LoadLanPapers(state.path(), key).status().code() == platform::Code::kNotFound);
  LanPapers papers = Papers();
  papers.private_key_pem = crypto::Secret::Copy(platform::AsBytes("a marker of a key"));
  REQUIRE(SaveLanPapers(state.path(), key, papers).ok());
  CHECK(platform::AsText(LoadLanPapers(state.path(), key)->private_key_pem.Reveal()) == "a marker of a key");
  CHECK_FALSE(LoadLanPapers(state.path(), crypto::Secret::Random(32)).ok());
  const auto bytes = *platform::ReadFile(state / "lan", 1 << 16);
  CHECK(platform::AsText(bytes).find("marker") == std::string_view::npos);
}

TEST_CASE("papers are due for renewal when a third of their life is left, or other names are wanted") {
  const auto authority = *crypto::NewLanAuthority("x", days(900));
  const auto request = *crypto::NewCertificateRequest("x");
  const std::string pem = *crypto::SignLanCertificate(authority, request.request_pem, {{false, "gateway.lan"}}, days(90));
  const Instant now = Instant(*crypto::CertificateExpiry(pem)) - days(90);
  const LanPapers papers = Papers(pem, now);
  CHECK_FALSE(papers.RenewalDue(papers.asked, now));
  CHECK_FALSE(papers.RenewalDue(papers.asked, now + days(60) - hours(1)));
  CHECK(papers.RenewalDue(papers.asked, now + days(60)));
  CHECK(papers.RenewalDue(papers.asked, now + days(400)));
  CHECK(papers.RenewalDue({"192.168.8.1"}, now));
  CHECK(Papers("no certificate", now).RenewalDue(papers.asked, now));
}

}  // namespace
}  // namespace cpis::edge
