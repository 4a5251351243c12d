// SPDX-License-Identifier: Apache-2.0
//
// A node in its last good state, and every kind of signed message that it would take in next.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sync/node/identity.h"
#include "sync/node/replicator.h"
#include "sync/resolve.h"
#include "tests/sync/keys.h"
#include "tests/sync/node/fake_replica.h"

namespace cpis::sync::node {

using crypto::Role;
using platform::Code;
using platform::Instant;

inline const Instant kBenchNoon = *platform::ParseRfc3339("2026-11-22T12:00:00Z");

// A message that would be accepted, and what makes it so.
struct Message {
  std::string name;
  Bytes genuine;
  Role role;
  std::string purpose;
  std::function<Status(ByteView)> deliver;
};

struct AttackBench {
  AttackBench() {
    identity.root_public_key = RootKey().public_key;
    const KeySet first{1, ContentKey().public_key, FreshnessKey().public_key, PolicyKey().public_key, fleet_box.public_key,
                       RootKey().public_key};
    identity.signed_key_set = EncodeKeySet(first, RootKey());
    identity.keys = first;
    for (const Topic& topic : {Topic::Rows("E10000017"), Topic::Directory(), Topic::Roster(), Topic::Policy(), Topic::Index(), Own()}) {
      books.emplace(topic, Book(topic, SignerOf(topic)));
      Writes(topic, 1);
    }
    for (const bool own : {true, false}) {
      const auto wants = replicator.Hear(ManifestNow(own));
      REQUIRE(wants.ok());
      for (const Want& want : *wants) {
        for (const Bytes& part : books.at(want.head.topic).Snapshot()) REQUIRE(replicator.Take(want, part).ok());
      }
    }
    REQUIRE(*replicator.AdoptIfComplete());
  }

