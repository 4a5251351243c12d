// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include "crypto/seal.h"

namespace cpis::sync {

// Ed25519 key pairs that never change, one for each role: the seed is 32 times the byte 0x11 · (role + 1).
inline crypto::SigningKey FixedKey(crypto::Role role) {
  static constexpr const char* kPublicKeys[] = {
      "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737",
      "a09aa5f47a6759802ff955f8dc2d2a14a5c99d23be97f864127ff9383455a4f0",
      "17cb79fb2b4120f2b1ec65e4198d6e08b28e813feb01e4a400839b85e18080ce",
      "d759793bbc13a2819a827c76adb6fba8a49aee007f49f2d0992d99b825ad2c48",
      "c6822637c7d310ec57627be00ba259d253749f4aaf644470cffbe53a35f73242",
  };
  const auto number = static_cast<uint8_t>(role);
  platform::Bytes secret(32, static_cast<uint8_t>(0x11 * (number + 1)));
  const auto public_key = *platform::ParseHex(kPublicKeys[number]);
  secret.insert(secret.end(), public_key.begin(), public_key.end());
  auto key = crypto::SigningKeyFromSecret(crypto::Secret::Copy(secret));
  REQUIRE(key.ok());
  return *std::move(key);
}

inline const crypto::SigningKey& ContentKey() {
  static const auto key = FixedKey(crypto::Role::kContent);
  return key;
}
inline const crypto::SigningKey& FreshnessKey() {
  static const auto key = FixedKey(crypto::Role::kFreshness);
  return key;
}
inline const crypto::SigningKey& PolicyKey() {
  static const auto key = FixedKey(crypto::Role::kPolicy);
  return key;
}
inline const crypto::SigningKey& RootKey() {
  static const auto key = FixedKey(crypto::Role::kRoot);
  return key;
}
inline const crypto::SigningKey& NodeKey() {
  static const auto key = FixedKey(crypto::Role::kNode);
  return key;
}

// What was signed, to be signed again in another way.
inline platform::Bytes WithoutSignature(const platform::Bytes& signed_message) {
  REQUIRE(signed_message.size() > crypto::kSignatureOverhead);
  const platform::ByteView all(signed_message);
  return platform::ToBytes(all.first(all.size() - crypto::kSignatureOverhead));
}

}  // namespace cpis::sync
