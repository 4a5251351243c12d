// SPDX-License-Identifier: Apache-2.0
//
// Sealing with a key that both sides hold (XChaCha20-Poly1305), to a public key (X25519 sealed box), and signing
// (Ed25519).
#pragma once

#include <string_view>

#include "crypto/hash.h"
#include "crypto/secret.h"

namespace cpis::crypto {

// 0 suite 1 │ 1 nonce 24 │ 25 ciphertext and tag. `purpose` is authenticated: bytes sealed for one purpose do not open
// for another. Key: 32 bytes. What is opened, here and in OpenBox, is transient: Clone() what is to be kept for long.
Bytes SealWith(const Secret& key, std::string_view purpose, ByteView plain);
Result<Secret> OpenWith(const Secret& key, std::string_view purpose, ByteView sealed);  // kCorrupt

struct BoxKey {
  Secret secret;  // X25519, 32 bytes
  Bytes public_key;
};
BoxKey NewBoxKey();
BoxKey BoxKeyFromSecret(Secret secret);
// Whether something can be sealed to these bytes: 32 of them, and not a point that makes every shared key zero. Ask
// before a key that a stranger sent is kept: SealTo aborts on one that is not.
bool IsBoxPublicKey(ByteView bytes);
// 0 suite 1 │ 1 libsodium sealed box. The sender cannot open it again.
Bytes SealTo(ByteView box_public_key, ByteView plain);
Result<Secret> OpenBox(const BoxKey& key, ByteView sealed);  // kCorrupt

// Roles of signing keys, as TUF separates them (The Update Framework, §2.1). Node signs what a vehicle sends.
enum class Role : uint8_t { kRoot = 0, kContent = 1, kFreshness = 2, kPolicy = 3, kNode = 4 };
std::string_view Name(Role role);

struct SigningKey {
  Secret secret;     // Ed25519, 64 bytes
  Bytes public_key;  // 32 bytes
};
SigningKey NewSigningKey();
Result<SigningKey> SigningKeyFromSecret(Secret secret);  // kCorrupt

// Appends role (1 byte) and signature (64 bytes) to `message`. The role and `purpose` are signed too, so neither a key
// of another role nor a message of another kind can stand in.
Bytes Sign(const SigningKey& key, Role role, std::string_view purpose, ByteView message);
// The message without its signature, as a view into `signed_message`. kDenied: wrong role; kCorrupt: bad signature.
Result<ByteView> Verify(ByteView public_key, Role role, std::string_view purpose, ByteView signed_message);
constexpr size_t kSignatureOverhead = 65;

}  // namespace cpis::crypto
