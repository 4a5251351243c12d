// SPDX-License-Identifier: Apache-2.0
//
// A fuzz target: a parser that a thief or a peer can reach, inputs that it understands, and what must hold for any input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/bytes.h"

namespace cpis::fuzz {

using platform::Bytes;
using platform::ByteView;

struct Target {
  std::string name;
  std::function<void(ByteView)> run;
  std::function<std::vector<Bytes>()> seeds;
};

// Every target of this program, by the files that register them.
std::vector<Target>& Targets();

struct Registered {
  Registered(std::string name, std::function<void(ByteView)> run, std::function<std::vector<Bytes>()> seeds) {
    Targets().push_back({std::move(name), std::move(run), std::move(seeds)});
  }
};

// What must hold; a broken promise ends the process like any other crash.
inline void Must(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

inline Bytes OfText(std::string_view text) { return platform::ToBytes(platform::AsBytes(text)); }
inline std::string TextOf(ByteView bytes) { return std::string(platform::AsText(bytes)); }

// What decodes is encoded to the same bytes again.
template <typename Decode, typename Encode>
std::function<void(ByteView)> Stable(Decode decode, Encode encode) {
  return [decode, encode](ByteView bytes) {
    const auto value = decode(bytes);
    if (!value.ok()) return;
    const auto again = encode(*value);
    const auto same = decode(ByteView(again));
    Must(same.ok(), "what was encoded does not decode");
    Must(platform::ToBytes(ByteView(encode(*same))) == platform::ToBytes(ByteView(again)), "encoding is not stable");
  };
}

}  // namespace cpis::fuzz
