// SPDX-License-Identifier: Apache-2.0
//
// DIR/keys, before sealing (crypto::WriteSealedFile, purpose "cpis.v1.fleet-keys"): format 1, then varint-sized in this order: content,
// freshness, policy and box secrets, root public key, signed key set, CA certificate and key, server certificate and key, pepper,
// index, England, directory, roster and ring keys, epoch secret.
#include "sync/fleet/keys.h"

#include <array>

#include "crypto/sealed_file.h"
#include "crypto/secret_writer.h"
#include "platform/files.h"

namespace cpis::sync::fleet {
namespace {

constexpr uint8_t kFormat = 1;
constexpr uint64_t kMaxKeyFileBytes = 64 * 1024;
constexpr std::string_view kPurpose = "cpis.v1.fleet-keys";
constexpr auto kAuthorityLifetime = std::chrono::days(3650);
constexpr auto kServerLifetime = std::chrono::days(825);

crypto::SealedFile FileIn(const std::filesystem::path& state) { return {state / "keys", kPurpose, kMaxKeyFileBytes}; }

std::array<crypto::Secret*, 7> Symmetric(FleetKeys& keys) {
  return {&keys.pepper, &keys.index_key, &keys.england_key, &keys.directory_key, &keys.roster_key, &keys.ring_key,
          &keys.epoch_secret};
}

std::array<crypto::CertificateAndKey*, 2> Certificates(FleetKeys& keys) { return {&keys.authority, &keys.server}; }

crypto::Secret Encode(FleetKeys& keys) {
  crypto::SecretWriter out;
  out.U8(kFormat);
  for (const crypto::SigningKey* key : {&keys.content, &keys.freshness, &keys.policy}) out.Sized(key->secret.Reveal());
  out.Sized(keys.box.secret.Reveal());
  out.Sized(keys.root_public_key);
  out.Sized(keys.signed_key_set);
  for (const crypto::CertificateAndKey* pem : Certificates(keys)) {
    out.Sized(pem->certificate_pem);
    out.Sized(pem->private_key_pem.Reveal());
  }
  for (const crypto::Secret* key : Symmetric(keys)) out.Sized(key->Reveal());
  return std::move(out).Take();
}

Result<FleetKeys> Decode(ByteView bytes) {
  platform::ByteReader in(bytes);
  if (in.U8() != kFormat) return platform::Corrupt("fleet keys have an unknown format");
  FleetKeys keys;
  for (crypto::SigningKey* key : {&keys.content, &keys.freshness, &keys.policy}) {
    CPIS_ASSIGN(*key, crypto::SigningKeyFromSecret(crypto::Secret::Copy(in.Sized())));
  }
  keys.box = crypto::BoxKeyFromSecret(crypto::Secret::Copy(in.Sized()));
  keys.root_public_key = platform::ToBytes(in.Sized());
  keys.signed_key_set = platform::ToBytes(in.Sized());
  for (crypto::CertificateAndKey* pem : Certificates(keys)) {
    pem->certificate_pem = in.SizedText();
    pem->private_key_pem = crypto::Secret::Copy(in.Sized());
  }
  for (crypto::Secret* key : Symmetric(keys)) *key = crypto::Secret::Copy(in.Sized());
  if (!in.AtEnd()) return platform::Corrupt("fleet keys are cut short or have bytes too many");
  return keys;
}

}  // namespace

crypto::Secret FleetKeys::EpochKey(std::string_view partition, crypto::Epoch epoch) const {
  platform::ByteWriter number;
  number.U32(static_cast<uint32_t>(epoch));
  return crypto::DeriveSecret(epoch_secret, {platform::AsBytes(partition), number.bytes()});
}

crypto::KeyRing FleetKeys::RingFor(const std::vector<std::string>& region, crypto::Epoch epoch,
                                   crypto::Hardness hardness) const {
  crypto::KeyRing ring;
  ring.pepper = pepper.Clone();
  ring.hardness = hardness;
  ring.index_key = index_key.Clone();
  ring.england_key = england_key.Clone();
  ring.directory_key = directory_key.Clone();
  ring.epoch_keys[std::string(kNotices)].emplace(epoch, EpochKey(kNotices, epoch));
  for (const std::string& partition : region) ring.epoch_keys[partition].emplace(epoch, EpochKey(partition, epoch));
  return ring;
}

const crypto::SigningKey& FleetKeys::SignerOf(const Topic& topic) const {
  return topic.SignedBy() == crypto::Role::kContent ? content : policy;
}

Status MakeFleetKeys(const std::filesystem::path& state, platform::KeyStore& store, std::string_view trust_name) {
  if (std::filesystem::exists(state / "keys")) {
    return platform::Denied("\"" + state.string() + "\" holds a fleet already (choose another --state)");
  }
  FleetKeys keys;
  keys.content = crypto::NewSigningKey();
  keys.freshness = crypto::NewSigningKey();
  keys.policy = crypto::NewSigningKey();
  keys.box = crypto::NewBoxKey();
  for (crypto::Secret* key : Symmetric(keys)) *key = crypto::Secret::Random(key == &keys.pepper ? 16 : 32);
  CPIS_ASSIGN(keys.authority, crypto::NewCertificateAuthority(std::string(trust_name) + " cpis-edge fleet", kAuthorityLifetime));
  CPIS_ASSIGN(keys.server, crypto::NewServerCertificate(keys.authority, kServerLifetime));

  const crypto::SigningKey root = crypto::NewSigningKey();
  keys.root_public_key = root.public_key;
  keys.signed_key_set = EncodeKeySet({1, keys.content.public_key, keys.freshness.public_key, keys.policy.public_key,
                                      keys.box.public_key}, root);
  CPIS_TRY(platform::WriteFileDurably(state / "root.key", root.secret.Reveal()));

  return crypto::WriteSealedFile(FileIn(state), store, Encode(keys));
}

Result<FleetKeys> LoadFleetKeys(const std::filesystem::path& state, platform::KeyStore& store) {
  CPIS_ASSIGN(const crypto::Secret plain, crypto::ReadSealedFile(FileIn(state), store));
  return Decode(plain.Reveal());
}

}  // namespace cpis::sync::fleet
