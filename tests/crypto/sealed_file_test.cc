// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_file.h"

#include <catch2/catch.hpp>

#include "platform/plain_key_store.h"
#include "tests/scratch.h"

using namespace cpis::crypto;
using cpis::ScratchDirectory;
using cpis::platform::AsBytes;
using cpis::platform::AsText;
using cpis::platform::Code;
using cpis::platform::KeyStore;

namespace {

namespace fs = std::filesystem;

// A key store at which the power goes, before or after it took the secret.
class DyingStore : public KeyStore {
 public:
  DyingStore(KeyStore& store, bool after) : store_(store), after_(after) {}
  std::string_view Kind() const override { return store_.Kind(); }
  bool HardwareBound() const override { return false; }
  Status Seal(ByteView secret) override {
    if (after_) CHECK(store_.Seal(secret).ok());
    return cpis::platform::Internal("power cut");
  }
  Result<Bytes> Unseal() override { return store_.Unseal(); }
  Status Forget() override { return store_.Forget(); }

 private:
  KeyStore& store_;
  bool after_;
};

struct Disk {
  ScratchDirectory directory;
  SealedFile file{directory.path() / "identity", "cpis.v1.test"};
  std::unique_ptr<KeyStore> store = cpis::platform::NewPlainKeyStore(directory.path() / "device");

  bool Writes(std::string_view text) { return Writes(*store, text); }
  bool Writes(KeyStore& into, std::string_view text) {
    return WriteSealedFile(file, into, Secret::Copy(AsBytes(text))).ok();
  }
  std::string Reads() {
    const auto plain = ReadSealedFile(file, *store);
    return plain.ok() ? std::string(AsText(plain->Reveal())) : std::string(Name(plain.status().code()));
  }
};

}  // namespace

TEST_CASE("a sealed file comes back as it was written, and is written anew under a new secret") {
  Disk disk;
  CHECK(disk.Reads() == Name(Code::kNotFound));
  REQUIRE(disk.Writes("first"));
  const Bytes secret = *disk.store->Unseal();
  REQUIRE(disk.Writes("second"));
  CHECK(disk.Reads() == "second");
  CHECK(*disk.store->Unseal() != secret);
  CHECK(disk.directory.Read("identity").find("second") == std::string::npos);
}

TEST_CASE("a write that failed late is settled before the next one: what opens is never written over") {
  Disk disk;
  REQUIRE(disk.Writes("old"));
  DyingStore late(*disk.store, true);
  REQUIRE_FALSE(disk.Writes(late, "new"));
  DyingStore early(*disk.store, false);
  REQUIRE_FALSE(disk.Writes(early, "newest"));
  CHECK(disk.Reads() == "new");
}

TEST_CASE("cut off while a new secret goes into the store, a sealed file is the old one or the new one") {
  Disk disk;
  const bool after = GENERATE(false, true);
  REQUIRE(disk.Writes("old"));
  DyingStore dying(*disk.store, after);
  REQUIRE_FALSE(disk.Writes(dying, "new"));
  CHECK(disk.Reads() == (after ? "new" : "old"));
  CHECK(disk.Reads() == (after ? "new" : "old"));
  CHECK_FALSE(fs::exists(disk.directory.path() / "identity.next"));
  REQUIRE(disk.Writes("newest"));
  CHECK(disk.Reads() == "newest");
}

TEST_CASE("cut off before its first secret rests, a sealed file is not there; after, it is") {
  Disk disk;
  const bool after = GENERATE(false, true);
  DyingStore dying(*disk.store, after);
  REQUIRE_FALSE(disk.Writes(dying, "first"));
  CHECK(disk.Reads() == (after ? "first" : std::string(Name(Code::kNotFound))));
  REQUIRE(disk.Writes("second"));
  CHECK(disk.Reads() == "second");
}

TEST_CASE("a sealed file that its store does not open is refused, never taken for one that is not there") {
  Disk disk;
  REQUIRE(disk.Writes("text"));
  REQUIRE(disk.store->Seal(AsBytes("00000000000000000000000000000000")).ok());
  CHECK(disk.Reads() == Name(Code::kInvalid));
  REQUIRE(disk.store->Forget().ok());
  CHECK(disk.Reads() == Name(Code::kInvalid));
}
