// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_stores.h"

#include <catch2/catch.hpp>

#include "crypto/passphrase_key_store.h"
#include "tests/crypto/scratch_directory.h"
#include "tests/crypto/tampering.h"

using namespace cpis::crypto;
using cpis::platform::AsBytes;
using cpis::platform::AsText;
using cpis::platform::Code;
using cpis::platform::KeyStore;

namespace {

constexpr Hardness kFast{8, 1};

// A vehicle's disk with a passphrase on it.
struct Vehicle {
  ScratchDirectory directory;
  std::filesystem::path passphrase = directory.Write("passphrase", "correct horse\n");

  std::unique_ptr<KeyStore> Store() const {
    return NewPassphraseKeyStore({directory.path() / "key-store", passphrase}, kFast);
  }
};

std::string Unsealed(KeyStore& store) {
  const auto secret = store.Unseal();
  REQUIRE(secret.ok());
  return std::string(AsText(*secret));
}

}  // namespace

TEST_CASE("every key store there is keeps a secret across a restart, and forgets it") {
  const Vehicle vehicle;
  for (const std::string& spec :
       {std::string("auto"), std::string("plain"), "passphrase-file:" + vehicle.passphrase.string()}) {
    INFO(spec);
    const auto open = [&] {
      auto store = OpenKeyStore(spec, vehicle.directory.path());
      REQUIRE(store.ok());
      return *std::move(store);
    };
    CHECK(open()->Unseal().status().code() == Code::kNotFound);
    REQUIRE(open()->Seal(AsBytes("first")).ok());
    REQUIRE(open()->Seal(AsBytes("second")).ok());
    CHECK(Unsealed(*open()) == "second");
    CHECK_FALSE(open()->HardwareBound());
    CHECK(open()->Kind() == (spec.starts_with("passphrase") ? "passphrase-file" : "plain"));
    REQUIRE(open()->Forget().ok());
    CHECK(open()->Unseal().status().code() == Code::kNotFound);
    CHECK(open()->Forget().ok());
  }
}

TEST_CASE("an unknown key store is refused by name, one not built in is not replaced") {
  const ScratchDirectory directory;
  const auto refusal = [&](std::string_view spec) {
    const auto store = OpenKeyStore(spec, directory.path());
    CHECK(store.status().code() == Code::kInvalid);
    return store.status().message();
  };
  CHECK(refusal("tmp2") == "key store \"tmp2\" is unknown (try auto, passphrase-file:PATH or plain)");
  CHECK(refusal("tpm2") == "key store \"tpm2\" is not in this build (try auto, passphrase-file:PATH or plain)");
  CHECK(refusal("systemd-creds").find("not in this build") != std::string::npos);
  refusal("");
  refusal("passphrase-file:");
}

TEST_CASE("the right passphrase opens the store, with or without its newline") {
  const Vehicle vehicle;
  REQUIRE(vehicle.Store()->Seal(AsBytes("secret")).ok());
  vehicle.directory.Write("passphrase", "correct horse");
  CHECK(Unsealed(*vehicle.Store()) == "secret");
}

TEST_CASE("a wrong passphrase is denied") {
  const Vehicle vehicle;
  REQUIRE(vehicle.Store()->Seal(AsBytes("secret")).ok());
  for (const char* wrong : {"correct horsf\n", "correct horse \n", "correct horse\n\n"}) {
    vehicle.directory.Write("passphrase", wrong);
    CHECK(vehicle.Store()->Unseal().status().code() == Code::kDenied);
  }
}

TEST_CASE("a missing or empty passphrase is a bad configuration, not a missing secret") {
  const Vehicle vehicle;
  REQUIRE(vehicle.Store()->Seal(AsBytes("secret")).ok());
  vehicle.directory.Write("passphrase", "\n");
  CHECK(vehicle.Store()->Unseal().status().code() == Code::kInvalid);
  CHECK(vehicle.Store()->Seal(AsBytes("other")).code() == Code::kInvalid);
  std::filesystem::remove(vehicle.passphrase);
  CHECK(vehicle.Store()->Unseal().status().code() == Code::kInvalid);
}

TEST_CASE("a changed passphrase store is refused") {
  const Vehicle vehicle;
  REQUIRE(vehicle.Store()->Seal(AsBytes("secret")).ok());
  const std::string stored = vehicle.directory.Read("key-store");
  RefusesEveryChange(cpis::platform::ToBytes(AsBytes(stored)), [&](ByteView changed) {
    vehicle.directory.Write("key-store", AsText(changed));
    return vehicle.Store()->Unseal().ok();
  });
}

TEST_CASE("a passphrase store shows neither the secret nor the passphrase, and only its owner may read it") {
  const Vehicle vehicle;
  REQUIRE(vehicle.Store()->Seal(AsBytes("a device secret")).ok());
  const std::string stored = vehicle.directory.Read("key-store");
  CHECK(stored.find("secret") == std::string::npos);
  CHECK(stored.find("horse") == std::string::npos);
  using std::filesystem::perms;
  CHECK(std::filesystem::status(vehicle.directory.path() / "key-store").permissions() ==
        (perms::owner_read | perms::owner_write));
}

TEST_CASE("a key store keeps 64 bytes and no more") {
  const Vehicle vehicle;
  CHECK(vehicle.Store()->Seal(Bytes(64, 7)).ok());
  CHECK(Unsealed(*vehicle.Store()) == std::string(64, '\7'));
  CHECK(vehicle.Store()->Seal(Bytes(65, 7)).code() == Code::kInvalid);
}
