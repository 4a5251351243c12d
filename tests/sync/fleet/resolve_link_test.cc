// SPDX-License-Identifier: Apache-2.0
//
// Questions over a real link on loopback, with TLS.
#include <future>
#include <thread>

#include "sync/fleet/link_server.h"
#include "sync/node/link.h"
#include "tests/patience.h"
#include "tests/sync/fleet/world.h"
#include "tests/sync/node/fake_replica.h"

namespace cpis::sync::fleet {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class EmptyOutbox final : public node::Outbox {
 public:
  Result<std::vector<Item>> Oldest(size_t) override { return std::vector<Item>(); }
  Status Settle(const Receipt&, ByteView) override { return Status::Ok(); }
  void OnWaiting(std::function<void()>) override {}
};

struct Server : World {
  Hub hub{keys, clock, crypto::Epoch{1}};
  ResolveDesk resolve_desk{*store};
  std::unique_ptr<LinkServer> link;

  Server() {
    store->OnPublished([this](const std::vector<TopicHead>& heads) { hub.Update(heads); });
    Imports({.records = {sample::CppRecord(Number(1))}});
    auto started = LinkServer::Start("127.0.0.1:0", *store, hub, {*desk, resolve_desk});
    REQUIRE(started.ok());
    link = *std::move(started);
  }
  ~Server() {
    link.reset();
    store->OnPublished({});
  }
  // Of another region than the child's.
  Node Adds(const std::string& name) {
    Node node = Enrols(name, {kWarrington});
    hub.SetNodes(*roll->Nodes());
    return node;
  }
};

// On line once it is made.
struct Vehicle {
  node::Identity identity;
  node::FakeReplica replica;
  EmptyOutbox outbox;
  std::unique_ptr<node::Link> link;

  Vehicle(Server& server, const Node& node) {
    const std::string address = server.link->Address();
    identity.node_id = node.id;
    identity.server_host = "127.0.0.1";
    identity.server_port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    identity.tls_private_key_pem = node.tls_private_key_pem.Clone();
    identity.tls_certificate_pem = node.certificate_pem;
    identity.ca_certificate_pem = server.keys.authority.certificate_pem;
    identity.keys = *DecodeKeySet(server.keys.signed_key_set, server.keys.root_public_key);
    link = node::Link::Start(identity, replica, outbox, platform::SystemClock(), {});
    REQUIRE(Eventually([&] { return link->State().online; }));
  }
};

// A question about a number, as a node asks it.
struct Question {
  const Server& server;
  const Node& node;
  ResolveQuery query{node.id, crypto::NewUuidV7(1), Number(1), kNoon};

  Bytes Sealed() const { return SealResolveQuery(query, server.keys.box.public_key, node.signing); }
  Result<ResolveReply> Asked(node::Link& link, std::chrono::milliseconds patience = 5s) const {
    CPIS_ASSIGN(const Bytes reply, link.Resolve(Sealed(), patience));
    return OpenResolveReply(reply, server.keys.freshness.public_key, {node.box, server.keys.directory_key});
  }
};

// Nothing is read or changed while it lives.
class BusyStore {
 public:
  explicit BusyStore(Store& store) {
    std::promise<void> begun;
    thread_ = std::thread([&] {
      (void)store.Read([&](Store&) {
        begun.set_value();
        done_.get_future().wait();
        return Status::Ok();
      });
    });
    begun.get_future().wait();
  }
  ~BusyStore() {
    done_.set_value();
    thread_.join();
  }

 private:
  std::promise<void> done_;
  std::thread thread_;
};

TEST_CASE("a question is answered over the link, sealed to the node that asked; and a revoked node is refused") {
  Server server;
  const Node node = server.Adds("A");
  Vehicle vehicle(server, node);
  const Question question{server, node};
  const auto reply = question.Asked(*vehicle.link);
  REQUIRE(reply.ok());
  CHECK(reply->outcome == Outcome::kFlagged);
  CHECK(question.Asked(*vehicle.link).status().code() == Code::kDenied);  // the same query again
  REQUIRE(server.roll->Revoke("A").ok());
  CHECK(Question{server, node}.Asked(*vehicle.link).status().code() == Code::kDenied);
}

TEST_CASE("a question that meets no server, or one that is busy, ends in its time and says so") {
  Server server;
  const Node node = server.Adds("A");
  Vehicle vehicle(server, node);
  const Question question{server, node};
  {
    const BusyStore busy(*server.store);
    const auto begun = steady_clock::now();
    CHECK(question.Asked(*vehicle.link, 100ms).status().code() == Code::kUnavailable);
    CHECK(steady_clock::now() - begun < 2s);
  }
  server.link.reset();
  REQUIRE(Eventually([&] { return !vehicle.link->State().online; }));
  const auto begun = steady_clock::now();
  CHECK(question.Asked(*vehicle.link).status().code() == Code::kUnavailable);
  CHECK(steady_clock::now() - begun < 1s);
}

TEST_CASE("a link that stops ends the questions that are under way, and answers later ones as off line") {
  Server server;
  const Node node = server.Adds("A");
  Vehicle vehicle(server, node);
  const Question question{server, node};
  const BusyStore busy(*server.store);
  const auto begun = steady_clock::now();
  auto asked = std::async(std::launch::async, [&] { return question.Asked(*vehicle.link, 60s).status().code(); });
  vehicle.link->Stop();
  CHECK(asked.get() == Code::kUnavailable);
  CHECK(steady_clock::now() - begun < 2s);
  CHECK_FALSE(vehicle.link->State().online);
  CHECK(question.Asked(*vehicle.link).status().code() == Code::kUnavailable);
}

}  // namespace
}  // namespace cpis::sync::fleet
