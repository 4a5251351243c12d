// SPDX-License-Identifier: Apache-2.0
#include "edge/tablets.h"

#include "edge/place.h"
#include "platform/files.h"
#include "tablet.h"

namespace cpis::edge {
namespace {

using namespace std::chrono_literals;
using platform::Code;

std::string Another(const std::string& code) { return code == "00000000" ? "00000001" : "00000000"; }

struct Gateway : test::Tablet {
  Gateway() { Syncs(); }
  Tablets& tablets() { return node->tablets(); }
  std::string CodeFor(const std::string& name) {
    const auto code = tablets().Add(name);
    REQUIRE(code.ok());
    return code->code;
  }
};

TEST_CASE("a tablet that shows the code is known by its token from then on, also after a restart") {
  Gateway gateway;
  const std::string code = gateway.CodeFor("saloon");
  CHECK(code.size() == 8);
  CHECK(gateway.tablets().List().empty());
  const auto paired = gateway.tablets().Pair(code.substr(0, 4) + " " + code.substr(4));
  REQUIRE(paired.ok());
  CHECK(paired->name == "saloon");
  gateway.Starts();
  const auto tablet = gateway.tablets().With(paired->token);
  REQUIRE(tablet.has_value());
  CHECK(tablet->name == "saloon");
  CHECK(gateway.tablets().Has(tablet->id));
  CHECK_FALSE(gateway.tablets().With(paired->token + "x").has_value());
  CHECK_FALSE(gateway.tablets().With("").has_value());
  CHECK(gateway.tablets().Pair(code).status().code() == Code::kDenied);
}

TEST_CASE("a code ends after ten minutes, after five wrong tries, and when another is made") {
  Gateway gateway;
  const std::string late = gateway.CodeFor("saloon");
  gateway.clock.Advance(kCodeLasts + 1ms);
  CHECK(gateway.tablets().Pair(late).status().code() == Code::kDenied);

  const std::string tried = gateway.CodeFor("saloon");
  for (int i = 0; i < 4; ++i) CHECK(gateway.tablets().Pair(Another(tried)).status().code() == Code::kDenied);
  gateway.Starts();  // what was tried stays tried
  CHECK(gateway.tablets().Pair(Another(tried)).status().code() == Code::kDenied);
  CHECK(gateway.tablets().Pair(tried).status().code() == Code::kDenied);

  const std::string first = gateway.CodeFor("saloon");
  const std::string second = gateway.CodeFor("cab");
  CHECK(gateway.tablets().Pair(first).status().code() == Code::kDenied);
  for (int i = 0; i < 3; ++i) (void)gateway.tablets().Pair(Another(second));
  CHECK(gateway.tablets().Pair(second).ok());
}

TEST_CASE("what is no code costs no try, and what is no name is refused and quoted") {
  Gateway gateway;
  const std::string code = gateway.CodeFor("saloon");
  for (const std::string typed : {"", "1234567", "123456789", "1234567x", "١٢٣٤٥٦٧٨"}) {
    for (int i = 0; i < 5; ++i) CHECK(gateway.tablets().Pair(typed).status().code() == Code::kInvalid);
  }
  CHECK(gateway.tablets().Pair(code).ok());
  for (const std::string& name : {std::string(), std::string(" a"), std::string(41, 'a'), std::string("a\nb"), std::string("saloon")}) {
    CHECK(gateway.tablets().Add(name).status().code() == Code::kInvalid);
  }
  CHECK(gateway.tablets().Add("saloon").status().message().find("\"saloon\"") != std::string::npos);
}

TEST_CASE("a tablet that was removed is nobody, and one more than may be is refused") {
  Gateway gateway;
  for (size_t i = 0; i < kMostTablets; ++i) {
    REQUIRE(gateway.tablets().Pair(gateway.CodeFor("tablet " + std::to_string(i))).ok());
  }
  CHECK(gateway.tablets().Add("one more").status().code() == Code::kExhausted);
  REQUIRE(gateway.node->RemoveTablet("tablet 7").ok());
  gateway.Starts();
  CHECK(gateway.tablets().List().size() == kMostTablets - 1);
  CHECK(gateway.node->RemoveTablet("tablet 7").code() == Code::kNotFound);
  CHECK(gateway.tablets().Add("one more").ok());
}

TEST_CASE("neither codes nor tokens nor names of tablets lie on the disk") {
  Gateway gateway;
  const std::string code = gateway.CodeFor("saloon-marker");
  const auto paired = gateway.tablets().Pair(gateway.CodeFor("saloon-marker"));
  REQUIRE(paired.ok());
  gateway.node.reset();
  for (const auto& entry : std::filesystem::directory_iterator(gateway.directory.path())) {
    if (!entry.is_regular_file() || entry.path().extension() == ".reserve") continue;
    const auto bytes = platform::ReadFile(entry.path(), 1 << 26);
    REQUIRE(bytes.ok());
    for (const std::string& secret : {code, paired->token, paired->name}) {
      CHECK(platform::AsText(*bytes).find(secret) == std::string_view::npos);
    }
  }
}

TEST_CASE("a session works at the tablet where it began, and ends with its pairing") {
  Gateway gateway;
  const auto paired = gateway.tablets().Pair(gateway.CodeFor("saloon"));
  const std::string place = gateway.tablets().With(paired->token)->id;
  const auto session = gateway.node->SignIn("crew-1", "135790", place);
  REQUIRE(session.ok());
  const auto looks = [&](const std::string& token) { return gateway.node->Lookup(token, {std::string(test::TestFleet::kChild)}).status().code(); };
  CHECK(looks(TokenAt(place, session->token)) == Code::kOk);
  CHECK(looks(session->token) == Code::kDenied);
  CHECK(looks(TokenAt("0123456789abcdef", session->token)) == Code::kDenied);
  CHECK(looks(TokenAt("", session->token + "@" + place)) == Code::kDenied);
  CHECK(looks(TokenAt("x", session->token + "@" + place)) == Code::kDenied);
  CHECK_FALSE(gateway.node->SignOut(session->token));
  CHECK_FALSE(gateway.node->keeper().Locked());
  REQUIRE(gateway.node->RemoveTablet("saloon").ok());
  CHECK(looks(TokenAt(place, session->token)) == Code::kDenied);
  CHECK(gateway.node->keeper().Locked());

  // One that was begun while its tablet was being removed does not outlive the housekeeper's next turn.
  const auto late = gateway.node->SignIn("crew-1", "135790", place);
  const auto here = gateway.node->SignIn("quiet-1", "246802");
  REQUIRE(late.ok());
  gateway.node->Housekeep();
  CHECK(looks(TokenAt(place, late->token)) == Code::kDenied);
  CHECK(looks(here->token) == Code::kOk);
}

TEST_CASE("the list of tablets is kept as its table says") {
  TabletBook book;
  book.code = TabletBook::Code{"cab", {}, platform::FromUnixSeconds(1'700'000'000), 2};
  book.code->hash.fill(0xc0);
  book.tablets.push_back({"saloon", {}, platform::FromUnixSeconds(1'600'000'000)});
  book.tablets[0].token_hash.fill(0x70);
  std::string hash, token;
  for (int i = 0; i < 32; ++i) hash += "c0", token += "70";
  const std::string vector = "0101" "03636162" + hash + "0000018bcfe56800" "02" "01" "0673616c6f6f6e" + token + "00000174876e8000";
  CHECK(platform::Hex(book.Encode()) == vector);
  const Bytes bytes = *platform::ParseHex(vector);
  const auto again = TabletBook::Decode(bytes);
  REQUIRE(again.ok());
  CHECK(again->Encode() == bytes);
  for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(TabletBook::Decode(ByteView(bytes).first(size)).ok());
}

}  // namespace
}  // namespace cpis::edge
