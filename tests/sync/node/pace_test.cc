// SPDX-License-Identifier: Apache-2.0
#include "sync/node/pace.h"

#include <catch2/catch.hpp>

#include "sync/node/tuning.h"

namespace cpis::sync::node {
namespace {

using platform::Code;

const Pace::Clock::time_point kStart{};

ReplicaStore::Cursor At(uint64_t sequence, uint32_t epoch = 1) { return {crypto::Epoch{epoch}, Sequence{sequence}, {}}; }

TEST_CASE("a fetch that gets on may take as long as its bytes need on the poorest link") {
  Pace pace(kStart);
  for (uint64_t i = 1; i <= 1000; ++i) {
    const auto now = kStart + std::chrono::seconds(i * 200);  // 100 KB each: 3 hours
    REQUIRE(pace.Took(100 * 1024, At(i), std::nullopt, now).ok());
  }
}

TEST_CASE("a server that drips is left, though each message comes in time and gets on") {
  Pace pace(kStart);
  Status last;
  int messages = 0;
  for (; last.ok() && messages < 1000; ++messages) {
    last = pace.Took(1, At(static_cast<uint64_t>(messages) + 1), std::nullopt, kStart + (messages + 1) * std::chrono::seconds(15));
  }
  CHECK(last.code() == Code::kUnavailable);
  CHECK(messages * 15s <= kFetchPatience + 15s);
}

TEST_CASE("a server that sends the same parts again and again is left") {
  Pace pace(kStart);
  Status last;
  int messages = 0;
  for (; last.ok() && messages < 1000; ++messages) {
    last = pace.Took(1 << 20, At(5), ReplicaStore::Staged{Sequence{9}, static_cast<uint32_t>(messages % 3 + 1)}, kStart);
  }
  CHECK(last.code() == Code::kDenied);
  CHECK(messages == 3 + 4 + 1);
}

TEST_CASE("a snapshot of another history, shorter than what is held, gets on") {
  Pace pace(kStart);
  for (uint32_t part = 1; part < 100; ++part) {
    REQUIRE(pace.Took(1000, At(50), ReplicaStore::Staged{Sequence{40}, part, crypto::Epoch{2}}, kStart).ok());
  }
  CHECK(pace.Took(1000, At(40, 2), std::nullopt, kStart).ok());
}

}  // namespace
}  // namespace cpis::sync::node
