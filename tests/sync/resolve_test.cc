// SPDX-License-Identifier: Apache-2.0
#include "sync/resolve.h"

#include <catch2/catch.hpp>

#include "tests/sync/hostile.h"
#include "tests/sync/keys.h"

namespace cpis::sync {
namespace {

using platform::Code;

Instant At(std::string_view text) { return *platform::ParseRfc3339(text); }

crypto::BoxKey FixedBox(uint8_t fill) { return crypto::BoxKeyFromSecret(crypto::Secret::Copy(Bytes(32, fill))); }
const crypto::BoxKey& FleetBox() {
  static const auto key = FixedBox(0x21);
  return key;
}
const crypto::Secret& DirectoryKey() {
  static const auto key = crypto::Secret::Random(32);
  return key;
}

const crypto::BoxKey& NodeBox() {
  static const auto key = FixedBox(0x42);
  return key;
}

ResolveQuery Query() {
  return {"node-0123456789abcdef", "01935111-2222-7333-8444-555566667777", "9990000018", At("2026-11-22T02:15:00.250Z")};
}

ResolveReply Flagged() {
  ResolveReply reply;
  reply.id = Query().id;
  reply.server_time = At("2026-11-22T02:15:01Z");
  reply.outcome = Outcome::kFlagged;
  reply.evidence = {
      {{"E06000063", "Cumberland Council", "03332401727", "03003733730"},
       {{{PlanType::kCpp, At("2026-03-01T09:00:00Z"), std::nullopt}}, {{At("2026-11-20T23:15:33Z"), PersonId{3}}}}},
      {{"E10000017", "Lancashire County Council", "03001236722", ""},
       {{{PlanType::kLac, At("2025-01-01T00:00:00Z"), At("2026-09-01T00:00:00Z")}}, {}}}};
  reply.viewers = {{PersonId{3}, "Ms Sam Crew", "R1070", "Paramedic", "RX7", "NWAS"}};
  return reply;
}

ResolveReply Said(Outcome outcome, std::optional<Notice> notice = std::nullopt) {
  ResolveReply reply;
  reply.id = Query().id;
  reply.server_time = At("2026-11-22T02:15:01Z");
  reply.outcome = outcome;
  reply.notice = notice;
  return reply;
}

void CheckSame(const ResolveReply& a, const ResolveReply& b) {
  CHECK(a.id == b.id);
  CHECK(a.server_time == b.server_time);
  CHECK(a.outcome == b.outcome);
  CHECK(a.notice == b.notice);
  CHECK(a.viewers == b.viewers);
  REQUIRE(a.evidence.size() == b.evidence.size());
  for (size_t i = 0; i < a.evidence.size(); ++i) {
    CHECK(a.evidence[i].authority == b.evidence[i].authority);
    CHECK(a.evidence[i].flag == b.evidence[i].flag);
  }
}

TEST_CASE("a query opens for its fleet, as it was asked") {
  const Bytes sealed = SealResolveQuery(Query(), FleetBox().public_key, NodeKey());
  const auto opened = OpenResolveQuery(sealed, NodeKey().public_key, FleetBox());
  REQUIRE(opened.ok());
  CHECK(opened->node == Query().node);
  CHECK(opened->id == Query().id);
  CHECK(opened->nhs_number == Query().nhs_number);
  CHECK(opened->asked_at == Query().asked_at);
}

TEST_CASE("a reply opens for its node, as it was given, whatever the outcome") {
  for (const ResolveReply& reply : {Flagged(), Said(Outcome::kNotFlagged), Said(Outcome::kCannotSay, Notice::kWithheld),
                                    Said(Outcome::kCannotSay, Notice::kReplaced)}) {
    const Bytes sealed = SealResolveReply(reply, {NodeBox().public_key, DirectoryKey()}, FreshnessKey());
    const auto opened = OpenResolveReply(sealed, FreshnessKey().public_key, {NodeBox(), DirectoryKey()});
    REQUIRE(opened.ok());
    CheckSame(*opened, reply);
  }
}

TEST_CASE("a query or reply with any byte missing, changed or added is refused") {
  CHECK(RefusesEveryDamage(SealResolveQuery(Query(), FleetBox().public_key, NodeKey()), [](ByteView bytes) {
    return OpenResolveQuery(bytes, NodeKey().public_key, FleetBox());
  }));
  // Of a reply, which is long, the sealed part is damaged beneath a signature that stands.
  const Bytes reply = EncodeResolveReply(Flagged());
  ForEachTruncation(reply, [](const Bytes& cut) { CHECK(DecodeResolveReply(cut).status().code() == Code::kCorrupt); });
}

TEST_CASE("a query or reply with a flipped bit inside is corrupt or another one, never one thing in two forms") {
  ForEachBitFlip(EncodeResolveQuery(Query()), [](const Bytes& flipped) {
    const auto decoded = DecodeResolveQuery(flipped);
    if (decoded.ok()) CHECK(EncodeResolveQuery(*decoded) == flipped);
  });
  ForEachBitFlip(EncodeResolveReply(Flagged()), [](const Bytes& flipped) {
    const auto decoded = DecodeResolveReply(flipped);
    if (decoded.ok()) CHECK(EncodeResolveReply(*decoded) == flipped);
  });
}

TEST_CASE("a query of another node, or a reply by another key, role or for another node, is refused") {
  const Bytes query = SealResolveQuery(Query(), FleetBox().public_key, NodeKey());
  CHECK_FALSE(OpenResolveQuery(query, crypto::NewSigningKey().public_key, FleetBox()).ok());
  CHECK_FALSE(OpenResolveQuery(query, NodeKey().public_key, NodeBox()).ok());
  const Bytes reply = SealResolveReply(Flagged(), {NodeBox().public_key, DirectoryKey()}, FreshnessKey());
  CHECK_FALSE(OpenResolveReply(reply, FreshnessKey().public_key, {NodeBox(), crypto::Secret::Random(32)}).ok());  // nobody signed in
  CHECK_FALSE(OpenResolveReply(reply, ContentKey().public_key, {NodeBox(), DirectoryKey()}).ok());
  CHECK_FALSE(OpenResolveReply(reply, FreshnessKey().public_key, {FleetBox(), DirectoryKey()}).ok());
  const Bytes message = WithoutSignature(reply);
  const Bytes by_role = crypto::Sign(FreshnessKey(), crypto::Role::kContent, "cpis.v1.resolved", message);
  CHECK(OpenResolveReply(by_role, FreshnessKey().public_key, {NodeBox(), DirectoryKey()}).status().code() == Code::kDenied);
  const Bytes as_query = crypto::Sign(FreshnessKey(), crypto::Role::kFreshness, "cpis.v1.resolve", message);
  CHECK_FALSE(OpenResolveReply(as_query, FreshnessKey().public_key, {NodeBox(), DirectoryKey()}).ok());
}

TEST_CASE("a reply that says one thing and shows another is corrupt") {
  ResolveReply reply = Flagged();
  const auto refused = [&] { return DecodeResolveReply(EncodeResolveReply(reply)).status().code() == Code::kCorrupt; };
  SECTION("flagged, with nothing to show") { reply.evidence.clear(); }
  SECTION("not flagged, and yet there is a plan") { reply.outcome = Outcome::kNotFlagged; }
  SECTION("withheld, and yet something is shown") {
    reply.outcome = Outcome::kCannotSay;
    reply.notice = Notice::kWithheld;
  }
  SECTION("flagged, with a notice") { reply.notice = Notice::kReplaced; }
  SECTION("cannot say, without a reason") { reply = Said(Outcome::kCannotSay); }
  SECTION("possibly elsewhere: there is no elsewhere") { reply = Said(Outcome::kPossiblyElsewhere); }
  SECTION("an authority with no plan") { reply.evidence[0].flag.plans.clear(); }
  SECTION("an authority twice") { reply.evidence[1] = reply.evidence[0]; }
  SECTION("a viewer twice") { reply.viewers.push_back(reply.viewers[0]); }
  CHECK(refused());
}

TEST_CASE("counts that cannot be true are refused before anything is reserved") {
  platform::ByteWriter out;
  out.U8(1);
  out.Sized(Query().id);
  out.U64(0);
  out.U8(1);
  out.U8(0);
  out.Varint(uint64_t{1} << 60);
  Bytes bytes = std::move(out).Take();
  bytes.resize(1024, 0);
  CHECK(DecodeResolveReply(bytes).status().code() == Code::kCorrupt);
}

TEST_CASE("what is wrong with a query is told without its number, and only true numbers are asked about") {
  for (const char* number : {"9990000019", "999 000 0018", ""}) {
    ResolveQuery query = Query();
    query.nhs_number = number;
    const auto decoded = DecodeResolveQuery(EncodeResolveQuery(query));
    CHECK(decoded.status().code() == Code::kCorrupt);
    CHECK(decoded.status().message().find("999") == std::string::npos);
  }
}

TEST_CASE("by their length a yes, a no and a notice cannot be told apart") {
  const auto length = [](const ResolveReply& reply) {
    return SealResolveReply(reply, {NodeBox().public_key, DirectoryKey()}, FreshnessKey()).size();
  };
  CHECK(length(Said(Outcome::kNotFlagged)) == length(Flagged()));
  CHECK(length(Said(Outcome::kCannotSay, Notice::kWithheld)) == length(Flagged()));
}

TEST_CASE("a reply counts for its own query only, and for a minute") {
  const Instant now = Flagged().server_time;
  CHECK(CheckReply(Flagged(), Query(), now).ok());
  CHECK(CheckReply(Flagged(), Query(), now + std::chrono::seconds(60)).ok());
  CHECK(CheckReply(Flagged(), Query(), now + std::chrono::seconds(61)).code() == Code::kDenied);
  CHECK(CheckReply(Flagged(), Query(), now - std::chrono::hours(1)).ok());  // the server's clock is the one that counts
  ResolveQuery other = Query();
  other.id = "01935111-2222-7333-8444-555566667778";
  CHECK(CheckReply(Flagged(), other, now).code() == Code::kDenied);
}

// The expected bytes come from a second implementation, written from the byte table alone in Python (see vectors_test.cc).
TEST_CASE("vector: resolve query and reply") {
  constexpr std::string_view kQuery =
      "01156e6f64652d303132333435363738396162636465662430313933353131312d323232322d373333332d383434342d3535"
      "353536363636373737370a39393930303030303138000001a201090d9a";
  CHECK(platform::Hex(EncodeResolveQuery(Query())) == kQuery);
  std::string reply =
      "012430313933353131312d323232322d373333332d383434342d353535353636363637373737000001a20109108801000236"
      "01094530363030303036331243756d6265726c616e6420436f756e63696c0b30333333323430313732370b30333030333733"
      "333733300e010101f8ee951c01aad286b00d03320109453130303030303137194c616e6361736869726520436f756e747920"
      "436f756e63696c0b3033303031323336373232000b010180c0a2cb1b80f06a00012702030b4d732053616d20437265770552"
      "3130373009506172616d6564696303525837044e574153";
  reply.resize(2048, '0');
  CHECK(platform::Hex(EncodeResolveReply(Flagged())) == reply);
  CheckSame(*DecodeResolveReply(*platform::ParseHex(reply)), Flagged());
}

}  // namespace
}  // namespace cpis::sync
