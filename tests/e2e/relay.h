// SPDX-License-Identifier: Apache-2.0
//
// The radio between a vehicle and its fleet server: a TCP relay on loopback that can lose the link, hold it (connections stay
// open and nothing arrives) or break it after a number of bytes. It never looks into what it carries.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <thread>

namespace cpis::e2e {

class Relay {
 public:
  // Where to connect to now, a port on loopback; 0 when there is nobody.
  using Upstream = std::function<uint16_t()>;

  // Listens on 127.0.0.1; port 0 picks one. `upstream` is called on the relay's thread.
  explicit Relay(Upstream upstream, uint16_t port = 0);
  ~Relay();  // resets every connection
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  uint16_t port() const { return port_; }

  // All below: any thread, at once.
  void Lose();                       // resets every connection and every new one
  void Hold();                       // a dead spot: nothing arrives, nobody is told
  void Find();                       // the link is back
  void BreakAfter(uint64_t bytes);   // resets every connection once, after so many more bytes to the vehicle
  uint64_t breaks() const { return breaks_; }
  uint64_t bytes_down() const { return bytes_down_; }  // to the vehicle
  uint64_t bytes_up() const { return bytes_up_; }

 private:
  enum class State { kUp, kLost, kHeld };
  struct Direction {
    std::string waiting;  // read from one side, not yet taken by the other
    bool ended = false;
  };
  struct Connection {
    int vehicle;
    int server;
    Direction up;
    Direction down;
  };

  void Loop();
  void Accept();
  // False when the connection is over.
  bool Carry(Connection& connection, short vehicle_events, short server_events);
  bool Move(int from, int to, short from_events, short to_events, Direction* direction, std::atomic<uint64_t>* count);
  void ResetAll();
  void Wake();

  Upstream upstream_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::array<int, 2> wake_{-1, -1};
  std::atomic<State> state_{State::kUp};
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> bytes_down_{0};
  std::atomic<uint64_t> bytes_up_{0};
  std::atomic<uint64_t> breaks_{0};
  std::atomic<uint64_t> break_at_{UINT64_MAX};  // in bytes_down_
  std::list<Connection> connections_;           // relay's thread only
  std::thread thread_;
};

}  // namespace cpis::e2e
