// SPDX-License-Identifier: Apache-2.0
//
// Keeps a TCP port for a listener that is open only now and then: nobody else is given it meanwhile, and whoever connects while
// the listener is closed is refused.
#pragma once

#include <string>

#include "platform/status.h"

namespace cpis::platform {

class PortReservation {
 public:
  // HOST:PORT with a numeric host; port 0 takes a free one. kInvalid when it is taken, or no address.
  static Result<PortReservation> Take(const std::string& address);
  PortReservation(PortReservation&& other) noexcept;
  PortReservation& operator=(PortReservation&& other) noexcept;
  ~PortReservation();

  const std::string& address() const { return address_; }  // with the port really taken

 private:
  PortReservation(int fd, std::string address) : fd_(fd), address_(std::move(address)) {}
  int fd_;  // bound and never listening: on Linux a listener may bind beside it when both say SO_REUSEADDR
  std::string address_;
};

}  // namespace cpis::platform
