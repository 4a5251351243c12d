// SPDX-License-Identifier: Apache-2.0
//
// A real server and a real link over loopback, with TLS; only the node's stores are in memory.
#include "sync/node/link.h"

#include <atomic>
#include <deque>

#include "sync/fleet/link_server.h"
#include "tests/patience.h"
#include "tests/sync/fleet/world.h"
#include "tests/sync/node/fake_replica.h"

namespace cpis::sync::fleet {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

const Topic kRows = Topic::Rows(kLancashire);

class FakeOutbox final : public node::Outbox {
 public:
  Result<std::vector<Item>> Oldest(size_t limit) override {
    std::lock_guard lock(mutex_);
    return std::vector<Item>(waiting_.begin(),
                             waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, waiting_.size())));
  }
  Status Settle(const Receipt& receipt, ByteView) override {
    std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [&](const Item& item) { return item.id == receipt.id; });
    settled_.push_back(receipt);
    changed_.notify_all();
    return Status::Ok();
  }
  void OnWaiting(std::function<void()> callback) override {
    std::lock_guard lock(mutex_);
    callback_ = std::move(callback);
  }
  void Put(Item item) {
    std::function<void()> ring;
    {
      std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(item));
      ring = callback_;
    }
    if (ring) ring();
  }
  // The receipts, once there are so many; fewer after ten seconds.
  std::vector<Receipt> Settled(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, Patient(10s), [&] { return settled_.size() >= count; });
    return settled_;
  }

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<Item> waiting_;
  std::vector<Receipt> settled_;
  std::function<void()> callback_;
};

// A server on loopback, as Fleet puts it together.
struct Server : World {
  Hub hub{keys, clock, crypto::Epoch{1}};
  ResolveDesk resolve_desk{*store};
  std::unique_ptr<LinkServer> link;
  std::string address = "127.0.0.1:0";

  Server() {
    store->OnPublished([this](const std::vector<TopicHead>& heads) { hub.Update(heads); });
    Imports({.records = {sample::CppRecord(Number(1)), sample::CppRecord(Number(2))}});
    Listens();
  }
  ~Server() {
    link.reset();
    store->OnPublished({});
  }
  void Listens() {
    auto started = LinkServer::Start(address, *store, hub, {*desk, resolve_desk});
    REQUIRE(started.ok());
    link = *std::move(started);
    address = link->Address();
  }
  Node Adds(const std::string& name) {
    Node node = Enrols(name, {kLancashire});
    TellHub();
    return node;
  }
  void TellHub() { hub.SetNodes(*roll->Nodes()); }
};

struct Vehicle {
  node::Identity identity;
  node::FakeReplica replica;
  FakeOutbox outbox;
  std::unique_ptr<node::Link> link;

  Vehicle(const Server& server, const Node& node) {
    identity.node_id = node.id;
    identity.server_host = "127.0.0.1";
    identity.server_port = static_cast<uint16_t>(std::stoi(server.address.substr(server.address.rfind(':') + 1)));
    identity.tls_private_key_pem = node.tls_private_key_pem.Clone();
    identity.tls_certificate_pem = node.certificate_pem;
    identity.ca_certificate_pem = server.keys.authority.certificate_pem;
    identity.keys = *DecodeKeySet(server.keys.signed_key_set, server.keys.root_public_key);
  }
  void Connects(node::Link::Events events = {}) {
    link = node::Link::Start(identity, replica, outbox, platform::SystemClock(), std::move(events));
  }
};

TEST_CASE("a node gets a first snapshot and then every change as it is made") {
  Server server;
  Vehicle a(server, server.Adds("A"));
  Vehicle b(server, server.Adds("B"));
  a.Connects();
  b.Connects();
  REQUIRE(a.replica.WaitFor(server.HeadOf(kRows)));
  REQUIRE(b.replica.WaitFor(server.HeadOf(kRows)));
  CHECK(a.replica.SizeOf(kRows) == 2);
  CHECK(a.replica.SizeOf(Topic::Node(a.identity.node_id)) == 2);
  CHECK(a.link->State().online);

  for (int i = 3; i < 8; ++i) {
    server.Imports({.file_id = "LANCS-" + std::to_string(i), .records = {sample::CppRecord(Number(i))}});
    const auto begun = steady_clock::now();
    REQUIRE(a.replica.WaitFor(server.HeadOf(kRows)));
    REQUIRE(b.replica.WaitFor(server.HeadOf(kRows)));
    CHECK(steady_clock::now() - begun < 2s);
  }
  CHECK(server.hub.Connected() == 2);
  a.link.reset();
  CHECK(Eventually([&] { return server.hub.Connected() == 1; }));
}

