// SPDX-License-Identifier: Apache-2.0
//
// The doorbell: knows where every topic stands, makes the manifests (one for all nodes of a region, one for each node's own
// topic, each signed once and shared) and wakes the watchers. Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sync/fleet/publisher.h"
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {

class Hub {
 public:
  Hub(const FleetKeys& keys, const platform::Clock& clock, crypto::Epoch epoch);

  // Watchers are told that something may be new; they ask Current.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void Wake() = 0;   // called without the hub's lock: may ask Current
    virtual void Close() = 0;  // the server stops
  };
  void Add(const std::string& node_id, std::weak_ptr<Watcher> watcher);

  // What is signed from now on is of this epoch. Wakes nobody: the heads that moved with it follow.
  void SetEpoch(crypto::Epoch epoch);
  // Heads that moved. Wakes everybody.
  void Update(const std::vector<TopicHead>& heads);
  // Nodes that may connect, and their regions. Signs everything anew, so that what a node hears of its new region is never
  // older than what it heard of the old one, and wakes everybody.
  void SetNodes(const std::vector<NodeRow>& nodes);
  // Signs everything anew, so that every watcher hears the server's time.
  void Tick();
  void CloseAll();

  // The key sets after that version, in turn: a node that was away gets to the newest one. The same pointers each time.
  std::vector<SharedBytes> KeySetsAfter(uint32_t version);
  // What a node says it has adopted. A manifest that this server signed and that is ahead of it is passed on.
  void Hold(ByteView signed_manifest);
  void OnAhead(std::function<void(const Manifest&)> callback) { ahead_ = std::move(callback); }  // before anyone may call Hold

  // What a node is to know now; the same pointers as before when nothing is new. Null for a node that is not enrolled; a
  // revoked one hears only of its own topic, where its revocation stands.
  struct Manifests {
    SharedBytes region;
    SharedBytes own;
  };
  Manifests Current(const std::string& node_id);
  bool MayConnect(const std::string& node_id);
  // Whether this node may fetch that topic.
  bool MayFetch(const std::string& node_id, const Topic& topic);
  size_t Connected();
  bool IsConnected(const std::string& node_id);
  // When the node was last connected, to a minute, since this server started.
  std::optional<Instant> LastSeen(const std::string& node_id);

 private:
  struct Member {
    std::vector<std::string> region;
    std::string region_key;
    bool revoked = false;   // or to be wiped, or wiped
    bool operator==(const Member&) const = default;
  };
  struct Signed {
    std::vector<TopicHead> heads;
    uint64_t tick = 0;
    SharedBytes bytes;
  };
  SharedBytes Sign(const std::string& key, std::vector<TopicHead> heads);  // mutex_ held
  TopicHead HeadOf(const Topic& topic) const;                              // mutex_ held
  std::vector<std::shared_ptr<Watcher>> Watchers();                        // mutex_ held; forgets the dead
  void WakeAll();

  const FleetKeys& keys_;
  const platform::Clock& clock_;
  std::vector<SharedBytes> key_sets_;                      // as of the start, like keys_
  std::function<void(const Manifest&)> ahead_;
  std::atomic<bool> told_of_newer_keys_ = false;
  std::mutex mutex_;                                          // guards all below
  std::map<Topic, TopicHead> heads_;
  std::map<std::string, Member> members_;                     // by node id
  std::map<std::string, Signed> signed_;                      // by region, or by node for its own
  std::multimap<std::string, std::weak_ptr<Watcher>> watchers_;  // by node id
  std::map<std::string, Instant> seen_;                       // by node id
  crypto::Epoch epoch_;
  uint64_t tick_ = 0;
  Instant last_time_{};
};

}  // namespace cpis::sync::fleet
