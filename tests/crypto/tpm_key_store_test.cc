// SPDX-License-Identifier: Apache-2.0
#include "crypto/tpm_key_store.h"

#include <catch2/catch.hpp>

#include "crypto/secret.h"
#include "crypto/tpm_record.h"
#include "tests/scratch.h"
#include "tests/crypto/swtpm.h"

using namespace cpis::crypto;
using cpis::ScratchDirectory;
using cpis::platform::AsBytes;
using cpis::platform::AsText;
using cpis::platform::Code;
using cpis::platform::KeyStore;

namespace {

namespace fs = std::filesystem;

// A computer with a TPM, and a disk that can be copied.
struct Computer {
  ScratchDirectory directory;
  Swtpm tpm{directory.path() / "tpm"};
  fs::path file = directory.path() / "key-store-tpm";

  std::unique_ptr<KeyStore> Store(std::optional<uint32_t> pcrs = {}) const { return StoreAt(file, pcrs); }
  std::unique_ptr<KeyStore> StoreAt(const fs::path& where, std::optional<uint32_t> pcrs = {}) const {
    auto store = NewTpmKeyStore({where, tpm.tcti(), pcrs});
    INFO(store.status().message());
    REQUIRE(store.ok());
    return *std::move(store);
  }
  fs::path CopyOfDisk() const {
    const fs::path copy = directory.path() / "copy";
    fs::copy_file(file, copy, fs::copy_options::overwrite_existing);
    return copy;
  }
};

std::string Unsealed(KeyStore& store) {
  const auto secret = store.Unseal();
  INFO(secret.status().message());
  REQUIRE(secret.ok());
  return std::string(AsText(*secret));
}

void Refuses(KeyStore& store, const std::string& why) {
  const auto status = store.Unseal().status();
  INFO(status.message());
  CHECK(status.code() == Code::kDenied);
  CHECK(status.message().find(why) != std::string::npos);
}

}  // namespace

TEST_CASE("a TPM keeps a secret across restarts of program and machine, and forgets it") {
  Computer computer;
  CHECK(computer.Store()->Unseal().status().code() == Code::kNotFound);
  REQUIRE(computer.Store()->Seal(AsBytes("first")).ok());
  REQUIRE(computer.Store()->Seal(AsBytes("second")).ok());
  const auto record = DecodeTpmRecord(AsBytes(computer.directory.Read("key-store-tpm")));
  REQUIRE(record.ok());
  CHECK((record->object.public_area.at(8) & 0x04) != 0);  // noDA: what opens by policy alone counts nothing today, either
  CHECK(Unsealed(*computer.Store()) == "second");
  computer.tpm.LosesPower();
  computer.tpm.FindsPower();
  CHECK(Unsealed(*computer.Store()) == "second");
  CHECK(computer.Store()->HardwareBound());
  CHECK(computer.Store()->Kind() == "tpm2");
  REQUIRE(computer.Store()->Forget().ok());
  CHECK(computer.Store()->Unseal().status().code() == Code::kNotFound);
  CHECK(computer.Store()->Forget().ok());
  REQUIRE(computer.Store()->Seal(AsBytes("third")).ok());
  CHECK(Unsealed(*computer.Store()) == "third");
}

TEST_CASE("after a newer secret is sealed, an older copy of the disk opens nothing on the same machine") {
  const Computer computer;
  REQUIRE(computer.Store()->Seal(AsBytes("old")).ok());
  const fs::path copy = computer.CopyOfDisk();
  CHECK(Unsealed(*computer.StoreAt(copy)) == "old");
  REQUIRE(computer.Store()->Seal(AsBytes("new")).ok());
  Refuses(*computer.StoreAt(copy), "older copy");
  CHECK(Unsealed(*computer.Store()) == "new");
}

TEST_CASE("a copy of the disk opens nothing on another machine, nor on this one once its TPM was cleared") {
  const Computer computer;
  const Computer other;
  REQUIRE(computer.Store()->Seal(AsBytes("secret")).ok());
  REQUIRE(other.Store()->Seal(AsBytes("another")).ok());
  Refuses(*other.StoreAt(computer.file), "another TPM");
  CHECK(Unsealed(*computer.Store()) == "secret");
  CHECK(Unsealed(*other.Store()) == "another");
}

