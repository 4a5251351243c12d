// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/epochs.h"

#include "sync/fleet/key_rotation.h"
#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

using crypto::Epoch;

void Rotates(World& w, Epoch past = Epoch{0}) {
  REQUIRE(w.store->Change([&](Store& store) { return RotateEpoch(store, past); }).ok());
}

Epoch EpochOf(World& w) {
  Epoch epoch{};
  REQUIRE(w.store->Read([&](Store& store) {
    epoch = store.epoch();
    return Status::Ok();
  }).ok());
  return epoch;
}

// The ring that a node would open now.
crypto::KeyRing RingOf(World& w, const Node& node) {
  std::vector<SharedBytes> segments;
  REQUIRE(w.store->Read([&](Store& store) -> Status {
    CPIS_ASSIGN(segments, store.publisher().Since(Topic::Node(node.id), {}));
    return Status::Ok();
  }).ok());
  Bytes wrapped;
  for (const SharedBytes& bytes : segments) {
    auto segment = DecodeSegment(platform::AsBytes(*bytes), w.keys.policy.public_key);
    REQUIRE(segment.ok());
    for (const EntryView& entry : segment->entries) {
      if (entry.index == KeyOf(kRingEntry)) wrapped = platform::ToBytes(entry.body);
    }
  }
  auto ring = crypto::UnwrapRing(wrapped, node.box, w.keys.ring_key);
  REQUIRE(ring.ok());
  return *std::move(ring);
}

struct SealedRow {
  RowIndex index;
  uint64_t version;
  Bytes body;
};
std::vector<SealedRow> RowsOf(World& w) {
  std::vector<SealedRow> rows;
  std::vector<SharedBytes> segments;
  REQUIRE(w.store->Read([&](Store& store) -> Status {
    CPIS_ASSIGN(segments, store.publisher().Since(Topic::Rows(kLancashire), {}));
    return Status::Ok();
  }).ok());
  for (const SharedBytes& bytes : segments) {
    auto segment = DecodeSegment(platform::AsBytes(*bytes), w.keys.content.public_key);
    REQUIRE(segment.ok());
    for (const EntryView& entry : segment->entries) rows.push_back({entry.index, entry.version, platform::ToBytes(entry.body)});
  }
  return rows;
}

// How many of the server's rows the ring opens, of people whose numbers are known.
size_t Opens(World& w, const crypto::KeyRing& ring, const std::vector<SealedRow>& rows, const std::vector<std::string>& numbers) {
  size_t opened = 0;
  const crypto::NumberKeys deriver(ring.pepper.Clone(), ring.hardness);
  for (const std::string& number : numbers) {
    const auto number_key = deriver.Derive(number);
    const RowIndex index = crypto::IndexOf(ring.index_key, *number_key);
    for (const SealedRow& row : rows) {
      if (row.index != index) continue;
      const Epoch epoch = *crypto::EpochOfRow(row.body);
      const auto key = ring.EpochKey(kLancashire, epoch);
      if (key && crypto::OpenRow(*key, *number_key, {kLancashire, index, row.version, epoch}, row.body).ok()) ++opened;
    }
  }
  (void)w;
  return opened;
}

TEST_CASE("a new epoch keeps every row, and gives each enrolled node one new grant") {
  World w;
  const Node a = w.Enrols("A", {kLancashire});
  const Node b = w.Enrols("B", {kLancashire});
  w.Imports({.records = {sample::CppRecord(Number(1)), sample::CppRecord(Number(2))}});
  const TopicHead rows = w.HeadOf(Topic::Rows(kLancashire));
  Rotates(w);
  CHECK(EpochOf(w) == Epoch{2});
  CHECK(w.HeadOf(Topic::Rows(kLancashire)) == rows);
  for (const Node& node : {std::cref(a), std::cref(b)}) CHECK(w.SequenceOf(Topic::Node(node.id)) == 2);
  CHECK(Opens(w, RingOf(w, a), RowsOf(w), {Number(1), Number(2)}) == 2);
  w.Restart();
  CHECK(EpochOf(w) == Epoch{2});
}

