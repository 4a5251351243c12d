// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <functional>

#include "platform/bytes.h"

namespace cpis::crypto {

// Flips every bit of `good`, one at a time, and cuts it at every length; `opens` must say no each time.
inline void RefusesEveryChange(const platform::Bytes& good, const std::function<bool(platform::ByteView)>& opens) {
  REQUIRE(opens(good));
  platform::Bytes bad = good;
  for (size_t bit = 0; bit < bad.size() * 8; ++bit) {
    bad[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    INFO("bit " << bit % 8 << " of byte " << bit / 8);
    REQUIRE_FALSE(opens(bad));
    bad[bit / 8] = good[bit / 8];
  }
  for (size_t size = 0; size < good.size(); ++size) {
    INFO("cut to " << size << " bytes");
    REQUIRE_FALSE(opens(platform::ByteView(good).first(size)));
  }
  bad.push_back(0);
  REQUIRE_FALSE(opens(bad));
}

}  // namespace cpis::crypto
