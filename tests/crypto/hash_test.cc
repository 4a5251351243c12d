// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <catch2/catch.hpp>
#include <set>

using namespace cpis::crypto;
using cpis::platform::AsBytes;

TEST_CASE("a hash covers its parts as one text") {
  CHECK(Blake2b32({AsBytes("ab"), AsBytes("c")}) == Blake2b32({AsBytes("abc")}));
  CHECK(Blake2b32({AsBytes("abc")}) != Blake2b32({AsBytes("abd")}));
  CHECK(Blake2b(8, {AsBytes("abc")}).size() == 8);
  CHECK(KeyedBlake2b(32, AsBytes("key"), {AsBytes("abc")}) != Blake2b(32, {AsBytes("abc")}));
}

TEST_CASE("a derived secret depends on its key and on its input") {
  const Secret key = Secret::Random(32);
  const Secret other = Secret::Random(32);
  const Secret derived = DeriveSecret(key, {AsBytes("a")});
  CHECK(derived.size() == 32);
  CHECK(ConstantTimeEqual(derived.Reveal(), DeriveSecret(key, {AsBytes("a")}).Reveal()));
  CHECK_FALSE(ConstantTimeEqual(derived.Reveal(), DeriveSecret(key, {AsBytes("b")}).Reveal()));
  CHECK_FALSE(ConstantTimeEqual(derived.Reveal(), DeriveSecret(other, {AsBytes("a")}).Reveal()));
}

TEST_CASE("a UUID names its millisecond, its version and its variant, in upper case") {
  // The millisecond of RFC 9562, appendix A.6.
  const std::string id = NewUuidV7(0x017F22E279B0);
  REQUIRE(id.size() == 36);
  CHECK(id.substr(0, 15) == "017F22E2-79B0-7");
  CHECK(std::string("89AB").find(id[19]) != std::string::npos);
  for (size_t i = 0; i < id.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    CHECK(std::string(hyphen ? "-" : "0123456789ABCDEF").find(id[i]) != std::string::npos);
  }
}

TEST_CASE("UUIDs of one millisecond ascend and differ") {
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = NewUuidV7(1'700'000'000'000);
    REQUIRE(last < id);
    last = id;
  }
  CHECK(last < NewUuidV7(1'700'000'000'001));
}

TEST_CASE("UUIDs are unique when the clock goes back") {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(NewUuidV7(1'700'000'000'000 + i % 2));
  CHECK(seen.size() == 1'000);
}
