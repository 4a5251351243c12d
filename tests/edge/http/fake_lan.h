// SPDX-License-Identifier: Apache-2.0
//
// A LAN with one tablet, "saloon", and one code.
#pragma once

#include "edge/lan.h"

namespace cpis::edge {

class FakeLan final : public Lan {
 public:
  static constexpr const char* kToken = "device-token";
  static constexpr const char* kTabletId = "0123456789abcdef";
  static constexpr const char* kCode = "12345678";

  platform::Result<PairingCode> AddTablet(const std::string& name) override { return PairingCode{name, kCode, {}}; }
  platform::Result<PairedTablet> Pair(const std::string& code) override {
    if (code == kCode) return PairedTablet{"saloon", kToken};
    return platform::Denied("the pairing code is wrong, used or has run out");
  }
  platform::Status RemoveTablet(const std::string&) override { return {}; }
  platform::Result<std::vector<TabletShown>> Tablets() override { return std::vector<TabletShown>{Saloon()}; }
  std::optional<TabletShown> TabletWith(const std::string& token) override {
    return token == kToken ? std::optional(Saloon()) : std::nullopt;
  }
  std::shared_ptr<const LanPapers> Papers() override { return nullptr; }
  void Listening(const platform::Status&) override {}

 private:
  static TabletShown Saloon() { return {kTabletId, "saloon", {}}; }
};

}  // namespace cpis::edge
