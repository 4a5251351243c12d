// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_stores.h"

#include <catch2/catch.hpp>

#include "crypto/passphrase_key_store.h"
#include "tests/crypto/environment.h"
#include "tests/scratch.h"
#include "tests/crypto/swtpm.h"
#include "tests/crypto/tampering.h"

using namespace cpis::crypto;
using cpis::ScratchDirectory;
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
  const Swtpm tpm(vehicle.directory.path() / "tpm");
  const Environment secret("SYSTEMD_CREDENTIAL_SECRET", (vehicle.directory.path() / "host.secret").string());
  for (const std::string& spec : {std::string("plain"), "passphrase-file:" + vehicle.passphrase.string(),
                                  std::string("systemd-creds:host"), "tpm2:tcti=" + tpm.tcti(), "tpm2:pcrs=0+7:tcti=" + tpm.tcti()}) {
    INFO(spec);
    const auto open = [&] {
      auto store = OpenKeyStore(spec, vehicle.directory.path());
      INFO(store.status().message());
      REQUIRE(store.ok());
      return *std::move(store);
    };
    CHECK(open()->Unseal().status().code() == Code::kNotFound);
    REQUIRE(open()->Seal(AsBytes("first")).ok());
    REQUIRE(open()->Seal(AsBytes("second")).ok());
    CHECK(Unsealed(*open()) == "second");
    CHECK(open()->HardwareBound() == spec.starts_with("tpm2"));
    CHECK((open()->Worth().find("NOT HARDWARE BOUND") == std::string_view::npos) == open()->HardwareBound());
    CHECK(open()->Kind() == spec.substr(0, spec.find(':')));
    REQUIRE(open()->Forget().ok());
    CHECK(open()->Unseal().status().code() == Code::kNotFound);
    CHECK(open()->Forget().ok());
  }
}

TEST_CASE("auto takes the best that works here, and from then on what it took") {
  const ScratchDirectory directory;
  const Environment secret("SYSTEMD_CREDENTIAL_SECRET", (directory.path() / "host.secret").string());
  const Swtpm tpm(directory.path() / "tpm");
  const auto kind = [](const std::filesystem::path& where) {
    std::filesystem::create_directories(where);
    const auto store = OpenKeyStore("auto", where);
    return store.ok() ? std::string((*store)->Kind()) : store.status().message();
  };
  const auto seals = [](const std::string& spec, const std::filesystem::path& where) {
    std::filesystem::create_directories(where);
    REQUIRE((*OpenKeyStore(spec, where))->Seal(AsBytes("secret")).ok());
  };
  seals("plain", directory.path() / "plain");
  seals("systemd-creds:host", directory.path() / "credential");
  {
    const Environment place("CPIS_TPM_TCTI", tpm.tcti());
    CHECK(kind(directory.path() / "fresh") == "tpm2");
    seals("tpm2", directory.path() / "tpm2");
    CHECK(kind(directory.path() / "tpm2") == "tpm2");
    CHECK(kind(directory.path() / "plain") == "plain");  // though there is a better one: the secret is in this
    CHECK(kind(directory.path() / "credential") == "systemd-creds");
  }
  const Environment nowhere("CPIS_TPM_TCTI", "device:/dev/no-such-tpm");
  CHECK(kind(directory.path() / "fresh") == "systemd-creds");
  CHECK(kind(directory.path() / "tpm2").find("no TPM answers") != std::string::npos);  // and no other is taken
  const Environment unwritable("SYSTEMD_CREDENTIAL_SECRET", "/proc/no/such/place");
  CHECK(kind(directory.path() / "fresh") == "plain");
}

TEST_CASE("auto asks for the passphrase where one is needed") {
  const Vehicle vehicle;
  REQUIRE(vehicle.Store()->Seal(AsBytes("secret")).ok());
  const auto store = OpenKeyStore("auto", vehicle.directory.path());
  CHECK(store.status().code() == Code::kInvalid);
  CHECK(store.status().message().find("passphrase-file:PATH") != std::string::npos);
}

TEST_CASE("a key store that is unknown or not there is refused by name, and never replaced") {
  const ScratchDirectory directory;
  const Environment nowhere("CPIS_TPM_TCTI", "device:/dev/no-such-tpm");
  const auto refusal = [&](std::string_view spec) {
    const auto store = OpenKeyStore(spec, directory.path());
    CHECK(store.status().code() == Code::kInvalid);
    return store.status().message();
  };
  CHECK(refusal("tmp2") == "key store \"tmp2\" is unknown (try auto, tpm2, systemd-creds, passphrase-file:PATH or plain)");
  CHECK(refusal("tpm2") == "key store \"tpm2\": no TPM answers at \"device:/dev/no-such-tpm\" (is it there, and may this user open it?)");
  CHECK(refusal("tpm2:tcti=swtpm:host=127.0.0.1,port=1").find("\"swtpm:host=127.0.0.1,port=1\"") != std::string::npos);
  CHECK(refusal("systemd-creds:null").find("\"null\"") != std::string::npos);
  for (const char* bad : {"", "passphrase-file:", "tpm2:", "tpm2:pcr=7", "tpm2:tcti=", "systemd-creds:", "tpm22"}) refusal(bad);
  for (const char* bad : {"24", "-1", "7+", "+7", "", "7,8", "7 "}) {
    CHECK(refusal("tpm2:pcrs=" + std::string(bad)).find("\"" + std::string(bad) + "\"") != std::string::npos);
  }
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