TEST_CASE("a node that is no longer enrolled opens what was sealed before, and nothing that is sealed after") {
  World w;
  const Node stays = w.Enrols("A", {kLancashire});
  const Node goes = w.Enrols("B", {kLancashire});
  w.Imports({.records = {sample::CppRecord(Number(1)), sample::CppRecord(Number(2))}});
  const crypto::KeyRing stolen = RingOf(w, goes);
  const std::vector<SealedRow> before = RowsOf(w);
  REQUIRE(w.roll->Revoke("B").ok());
  Rotates(w);
  w.Imports({.file_id = "LANCS-2", .records = {sample::CppRecord(Number(3))}, .created = "20261120030000"});
  const std::vector<SealedRow> after = RowsOf(w);
  const std::vector<std::string> numbers{Number(1), Number(2), Number(3)};
  CHECK(Opens(w, stolen, before, numbers) == 2);
  CHECK(Opens(w, stolen, after, numbers) == 2);  // the two that were not sealed anew
  CHECK(Opens(w, stolen, after, {Number(3)}) == 0);
  CHECK(Opens(w, RingOf(w, stays), after, numbers) == 3);
}

TEST_CASE("what is sent whole after an epoch began says the new epoch, though it was made before") {
  World w;
  w.Imports({.records = {sample::CppRecord(Number(1))}});
  const auto whole = [&] {
    std::vector<SharedBytes> segments;
    REQUIRE(w.store->Read([&](Store& store) -> Status {
      CPIS_ASSIGN(segments, store.publisher().Since(Topic::Rows(kLancashire), {}));
      return Status::Ok();
    }).ok());
    return DecodeSegment(platform::AsBytes(*segments.front()), w.keys.content.public_key)->epoch;
  };
  CHECK(whole() == Epoch{1});
  Rotates(w);
  CHECK(whole() == Epoch{2});
}

TEST_CASE("a change that fails begins no epoch") {
  World w;
  const Node node = w.Enrols("A", {kLancashire});
  const Status failed = w.store->Change([](Store& store) -> Status {
    CPIS_TRY(RotateEpoch(store));
    return platform::Internal("no");
  });
  CHECK_FALSE(failed.ok());
  CHECK(EpochOf(w) == Epoch{1});
  CHECK(w.SequenceOf(Topic::Node(node.id)) == 1);
  w.Imports({.records = {sample::CppRecord(Number(1))}});
  const auto segment = RowsOf(w);
  CHECK(*crypto::EpochOfRow(segment.at(0).body) == Epoch{1});
}

TEST_CASE("after the last epoch there is none, and an epoch can be left behind by order") {
  World w;
  Rotates(w, Epoch{4094});
  CHECK(EpochOf(w) == Epoch{4095});
  Rotates(w);
  CHECK(EpochOf(w) == crypto::kLastEpoch);
  const Status beyond = w.store->Change([](Store& store) { return RotateEpoch(store); });
  CHECK(beyond.code() == Code::kExhausted);
  CHECK(EpochOf(w) == crypto::kLastEpoch);
}

// A key of the fleet, replaced by whoever holds root.
struct Keyholder {
  explicit Keyholder(World& world) : w(world), store(platform::NewPlainKeyStore(w.state / "device")) {
    root = *crypto::SigningKeyFromSecret(crypto::Secret::Copy(*platform::ReadFile(RootKeyFile(w.state.path()), 1024)));
  }
  void Replaces(RotatableKey which) {
    KeyRotation rotation(w.state.path(), w.keys, *store);
    const crypto::SigningKey next_root = crypto::NewSigningKey();
    const auto proposed = rotation.Propose(which, next_root.public_key);
    REQUIRE(proposed.ok());
    REQUIRE(rotation.Adopt(EncodeKeySet(*proposed, root), kNoon).ok());
    if (which == RotatableKey::kRoot) root = {next_root.secret.Clone(), next_root.public_key};
    w.StartsAnew();
  }
  World& w;
  std::unique_ptr<platform::KeyStore> store;
  crypto::SigningKey root;
};

