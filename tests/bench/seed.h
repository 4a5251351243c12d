// SPDX-License-Identifier: Apache-2.0
//
// A fleet with a real-sized register, made without waiting an hour for accesses to happen: written through the fleet server's
// own store, so that rows, digests and segments are what it would have made.
#pragma once

#include <filesystem>
#include <string>

#include "platform/status.h"

namespace cpis::bench {

struct Seed {
  std::string partition = "E10000017";
  size_t flags = 25'000;
  int accesses = 5;       // each, by some of `crews` people
  size_t crews = 400;
  // Numbers below this have their true number keys (4 ms each) and can be looked up; the others have random ones, which seal,
  // travel and rest the same.
  size_t true_keys = 500;
};

// `state` holds an initialised fleet that no daemon serves.
platform::Status SeedFleet(const std::filesystem::path& state, const Seed& seed);

}  // namespace cpis::bench