TEST_CASE("of changes that come faster than they are sent none is missed") {
  Server server;
  Vehicle vehicle(server, server.Adds("A"));
  vehicle.Connects();
  for (int round = 0; round < 10; ++round) {
    for (int i = 1; i <= 20; ++i) {
      REQUIRE(server.roll->SetPolicy({"lease_hours=" + std::to_string(24 + i)}).ok());
    }
    const auto begun = steady_clock::now();
    REQUIRE(vehicle.replica.WaitFor(server.HeadOf(Topic::Policy())));
    CHECK(steady_clock::now() - begun < 2s);
  }
}

TEST_CASE("a node that enrols later hears the region although it was signed before") {
  Server server;
  Vehicle first(server, server.Adds("A"));
  first.Connects();
  REQUIRE(first.replica.WaitFor(server.HeadOf(kRows)));
  const Node node = server.Enrols("B", {kLancashire});
  server.TellHub();
  (void)server.hub.Current(first.identity.node_id);
  server.clock.Advance(10s);
  Vehicle second(server, node);
  second.Connects();
  CHECK(second.replica.WaitFor(server.HeadOf(kRows)));
}

TEST_CASE("envelopes get receipts, and what is settled is not sent again") {
  Server server;
  const Node node = server.Adds("A");
  Vehicle vehicle(server, node);
  std::vector<std::string> ids;
  const auto put = [&](uint64_t sequence) {
    Event event;
    event.id = crypto::NewUuidV7(1'000 + static_cast<int64_t>(sequence));
    event.nhs_number = Number(1);
    event.occurred_at = event.recorded_at = kNoon;
    event.staff = "1";
    const Envelope envelope{node.id, sequence, event.kind, event.id,
                            crypto::SealTo(server.keys.box.public_key, EncodeEvent(event))};
    vehicle.outbox.Put({sequence, event.id, EncodeEnvelope(envelope, node.signing)});
    ids.push_back(event.id);
  };
  for (uint64_t sequence = 1; sequence <= 100; ++sequence) put(sequence);  // more than one batch
  vehicle.Connects();
  REQUIRE(vehicle.outbox.Settled(100).size() == 100);
  put(101);  // while on line
  const std::vector<Receipt> receipts = vehicle.outbox.Settled(101);
  REQUIRE(receipts.size() == 101);
  for (size_t i = 0; i < receipts.size(); ++i) {
    CHECK(receipts[i].id == ids[i]);
    CHECK(receipts[i].verdict == Verdict::kAccepted);
  }
  CHECK(server.Attendances().size() == 101);
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));  // the accesses come back
}

TEST_CASE("of a damaged topic only the buckets that differ travel") {
  Server server;
  std::vector<Change> rows;
  for (uint64_t i = 0; i < 2000; ++i) rows.push_back({RowIndex{(i + 1) * 0x9E3779B97F4A7C15ull}, Bytes(100, 7)});
  REQUIRE(server.store
              ->Change([&](Store& s) {
                for (const Change& row : rows) s.PublishEntry(kRows, row.index, row.body);
                return Status::Ok();
              })
              .ok());
  Vehicle vehicle(server, server.Adds("A"));
  vehicle.Connects();
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));
  vehicle.link.reset();

  vehicle.replica.Spoils(kRows, rows[5].index);
  REQUIRE(vehicle.replica.CursorOf(kRows).sequence == Sequence{0});
  std::atomic<uint64_t> bytes = 0;
  vehicle.Connects({.heard = {}, .caught_up = {}, .fetched = [&](uint64_t more) { bytes += more; }});
  REQUIRE(Eventually([&] { return vehicle.replica.CursorOf(kRows).digest == server.HeadOf(kRows).digest; }));
  vehicle.link.reset();  // its thread counts a message only after the replica has taken it
  CHECK(vehicle.replica.repairs_taken() == 1);
  CHECK(bytes > 0);
  CHECK(bytes < 4'000);  // a bucket has eight rows; the whole is 200,000

  vehicle.replica.basis_buckets = 255;  // the server wants all of them
  vehicle.replica.Spoils(kRows, rows[5].index);
  vehicle.Connects();
  REQUIRE(Eventually([&] { return vehicle.replica.CursorOf(kRows).digest == server.HeadOf(kRows).digest; }));
  CHECK(vehicle.replica.repairs_taken() == 1);
  vehicle.link.reset();

  vehicle.replica.basis_buckets = TopicSet::kBuckets;
  for (const Change& row : rows) vehicle.replica.Spoils(kRows, row.index);  // too much to repair
  vehicle.Connects();
  REQUIRE(Eventually([&] { return vehicle.replica.CursorOf(kRows).digest == server.HeadOf(kRows).digest; }));
  CHECK(vehicle.replica.repairs_taken() == 1);
}