TEST_CASE("each key can be replaced, and the chain of key sets leads from the first to the last") {
  World w;
  Keyholder keyholder(w);
  const KeySet first = *DecodeKeySet(w.keys.signed_key_set, w.keys.root_public_key);
  const crypto::BoxKey old_box = crypto::BoxKeyFromSecret(w.keys.box.secret.Clone());
  for (const RotatableKey which : {RotatableKey::kContent, RotatableKey::kRoot, RotatableKey::kFreshness, RotatableKey::kPolicy,
                                   RotatableKey::kBox, RotatableKey::kRoot}) {
    keyholder.Replaces(which);
  }
  Hub hub(w.keys, w.clock, Epoch{1});
  KeySet held = first;
  for (const SharedBytes& bytes : hub.KeySetsAfter(1)) {
    const auto next = DecodeNextKeySet(platform::AsBytes(*bytes), held);
    REQUIRE(next.ok());
    held = *next;
  }
  CHECK(held.version == 7);
  CHECK(hub.KeySetsAfter(7).empty());
  CHECK(hub.KeySetsAfter(99).empty());  // of a node that met this server before it came back from a backup
  CHECK(held.content == w.keys.content.public_key);
  CHECK(held.freshness == w.keys.freshness.public_key);
  CHECK(held.policy == w.keys.policy.public_key);
  CHECK(held.fleet_box == w.keys.box.public_key);
  CHECK(held.root == keyholder.root.public_key);
  CHECK(held.content != first.content);
  CHECK(w.keys.OpenSealed(crypto::SealTo(old_box.public_key, platform::AsBytes("queued before"))).ok());
  CHECK(w.keys.OpenSealed(crypto::SealTo(w.keys.box.public_key, platform::AsBytes("queued after"))).ok());
  CHECK_FALSE(w.keys.OpenSealed(crypto::SealTo(crypto::NewBoxKey().public_key, platform::AsBytes("queued elsewhere"))).ok());
}

TEST_CASE("after a signing key was replaced nothing of the former one is sent, and a new epoch has begun") {
  const auto which = GENERATE(RotatableKey::kContent, RotatableKey::kPolicy, RotatableKey::kFreshness);
  World w;
  const Node node = w.Enrols("A", {kLancashire});
  w.Imports({.records = {sample::CppRecord(Number(1))}});
  w.Imports({.file_id = "LANCS-2", .records = {sample::CppRecord(Number(2))}, .created = "20261120030000"});
  const TopicHead rows = w.HeadOf(Topic::Rows(kLancashire));
  Keyholder(w).Replaces(which);
  CHECK(EpochOf(w) == Epoch{2});
  CHECK(w.HeadOf(Topic::Rows(kLancashire)) == rows);
  for (const Topic& topic : {Topic::Rows(kLancashire), Topic::Directory(), Topic::Node(node.id)}) {
    for (const uint64_t from : {0, 1}) {
      std::vector<SharedBytes> segments;
      REQUIRE(w.store->Read([&](Store& store) -> Status {
        CPIS_ASSIGN(segments, store.publisher().Since(topic, {Sequence{from}}));
        return Status::Ok();
      }).ok());
      for (const SharedBytes& bytes : segments) {
        CHECK(DecodeSegment(platform::AsBytes(*bytes), w.keys.SignerOf(topic).public_key).ok());
      }
    }
  }
}

