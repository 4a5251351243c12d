// SPDX-License-Identifier: Apache-2.0
#include "platform/port.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "platform/http.h"

namespace cpis::platform {
namespace {

Status Taken(const std::string& address, const std::string& why) {
  return Invalid("cannot listen on \"" + address + "\": " + why + " (try 127.0.0.1:7444)");
}

}  // namespace

Result<PortReservation> PortReservation::Take(const std::string& address) {
  std::string host;
  uint16_t port = 0;
  CPIS_TRY(ParseHostPort(address, 0, &host, &port));
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return Taken(address, "not an address");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);

  PortReservation reservation(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "");
  const int yes = 1;
  if (reservation.fd_ < 0 || ::setsockopt(reservation.fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(reservation.fd_, found->ai_addr, found->ai_addrlen) != 0) {
    return Taken(address, std::strerror(errno));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(reservation.fd_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return Taken(address, std::strerror(errno));
  const in_port_t taken = bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                                      : reinterpret_cast<sockaddr_in&>(bound).sin_port;
  reservation.address_ = (bound.ss_family == AF_INET6 ? "[" + host + "]" : host) + ":" + std::to_string(ntohs(taken));
  return reservation;
}

PortReservation::PortReservation(PortReservation&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)) {}

PortReservation& PortReservation::operator=(PortReservation&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  return *this;
}

PortReservation::~PortReservation() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace cpis::platform
