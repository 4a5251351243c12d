// SPDX-License-Identifier: Apache-2.0
//
// What a gateway needs of the node to serve the vehicle's LAN: a certificate, and who may come in. All calls are thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/lan_papers.h"
#include "platform/status.h"

namespace cpis::edge {

// A tablet, or an ePCR application, that may come in.
struct TabletShown {
  std::string id;    // a session that begins there has this as its place (place.h)
  std::string name;
  platform::Instant paired_at;
};
struct PairingCode {
  std::string name;
  std::string code;  // eight digits, for a person to type; shown once, kept nowhere
  platform::Instant expires;
};
struct PairedTablet {
  std::string name;
  std::string token;  // shown once, kept nowhere
};

class Lan {
 public:
  virtual ~Lan() = default;

  // A code for one tablet, instead of the one before. kInvalid: no name, or one that is taken; kExhausted: too many tablets;
  // kDenied: not enrolled. Durable when it returns, as are the next two.
  virtual platform::Result<PairingCode> AddTablet(const std::string& name) = 0;
  virtual platform::Result<PairedTablet> Pair(const std::string& code) = 0;  // kDenied: wrong, used or run out; kInvalid: no code
  virtual platform::Status RemoveTablet(const std::string& name) = 0;        // its sessions end; kNotFound
  virtual platform::Result<std::vector<TabletShown>> Tablets() = 0;
  virtual std::optional<TabletShown> TabletWith(const std::string& token) = 0;

  // What to serve with now; null while there is nothing, another object when it was renewed.
  virtual std::shared_ptr<const LanPapers> Papers() = 0;
  // How the listener with them fared: for status and doctor.
  virtual void Listening(const platform::Status& status) = 0;
};

}  // namespace cpis::edge
