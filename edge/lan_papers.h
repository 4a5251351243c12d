// SPDX-License-Identifier: Apache-2.0
//
// With what the vehicle serves its own LAN: a certificate of the fleet's LAN authority, and its key. Kept in DIR/lan, sealed with a
// key that derives from the identity, which the key store seals; so a wipe makes it worthless.
//
//   before sealing: 0 format 1 │ varint-sized: private key PEM, certificate PEM, authority PEM │ obtained at 8 (Unix ms) │
//   varint number of names that were asked for │ each varint-sized
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "crypto/secret.h"
#include "platform/clock.h"

namespace cpis::edge {

struct LanPapers {
  crypto::Secret private_key_pem;
  std::string certificate_pem;
  std::string authority_pem;
  platform::Instant obtained_at;
  std::vector<std::string> asked;  // names, beside the node's own

  // True when they are of other names, unreadable, or a third of their life is left at most.
  bool RenewalDue(const std::vector<std::string>& names, platform::Instant now) const;
};

crypto::Secret Encode(const LanPapers& papers);
platform::Result<LanPapers> DecodeLanPapers(platform::ByteView bytes);  // kCorrupt

// kNotFound; kCorrupt when it is not this node's.
platform::Result<LanPapers> LoadLanPapers(const std::filesystem::path& state, const crypto::Secret& node_key);
platform::Status SaveLanPapers(const std::filesystem::path& state, const crypto::Secret& node_key, const LanPapers& papers);

}  // namespace cpis::edge
