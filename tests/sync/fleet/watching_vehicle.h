// SPDX-License-Identifier: Apache-2.0
//
// A vehicle with a real link, whose stores are in memory, for servers that a test stands up itself.
#pragma once

#include <atomic>

#include "sync/fleet/epochs.h"
#include "sync/fleet/key_rotation.h"
#include "sync/fleet/link_server.h"
#include "sync/node/link.h"
#include "tests/patience.h"
#include "tests/sync/fleet/world.h"
#include "tests/sync/node/fake_replica.h"

namespace cpis::sync::fleet {

using namespace std::chrono_literals;

class SilentOutbox final : public node::Outbox {
 public:
  Result<std::vector<Item>> Oldest(size_t) override { return std::vector<Item>(); }
  Status Settle(const Receipt&, ByteView) override { return Status::Ok(); }
  void OnWaiting(std::function<void()>) override {}
};

struct WatchingVehicle {
  node::Identity identity;
  node::FakeReplica replica;
  SilentOutbox outbox;
  std::atomic<uint64_t> bytes = 0;       // of segments
  std::atomic<int> key_sets = 0;
  std::unique_ptr<node::Link> link;      // last: it uses the others

  WatchingVehicle(World& world, const Node& node, const std::string& address) {
    identity.node_id = node.id;
    identity.server_host = "127.0.0.1";
    identity.tls_private_key_pem = node.tls_private_key_pem.Clone();
    identity.tls_certificate_pem = node.certificate_pem;
    identity.ca_certificate_pem = world.keys.authority.certificate_pem;
    identity.signed_key_set = world.keys.signed_key_set;
    identity.root_public_key = world.keys.root_public_key;
    identity.keys = *DecodeKeySet(world.keys.signed_key_set, world.keys.root_public_key);
    identity.server_port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  void Connects(bool keeps_key_sets = true) {
    node::Link::Events events;
    events.fetched = [this](uint64_t more) { bytes += more; };
    if (keeps_key_sets) {
      events.key_set = [this](ByteView bytes_of_set) -> Result<bool> {
        const auto before = identity.keys.Now();
        CPIS_TRY(node::TakeKeySet(identity, bytes_of_set, [](const node::Identity&) { return Status::Ok(); }));
        ++key_sets;
        return identity.keys.Now()->freshness != before->freshness;
      };
    }
    link = node::Link::Start(identity, replica, outbox, platform::SystemClock(), std::move(events));
  }
  void LosesLink() { link.reset(); }
  crypto::Epoch AdoptedEpoch() const { return replica.AdoptedManifest().epoch; }
};

// A server on loopback, as Fleet puts it together.
struct StandingServer : World {
  std::unique_ptr<Hub> hub;
  std::unique_ptr<ResolveDesk> resolve_desk;
  std::unique_ptr<LinkServer> link;
  std::string address = "127.0.0.1:0";
  std::optional<Manifest> future;  // guarded by future_mutex
  std::mutex future_mutex;

  StandingServer() { Stands(); }
  ~StandingServer() { Falls(); }

  void Stands() {
    crypto::Epoch epoch{};
    std::vector<TopicHead> heads;
    REQUIRE(store->Read([&](Store& s) {
      epoch = s.epoch();
      heads = s.publisher().Heads();
      return Status::Ok();
    }).ok());
    hub = std::make_unique<Hub>(keys, clock, epoch);
    hub->Update(heads);
    hub->SetNodes(*roll->Nodes());
    hub->OnAhead([this](const Manifest& manifest) {
      std::lock_guard lock(future_mutex);
      future = manifest;
    });
    store->OnPublished([this](const std::vector<TopicHead>& moved) {
      hub->SetEpoch(store->epoch());
      hub->Update(moved);
    });
    resolve_desk = std::make_unique<ResolveDesk>(*store);
    auto started = LinkServer::Start(address, *store, *hub, {*desk, *resolve_desk});
    REQUIRE(started.ok());
    link = *std::move(started);
    address = link->Address();
  }
  void Falls() {
    link.reset();
    if (store) store->OnPublished({});
  }
  Node Adds(const std::string& name) {
    Node node = Enrols(name, {kLancashire});
    hub->SetNodes(*roll->Nodes());
    return node;
  }
  void Rotates() {
    REQUIRE(store->Change([](Store& changing) { return RotateEpoch(changing); }).ok());
  }
  // Rows whose content does not matter.
  void FillsRows(uint64_t count) {
    REQUIRE(store->Change([&](Store& s) {
      for (uint64_t i = 0; i < count; ++i) {
        s.PublishEntry(Topic::Rows(kLancashire), RowIndex{(i + 1) * 0x9E3779B97F4A7C15ull}, Bytes(100, static_cast<uint8_t>(i)));
      }
      return Status::Ok();
    }).ok());
  }
  std::optional<Manifest> Future() {
    std::lock_guard lock(future_mutex);
    return future;
  }
};

}  // namespace cpis::sync::fleet
