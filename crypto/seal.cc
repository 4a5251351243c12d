// SPDX-License-Identifier: Apache-2.0
//
// What is signed: "cpis.v1.sig" │ purpose size 4 │ purpose │ role 1 │ message. The sizes make it impossible for two
// different sets of inputs to give the same bytes.
#include "crypto/seal.h"

#include <sodium.h>

#include <cstdlib>

#include "crypto/suite.h"

namespace cpis::crypto {
namespace {

using platform::AsBytes;
using platform::Corrupt;
using platform::Denied;

constexpr size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t kSealedHead = 1 + kNonceBytes;
constexpr size_t kSignatureBytes = crypto_sign_ed25519_BYTES;
static_assert(kSignatureOverhead == 1 + kSignatureBytes);

Bytes AssociatedData(std::string_view purpose) {
  platform::ByteWriter out;
  out.U8(kSuite);
  out.Raw(AsBytes(purpose));
  return std::move(out).Take();
}

Bytes SignedInput(Role role, std::string_view purpose, ByteView message) {
  constexpr std::string_view kDomain = "cpis.v1.sig";
  platform::ByteWriter out;
  out.Raw(AsBytes(kDomain));
  out.U32(static_cast<uint32_t>(purpose.size()));
  out.Raw(AsBytes(purpose));
  out.U8(static_cast<uint8_t>(role));
  out.Raw(message);
  return std::move(out).Take();
}

}  // namespace

Bytes SealWith(const Secret& key, std::string_view purpose, ByteView plain) {
  if (key.size() != kKeyBytes) std::abort();
  Bytes out(kSealedHead + plain.size() + kTagBytes);
  out[0] = kSuite;
  randombytes_buf(&out[1], kNonceBytes);
  const Bytes aad = AssociatedData(purpose);
  crypto_aead_xchacha20poly1305_ietf_encrypt(&out[kSealedHead], nullptr, plain.data(), plain.size(), aad.data(),
                                             aad.size(), nullptr, &out[1], key.Reveal().data());
  return out;
}

Result<Secret> OpenWith(const Secret& key, std::string_view purpose, ByteView sealed) {
  if (key.size() != kKeyBytes) return Corrupt("a sealing key of the wrong size");
  if (sealed.size() < kSealedHead + kTagBytes || sealed[0] != kSuite) return Corrupt("not a sealed message");
  const ByteView body = sealed.subspan(kSealedHead);
  Secret plain = Secret::Zeroed(body.size() - kTagBytes, Residence::kTransient);
  const Bytes aad = AssociatedData(purpose);
  const int failed =
      crypto_aead_xchacha20poly1305_ietf_decrypt(plain.RevealForWriting().data(), nullptr, nullptr, body.data(),
                                                 body.size(), aad.data(), aad.size(), &sealed[1], key.Reveal().data());
  if (failed != 0) return Corrupt("a sealed message does not open with this key");
  return plain;
}

BoxKey NewBoxKey() { return BoxKeyFromSecret(Secret::Random(crypto_box_SECRETKEYBYTES)); }

BoxKey BoxKeyFromSecret(Secret secret) {
  if (secret.size() != crypto_box_SECRETKEYBYTES) std::abort();
  BoxKey key{secret.Clone(), Bytes(crypto_box_PUBLICKEYBYTES)};
  crypto_scalarmult_base(key.public_key.data(), key.secret.Reveal().data());
  return key;
}

bool IsBoxPublicKey(ByteView bytes) {
  if (bytes.size() != crypto_box_PUBLICKEYBYTES) return false;
  const Secret scalar = Secret::Copy(Bytes(crypto_box_SECRETKEYBYTES, 1), Residence::kTransient);
  Secret shared = Secret::Zeroed(crypto_scalarmult_BYTES, Residence::kTransient);
  return crypto_scalarmult(shared.RevealForWriting().data(), scalar.Reveal().data(), bytes.data()) == 0;
}

Bytes SealTo(ByteView box_public_key, ByteView plain) {
  if (box_public_key.size() != crypto_box_PUBLICKEYBYTES) std::abort();
  Bytes out(1 + crypto_box_SEALBYTES + plain.size());
  out[0] = kSuite;
  if (crypto_box_seal(&out[1], plain.data(), plain.size(), box_public_key.data()) != 0) std::abort();
  return out;
}

Result<Secret> OpenBox(const BoxKey& key, ByteView sealed) {
  if (sealed.size() < 1 + crypto_box_SEALBYTES || sealed[0] != kSuite) return Corrupt("not a sealed box");
  const ByteView body = sealed.subspan(1);
  Secret plain = Secret::Zeroed(body.size() - crypto_box_SEALBYTES, Residence::kTransient);
  if (crypto_box_seal_open(plain.RevealForWriting().data(), body.data(), body.size(), key.public_key.data(),
                           key.secret.Reveal().data()) != 0) {
    return Corrupt("a sealed box does not open with this key");
  }
  return plain;
}

std::string_view Name(Role role) {
  switch (role) {
    case Role::kRoot:
      return "root";
    case Role::kContent:
      return "content";
    case Role::kFreshness:
      return "freshness";
    case Role::kPolicy:
      return "policy";
    case Role::kNode:
      return "node";
  }
  return "unknown";
}

SigningKey NewSigningKey() {
  SigningKey key{Secret::Zeroed(crypto_sign_SECRETKEYBYTES, Residence::kGuarded), Bytes(crypto_sign_PUBLICKEYBYTES)};
  crypto_sign_keypair(key.public_key.data(), key.secret.RevealForWriting().data());
  return key;
}

Result<SigningKey> SigningKeyFromSecret(Secret secret) {
  if (secret.size() != crypto_sign_SECRETKEYBYTES) return Corrupt("a signing key of the wrong size");
  SigningKey key{Secret::Zeroed(crypto_sign_SECRETKEYBYTES, Residence::kGuarded), Bytes(crypto_sign_PUBLICKEYBYTES)};
  // The secret's first half is the seed. A second half that is not its public key would make signatures that leak the
  // key.
  crypto_sign_seed_keypair(key.public_key.data(), key.secret.RevealForWriting().data(), secret.Reveal().data());
  if (!ConstantTimeEqual(key.secret.Reveal(), secret.Reveal())) return Corrupt("a signing key whose halves differ");
  return key;
}

Bytes Sign(const SigningKey& key, Role role, std::string_view purpose, ByteView message) {
  if (key.secret.size() != crypto_sign_SECRETKEYBYTES) std::abort();
  const Bytes input = SignedInput(role, purpose, message);
  Bytes out;
  out.reserve(message.size() + kSignatureOverhead);
  out.insert(out.end(), message.begin(), message.end());
  out.push_back(static_cast<uint8_t>(role));
  out.resize(out.size() + kSignatureBytes);
  crypto_sign_detached(&out[out.size() - kSignatureBytes], nullptr, input.data(), input.size(),
                       key.secret.Reveal().data());
  return out;
}

Result<ByteView> Verify(ByteView public_key, Role role, std::string_view purpose, ByteView signed_message) {
  if (public_key.size() != crypto_sign_PUBLICKEYBYTES) return Corrupt("a public key of the wrong size");
  if (signed_message.size() < kSignatureOverhead) return Corrupt("too short for a signed message");
  const ByteView message = signed_message.first(signed_message.size() - kSignatureOverhead);
  const ByteView signature = signed_message.last(kSignatureBytes);
  const uint8_t signed_as = signed_message[message.size()];
  if (signed_as != static_cast<uint8_t>(role)) {
    return Denied("signed as " + std::string(Name(Role{signed_as})) + ", must be signed as " + std::string(Name(role)));
  }
  const Bytes input = SignedInput(role, purpose, message);
  if (crypto_sign_verify_detached(signature.data(), input.data(), input.size(), public_key.data()) != 0) {
    return Corrupt("a signature is not by the " + std::string(Name(role)) + " key");
  }
  return message;
}

}  // namespace cpis::crypto
