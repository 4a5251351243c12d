// SPDX-License-Identifier: Apache-2.0
//
// Gives vehicles certificates for the listeners on their own LANs. What a vehicle may be called there is decided here: a stolen one
// must get none with which it could stand for another, or for the fleet server.
#pragma once

#include <string>
#include <vector>

#include "sync/fleet/store.h"

namespace cpis::sync::fleet {

constexpr auto kLanCertificateLife = std::chrono::days(90);  // a vehicle that is off the road for a season comes back with a valid one
constexpr size_t kMostLanNames = 16;

class LanDesk {
 public:
  explicit LanDesk(Store& store) : store_(store) {}

  struct Wish {
    std::string request_pem;
    std::vector<std::string> names;
  };
  // The certificate, for these names and the node's own (ID.cpis.internal, and NAME.cpis.internal where that can be a DNS name).
  // A DNS name is one vehicle's, whoever asked first, for as long as that is enrolled; addresses are everybody's, because every
  // vehicle has 192.168.1.1. kDenied: not enrolled, or a name of another; kInvalid quotes what is no name for a LAN. Any thread.
  Result<std::string> Certify(const std::string& node_id, const Wish& wish);

 private:
  Store& store_;
};

}  // namespace cpis::sync::fleet
