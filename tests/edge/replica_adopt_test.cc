// SPDX-License-Identifier: Apache-2.0
//
// The manifest that answers are as of: kept when its signer is replaced, and moved with the epoch.
#include <catch2/catch.hpp>

#include "platform/sqlite.h"
#include "replica_stage.h"

namespace cpis::edge {
namespace {

using sync::Topic;
using test::kNow;
using test::kRegion;
using test::kRows;
using test::Stage;
using test::TestFleet;

// As after the fleet's freshness key was replaced: what was adopted is signed by another key than the one held now.
std::unique_ptr<Replica> OpenWithAnotherKey(const Stage& stage) {
  auto replica = Replica::Open({stage.file(), crypto::NewSigningKey().public_key, stage.fleet.Identity().journal_key.Clone()});
  REQUIRE(replica.ok());
  REQUIRE((*replica)->WaitVerified(std::chrono::seconds(10)));
  return *std::move(replica);
}

TEST_CASE("what was adopted goes on being believed after the key that signed it was replaced") {
  Stage stage;
  REQUIRE(stage.fleet.Feed(*stage.Open(), kNow).ok());
  auto replica = OpenWithAnotherKey(stage);
  CHECK(replica->CoverageOf(kRegion).as_of == kNow);
  CHECK(replica->CoverageOf(kRegion).complete);
  CHECK(replica->AdoptedManifest().epoch == crypto::Epoch{1});
  CHECK(replica->AdoptedManifest().signed_bytes == stage.fleet.SignedManifest(kNow));
  CHECK(replica->EnglandNow().as_of == kNow);
}

TEST_CASE("a manifest on disk that neither the key nor this node vouches for counts as none") {
  Stage stage;
  REQUIRE(stage.fleet.Feed(*stage.Open(), kNow).ok());
  const std::string way = GENERATE("another manifest", "no seal", "another seal");
  INFO(way);
  if (way == "another manifest") {
    const std::string later = platform::Hex(stage.fleet.SignedManifest(kNow + std::chrono::hours(1)));
    stage.Tamper("UPDATE meta SET value = x'" + later + "' WHERE key = 'manifest.region'");
  } else if (way == "no seal") {
    stage.Tamper("DELETE FROM meta WHERE key = 'manifest.region.seal'");
  } else {
    stage.Tamper("UPDATE meta SET value = zeroblob(32) WHERE key = 'manifest.region.seal'");
  }
  auto replica = OpenWithAnotherKey(stage);
  CHECK_FALSE(replica->CoverageOf(kRegion).as_of);
  CHECK_FALSE(replica->CoverageOf(kRegion).complete);
  CHECK(replica->AdoptedManifest().signed_bytes.empty());
}

TEST_CASE("adopting a new epoch moves what stands there, durably, and leaves every row and answer as it was") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  sync::Manifest manifest = *sync::DecodeVerifiedManifest(stage.fleet.SignedManifest(kNow + std::chrono::hours(1)));
  manifest.epoch = crypto::Epoch{5};
  const Bytes bytes = sync::EncodeManifest(manifest, crypto::NewSigningKey());
  REQUIRE(replica->AdoptManifest(manifest, bytes).ok());
  for (const bool restarted : {false, true}) {
    INFO(restarted);
    if (restarted) {
      replica.reset();
      replica = stage.Open();
    }
    for (const sync::TopicHead& head : manifest.heads) CHECK(replica->CursorOf(head.topic).epoch == crypto::Epoch{5});
    CHECK(replica->CoverageOf(kRegion).as_of == manifest.server_time);
    CHECK(replica->CoverageOf(kRegion).complete);
    CHECK_FALSE(replica->CoverageOf(kRegion).damaged);
    CHECK(replica->EnglandNow().as_of == manifest.server_time);
    CHECK(replica->Find(stage.fleet.IndexOf(TestFleet::kChild)).rows.size() == 1);
  }
  // An older epoch is not adopted over it, however new it says it is.
  REQUIRE(stage.fleet.Adopt(*replica, kNow + std::chrono::hours(2)).ok());
  CHECK(replica->CoverageOf(kRegion).as_of == manifest.server_time);
  CHECK(replica->CursorOf(kRows).epoch == crypto::Epoch{5});
}

TEST_CASE("a topic that stands elsewhere does not move with the epoch") {
  Stage stage;
  auto replica = stage.Open();
  REQUIRE(stage.fleet.Feed(*replica, kNow).ok());
  sync::Manifest manifest = *sync::DecodeVerifiedManifest(stage.fleet.SignedManifest(kNow));
  manifest.epoch = crypto::Epoch{2};
  for (sync::TopicHead& head : manifest.heads) {
    if (head.topic == kRows) head.digest[0] ^= 1;
  }
  CHECK_FALSE(replica->AdoptManifest(manifest, sync::EncodeManifest(manifest, crypto::NewSigningKey())).ok());
  CHECK(replica->CursorOf(kRows).epoch == crypto::Epoch{1});
  CHECK(replica->CursorOf(Topic::Directory()).epoch == crypto::Epoch{1});
  CHECK(replica->CoverageOf(kRegion).as_of == kNow);
}

}  // namespace
}  // namespace cpis::edge
