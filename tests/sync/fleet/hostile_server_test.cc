// SPDX-License-Identifier: Apache-2.0
//
// A server that has the fleet's TLS key, and every message that was ever signed, but no key that signs: whatever it sends, for
// however long, a node keeps what it has, its memory, and its way back to an honest server.
#include <grpcpp/grpcpp.h>

#include <fstream>

#include "proto/sync.grpc.pb.h"
#include "sync/node/tuning.h"
#include "tests/sync/fleet/watching_vehicle.h"

namespace cpis::sync::fleet {
namespace {

const Topic kRows = Topic::Rows(kLancashire);

// What a call sends; it ends when this returns, or when nobody listens any more.
using Sends = std::function<void(const std::function<bool(std::string_view)>& send)>;

class HostileServer final : public v1::FleetSync::Service {
 public:
  HostileServer(const FleetKeys& keys, const std::string& address, Sends watch, Sends fetch)
      : watch_(std::move(watch)), fetch_(std::move(fetch)) {
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = keys.authority.certificate_pem;
    tls.pem_key_cert_pairs.push_back({std::string(platform::AsText(keys.server.private_key_pem.Reveal())), keys.server.certificate_pem});
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::SslServerCredentials(tls));
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    REQUIRE(server_);
  }
  ~HostileServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  int watched() const { return watched_; }
  int fetched() const { return fetched_; }
  uint64_t sent() const { return sent_; }

 private:
  using Writer = grpc::ServerWriter<v1::Signed>;
  grpc::Status Pour(const Sends& sends, Writer* writer) {
    sends([&](std::string_view bytes) {
      v1::Signed message;
      message.set_signed_(std::string(bytes));
      sent_ += bytes.size();
      return writer->Write(message);
    });
    return grpc::Status::OK;
  }
  grpc::Status Watch(grpc::ServerContext*, const v1::WatchRequest*, Writer* writer) override {
    ++watched_;
    return Pour(watch_, writer);
  }
  grpc::Status Fetch(grpc::ServerContext*, const v1::FetchRequest*, Writer* writer) override {
    ++fetched_;
    return Pour(fetch_, writer);
  }
  grpc::Status Repair(grpc::ServerContext*, const v1::RepairRequest*, Writer* writer) override { return Pour(fetch_, writer); }

  const Sends watch_;
  const Sends fetch_;
  std::atomic<int> watched_ = 0;
  std::atomic<int> fetched_ = 0;
  std::atomic<uint64_t> sent_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

size_t ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * 4096;
}

void SendsOnce(const std::string& bytes, const std::function<bool(std::string_view)>& send) {
  if (!send(bytes)) return;
  while (send("")) std::this_thread::sleep_for(1ms);
}

// A vehicle that has everything, a newer truth that it has not, and the genuine messages of both.
struct Ambush : StandingServer {
  Node node = Adds("A");
  std::unique_ptr<WatchingVehicle> vehicle;
  std::string old_region, region, own;             // manifests
  std::vector<std::string> old_rows, rows;         // segments
  std::string before;

