// SPDX-License-Identifier: Apache-2.0
//
// Inputs from inputs, by a seed: what flips, what is cut, put in, repeated or taken from another.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "tests/fuzz/target.h"

namespace cpis::fuzz {

class Mutator {
 public:
  Mutator(std::vector<Bytes> corpus, uint64_t seed) : corpus_(std::move(corpus)), random_(seed) {}

  Bytes Next() {
    Bytes input = corpus_[Below(corpus_.size())];
    for (uint64_t i = 1 + Below(4); i > 0; --i) Change(&input);
    if (Below(64) == 0 && corpus_.size() < 200) corpus_.push_back(input);  // so that changes gather
    return input;
  }

 private:
  uint64_t Below(uint64_t end) { return end == 0 ? 0 : random_() % end; }
  std::ptrdiff_t Place(const Bytes& input) { return static_cast<std::ptrdiff_t>(Below(input.size() + 1)); }

  void Change(Bytes* input) {
    static constexpr uint8_t kTelling[] = {0, 1, 0x7f, 0x80, 0xff, 0xfe, '<', '"', '%', '\n'};
    const uint64_t kind = Below(9);
    if (input->empty() || kind == 0) {
      input->insert(input->begin() + Place(*input), Below(20), kTelling[Below(sizeof kTelling)]);
      return;
    }
    uint8_t& byte = (*input)[Below(input->size())];
    switch (kind) {
      case 1: byte ^= static_cast<uint8_t>(1 << Below(8)); break;
      case 2: byte = static_cast<uint8_t>(random_()); break;
      case 3: byte = kTelling[Below(sizeof kTelling)]; break;
      case 4: input->resize(Below(input->size())); break;
      case 5: input->erase(input->begin() + static_cast<std::ptrdiff_t>(Below(input->size()))); break;
      case 6: std::fill_n(&byte, std::min<size_t>(8, static_cast<size_t>(input->data() + input->size() - &byte)), kTelling[Below(6)]); break;
      default: Splice(input); break;
    }
  }

  // A piece of this or another, put in somewhere.
  void Splice(Bytes* input) {
    const Bytes& from = Below(2) == 0 ? *input : corpus_[Below(corpus_.size())];
    const size_t begin = Below(from.size());
    const Bytes piece(from.begin() + static_cast<std::ptrdiff_t>(begin),
                      from.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(from.size(), begin + Below(64))));
    if (input->size() < 64 * 1024) input->insert(input->begin() + Place(*input), piece.begin(), piece.end());
  }

  std::vector<Bytes> corpus_;
  std::mt19937_64 random_;
};

}  // namespace cpis::fuzz
