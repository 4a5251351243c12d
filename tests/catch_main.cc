// SPDX-License-Identifier: Apache-2.0
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "crypto/secret.h"

int main(int argc, char** argv) {
  cpis::crypto::StartCrypto();
  return Catch::Session().run(argc, argv);
}