  static Topic Own() { return Topic::Node("node-1"); }
  static const crypto::SigningKey& SignerOf(const Topic& topic) {
    return topic.SignedBy() == Role::kContent ? ContentKey() : PolicyKey();
  }
  // One entry, which each change replaces; of the index it is a bucket.
  static Book::Edit EntryOf(const Topic& topic, uint64_t change) {
    if (topic != Topic::Index()) return {7, "entry " + std::to_string(change)};
    const England england({crypto::EnglandHash{0x0700'0000'0000'0000 + (change << 40)}}, England::kFewestBits);
    const auto bucket = england.Buckets().front();
    return {static_cast<uint64_t>(bucket.index), std::string(platform::AsText(bucket.body))};
  }
  Bytes Writes(const Topic& topic, uint64_t change) { return books.at(topic).Write({EntryOf(topic, change)}); }

  Manifest PlainManifest(bool own) const {
    Manifest manifest{epoch, now, 0, {}};
    for (const auto& [topic, book] : books) {
      if ((topic == Own()) == own) manifest.heads.push_back(book.Head());
    }
    return manifest;
  }
  Bytes ManifestNow(bool own) const { return EncodeManifest(PlainManifest(own), FreshnessKey()); }

  // All that can be seen from outside of what is held and believed.
  std::string Picture() const {
    return replica.Picture() + "keys " + std::to_string(identity.keys.Now()->version) + " " +
           platform::Hex(identity.signed_key_set);
  }

  Status TakesKeySet(ByteView bytes) {
    return TakeKeySet(identity, bytes, [](const Identity&) { return Status::Ok(); });
  }
  KeySet NextKeys() const {
    KeySet next = *identity.keys.Now();
    ++next.version;
    next.policy = crypto::NewSigningKey().public_key;
    return next;
  }
  // The want of a topic that stands ahead of what is held.
  Want WantOf(const Topic& topic) {
    const auto wants = replicator.Hear(ManifestNow(topic == Own()));
    REQUIRE(wants.ok());
    for (const Want& want : *wants) {
      if (want.head.topic == topic) return want;
    }
    FAIL("nothing is wanted of " << topic.text());
    return wants->front();
  }
  ResolveReply Reply() const {
    ResolveReply reply;
    reply.id = query.id;
    reply.server_time = now;
    reply.outcome = Outcome::kNotFlagged;
    return reply;
  }
  Status TakesReply(ByteView bytes) {
    const auto reply = OpenResolveReply(bytes, identity.keys.Now()->Of(Role::kFreshness), {node_box, directory_key});
    return reply.ok() ? CheckReply(*reply, query, now) : reply.status();
  }
  Status TakesReceipt(ByteView bytes) const {
    return DecodeReceipt(bytes, identity.keys.Now()->Of(Role::kFreshness)).status();
  }

  Instant now = kBenchNoon;
  crypto::Epoch epoch{1};
  std::map<Topic, Book> books;
  crypto::BoxKey fleet_box = crypto::NewBoxKey();
  crypto::BoxKey node_box = crypto::NewBoxKey();
  crypto::Secret directory_key = crypto::Secret::Random(32);
  ResolveQuery query{"node-1", "01933511-2222-7333-8444-555566667777", "9990000018", kBenchNoon};
  Identity identity;
  FakeReplica replica;
  Replicator replicator{identity.keys, Own(), replica};
};

// What a case needs: a bench of its own, and the message that comes next there.
struct Prepared {
  std::unique_ptr<AttackBench> bench = std::make_unique<AttackBench>();
  Message message;
};
using Prepare = std::function<Prepared()>;

inline Prepare ManifestOf(bool own) {
  return [own] {
    Prepared p;
    AttackBench& b = *p.bench;
    b.now += std::chrono::seconds(30);
    b.Writes(own ? b.Own() : Topic::Policy(), 2);
    p.message = {own ? "manifest of the node" : "manifest of the region", b.ManifestNow(own), Role::kFreshness, "cpis.v1.manifest",
                 [&b](ByteView bytes) { return b.replicator.Hear(bytes).status(); }};
    return p;
  };
}

enum class Way { kDelta, kSnapshot, kRepair };
inline Prepare SegmentOf(const Topic& topic, Way way) {
  return [topic, way] {
    Prepared p;
    AttackBench& b = *p.bench;
    Bytes genuine;
    const auto index = AttackBench::EntryOf(topic, 1).index;
    if (way == Way::kRepair) {
      b.replica.Spoils(topic, RowIndex{index});
      genuine = b.books.at(topic).Repair({BucketOf(RowIndex{index})});
    } else {
      genuine = b.Writes(topic, 2);
      if (way == Way::kSnapshot) genuine = b.books.at(topic).Snapshot().front();
    }
    const char* name = way == Way::kDelta ? "delta" : way == Way::kSnapshot ? "snapshot" : "repair";
    p.message = {std::string(name) + " of " + topic.text(), genuine, topic.SignedBy(), "cpis.v1.segment",
                 [&b, want = b.WantOf(topic)](ByteView bytes) { return b.replicator.Take(want, bytes); }};
    return p;
  };
}

// The first of an index that is not held yet.
inline Prepare PatchOfIndex() {
  return [] {
    Prepared p;
    AttackBench& b = *p.bench;
    REQUIRE(b.replica.Drop(Topic::Index()).ok());
    Segment patch{SegmentKind::kPatch, Topic::Index(), b.epoch, Sequence{0}, Sequence{1}, 0, 1, {}};
    const Bytes prefixes = England::EncodePatch(England::kFewestBits, {7});
    patch.patch = prefixes;
    TopicSet set;
    England england;
    const auto buckets = england.Apply(prefixes);
    REQUIRE(buckets.ok());
    for (const auto& bucket : *buckets) set.Put(bucket.index, HashEntry(bucket.index, 1, bucket.body));
    patch.digest = set.DigestAt(Topic::Index(), Sequence{1});
    p.message = {"patch of index", EncodeSegment(patch, ContentKey()), Role::kContent, "cpis.v1.segment",
                 [&b, want = b.WantOf(Topic::Index())](ByteView bytes) { return b.replicator.Take(want, bytes); }};
    return p;
  };
}

inline Prepared PreparedKeySet() {
  Prepared p;
  AttackBench& b = *p.bench;
  p.message = {"key set", EncodeKeySet(b.NextKeys(), RootKey()), Role::kRoot, "cpis.v1.keys",
               [&b](ByteView bytes) { return b.TakesKeySet(bytes); }};
  return p;
}

inline Prepared PreparedReceipt() {
  Prepared p;
  AttackBench& b = *p.bench;
  p.message = {"receipt", EncodeReceipt({"node-1", 1, b.query.id, Verdict::kAccepted, b.now, ""}, FreshnessKey()), Role::kFreshness,
               "cpis.v1.receipt", [&b](ByteView bytes) { return b.TakesReceipt(bytes); }};
  return p;
}

inline Prepared PreparedReply() {
  Prepared p;
  AttackBench& b = *p.bench;
  p.message = {"resolve reply", SealResolveReply(b.Reply(), {b.node_box.public_key, b.directory_key}, FreshnessKey()),
               Role::kFreshness, "cpis.v1.resolved", [&b](ByteView bytes) { return b.TakesReply(bytes); }};
  return p;
}

inline std::vector<Prepare> EveryMessage() {
  std::vector<Prepare> all{ManifestOf(false), ManifestOf(true), PreparedKeySet, PreparedReceipt, PreparedReply, PatchOfIndex()};
  for (const Topic& topic : {Topic::Rows("E10000017"), Topic::Directory(), Topic::Roster(), Topic::Policy(), Topic::Index(),
                             AttackBench::Own()}) {
    for (const Way way : {Way::kDelta, Way::kSnapshot, Way::kRepair}) all.push_back(SegmentOf(topic, way));
  }
  return all;
}

}  // namespace cpis::sync::node