TEST_CASE("who has no certificate of this fleet is refused at the handshake") {
  Server server;
  const Node node = server.Adds("A");
  const auto stranger_ca = crypto::NewCertificateAuthority("another fleet", std::chrono::days(1));
  const auto request = crypto::NewCertificateRequest("x");
  const auto forged = crypto::SignNodeCertificate(*stranger_ca, request->request_pem, node.id, std::chrono::days(1));

  Vehicle nobody(server, node);
  nobody.identity.tls_certificate_pem.clear();
  nobody.identity.tls_private_key_pem = {};
  Vehicle stranger(server, node);
  stranger.identity.tls_certificate_pem = *forged;
  stranger.identity.tls_private_key_pem = request->private_key_pem.Clone();
  Vehicle welcome(server, node);
  nobody.Connects();
  stranger.Connects();
  welcome.Connects();
  REQUIRE(welcome.replica.WaitFor(server.HeadOf(kRows)));
  CHECK(server.hub.Connected() == 1);
  CHECK_FALSE(nobody.link->State().online);
  CHECK_FALSE(stranger.link->State().online);
  CHECK(nobody.replica.Topics().empty());
  CHECK(stranger.replica.Topics().empty());
}

TEST_CASE("a node refuses a server of another fleet") {
  Server server;
  Server other;
  Vehicle vehicle(server, server.Adds("A"));
  vehicle.identity.server_port = static_cast<uint16_t>(std::stoi(other.address.substr(other.address.rfind(':') + 1)));
  Vehicle control(other, other.Adds("A"));
  vehicle.Connects();
  control.Connects();
  REQUIRE(control.replica.WaitFor(other.HeadOf(kRows)));
  CHECK_FALSE(vehicle.link->State().online);
  CHECK(vehicle.replica.Topics().empty());
}

TEST_CASE("a certificate of a node that is not enrolled gets nothing and says why") {
  Server server;
  const Node node = server.Enrols("A", {kLancashire});  // the hub was not told
  Vehicle vehicle(server, node);
  vehicle.Connects();
  CHECK(Eventually([&] { return !vehicle.link->State().last_error.empty(); }));
  CHECK(vehicle.link->State().last_error == "watch: this node is not enrolled, or may not have that");
  CHECK(vehicle.replica.Topics().empty());
}

TEST_CASE("a node that is revoked while it watches hears of it") {
  Server server;
  const Node node = server.Adds("A");
  Vehicle vehicle(server, node);
  vehicle.Connects();
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));
  REQUIRE(server.roll->Revoke("A").ok());
  server.TellHub();
  const TopicHead own = server.HeadOf(Topic::Node(node.id));
  CHECK(Eventually([&] { return vehicle.replica.CursorOf(own.topic).sequence == own.sequence; }));
  const Sequence before = vehicle.replica.CursorOf(kRows).sequence;
  server.Imports({.file_id = "LANCS-9", .records = {sample::CppRecord(Number(9))}});
  server.hub.Tick();
  CHECK(vehicle.replica.CursorOf(kRows).sequence == before);
}

TEST_CASE("the link comes back when the server does, on the same port") {
  Server server;
  Vehicle vehicle(server, server.Adds("A"));
  vehicle.Connects();
  REQUIRE(vehicle.replica.WaitFor(server.HeadOf(kRows)));
  server.link.reset();
  CHECK(Eventually([&] { return !vehicle.link->State().online; }));
  server.Imports({.file_id = "LANCS-9", .records = {sample::CppRecord(Number(9))}});
  server.Listens();
  vehicle.link->Nudge();
  CHECK(vehicle.replica.WaitFor(server.HeadOf(kRows)));
}

TEST_CASE("both ends stop within two seconds while streams are open") {
  Server server;
  std::vector<std::unique_ptr<Vehicle>> vehicles;
  for (int i = 0; i < 8; ++i) {
    vehicles.push_back(std::make_unique<Vehicle>(server, server.Adds("A" + std::to_string(i))));
    vehicles.back()->Connects();
  }
  for (auto& vehicle : vehicles) REQUIRE(vehicle->replica.WaitFor(server.HeadOf(kRows)));

  auto begun = steady_clock::now();
  vehicles.front()->link.reset();
  CHECK(steady_clock::now() - begun < 2s);
  begun = steady_clock::now();
  server.link.reset();
  CHECK(steady_clock::now() - begun < 2s);

  REQUIRE(Eventually([&] { return !vehicles.back()->link->State().online; }));
  for (auto& vehicle : vehicles) {  // now between two tries, or connecting to nobody
    begun = steady_clock::now();
    vehicle->link.reset();
    CHECK(steady_clock::now() - begun < 2s);
  }
}

TEST_CASE("a link that never found a server stops at once") {
  Server server;
  Vehicle vehicle(server, server.Adds("A"));
  server.link.reset();
  vehicle.Connects();
  const auto begun = steady_clock::now();
  vehicle.link.reset();
  CHECK(steady_clock::now() - begun < 2s);
}

TEST_CASE("two servers cannot listen on one port") {
  Server server;
  const auto second = LinkServer::Start(server.address, *server.store, server.hub, {*server.desk, server.resolve_desk});
  CHECK(second.status().code() == Code::kInvalid);
  CHECK(second.status().message().find(server.address) != std::string::npos);
}

}  // namespace
}  // namespace cpis::sync::fleet
