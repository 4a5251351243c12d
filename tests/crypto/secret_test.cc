// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <type_traits>

using namespace cpis::crypto;
using cpis::platform::AsBytes;
using cpis::platform::AsText;

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);

TEST_CASE("a secret gives back what was put in, wherever it rests") {
  for (const Residence residence : {Residence::kGuarded, Residence::kTransient}) {
    const Secret secret = Secret::Copy(AsBytes("hush"), residence);
    CHECK(AsText(secret.Reveal()) == "hush");
    CHECK(AsText(secret.Clone().Reveal()) == "hush");
  }
}

TEST_CASE("a secret that was moved away is empty") {
  Secret from = Secret::Copy(AsBytes("hush"));
  Secret to = std::move(from);
  CHECK(from.empty());
  CHECK(AsText(to.Reveal()) == "hush");
  Secret third = Secret::Copy(AsBytes("old"), Residence::kTransient);
  third = std::move(to);
  CHECK(to.empty());
  CHECK(AsText(third.Reveal()) == "hush");
}

TEST_CASE("an empty secret can be copied, cloned and moved") {
  Secret empty = Secret::Copy({});
  CHECK(empty.empty());
  CHECK(empty.Clone().empty());
  const Secret moved = std::move(empty);
  CHECK(moved.empty());
}

TEST_CASE("a zeroed secret is zero until it is written") {
  for (const Residence residence : {Residence::kGuarded, Residence::kTransient}) {
    Secret secret = Secret::Zeroed(3, residence);
    CHECK(cpis::platform::ToBytes(secret.Reveal()) == Bytes{0, 0, 0});
    secret.RevealForWriting()[1] = 7;
    CHECK(cpis::platform::ToBytes(secret.Reveal()) == Bytes{0, 7, 0});
  }
}

TEST_CASE("random secrets differ") {
  CHECK_FALSE(ConstantTimeEqual(Secret::Random(32).Reveal(), Secret::Random(32).Reveal()));
  CHECK(RandomBytes(32) != RandomBytes(32));
}

TEST_CASE("wiping leaves nothing to read") {
  std::string text = "9990000018";
  text.resize(2);
  const char* where = text.data();
  Wipe(text);
  CHECK(text.empty());
  CHECK(std::all_of(where, where + 10, [](char c) { return c == 0; }));
  Bytes bytes{1, 2, 3};
  Wipe(bytes);
  CHECK(bytes == Bytes{0, 0, 0});
}

TEST_CASE("comparing in constant time compares content and size") {
  CHECK(ConstantTimeEqual(AsBytes("abc"), AsBytes("abc")));
  CHECK(ConstantTimeEqual({}, {}));
  CHECK_FALSE(ConstantTimeEqual(AsBytes("abc"), AsBytes("abd")));
  CHECK_FALSE(ConstantTimeEqual(AsBytes("abc"), AsBytes("ab")));
  CHECK_FALSE(ConstantTimeEqual(AsBytes("ab"), AsBytes("abc")));
  const Bytes longer{'a', 'b', 0};
  CHECK_FALSE(ConstantTimeEqual(longer, ByteView(longer).first(2)));
}

TEST_CASE("a process that started crypto leaves no core file") {
  CHECK(prctl(PR_GET_DUMPABLE) == 0);
  rlimit core{};
  REQUIRE(getrlimit(RLIMIT_CORE, &core) == 0);
  CHECK(core.rlim_cur == 0);
  CHECK(core.rlim_max == 0);
}