TEST_CASE("a key set that root did not sign, or that was not proposed, is not adopted") {
  World w;
  Keyholder keyholder(w);
  KeyRotation rotation(w.state.path(), w.keys, *keyholder.store);
  const KeySet held = *DecodeKeySet(w.keys.signed_key_set, w.keys.root_public_key);
  CHECK(rotation.Adopt(EncodeKeySet(held, keyholder.root), kNoon).code() == Code::kDenied);  // nothing was proposed
  KeySet next = *rotation.Propose(RotatableKey::kContent, {});
  CHECK(next.version == 2);
  for (const crypto::SigningKey* key : {&w.keys.content, &w.keys.freshness, &w.keys.policy}) {
    CHECK(rotation.Adopt(EncodeKeySet(next, *key), kNoon).code() == Code::kDenied);
  }
  KeySet another = next;
  another.policy = crypto::NewSigningKey().public_key;
  CHECK(rotation.Adopt(EncodeKeySet(another, keyholder.root), kNoon).code() == Code::kDenied);
  another = next;
  ++another.version;
  CHECK(rotation.Adopt(EncodeKeySet(another, keyholder.root), kNoon).code() == Code::kDenied);
  CHECK(rotation.Propose(RotatableKey::kRoot, {}).status().code() == Code::kInvalid);
  CHECK(rotation.Propose(RotatableKey::kRoot, keyholder.root.public_key).status().code() == Code::kInvalid);
  w.StartsAnew();
  CHECK(DecodeKeySet(w.keys.signed_key_set, w.keys.root_public_key)->version == 1);

  next = *rotation.Propose(RotatableKey::kContent, {});
  CHECK(rotation.Adopt(EncodeKeySet(next, keyholder.root), kNoon).ok());
  CHECK(rotation.Propose(RotatableKey::kContent, {}).status().code() == Code::kUnavailable);
}

TEST_CASE("a server put back from a backup learns it from its own signature, once, and begins an epoch past the lost one") {
  World w;
  const Node node = w.Enrols("A", {kLancashire});
  w.Imports({.records = {sample::CppRecord(Number(1))}});
  Hub hub(w.keys, w.clock, Epoch{1});
  std::vector<Manifest> ahead;
  hub.OnAhead([&](const Manifest& manifest) { ahead.push_back(manifest); });
  const TopicHead here = w.HeadOf(Topic::Rows(kLancashire));
  hub.Update({here});
  const auto says = [&](const Manifest& manifest, const crypto::SigningKey& key) {
    ahead.clear();
    hub.Hold(EncodeManifest(manifest, key));
    return ahead.size() == 1;
  };
  TopicHead future = here;
  future.sequence = Next(here.sequence);
  TopicHead other = here;
  other.digest[0] ^= 1;
  CHECK_FALSE(says({Epoch{1}, kNoon, 0, {here}}, w.keys.freshness));
  CHECK(says({Epoch{1}, kNoon, 0, {other}}, w.keys.freshness));
  CHECK(says({Epoch{2}, kNoon, 0, {}}, w.keys.freshness));
  CHECK_FALSE(says({Epoch{1}, kNoon, 0, {future}}, node.signing));  // no node can forge it
  CHECK_FALSE(says({Epoch{1}, kNoon, 0, {future}}, w.keys.content));
  CHECK(says({Epoch{1}, kNoon, 0, {future}}, w.keys.freshness));

  const Manifest lost{Epoch{7}, kNoon, 0, {future}};
  REQUIRE(ReturnFromBackup(*w.store, lost).ok());
  CHECK(EpochOf(w) == Epoch{8});
  REQUIRE(ReturnFromBackup(*w.store, lost).ok());
  CHECK(EpochOf(w) == Epoch{8});
  std::optional<Instant> at;
  REQUIRE(w.store->Read([&](Store& store) -> Status {
    CPIS_ASSIGN(at, ReturnedFromBackupAt(store));
    return Status::Ok();
  }).ok());
  CHECK(at == w.clock.Now());
}

}  // namespace
}  // namespace cpis::sync::fleet
