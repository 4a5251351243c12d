// SPDX-License-Identifier: Apache-2.0
#include "platform/plain_key_store.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "platform/files.h"
#include "tests/scratch.h"

namespace cpis::platform {
namespace {

TEST_CASE("a sealed secret comes back, from a new store object too, and is gone once forgotten") {
  ScratchDirectory scratch;
  auto store = NewPlainKeyStore(scratch / "secret");
  CHECK(store->Kind() == "plain");
  CHECK_FALSE(store->HardwareBound());
  CHECK(store->Unseal().status().code() == Code::kNotFound);
  REQUIRE(store->Seal(Bytes(32, 7)).ok());
  REQUIRE(store->Seal(Bytes(64, 8)).ok());
  CHECK(*NewPlainKeyStore(scratch / "secret")->Unseal() == Bytes(64, 8));
  struct stat facts {};
  REQUIRE(stat((scratch / "secret").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0600);
  CHECK(store->Seal(Bytes(65, 8)).code() == Code::kInvalid);

  REQUIRE(WriteFileDurably(scratch / ".secret.Ab12Cd", Bytes(64, 8)).ok());  // as a power cut leaves it
  REQUIRE(store->Forget().ok());
  CHECK(store->Unseal().status().code() == Code::kNotFound);
  CHECK(std::filesystem::is_empty(scratch.path()));
  CHECK(store->Forget().ok());
}

}  // namespace
}  // namespace cpis::platform
