// SPDX-License-Identifier: Apache-2.0
#include "sync/node/identity.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "platform/files.h"
#include "platform/plain_key_store.h"
#include "tests/scratch.h"
#include "tests/sync/keys.h"

namespace cpis::sync::node {
namespace {

using platform::Code;

Identity Sample() {
  Identity identity;
  identity.node_id = "node-0123456789abcdef";
  identity.name = "NWAS-A101";
  identity.trust_code = "RX7";
  identity.trust_name = "North West Ambulance Service";
  identity.server_host = "fleet.example";
  identity.server_port = 7443;
  identity.tls_private_key_pem = crypto::Secret::Copy(platform::AsBytes("key"));
  identity.tls_certificate_pem = "certificate";
  identity.ca_certificate_pem = "authority";
  identity.root_public_key = RootKey().public_key;
  identity.signed_key_set = EncodeKeySet(
      {1, ContentKey().public_key, FreshnessKey().public_key, PolicyKey().public_key, crypto::NewBoxKey().public_key,
       RootKey().public_key},
      RootKey());
  identity.box = crypto::NewBoxKey();
  identity.signing = crypto::NewSigningKey();
  identity.journal_key = crypto::Secret::Random(32);
  return identity;
}

struct Disk {
  ScratchDirectory state;
  std::unique_ptr<platform::KeyStore> store = platform::NewPlainKeyStore(state / "device");

  Code LoadCode() { return LoadIdentity(state.path(), *store).status().code(); }
  void Put(const Bytes& bytes) { REQUIRE(platform::WriteFileDurably(state / "identity", bytes).ok()); }
};

TEST_CASE("an identity comes back as it was saved, with its key set checked") {
  Disk disk;
  const Identity saved = Sample();
  REQUIRE(SaveIdentity(disk.state.path(), *disk.store, saved).ok());
  const auto loaded = LoadIdentity(disk.state.path(), *disk.store);
  REQUIRE(loaded.ok());
  CHECK(loaded->node_id == saved.node_id);
  CHECK(loaded->name == saved.name);
  CHECK(loaded->trust_code == saved.trust_code);
  CHECK(loaded->trust_name == saved.trust_name);
  CHECK(loaded->server_host == saved.server_host);
  CHECK(loaded->server_port == saved.server_port);
  CHECK(platform::AsText(loaded->tls_private_key_pem.Reveal()) == "key");
  CHECK(loaded->tls_certificate_pem == saved.tls_certificate_pem);
  CHECK(loaded->ca_certificate_pem == saved.ca_certificate_pem);
  CHECK(loaded->signed_key_set == saved.signed_key_set);
  CHECK(loaded->keys.Now()->content == ContentKey().public_key);
  CHECK(loaded->box.public_key == saved.box.public_key);
  CHECK(loaded->signing.public_key == saved.signing.public_key);
  CHECK(crypto::ConstantTimeEqual(loaded->journal_key.Reveal(), saved.journal_key.Reveal()));
}

TEST_CASE("a node that was never enrolled has no identity") {
  Disk disk;
  CHECK(disk.LoadCode() == Code::kNotFound);
}

TEST_CASE("the file says nothing without the device secret, and does not open with another") {
  Disk disk;
  const Identity saved = Sample();
  REQUIRE(SaveIdentity(disk.state.path(), *disk.store, saved).ok());
  const auto file = platform::ReadFile(disk.state / "identity", 1 << 16);
  REQUIRE(file.ok());
  CHECK(platform::AsText(*file).find("NWAS") == std::string_view::npos);

  REQUIRE(disk.store->Seal(crypto::RandomBytes(32)).ok());
  CHECK(disk.LoadCode() == Code::kInvalid);
  REQUIRE(disk.store->Forget().ok());
  CHECK(disk.LoadCode() == Code::kInvalid);
}

TEST_CASE("an identity cut at any length, or changed, is refused") {
  Disk disk;
  REQUIRE(SaveIdentity(disk.state.path(), *disk.store, Sample()).ok());
  const Bytes whole = *platform::ReadFile(disk.state / "identity", 1 << 16);
  bool refused = true;
  for (size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(disk.state / "identity", std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(whole.data()), static_cast<std::streamsize>(size));
    refused = refused && disk.LoadCode() == Code::kInvalid;
  }
  CHECK(refused);
  for (size_t at = 0; at < whole.size(); at += 7) {
    Bytes changed = whole;
    changed[at] ^= 0x10;
    disk.Put(changed);
    CHECK(disk.LoadCode() == Code::kInvalid);
  }
}

TEST_CASE("a key set that another root signed is refused even inside a good file") {
  Disk disk;
  Identity identity = Sample();
  identity.root_public_key = crypto::NewSigningKey().public_key;
  REQUIRE(SaveIdentity(disk.state.path(), *disk.store, identity).ok());
  CHECK(disk.LoadCode() == Code::kCorrupt);
}

TEST_CASE("a new key set is durable before it is used, and the chain goes on from the root it names") {
  ScratchDirectory state;
  const auto store = platform::NewPlainKeyStore(state / "device");
  Identity identity = Sample();
  identity.keys = *DecodeKeySet(identity.signed_key_set, identity.root_public_key);
  REQUIRE(SaveIdentity(state.path(), *store, identity).ok());
  const crypto::SigningKey next_root = crypto::NewSigningKey();
  KeySet second = *identity.keys.Now();
  ++second.version;
  second.content = crypto::NewSigningKey().public_key;
  second.root = next_root.public_key;
  const Bytes bytes = EncodeKeySet(second, RootKey());

  const Status full = TakeKeySet(identity, bytes, [](const Identity&) { return platform::Exhausted("disk full"); });
  CHECK(full.code() == platform::Code::kExhausted);
  CHECK(identity.keys.Now()->version == 1);
  CHECK(DecodeKeySet(identity.signed_key_set, identity.root_public_key)->version == 1);

  const auto keep = [&](const Identity& next) {
    CHECK(identity.keys.Now()->version < DecodeKeySet(next.signed_key_set, next.root_public_key)->version);  // not used yet
    return SaveIdentity(state.path(), *store, next);
  };
  REQUIRE(TakeKeySet(identity, bytes, keep).ok());
  CHECK(identity.keys.Now()->content == second.content);
  KeySet third = second;
  ++third.version;
  CHECK_FALSE(TakeKeySet(identity, EncodeKeySet(third, RootKey()), keep).ok());  // the former root signs no more
  REQUIRE(TakeKeySet(identity, EncodeKeySet(third, next_root), keep).ok());

  const auto loaded = LoadIdentity(state.path(), *store);
  REQUIRE(loaded.ok());
  CHECK(*loaded->keys.Now() == third);
  CHECK(loaded->node_id == identity.node_id);
}

}  // namespace
}  // namespace cpis::sync::node
