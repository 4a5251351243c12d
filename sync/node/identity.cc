// SPDX-License-Identifier: Apache-2.0
//
// DIR/identity, before sealing (crypto::WriteSealedFile, purpose "cpis.v1.identity"):
//
//   0 format 1 │ then varint-sized: node id, name, trust code, trust name, server host │ server port 4 │ then varint-sized:
//   TLS key PEM, TLS certificate PEM, CA PEM, root key, signed key set, box secret, signing secret, journal key
#include "sync/node/identity.h"

#include "crypto/sealed_file.h"
#include "crypto/secret_writer.h"

namespace cpis::sync::node {
namespace {

constexpr uint8_t kFormat = 1;
constexpr std::string_view kPurpose = "cpis.v1.identity";

crypto::SealedFile FileIn(const std::filesystem::path& state) { return {state / "identity", kPurpose}; }

crypto::Secret Encode(const Identity& identity) {
  crypto::SecretWriter out;
  out.U8(kFormat);
  for (const std::string* text : {&identity.node_id, &identity.name, &identity.trust_code, &identity.trust_name,
                                  &identity.server_host}) {
    out.Sized(*text);
  }
  out.U32(identity.server_port);
  out.Sized(identity.tls_private_key_pem.Reveal());
  out.Sized(identity.tls_certificate_pem);
  out.Sized(identity.ca_certificate_pem);
  out.Sized(identity.root_public_key);
  out.Sized(identity.signed_key_set);
  out.Sized(identity.box.secret.Reveal());
  out.Sized(identity.signing.secret.Reveal());
  out.Sized(identity.journal_key.Reveal());
  return std::move(out).Take();
}

Result<Identity> Decode(ByteView bytes) {
  platform::ByteReader in(bytes);
  if (in.U8() != kFormat) return platform::Corrupt("identity has an unknown format");
  Identity identity;
  for (std::string* text : {&identity.node_id, &identity.name, &identity.trust_code, &identity.trust_name,
                            &identity.server_host}) {
    *text = in.SizedText();
  }
  identity.server_port = static_cast<uint16_t>(in.U32());
  identity.tls_private_key_pem = crypto::Secret::Copy(in.Sized());
  identity.tls_certificate_pem = in.SizedText();
  identity.ca_certificate_pem = in.SizedText();
  identity.root_public_key = platform::ToBytes(in.Sized());
  identity.signed_key_set = platform::ToBytes(in.Sized());
  const ByteView box = in.Sized();
  const ByteView signing = in.Sized();
  const ByteView journal = in.Sized();
  if (!in.AtEnd()) return platform::Corrupt("identity is cut short or has bytes too many");
  identity.box = crypto::BoxKeyFromSecret(crypto::Secret::Copy(box));
  CPIS_ASSIGN(identity.signing, crypto::SigningKeyFromSecret(crypto::Secret::Copy(signing)));
  identity.journal_key = crypto::Secret::Copy(journal);
  CPIS_ASSIGN(KeySet keys, DecodeKeySet(identity.signed_key_set, identity.root_public_key));
  identity.keys = std::move(keys);
  return identity;
}

}  // namespace

Result<Identity> LoadIdentity(const std::filesystem::path& state, platform::KeyStore& store) {
  CPIS_ASSIGN(const crypto::Secret plain, crypto::ReadSealedFile(FileIn(state), store));
  return Decode(plain.Reveal());
}

Status SaveIdentity(const std::filesystem::path& state, platform::KeyStore& store, const Identity& identity) {
  return crypto::WriteSealedFile(FileIn(state), store, Encode(identity));
}

Status TakeKeySet(Identity& identity, ByteView signed_key_set, const std::function<Status(const Identity&)>& keep) {
  const auto held = identity.keys.Now();
  CPIS_ASSIGN(KeySet next, DecodeNextKeySet(signed_key_set, *held));
  Bytes bytes = platform::ToBytes(signed_key_set);
  Bytes root = held->root;
  identity.signed_key_set.swap(bytes);
  identity.root_public_key.swap(root);
  if (Status kept = keep(identity); !kept.ok()) {
    identity.signed_key_set.swap(bytes);
    identity.root_public_key.swap(root);
    return kept;
  }
  identity.keys = std::move(next);
  return Status::Ok();
}

}  // namespace cpis::sync::node
