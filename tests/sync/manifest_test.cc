// SPDX-License-Identifier: Apache-2.0
#include "sync/manifest.h"

#include <catch2/catch.hpp>

#include "tests/sync/hostile.h"
#include "tests/sync/keys.h"

namespace cpis::sync {
namespace {

using platform::AsBytes;
using platform::ByteWriter;
using platform::Code;

Manifest Region() {
  Manifest manifest;
  manifest.epoch = Epoch{2};
  manifest.server_time = *platform::ParseRfc3339("2026-11-22T02:00:00.123Z");
  manifest.reconnect_window_seconds = 30;
  manifest.heads = {{Topic::Rows("E09000012"), Sequence{5}, crypto::Blake2b32({AsBytes("a")})},
                    {Topic::Rows("E10000017"), Sequence{42}, crypto::Blake2b32({AsBytes("b")})},
                    {Topic::Directory(), Sequence{9}, crypto::Blake2b32({AsBytes("c")})},
                    {Topic::Policy(), Sequence{1}, crypto::Blake2b32({AsBytes("d")})}};
  return manifest;
}

Result<Manifest> Decode(ByteView bytes) { return DecodeManifest(bytes, FreshnessKey().public_key); }

TEST_CASE("a manifest decodes to what was encoded") {
  const auto decoded = Decode(EncodeManifest(Region(), FreshnessKey()));
  REQUIRE(decoded.ok());
  CHECK(decoded->epoch == Epoch{2});
  CHECK(decoded->server_time == Region().server_time);
  CHECK(decoded->reconnect_window_seconds == 30);
  CHECK(decoded->heads == Region().heads);
}

TEST_CASE("a manifest without topics is a manifest") { CHECK(Decode(EncodeManifest(Manifest{}, FreshnessKey())).ok()); }

TEST_CASE("the same heads give the same bytes in whichever order they were collected") {
  auto other = Region();
  std::swap(other.heads[0], other.heads[3]);
  CHECK(EncodeManifest(other, FreshnessKey()) == EncodeManifest(Region(), FreshnessKey()));
}

TEST_CASE("a topic is found in the manifest that speaks of it") {
  const auto manifest = Region();
  REQUIRE(manifest.Find(Topic::Directory()) != nullptr);
  CHECK(manifest.Find(Topic::Directory())->sequence == Sequence{9});
  CHECK(manifest.Find(Topic::Roster()) == nullptr);
}

TEST_CASE("a manifest with any byte missing, changed or added is refused") {
  CHECK(RefusesEveryDamage(EncodeManifest(Region(), FreshnessKey()), Decode));
}

TEST_CASE("a manifest by another key or role is refused") {
  CHECK(Decode(EncodeManifest(Region(), ContentKey())).status().code() == Code::kCorrupt);
  const auto message = WithoutSignature(EncodeManifest(Region(), FreshnessKey()));
  for (const auto role : {crypto::Role::kRoot, crypto::Role::kContent, crypto::Role::kPolicy, crypto::Role::kNode}) {
    const auto bytes = crypto::Sign(FreshnessKey(), role, "cpis.v1.manifest", message);
    CHECK(Decode(bytes).status().code() == Code::kDenied);
  }
  CHECK_FALSE(Decode(crypto::Sign(FreshnessKey(), crypto::Role::kFreshness, "cpis.v1.receipt", message)).ok());
}

TEST_CASE("a topic that a manifest names twice makes it corrupt") {
  auto manifest = Region();
  manifest.heads.push_back(manifest.heads.front());
  CHECK(Decode(EncodeManifest(manifest, FreshnessKey())).status().code() == Code::kCorrupt);
}

// A well signed manifest with a time, a count and heads of the test's choice.
Bytes ManifestOf(uint64_t millis, uint64_t count, const std::vector<std::string>& topics) {
  ByteWriter out;
  out.U8(1);
  out.U32(1);
  out.U64(millis);
  out.U32(0);
  out.Varint(count);
  for (const auto& topic : topics) {
    out.Sized(topic);
    out.U64(1);
    out.Raw(Bytes(32));
  }
  return crypto::Sign(FreshnessKey(), crypto::Role::kFreshness, "cpis.v1.manifest", out.bytes());
}

TEST_CASE("a well signed manifest that is not well formed is corrupt") {
  CHECK(Decode(ManifestOf(1, 2, {"directory", "roster"})).ok());
  CHECK(Decode(ManifestOf(1, 2, {"roster", "directory"})).status().code() == Code::kCorrupt);
  CHECK(Decode(ManifestOf(1, 1, {"rosters"})).status().code() == Code::kCorrupt);
  CHECK(Decode(ManifestOf(1, 3, {"directory", "roster"})).status().code() == Code::kCorrupt);
  CHECK(Decode(ManifestOf(1, 1, {"directory", "roster"})).status().code() == Code::kCorrupt);
  CHECK(Decode(ManifestOf(1, UINT64_MAX, {"directory"})).status().code() == Code::kCorrupt);
  CHECK(Decode(ManifestOf(UINT64_MAX / 2, 0, {})).status().code() == Code::kCorrupt);  // past all calendars
}

KeySet Keys() {
  KeySet keys;
  keys.version = 4;
  keys.content = ContentKey().public_key;
  keys.freshness = FreshnessKey().public_key;
  keys.policy = PolicyKey().public_key;
  keys.fleet_box = Bytes(32, 0x42);
  keys.root = RootKey().public_key;
  return keys;
}

Result<KeySet> DecodeKeys(ByteView bytes) { return DecodeKeySet(bytes, RootKey().public_key); }

TEST_CASE("a key set decodes to what was encoded") {
  const auto decoded = DecodeKeys(EncodeKeySet(Keys(), RootKey()));
  REQUIRE(decoded.ok());
  CHECK(decoded->version == 4);
  CHECK(decoded->content == Keys().content);
  CHECK(decoded->freshness == Keys().freshness);
  CHECK(decoded->policy == Keys().policy);
  CHECK(decoded->fleet_box == Keys().fleet_box);
  CHECK(decoded->root == Keys().root);
}

TEST_CASE("a key set gives the key of each role in it and none of the others") {
  const auto keys = Keys();
  CHECK(platform::ToBytes(keys.Of(crypto::Role::kContent)) == keys.content);
  CHECK(platform::ToBytes(keys.Of(crypto::Role::kFreshness)) == keys.freshness);
  CHECK(platform::ToBytes(keys.Of(crypto::Role::kPolicy)) == keys.policy);
  CHECK(keys.Of(crypto::Role::kRoot).empty());
  CHECK(keys.Of(crypto::Role::kNode).empty());
}

TEST_CASE("a key set with any byte missing, changed or added is refused") {
  CHECK(RefusesEveryDamage(EncodeKeySet(Keys(), RootKey()), DecodeKeys));
}

TEST_CASE("only root may sign a key set") {
  CHECK(DecodeKeys(EncodeKeySet(Keys(), PolicyKey())).status().code() == Code::kCorrupt);
  const auto message = WithoutSignature(EncodeKeySet(Keys(), RootKey()));
  const auto bytes = crypto::Sign(RootKey(), crypto::Role::kContent, "cpis.v1.keys", message);
  CHECK(DecodeKeys(bytes).status().code() == Code::kDenied);
}

}  // namespace
}  // namespace cpis::sync