  Ambush() {
    FillsRows(4000);  // a snapshot of several parts
    vehicle = std::make_unique<WatchingVehicle>(*this, node, address);
    old_region = *hub->Current(node.id).region;
    old_rows = Segments(Sequence{0});
    vehicle->Connects();
    REQUIRE(vehicle->replica.WaitFor(HeadOf(kRows)));
    REQUIRE(Eventually([&] { return vehicle->AdoptedEpoch() == crypto::Epoch{1}; }));
    Falls();
    clock.Advance(30s);
    Rows(7);
    hub->Update({HeadOf(kRows)});
    hub->Tick();
    region = *hub->Current(node.id).region;
    own = *hub->Current(node.id).own;
    rows = Segments(Sequence{1});
    vehicle->LosesLink();
    before = vehicle->replica.Picture();
  }
  void Rows(uint64_t count) { FillsRows(count); }
  std::vector<std::string> Segments(Sequence from) {
    std::vector<SharedBytes> shared;
    REQUIRE(store->Read([&](Store& s) -> Status {
      CPIS_ASSIGN(shared, s.publisher().Since(kRows, {from}));
      return Status::Ok();
    }).ok());
    std::vector<std::string> segments;
    for (const SharedBytes& bytes : shared) segments.push_back(*bytes);
    return segments;
  }
  // The node meets that server, and gives it up with this as the last word; what it has is what it had.
  void Meets(const Sends& watch, const Sends& fetch, const std::string& last_word) {
    {
      HostileServer hostile(keys, address, watch, fetch);
      const size_t memory = ResidentBytes();
      vehicle->Connects();
      INFO("expected: " << last_word);
      const bool gives_up =
          Eventually([&] { return vehicle->link->State().last_error.find(last_word) != std::string::npos; });
      INFO("last word: " << vehicle->link->State().last_error);
      CHECK(gives_up);
#ifndef __SANITIZE_ADDRESS__
      CHECK(ResidentBytes() < memory + 48 * 1024 * 1024);
#endif
      CHECK(hostile.watched() > 0);
      const auto begun = std::chrono::steady_clock::now();
      vehicle->LosesLink();
      CHECK(std::chrono::steady_clock::now() - begun < 2s);
    }
    CHECK(vehicle->replica.Picture() == before);
    // The way back: an honest server has what the hostile one kept.
    Stands();
    vehicle->Connects();
    CHECK(vehicle->replica.WaitFor(HeadOf(kRows)));
    vehicle->LosesLink();
  }
};

const Sends kNothing = [](const auto&) {};

TEST_CASE("hostile server: a flood of one true manifest is cut") {
  Ambush ambush;
  ambush.Meets([&](const auto& send) { while (send(ambush.old_region)) {} }, kNothing, "again and again");
}

TEST_CASE("hostile server: rubbish, messages of another kind and messages of another fleet are refused at once") {
  Ambush ambush;
  StandingServer other;
  const Node stranger = other.Adds("A");
  const std::string foreign = *other.hub->Current(stranger.id).region;
  const std::string what = GENERATE("rubbish", "nothing", "a segment", "another fleet", "a key set");
  INFO(what);
  const std::string bytes = what == "rubbish"         ? std::string(5000, '\x5a')
                            : what == "nothing"       ? std::string()
                            : what == "a segment"     ? ambush.rows.front()
                            : what == "another fleet" ? foreign
                                                      : std::string(platform::AsText(other.keys.signed_key_set));
  ambush.Meets([&](const auto& send) { SendsOnce(bytes, send); }, kNothing, "sign");
}

TEST_CASE("hostile server: a manifest from before is refused, and what it has is served on") {
  Ambush ambush;
  ambush.Meets(
      [&](const auto& send) {
        if (!send(ambush.region)) return;
        SendsOnce(ambush.old_region, send);
      },
      [&](const auto& send) { while (send(ambush.old_rows.front())) {} }, "snapshot of what is held");
}

TEST_CASE("hostile server: the first part of a true snapshot, for ever, is cut") {
  Ambush ambush;
  REQUIRE(ambush.old_rows.size() > 1);
  REQUIRE(ambush.vehicle->replica.Drop(kRows).ok());  // as after damage: the whole is wanted
  const std::string adopted = platform::Hex(ambush.vehicle->replica.AdoptedManifest().signed_bytes);
  HostileServer hostile(ambush.keys, ambush.address, [&](const auto& send) { SendsOnce(ambush.region, send); },
                        [&](const auto& send) { while (send(ambush.old_rows.front())) {} });
  const size_t memory = ResidentBytes();
  ambush.vehicle->Connects();
  REQUIRE(Eventually([&] { return ambush.vehicle->link->State().last_error.find("again and again") != std::string::npos; }));
#ifndef __SANITIZE_ADDRESS__
  CHECK(ResidentBytes() < memory + 48 * 1024 * 1024);
#endif
  ambush.vehicle->LosesLink();
  CHECK(platform::Hex(ambush.vehicle->replica.AdoptedManifest().signed_bytes) == adopted);
}

TEST_CASE("hostile server: a message far larger than any may be is not taken in") {
  Ambush ambush;
  const std::string huge(8 * 1024 * 1024, 'x');
  const bool watch = GENERATE(true, false);
  ambush.Meets([&](const auto& send) { SendsOnce(watch ? huge : ambush.region, send); },
               [&](const auto& send) { SendsOnce(huge, send); }, "larger than max");
}

TEST_CASE("hostile server: segments of another topic, another history or another signer end the fetch") {
  Ambush ambush;
  StandingServer other;
  other.FillsRows(5);
  std::vector<SharedBytes> theirs;
  REQUIRE(other.store->Read([&](Store& s) -> Status {
    CPIS_ASSIGN(theirs, s.publisher().Since(kRows, {}));
    return Status::Ok();
  }).ok());
  ambush.Meets([&](const auto& send) { SendsOnce(ambush.region, send); },
               [&](const auto& send) { SendsOnce(*theirs.front(), send); }, "signature");
}

TEST_CASE("hostile server: who sends manifests and withholds what they promise leaves the node as of before") {
  Ambush ambush;
  HostileServer hostile(ambush.keys, ambush.address, [&](const auto& send) {
    if (send(ambush.region)) SendsOnce(ambush.region, send);
  }, kNothing);
  const Instant as_of = ambush.vehicle->replica.adopted()->server_time;
  ambush.vehicle->Connects();
  REQUIRE(Eventually([&] { return hostile.fetched() >= 2; }));  // so what the first manifest led to is over
  ambush.vehicle->LosesLink();
  CHECK(ambush.vehicle->replica.adopted()->server_time == as_of);
  CHECK(ambush.vehicle->replica.Picture() == ambush.before);
}

}  // namespace
}  // namespace cpis::sync::fleet
