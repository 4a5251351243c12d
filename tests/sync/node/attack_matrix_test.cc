// SPDX-License-Identifier: Apache-2.0
//
// The attacks that TUF lists (The Update Framework specification, §1.5.2), tried on every kind of message: each is refused, and
// the last good state goes on serving. What takes a server to try is in tests/sync/fleet/hostile_server_test.cc.
#include "tests/sync/node/attack_bench.h"

namespace cpis::sync::node {
namespace {

using namespace std::chrono_literals;

struct Signer {
  std::string name;
  crypto::SigningKey key;
  Role says;
};

crypto::SigningKey Copy(const crypto::SigningKey& key) { return {key.secret.Clone(), key.public_key}; }

// Everybody else's keys, with their own role and with the right one; and a stranger's in the right role.
std::vector<Signer> EveryWrongSigner(Role right) {
  std::vector<Signer> signers;
  const std::pair<Role, const crypto::SigningKey*> ours[] = {{Role::kRoot, &RootKey()},
                                                             {Role::kContent, &ContentKey()},
                                                             {Role::kFreshness, &FreshnessKey()},
                                                             {Role::kPolicy, &PolicyKey()},
                                                             {Role::kNode, &NodeKey()}};
  for (const auto& [role, key] : ours) {
    for (const Role says : {Role::kRoot, Role::kContent, Role::kFreshness, Role::kPolicy, Role::kNode}) {
      if (role != right || says != right) {
        signers.push_back({std::string(Name(role)) + " as " + std::string(Name(says)), Copy(*key), says});
      }
    }
  }
  signers.push_back({"another fleet's " + std::string(Name(right)), crypto::NewSigningKey(), right});
  return signers;
}

TEST_CASE("attack matrix: every message of every wrong signer is refused, and the last good state serves on") {
  size_t tried = 0;
  for (const Prepare& prepare : EveryMessage()) {
    const Prepared prepared = prepare();
    const Message& message = prepared.message;
    const std::string before = prepared.bench->Picture();
    const Bytes plain = WithoutSignature(message.genuine);
    for (const Signer& signer : EveryWrongSigner(message.role)) {
      INFO(message.name << " by " << signer.name);
      const Status taken = message.deliver(crypto::Sign(signer.key, signer.says, message.purpose, plain));
      CHECK((taken.code() == Code::kDenied || taken.code() == Code::kCorrupt));
      CHECK(prepared.bench->Picture() == before);
      ++tried;
    }
    // The right key for another purpose: a message of one kind is none of another.
    for (const char* purpose : {"cpis.v1.manifest", "cpis.v1.segment", "cpis.v1.keys", "cpis.v1.receipt", "cpis.v1.resolved", ""}) {
      if (purpose == message.purpose) continue;
      INFO(message.name << " for the purpose " << purpose);
      const crypto::SigningKey right = FixedKey(message.role);
      CHECK_FALSE(message.deliver(crypto::Sign(right, message.role, purpose, plain)).ok());
      CHECK(prepared.bench->Picture() == before);
      ++tried;
    }
    INFO(message.name);
    CHECK(message.deliver(message.genuine).ok());  // the control: only the signature was wrong
  }
  CHECK(tried == 24 * (25 + 5));
}

TEST_CASE("attack matrix: a key that was replaced signs nothing any more") {
  for (const Prepare& prepare : EveryMessage()) {
    const Prepared prepared = prepare();
    AttackBench& bench = *prepared.bench;
    INFO(prepared.message.name);
    KeySet next = *bench.identity.keys.Now();
    ++next.version;
    for (Bytes* key : {&next.content, &next.freshness, &next.policy, &next.root}) *key = crypto::NewSigningKey().public_key;
    REQUIRE(bench.TakesKeySet(EncodeKeySet(next, RootKey())).ok());
    const std::string before = bench.Picture();
    CHECK_FALSE(prepared.message.deliver(prepared.message.genuine).ok());
    CHECK(bench.Picture() == before);
  }
}

TEST_CASE("attack matrix: no byte of any message can be changed, left out or added") {
  for (const Prepare& prepare : EveryMessage()) {
    const Prepared prepared = prepare();
    const std::string before = prepared.bench->Picture();
    INFO(prepared.message.name);
    bool refused = true;
    const auto tries = [&](const Bytes& bytes) { refused = refused && !prepared.message.deliver(bytes).ok(); };
    const Bytes& genuine = prepared.message.genuine;
    for (size_t at = 0; at < genuine.size(); ++at) {
      Bytes changed = genuine;
      changed[at] ^= static_cast<uint8_t>(1 << at % 8);
      tries(changed);
      tries(Bytes(genuine.begin(), genuine.begin() + static_cast<std::ptrdiff_t>(at)));
    }
    Bytes longer = genuine;
    longer.push_back(0);
    tries(longer);
    CHECK(refused);
    CHECK(prepared.bench->Picture() == before);
    CHECK(prepared.message.deliver(genuine).ok());
  }
}

// What is signed rightly, and still must not be believed: old, from too far ahead, or put together from several truths.
struct Attack {
  std::string name;
  std::function<Status(AttackBench&)> tries;
};

Status Hears(AttackBench& b, Manifest manifest) { return b.replicator.Hear(EncodeManifest(manifest, FreshnessKey())).status(); }

Manifest With(AttackBench& b, const std::function<void(Manifest&)>& change) {
  b.now += 30s;
  Manifest manifest = b.PlainManifest(false);
  change(manifest);
  return manifest;
}

std::vector<Attack> OldOnes() {
  const Topic rows = Topic::Rows("E10000017");
  return {
      {"replayed: the manifest before this one", [](AttackBench& b) {
         const Manifest old = b.PlainManifest(false);
         REQUIRE(Hears(b, With(b, [](Manifest&) {})).ok());
         return Hears(b, old);
       }},
      {"replayed: a delta that was applied", [rows](AttackBench& b) {
         const Bytes second = b.Writes(rows, 2);
         const Want want = b.WantOf(rows);
         b.books.at(rows).Write({{9, "third"}});
         const Bytes third = b.Writes(rows, 4);
         REQUIRE(b.replicator.Take(want, second).ok());
         CHECK_FALSE(b.replicator.Take(want, third).ok());  // a gap
         return b.replicator.Take(want, second);
       }},
      {"replayed: a snapshot from before", [rows](AttackBench& b) {
         const Bytes old = b.books.at(rows).Snapshot().front();
         const Bytes second = b.Writes(rows, 2);
         const Want want = b.WantOf(rows);
         REQUIRE(b.replicator.Take(want, second).ok());
         return b.replicator.Take(want, old);
       }},
      {"replayed: a repair from before", [rows](AttackBench& b) {
         const Bytes old = b.books.at(rows).Repair({0});
         const Bytes second = b.Writes(rows, 2);
         REQUIRE(b.replicator.Take(b.WantOf(rows), second).ok());
         b.replica.Spoils(rows, RowIndex{7});
         return b.replicator.Take(b.WantOf(rows), old);
       }},
      {"replayed: the key set that is held", [](AttackBench& b) { return b.TakesKeySet(Bytes(b.identity.signed_key_set)); }},
      {"replayed: a key set before the one that is held", [](AttackBench& b) {
         const Bytes first = b.identity.signed_key_set;
         REQUIRE(b.TakesKeySet(EncodeKeySet(b.NextKeys(), RootKey())).ok());
         return b.TakesKeySet(first);
       }},
      {"replayed: a reply to another question", [](AttackBench& b) {
         ResolveReply reply = b.Reply();
         reply.id = "01933511-2222-7333-8444-555566668888";
         return b.TakesReply(SealResolveReply(reply, {b.node_box.public_key, b.directory_key}, FreshnessKey()));
       }},
      {"replayed: a reply of an hour ago", [](AttackBench& b) {
         const Bytes reply = SealResolveReply(b.Reply(), {b.node_box.public_key, b.directory_key}, FreshnessKey());
         b.now += 1h;
         return b.TakesReply(reply);
       }},
      {"rolled back: a lower sequence", [rows](AttackBench& b) {
         const Bytes second = b.Writes(rows, 2);
         REQUIRE(b.replicator.Take(b.WantOf(rows), second).ok());
         return Hears(b, With(b, [](Manifest& m) {
           for (TopicHead& head : m.heads) head.sequence = Sequence{1};
         }));
       }},
      {"rolled back: an older epoch", [](AttackBench& b) {
         b.epoch = Epoch{3};
         REQUIRE(Hears(b, With(b, [](Manifest&) {})).ok());
         b.epoch = Epoch{2};
         return Hears(b, With(b, [](Manifest&) {}));
       }},
      {"rolled back: an older epoch after a restart", [](AttackBench& b) {
         b.epoch = Epoch{3};
         REQUIRE(Hears(b, With(b, [](Manifest&) {})).ok());
         REQUIRE(*b.replicator.AdoptIfComplete());
         b.epoch = Epoch{2};
         Replicator restarted(b.identity.keys, b.Own(), b.replica);
         return restarted.Hear(b.ManifestNow(false)).status();
       }},
  };
}

std::vector<Attack> FastForwards() {
  const Topic rows = Topic::Rows("E10000017");
  return {
      {"fast-forward: a sequence past all reason", [](AttackBench& b) {
         return Hears(b, With(b, [](Manifest& m) { m.heads.back().sequence = Sequence{kMaxSequenceJump + 2}; }));
       }},
      {"fast-forward: the last sequence", [](AttackBench& b) {
         return Hears(b, With(b, [](Manifest& m) { m.heads.back().sequence = Sequence{UINT64_MAX}; }));
       }},
      {"fast-forward: an epoch past all reason", [](AttackBench& b) {
         return Hears(b, With(b, [](Manifest& m) { m.epoch = Epoch{kMaxEpochJump + 2}; }));
       }},
      {"fast-forward: an epoch that does not exist", [](AttackBench& b) {
         return Hears(b, With(b, [](Manifest& m) { m.epoch = Epoch{UINT32_MAX}; }));
       }},
      {"fast-forward: a time past all calendars", [](AttackBench& b) {
         Bytes bytes = WithoutSignature(b.ManifestNow(false));
         bytes[5] = 0x7f;  // the first byte of the time
         return b.replicator.Hear(crypto::Sign(FreshnessKey(), Role::kFreshness, "cpis.v1.manifest", bytes)).status();
       }},
      {"fast-forward: a key set that skips one", [](AttackBench& b) {
         KeySet next = b.NextKeys();
         ++next.version;
         return b.TakesKeySet(EncodeKeySet(next, RootKey()));
       }},
      {"fast-forward: the last key set", [](AttackBench& b) {
         KeySet next = b.NextKeys();
         next.version = UINT32_MAX;
         return b.TakesKeySet(EncodeKeySet(next, RootKey()));
       }},
      {"fast-forward: a segment of an epoch that nobody named", [rows](AttackBench& b) {
         b.books.at(rows).epoch = Epoch{3};
         const Bytes ahead = b.Writes(rows, 2);
         return b.replicator.Take(b.WantOf(rows), ahead);
       }},
      {"fast-forward: a snapshot past what was asked for by more than a million", [rows](AttackBench& b) {
         b.Writes(rows, 2);
         const Want want = b.WantOf(rows);
         Segment far{SegmentKind::kSnapshot, rows, Epoch{1}, Sequence{0}, Sequence{kMaxSequenceJump + 3}, 0, 1, {}};
         return b.replicator.Take(want, EncodeSegment(far, ContentKey()));
       }},
  };
}

std::vector<Attack> Mixtures() {
  const Topic rows = Topic::Rows("E10000017");
  const auto other_topic = [rows](const Topic& topic) {
    return [rows, topic](AttackBench& b) {
      b.Writes(rows, 2);
      Book other(topic, AttackBench::SignerOf(topic));
      other.Write({{7, "x"}});
      return b.replicator.Take(b.WantOf(rows), other.Write({{7, "y"}}));
    };
  };
  return {
      {"mixed: a segment of another authority", other_topic(Topic::Rows("E06000007"))},
      {"mixed: a segment of the roster for rows", other_topic(Topic::Roster())},
      {"mixed: a segment of another node", other_topic(Topic::Node("node-2"))},
      {"mixed: a manifest that names another node", [](AttackBench& b) {
         return Hears(b, With(b, [](Manifest& m) { m.heads.push_back({Topic::Node("node-2"), Sequence{1}, {}}); }));
       }},
      {"mixed: heads of two manifests under the signature of one", [rows](AttackBench& b) {
         const Bytes old = b.ManifestNow(false);
         b.Writes(rows, 2);
         b.now += 30s;
         const Bytes now = b.ManifestNow(false);
         REQUIRE(old.size() == now.size());
         Bytes mixed = now;
         std::copy_n(old.end() - 200, 200, mixed.end() - 200);
         return b.replicator.Hear(mixed).status();
       }},
      {"mixed: a delta of another history of the same length", [rows](AttackBench& b) {
         Book other(rows, ContentKey());
         other.Write({{7, "another first"}});
         b.Writes(rows, 2);
         return b.replicator.Take(b.WantOf(rows), other.Write({{8, "x"}}));
       }},
      {"mixed: a snapshot whose entries are not those of its digest", [rows](AttackBench& b) {
         b.Writes(rows, 2);
         const Want want = b.WantOf(rows);
         Segment lying{SegmentKind::kSnapshot, rows, Epoch{1}, Sequence{0}, want.head.sequence, 0, 1, want.head.digest};
         return b.replicator.Take(want, EncodeSegment(lying, ContentKey()));
       }},
      {"mixed: the second part of a snapshot without the first", [rows](AttackBench& b) {
         b.books.at(rows).Write({{8, "x"}});
         return b.replicator.Take(b.WantOf(rows), b.books.at(rows).Snapshot().back());
       }},
      {"mixed: a reply sealed to another node", [](AttackBench& b) {
         return b.TakesReply(SealResolveReply(b.Reply(), {crypto::NewBoxKey().public_key, b.directory_key}, FreshnessKey()));
       }},
  };
}

TEST_CASE("attack matrix: what is old, from too far ahead or of several truths is refused, though it is signed rightly") {
  std::vector<Attack> attacks = OldOnes();
  for (auto more : {FastForwards(), Mixtures()}) attacks.insert(attacks.end(), more.begin(), more.end());
  for (const Attack& attack : attacks) {
    AttackBench bench;
    INFO(attack.name);
    const size_t rows = bench.replica.SizeOf(Topic::Rows("E10000017"));
    const Status taken = attack.tries(bench);
    CHECK((taken.code() == Code::kDenied || taken.code() == Code::kCorrupt));
    CHECK(bench.replica.SizeOf(Topic::Rows("E10000017")) == rows);
    REQUIRE(bench.replica.adopted());
    CHECK(bench.replica.adopted()->Find(Topic::Rows("E10000017")) != nullptr);
  }
}

TEST_CASE("attack matrix: half of a newer truth is never adopted") {
  AttackBench b;
  const Topic rows = Topic::Rows("E10000017");
  const Instant before = b.replica.adopted()->server_time;
  b.now += 30s;
  const Bytes delta = b.Writes(rows, 2);
  b.Writes(Topic::Directory(), 2);
  REQUIRE(b.replicator.Take(b.WantOf(rows), delta).ok());
  CHECK_FALSE(*b.replicator.AdoptIfComplete());
  CHECK(b.replica.adopted()->server_time == before);
}

TEST_CASE("attack matrix: a node that hears nothing new, or the same for ever, keeps the age of what it has") {
  AttackBench b;
  const Bytes same = b.ManifestNow(false);
  const std::string before = b.Picture();
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(b.replicator.Hear(same).ok());
    REQUIRE(*b.replicator.AdoptIfComplete());
  }
  CHECK(b.Picture() == before);
  CHECK(b.replica.adopted()->server_time == kBenchNoon);
}

TEST_CASE("attack matrix: what a stolen freshness key said of the future ends with the key") {
  AttackBench b;
  const Instant far = *platform::ParseRfc3339("2090-01-01T00:00:00Z");
  Manifest forged = b.PlainManifest(false);
  forged.server_time = far;
  REQUIRE(Hears(b, forged).ok());  // it is signed by freshness: nothing tells
  REQUIRE(*b.replicator.AdoptIfComplete());
  b.now += 60s;
  CHECK_FALSE(b.replicator.Hear(b.ManifestNow(false)).ok());

  const crypto::SigningKey fresh = crypto::NewSigningKey();
  KeySet next = *b.identity.keys.Now();
  ++next.version;
  next.freshness = fresh.public_key;
  REQUIRE(b.TakesKeySet(EncodeKeySet(next, RootKey())).ok());
  b.replicator.FreshnessReplaced();
  b.epoch = Epoch{2};
  REQUIRE(b.replicator.Hear(EncodeManifest(b.PlainManifest(false), fresh)).ok());
  CHECK(*b.replicator.AdoptIfComplete());
  CHECK(b.replica.adopted()->server_time == b.now);
  CHECK_FALSE(Hears(b, forged).ok());
}

}  // namespace
}  // namespace cpis::sync::node
