// SPDX-License-Identifier: Apache-2.0
//
// Who this node is: made at enrolment, kept in DIR/identity sealed with the device secret.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "crypto/seal.h"
#include "platform/key_store.h"
#include "sync/node/held_keys.h"

namespace cpis::sync::node {

struct Identity {
  std::string node_id;          // "node-" and 16 hex digits
  std::string name;             // as operations know it
  std::string trust_code;
  std::string trust_name;
  std::string server_host;
  uint16_t server_port = 0;
  crypto::Secret tls_private_key_pem;
  std::string tls_certificate_pem;
  std::string ca_certificate_pem;
  Bytes root_public_key;        // that signed the key set; the set names the one that signs the next
  Bytes signed_key_set;
  HeldKeys keys;                // decoded from signed_key_set
  crypto::BoxKey box;           // grants are sealed to it
  crypto::SigningKey signing;   // signs envelopes
  crypto::Secret journal_key;   // 32 bytes, names what was already queued without saying what
};

// kNotFound when the node is not enrolled; kInvalid when it is, but `store` is not the one it was enrolled with or refuses.
Result<Identity> LoadIdentity(const std::filesystem::path& state, platform::KeyStore& store);
// With a new device secret; all or nothing, also when the power goes.
Status SaveIdentity(const std::filesystem::path& state, platform::KeyStore& store, const Identity& identity);

// Takes over the next key set: durable before anything is believed by it. `keep` writes the identity; when it fails nothing has
// changed. kDenied, kCorrupt: see DecodeNextKeySet. One thread.
Status TakeKeySet(Identity& identity, ByteView signed_key_set, const std::function<Status(const Identity&)>& keep);

}  // namespace cpis::sync::node