TEST_CASE("what was forgotten never opens again, not even from a copy and with its counter put back") {
  const Computer computer;
  REQUIRE(computer.Store()->Seal(AsBytes("secret")).ok());
  const fs::path copy = computer.CopyOfDisk();
  REQUIRE(computer.tpm.Counters() == 2);
  REQUIRE(computer.Store()->Forget().ok());
  CHECK(computer.tpm.Counters() == 0);
  CHECK_FALSE(fs::exists(computer.file));
  Refuses(*computer.StoreAt(copy), "forgotten");

  const auto record = DecodeTpmRecord(AsBytes(computer.directory.Read("copy")));
  REQUIRE(record.ok());
  const auto thief = *Tpm::Open(computer.tpm.tcti());
  REQUIRE(thief->Define(record->condition.counter).ok());
  const auto count = thief->Increment(record->condition.counter);
  REQUIRE(count.ok());
  CHECK(*count > record->condition.value);
  CHECK(thief->Unseal(record->object, record->condition).status().code() == Code::kDenied);
}

TEST_CASE("a secret that cannot be forgotten in the TPM is erased from the disk, and forgotten when the TPM is back") {
  Computer computer;
  const auto store = computer.Store();
  REQUIRE(store->Seal(AsBytes("secret")).ok());
  const fs::path copy = computer.CopyOfDisk();
  computer.tpm.LosesPower();
  CHECK_FALSE(store->Forget().ok());
  CHECK(store->Unseal().status().code() == Code::kNotFound);
  computer.tpm.FindsPower();
  CHECK(store->Forget().ok());
  Refuses(*computer.StoreAt(copy), "forgotten");
}

TEST_CASE("sealed to measurements, a secret opens only while the machine starts the same way") {
  Computer computer;
  constexpr uint32_t kSeven = 1U << 7;
  computer.tpm.Measures(7);
  REQUIRE(computer.Store(kSeven)->Seal(AsBytes("secret")).ok());
  computer.tpm.Measures(8);
  CHECK(Unsealed(*computer.Store()) == "secret");  // and says by itself which count
  computer.tpm.Measures(7);
  Refuses(*computer.Store(), "PCRs changed");
  computer.tpm.LosesPower();
  computer.tpm.FindsPower();
  Refuses(*computer.Store(), "PCRs changed");
  computer.tpm.Measures(7);
  CHECK(Unsealed(*computer.Store()) == "secret");
  REQUIRE(computer.Store()->Seal(AsBytes("next")).ok());
  computer.tpm.Measures(7);
  Refuses(*computer.Store(), "PCRs changed");
}

TEST_CASE("all 24 PCRs can take part") {
  Computer computer;
  REQUIRE(computer.Store(0xFFFFFF)->Seal(AsBytes("secret")).ok());
  CHECK(Unsealed(*computer.Store()) == "secret");
  computer.tpm.Measures(9);
  Refuses(*computer.Store(), "PCRs changed");
}

TEST_CASE("the tally only grows: no restart, new secret or copy of the disk takes it back") {
  Computer computer;
  CHECK(computer.Store()->Tally().status().code() == Code::kNotFound);
  REQUIRE(computer.Store()->Seal(AsBytes("secret")).ok());
  const fs::path copy = computer.CopyOfDisk();
  const uint64_t start = *computer.Store()->Tally();
  CHECK(*computer.Store()->AddToTally() == start + 1);
  computer.tpm.LosesPower();
  computer.tpm.FindsPower();
  CHECK(*computer.Store()->Tally() == start + 1);
  REQUIRE(computer.Store()->Seal(AsBytes("another")).ok());
  CHECK(*computer.Store()->AddToTally() == start + 2);
  CHECK(*computer.StoreAt(copy)->Tally() == start + 2);

  // Taking the counter away is not taking the count back.
  const auto record = *DecodeTpmRecord(AsBytes(computer.directory.Read("key-store-tpm")));
  REQUIRE((*Tpm::Open(computer.tpm.tcti()))->Undefine(record.tally).ok());
  CHECK(computer.Store()->Tally().status().code() == Code::kDenied);
  CHECK(computer.Store()->AddToTally().status().code() == Code::kDenied);
}

