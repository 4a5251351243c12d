// SPDX-License-Identifier: Apache-2.0
//
// The same targets under libFuzzer (preset "fuzz"): CPIS_TARGET=flag build/fuzz/bin/libfuzzer_run -max_total_time=60. Without
// CPIS_TARGET the first byte of each input chooses.
#include <cstdlib>

#include "crypto/secret.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  cpis::crypto::StartCrypto();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const char* const name = std::getenv("CPIS_TARGET");
  const auto& targets = cpis::fuzz::Targets();
  if (name == nullptr) {
    if (size > 0) targets[data[0] % targets.size()].run({data + 1, size - 1});
    return 0;
  }
  for (const auto& target : targets) {
    if (target.name == name) target.run({data, size});
  }
  return 0;
}

// Half of what libFuzzer tries comes from inputs that the target understands: it begins without a corpus of files.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  static const char* const name = std::getenv("CPIS_TARGET");
  if (name != nullptr && seed % 64 == 0) {
    for (const auto& target : cpis::fuzz::Targets()) {
      if (target.name != name) continue;
      const auto seeds = target.seeds();
      const auto& chosen = seeds[seed / 64 % seeds.size()];
      if (chosen.size() <= most) {
        std::copy(chosen.begin(), chosen.end(), data);
        size = chosen.size();
      }
    }
  }
  return LLVMFuzzerMutate(data, size, most);
}
