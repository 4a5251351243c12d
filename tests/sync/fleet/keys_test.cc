// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/keys.h"

#include <fstream>

#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

TEST_CASE("a fleet's keys are made once, and come back as they were made") {
  ScratchDirectory state;
  const auto store = platform::NewPlainKeyStore(state / "device");
  CHECK(LoadFleetKeys(state.path(), *store).status().code() == Code::kNotFound);
  REQUIRE(MakeFleetKeys(state.path(), *store, "NWAS").ok());
  const auto first = LoadFleetKeys(state.path(), *store);
  const auto second = LoadFleetKeys(state.path(), *store);
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(first->content.public_key == second->content.public_key);
  CHECK(crypto::ConstantTimeEqual(first->pepper.Reveal(), second->pepper.Reveal()));
  CHECK(crypto::ConstantTimeEqual(first->ring_key.Reveal(), second->ring_key.Reveal()));
  CHECK(first->pepper.size() == 16);
  const auto set = DecodeKeySet(first->signed_key_set, first->root_public_key);
  REQUIRE(set.ok());
  CHECK(set->content == first->content.public_key);
  CHECK(set->freshness == first->freshness.public_key);
  CHECK(set->policy == first->policy.public_key);
  CHECK(set->fleet_box == first->box.public_key);
  CHECK(MakeFleetKeys(state.path(), *store, "NWAS").code() == Code::kDenied);
  CHECK(LoadFleetKeys(state.path(), *store)->content.public_key == first->content.public_key);
}

TEST_CASE("keys cut short or under another device secret are refused") {
  ScratchDirectory state;
  const auto store = platform::NewPlainKeyStore(state / "device");
  REQUIRE(MakeFleetKeys(state.path(), *store, "NWAS").ok());
  const Bytes whole = *platform::ReadFile(state / "keys", 1 << 16);
  for (size_t size = 0; size < whole.size(); size += 13) {
    std::ofstream(state / "keys", std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(whole.data()), static_cast<std::streamsize>(size));
    CHECK(LoadFleetKeys(state.path(), *store).status().code() == Code::kInvalid);
  }
  REQUIRE(platform::WriteFileDurably(state / "keys", whole).ok());
  REQUIRE(store->Seal(crypto::RandomBytes(32)).ok());
  CHECK(LoadFleetKeys(state.path(), *store).status().code() == Code::kInvalid);
}

TEST_CASE("every partition and epoch has a key of its own") {
  World w;
  const auto differ = [&](std::string_view a, uint32_t i, std::string_view b, uint32_t j) {
    return !crypto::ConstantTimeEqual(w.keys.EpochKey(a, crypto::Epoch{i}).Reveal(),
                                      w.keys.EpochKey(b, crypto::Epoch{j}).Reveal());
  };
  CHECK_FALSE(differ(kLancashire, 1, kLancashire, 1));
  CHECK(differ(kLancashire, 1, kWarrington, 1));
  CHECK(differ(kLancashire, 1, kLancashire, 2));
}

}  // namespace
}  // namespace cpis::sync::fleet
