// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

namespace cpis::e2e {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int NewSocket() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

void SetNonBlocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

// Closes with RST, as a link that goes away does, rather than with a polite FIN.
void Reset(int fd) {
  const linger now{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

}  // namespace

Relay::Relay(Upstream upstream, uint16_t port) : upstream_(std::move(upstream)), listener_(NewSocket()) {
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = Loopback(port);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || pipe2(wake_.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("the relay cannot listen on port " + std::to_string(port));
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Loop(); });
}

Relay::~Relay() {
  stopping_ = true;
  Wake();
  thread_.join();
  ResetAll();
  for (const int fd : {listener_, wake_[0], wake_[1]}) close(fd);
}

void Relay::Lose() {
  state_ = State::kLost;
  Wake();
}
void Relay::Hold() {
  state_ = State::kHeld;
  Wake();
}
void Relay::Find() {
  state_ = State::kUp;
  Wake();
}
void Relay::BreakAfter(uint64_t bytes) { break_at_ = bytes_down_ + bytes; }

void Relay::Wake() {
  const char byte = 0;
  if (write(wake_[1], &byte, 1) != 1) std::abort();
}

void Relay::Loop() {
  while (!stopping_) {
    if (state_ == State::kLost) ResetAll();
    const bool held = state_ == State::kHeld;
    std::vector<pollfd> wait{{wake_[0], POLLIN, 0}, {held ? -1 : listener_, POLLIN, 0}};
    for (const auto& c : connections_) {
      const auto interest = [](const Direction& in, const Direction& out) {
        return static_cast<short>((in.waiting.empty() && !in.ended ? POLLIN : 0) | (out.waiting.empty() ? 0 : POLLOUT));
      };
      wait.push_back({held ? -1 : c.vehicle, interest(c.up, c.down), 0});
      wait.push_back({held ? -1 : c.server, interest(c.down, c.up), 0});
    }
    poll(wait.data(), wait.size(), -1);
    char drained[64];
    if ((wait[0].revents & POLLIN) != 0 && read(wake_[0], drained, sizeof drained) < 0) std::abort();
    if (state_ != State::kUp && state_ != State::kLost) continue;
    size_t next = 2;
    for (auto c = connections_.begin(); c != connections_.end(); next += 2) {
      if (Carry(*c, wait[next].revents, wait[next + 1].revents)) {
        ++c;
        continue;
      }
      Reset(c->vehicle);
      Reset(c->server);
      c = connections_.erase(c);
    }
    if ((wait[1].revents & POLLIN) != 0) Accept();
    if (bytes_down_ >= break_at_) {
      break_at_ = UINT64_MAX;
      ++breaks_;
      ResetAll();
    }
  }
}

void Relay::Accept() {
  const int vehicle = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (vehicle < 0) return;
  const uint16_t to = state_ == State::kUp ? upstream_() : 0;
  sockaddr_in address = Loopback(to);
  const int server = NewSocket();
  if (to == 0 || connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(server);
    return Reset(vehicle);
  }
  SetNonBlocking(vehicle);
  SetNonBlocking(server);
  connections_.push_back({vehicle, server, {}, {}});
}

bool Relay::Carry(Connection& c, short vehicle_events, short server_events) {
  return Move(c.vehicle, c.server, vehicle_events, server_events, &c.up, &bytes_up_) &&
         Move(c.server, c.vehicle, server_events, vehicle_events, &c.down, &bytes_down_);
}

bool Relay::Move(int from, int to, short from_events, short to_events, Direction* direction, std::atomic<uint64_t>* count) {
  if ((from_events & (POLLIN | POLLHUP | POLLERR)) != 0 && direction->waiting.empty() && !direction->ended) {
    std::string chunk(16 * 1024, '\0');
    const ssize_t got = recv(from, chunk.data(), chunk.size(), 0);
    if (got < 0) return errno == EAGAIN;
    direction->ended = got == 0;
    direction->waiting.assign(chunk, 0, static_cast<size_t>(got));
  }
  if (!direction->waiting.empty()) {
    const ssize_t sent = send(to, direction->waiting.data(), direction->waiting.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    direction->waiting.erase(0, static_cast<size_t>(sent));
    *count += static_cast<uint64_t>(sent);
  }
  const bool peer_gone = (to_events & (POLLERR | POLLHUP)) != 0;
  return !peer_gone && !(direction->ended && direction->waiting.empty());
}

void Relay::ResetAll() {
  for (auto& c : connections_) {
    Reset(c.vehicle);
    Reset(c.server);
  }
  connections_.clear();
}

}  // namespace cpis::e2e
