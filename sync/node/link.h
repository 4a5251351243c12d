// SPDX-License-Identifier: Apache-2.0
//
// The node's connection to its fleet server: watches, fetches, forwards and reconnects by itself, on threads of its own.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "sync/node/identity.h"
#include "sync/node/ports.h"

namespace cpis::sync::node {

struct LinkState {
  bool online = false;
  platform::Instant since;
  std::string last_error;  // made for people: no number, name or key
};

struct LanWish {
  std::string request_pem;         // PKCS #10
  std::vector<std::string> names;  // beside the node's own
};
struct LanCertificate {
  std::string certificate_pem;
  std::string authority_pem;
};

class Link {
 public:
  struct Events {
    // A manifest was verified, whether or not all of it is applied: the server's time is known to be at least this.
    std::function<void(platform::Instant server_time)> heard;
    // Everything that the last manifest promised is applied.
    std::function<void()> caught_up;
    // So many bytes of segments arrived and were taken in.
    std::function<void(uint64_t bytes)> fetched;
    // A key set came that may follow the one held: takes it over, durably (TakeKeySet). Without it none is taken. Called before
    // any manifest that it is needed for; says whether the freshness key is another one.
    std::function<Result<bool>(ByteView signed_key_set)> key_set{};
  };

  // `identity`, `replica`, `outbox` and `clock` must outlive the link.
  static std::unique_ptr<Link> Start(const Identity& identity, ReplicaStore& replica, Outbox& outbox,
                                     const platform::Clock& clock, Events events);
  virtual ~Link() = default;   // stops

  virtual LinkState State() const = 0;
  // Tries at once instead of when the retry is due.
  virtual void Nudge() = 0;
  // Asks the server one question (sync/resolve.h) and gives its signed reply, unopened. kUnavailable: off line, not answered
  // within `patience`, or stopped meanwhile; kDenied: the server refuses this node, or the query. Any thread, several at once.
  virtual Result<Bytes> Resolve(ByteView signed_query, std::chrono::milliseconds patience) = 0;
  // Asks for a certificate for the vehicle's LAN. Failures as Resolve's; what cannot be given is kDenied or kUnavailable, saying why.
  virtual Result<LanCertificate> CertifyLan(const LanWish& wish, std::chrono::milliseconds patience) = 0;
  // Ends all calls and threads, within 2 s. What is asked of it afterwards is answered as off line.
  virtual void Stop() = 0;
};

struct EnrolmentRequest {
  std::string server;  // HOST:PORT of the enrolment listener
  std::string code;    // as printed by `fleet node add`
};
// Makes the node's keys, proves the code, gets certificate and key set. Nothing is stored. kDenied: wrong, used or expired
// code; kUnavailable: no server there; kInvalid: not a code.
Result<Identity> Enrol(const EnrolmentRequest& request);

// Brings the fleet server the signed word of a node that it is erased, over a connection of `identity`'s. kUnavailable: not in
// time; kDenied: the server does not believe it.
Status Prove(const Identity& identity, ByteView signed_erasure, std::chrono::milliseconds patience);

}  // namespace cpis::sync::node
