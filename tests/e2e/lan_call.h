// SPDX-License-Identifier: Apache-2.0
//
// A tablet on the vehicle's LAN: one HTTPS request on a connection of its own, with nothing of ours in between. It trusts what it
// was told to trust, and looks whether the certificate is for whom it called.
#pragma once

#include <memory>

#include "tests/e2e/http_call.h"

namespace cpis::e2e {

struct LanTablet {
  std::string address;    // HOST:PORT of the gateway, numeric
  std::string authority;  // PEM that it trusts
  int from = 1;           // 127.0.0.N: its own address
  std::string token{};    // of its pairing; empty: not paired
  std::string name{};     // by which it calls the gateway; empty: by its address

  // Status 0 when there was no answer, or the certificate was none of the gateway's.
  HttpReply Asks(HttpCall call) const;
  std::shared_ptr<void> Holds() const;  // a connection that says nothing, for as long as it is kept; null when there is none
  std::string certificate() const;  // that the gateway shows, in PEM; empty when there is none
};

}  // namespace cpis::e2e
