// SPDX-License-Identifier: Apache-2.0
//
// DIR/keys, before sealing (crypto::WriteSealedFile, purpose "cpis.v1.fleet-keys"): format 3, then varint-sized in this order: content,
// freshness, policy and box secrets, root public key, signed key set, CA certificate and key, server certificate and key, LAN CA
// certificate and key, pepper, index, England, directory, roster and ring keys, epoch secret, history.
// History: times when content, freshness, policy, box and root keys were made, 8 each (Unix ms) │ former key sets, varint count │
// each varint-sized │ former box secrets, the same.
#include "sync/fleet/keys.h"

#include <array>

#include "crypto/sealed_file.h"
#include "crypto/secret_writer.h"
#include "platform/files.h"

namespace cpis::sync::fleet {
namespace {

constexpr uint8_t kFormat = 3;
constexpr uint64_t kMaxKeyFileBytes = 1024 * 1024;
constexpr std::array<std::string_view, kRotatableKeys> kNames{"content", "freshness", "policy", "box", "root"};
constexpr std::string_view kPurpose = "cpis.v1.fleet-keys";
constexpr auto kAuthorityLifetime = std::chrono::days(3650);
constexpr auto kServerLifetime = std::chrono::days(825);

crypto::SealedFile FileIn(const std::filesystem::path& state) { return {state / "keys", kPurpose, kMaxKeyFileBytes}; }

std::array<crypto::Secret*, 7> Symmetric(FleetKeys& keys) {
  return {&keys.pepper, &keys.index_key, &keys.england_key, &keys.directory_key, &keys.roster_key, &keys.ring_key,
          &keys.epoch_secret};
}

std::array<crypto::CertificateAndKey*, 3> Certificates(FleetKeys& keys) { return {&keys.authority, &keys.server, &keys.lan_authority}; }

void EncodeHistory(const FleetKeys& keys, crypto::SecretWriter& out) {
  for (const Instant at : keys.made) out.U64(static_cast<uint64_t>(at.time_since_epoch().count()));
  out.Varint(keys.former_key_sets.size());
  for (const Bytes& set : keys.former_key_sets) out.Sized(set);
  out.Varint(keys.former_boxes.size());
  for (const crypto::BoxKey& box : keys.former_boxes) out.Sized(box.secret.Reveal());
}

void DecodeHistory(platform::ByteReader& in, FleetKeys& keys) {
  for (Instant& at : keys.made) at = Instant(std::chrono::milliseconds(static_cast<int64_t>(in.U64())));
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) keys.former_key_sets.push_back(platform::ToBytes(in.Sized()));
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    const ByteView secret = in.Sized();
    if (in.ok() && secret.size() == 32) keys.former_boxes.push_back(crypto::BoxKeyFromSecret(crypto::Secret::Copy(secret)));
  }
}

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
  EncodeHistory(keys, out);
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
  DecodeHistory(in, keys);
  if (!in.AtEnd()) return platform::Corrupt("fleet keys are cut short or have bytes too many");
  return keys;
}

}  // namespace

std::string_view Name(RotatableKey key) { return kNames[static_cast<size_t>(key)]; }

Result<RotatableKey> ParseRotatableKey(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<RotatableKey>(i);
  }
  return platform::Invalid("\"" + std::string(name) + "\" is no key that can be replaced (content, freshness, policy, box or root)");
}

Result<crypto::Secret> FleetKeys::OpenSealed(ByteView sealed) const {
  auto opened = crypto::OpenBox(box, sealed);
  for (auto former = former_boxes.rbegin(); !opened.ok() && former != former_boxes.rend(); ++former) {
    opened = crypto::OpenBox(*former, sealed);
  }
  return opened;
}

crypto::Secret FleetKeys::EpochKey(std::string_view partition, crypto::Epoch epoch) const {
  const crypto::Secret last = crypto::DeriveSecret(epoch_secret, {platform::AsBytes(partition)});
  return crypto::EarlierEpochKey(last, crypto::kLastEpoch, epoch);
}

crypto::KeyRing FleetKeys::RingOfNoRegion(crypto::Hardness hardness) const {
  crypto::KeyRing ring;
  ring.pepper = pepper.Clone();
  ring.hardness = hardness;
  ring.index_key = index_key.Clone();
  ring.england_key = england_key.Clone();
  ring.directory_key = directory_key.Clone();
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
  CPIS_ASSIGN(keys.lan_authority, crypto::NewLanAuthority(std::string(trust_name) + " cpis-edge vehicle LANs", kAuthorityLifetime));

  const crypto::SigningKey root = crypto::NewSigningKey();
  keys.root_public_key = root.public_key;
  keys.signed_key_set = EncodeKeySet({1, keys.content.public_key, keys.freshness.public_key, keys.policy.public_key,
                                      keys.box.public_key, root.public_key}, root);
  keys.made.fill(platform::SystemClock().Now());
  CPIS_TRY(platform::WriteFileDurably(RootKeyFile(state), root.secret.Reveal()));

  return SaveFleetKeys(state, store, keys);
}

Status SaveFleetKeys(const std::filesystem::path& state, platform::KeyStore& store, FleetKeys& keys) {
  return crypto::WriteSealedFile(FileIn(state), store, Encode(keys));
}

Result<FleetKeys> LoadFleetKeys(const std::filesystem::path& state, platform::KeyStore& store) {
  CPIS_ASSIGN(const crypto::Secret plain, crypto::ReadSealedFile(FileIn(state), store));
  return Decode(plain.Reveal());
}

}  // namespace cpis::sync::fleet