TEST_CASE("a TPM that is not there, or has a password, is one clear refusal") {
  const ScratchDirectory directory;
  const auto absent = NewTpmKeyStore({directory.path() / "key-store-tpm", "device:/dev/no-such-tpm", {}}).status();
  CHECK(absent.code() == Code::kInvalid);
  CHECK(absent.message().find("\"device:/dev/no-such-tpm\"") != std::string::npos);

  Computer owned;
  const auto store = owned.Store();
  owned.tpm.GetsOwnerPassword("theirs");
  CHECK(store->Seal(AsBytes("secret")).code() == Code::kDenied);
  CHECK(store->Seal(AsBytes("secret")).message().find("password") != std::string::npos);
  CHECK(NewTpmKeyStore({owned.file, owned.tpm.tcti(), {}}).status().code() == Code::kDenied);
}

TEST_CASE("a full TPM keeps no secret, says so, and nothing of the attempt stays in it") {
  const Computer computer;
  size_t there = 0;
  {
    const auto tpm = *Tpm::Open(computer.tpm.tcti());
    const Bytes tag = RandomBytes(kTpmTagBytes);
    for (; tpm->Define({kFirstTpmIndex + static_cast<uint32_t>(there), tag}).ok();) ++there;
    if (GENERATE(false, true)) {  // room for one, where two are needed
      REQUIRE(tpm->Undefine({kFirstTpmIndex + static_cast<uint32_t>(--there), tag}).ok());
    }
  }
  const auto refused = computer.Store()->Seal(AsBytes("secret"));
  CHECK(refused.code() == Code::kExhausted);
  CHECK(refused.message().find("no room") != std::string::npos);
  CHECK(computer.tpm.Counters() == there);
  CHECK(computer.Store()->Unseal().status().code() == Code::kNotFound);
}

TEST_CASE("whoever listens between processor and TPM does not hear the secret") {
  const Computer computer;
  const std::string secret = "a device secret of 32 characters";
  WireTap tap(computer.tpm);
  const auto store = *NewTpmKeyStore({computer.file, tap.tcti(), {}});
  REQUIRE(store->Seal(AsBytes(secret)).ok());
  CHECK(Unsealed(*store) == secret);
  CHECK(tap.commands() > 10);
  CHECK(tap.Recorded().find(secret) == std::string::npos);
  // The tap does hear: a store without encrypted sessions gives it away.
  CHECK(computer.tpm.KeepsCarelessly(secret, true, tap.port()) == secret);
  CHECK(tap.Recorded().find(secret) != std::string::npos);
}

TEST_CASE("a changed TPM key store opens nothing else than what was sealed") {
  const Computer computer;
  REQUIRE(computer.Store()->Seal(AsBytes("secret")).ok());
  const std::string stored = computer.directory.Read("key-store-tpm");
  const auto store = computer.Store();
  size_t refused = 0;
  for (size_t at = 0; at < stored.size(); at += 5) {
    std::string changed = stored;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    computer.directory.Write("key-store-tpm", changed);
    const auto opened = store->Unseal();
    refused += opened.ok() ? 0 : 1;
    if (opened.ok() && AsText(*opened) != "secret") FAIL_CHECK("byte " << at);
  }
  CHECK(refused > stored.size() / 5 * 3 / 4);  // the tally's tag takes no part
  for (size_t size = 0; size < stored.size(); size += 9) {
    computer.directory.Write("key-store-tpm", stored.substr(0, size));
    CHECK_FALSE(store->Unseal().ok());
  }
}

TEST_CASE("a TPM keeps 64 bytes and no more") {
  const Computer computer;
  CHECK(computer.Store()->Seal(Bytes(64, 7)).ok());
  CHECK(Unsealed(*computer.Store()) == std::string(64, '\7'));
  CHECK(computer.Store()->Seal(Bytes(65, 7)).code() == Code::kInvalid);
  CHECK(Unsealed(*computer.Store()) == std::string(64, '\7'));
}
