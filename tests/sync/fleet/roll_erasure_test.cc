// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/roll.h"

#include "sync/fleet/hub.h"
#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

using platform::Code;

struct Office : World {
  Hub hub{keys, clock, crypto::Epoch{1}};
  Node vehicle = Enrols("NWAS-A101", {kLancashire});

  std::string StateOf(const std::string& name) {
    const auto nodes = roll->Nodes();
    REQUIRE(nodes.ok());
    for (const NodeRow& node : *nodes) {
      if (node.name == name) return node.state;
    }
    return "";
  }
  // Everything that a node could be sent of a topic, wherever it says that it stands.
  std::vector<Bytes> SentOf(const Topic& topic, std::string_view entry) {
    std::vector<SharedBytes> segments;
    REQUIRE(store->Read([&](Store& s) -> Status {
      for (uint64_t from = 0; from < static_cast<uint64_t>(s.publisher().HeadOf(topic).sequence); ++from) {
        CPIS_ASSIGN(const std::vector<SharedBytes> some, s.publisher().Since(topic, {Sequence{from}}));
        segments.insert(segments.end(), some.begin(), some.end());
      }
      return Status::Ok();
    }).ok());
    std::vector<Bytes> bodies;
    for (const SharedBytes& bytes : segments) {
      const auto segment = DecodeSegment(platform::AsBytes(*bytes), keys.SignerOf(topic).public_key);
      REQUIRE(segment.ok());
      for (const EntryView& one : segment->entries) {
        if (one.index == KeyOf(entry) && !one.body.empty()) bodies.push_back(platform::ToBytes(one.body));
      }
    }
    return bodies;
  }
  // How many deltas of the topic the server's disk holds.
  int64_t History(const Topic& topic) {
    auto database = platform::Database::Open(state.path() / "fleet.db", {platform::Database::Mode::kReader, 256});
    REQUIRE(database.ok());
    auto count = database->Prepare("SELECT count(*) FROM segments WHERE topic = ?");
    REQUIRE(count.ok());
    REQUIRE(*count->Bind(topic.text()).Step());
    return count->Int(0);
  }
  void TellsHub() { hub.SetNodes(*roll->Nodes()); }
  Bytes Proof(const Node& node, Erasure::What what = Erasure::What::kKeysAndRows) {
    return EncodeErasure({node.id, "local", what, clock.Now(), clock.Now()}, node.signing);
  }
  Bytes Envelope(const Node& node, uint64_t sequence) {
    Event event;
    event.id = crypto::NewUuidV7(clock.Now().time_since_epoch().count() + static_cast<int64_t>(sequence));
    event.nhs_number = Number(1);
    event.occurred_at = event.recorded_at = clock.Now();
    event.staff = "crew";
    event.incident = "INC";
    return EncodeEnvelope({node.id, sequence, event.kind, event.id, crypto::SealTo(keys.box.public_key, EncodeEvent(event))},
                          node.signing);
  }
};

TEST_CASE("an order takes the grant away, is signed by policy, and nothing granted before is sent again") {
  for (const bool revoke : {false, true}) {
    Office w;
    const Topic own = Topic::Node(w.vehicle.id);
    for (const std::string& region : {kWarrington, kLancashire}) REQUIRE(w.roll->SetRegion("NWAS-A101", {region}).ok());
    REQUIRE(w.SentOf(own, kRingEntry).size() >= 3);
    REQUIRE(w.History(own) > 0);
    REQUIRE((revoke ? w.roll->Revoke("NWAS-A101") : w.roll->Wipe("NWAS-A101")).ok());
    CHECK(w.StateOf("NWAS-A101") == (revoke ? "REVOKED" : "WIPING"));
    CHECK(w.SentOf(own, kRingEntry).empty());
    CHECK(w.History(own) == 0);  // it held the ring
    const auto grants = w.SentOf(own, kGrantEntry);
    REQUIRE_FALSE(grants.empty());
    for (const Bytes& grant : grants) {
      CHECK(DecodeGrant(grant)->revoked);
      CHECK(DecodeGrant(grant)->boxed_roster_key.empty());
    }
    const auto orders = w.SentOf(own, kOrderEntry);
    REQUIRE_FALSE(orders.empty());
    CHECK(DecodeOrder(orders[0])->kind == (revoke ? Order::Kind::kRevoke : Order::Kind::kWipe));
    CHECK(DecodeOrder(orders[0])->issued_at == w.clock.Now());
    CHECK(own.SignedBy() == crypto::Role::kPolicy);

    const uint64_t sequence = w.SequenceOf(own);
    CHECK((revoke ? w.roll->Revoke("NWAS-A101") : w.roll->Wipe("NWAS-A101")).ok());  // again: nothing new
    CHECK(w.SequenceOf(own) == sequence);
  }
}

TEST_CASE("a vehicle to be wiped may forward and hear its order; a revoked one only hear; a copy of a wiped one is noticed") {
  Office w;
  const Node other = w.Enrols("NWAS-A102", {kLancashire});
  REQUIRE(w.roll->Wipe("NWAS-A101").ok());
  REQUIRE(w.roll->Revoke("NWAS-A102").ok());
  w.TellsHub();
  for (const Node* node : std::initializer_list<const Node*>{&w.vehicle, &other}) {
    CHECK(w.hub.Current(node->id).own);
    CHECK_FALSE(w.hub.Current(node->id).region);
    CHECK(w.hub.MayFetch(node->id, Topic::Node(node->id)));
    CHECK_FALSE(w.hub.MayFetch(node->id, Topic::Roster()));
    CHECK_FALSE(w.hub.MayFetch(node->id, Topic::Rows(kLancashire)));
  }
  CHECK(w.desk->Deliver(w.vehicle.id, w.Envelope(w.vehicle, 1)).ok());
  CHECK(w.desk->Deliver(other.id, w.Envelope(other, 1)).status().code() == Code::kDenied);

  REQUIRE(w.roll->RecordErasure(w.Proof(w.vehicle)).ok());
  w.TellsHub();
  // A copy of its disk: it hears the order too, and what its crew was told is queued is kept; that it speaks is noticed.
  CHECK(w.hub.Current(w.vehicle.id).own);
  CHECK_FALSE(w.hub.Current(w.vehicle.id).region);
  CHECK(w.desk->Deliver(w.vehicle.id, w.Envelope(w.vehicle, 2)).ok());
  CHECK(w.store->Read([](Store& store) -> Status {
    CPIS_ASSIGN(const SecurityRegister::Counts counts, store.security().Count());
    return counts.open == 1 ? Status::Ok() : platform::Internal("not noticed");
  }).ok());
}

TEST_CASE("only the node itself can say that it is erased; what it says is kept, and the most of it") {
  Office w;
  const Node other = w.Enrols("NWAS-A102", {kLancashire});
  Node stranger;
  stranger.id = "node-0000000000000000";
  CHECK(w.roll->RecordErasure({}).status().code() == Code::kDenied);
  CHECK(w.roll->RecordErasure(w.Proof(stranger)).status().code() == Code::kDenied);
  Node forged;
  forged.id = other.id;
  CHECK(w.roll->RecordErasure(w.Proof(forged)).status().code() == Code::kDenied);
  CHECK(w.StateOf("NWAS-A102") == "ENROLLED");

  REQUIRE(w.roll->Wipe("NWAS-A101").ok());
  REQUIRE(w.roll->RecordErasure(w.Proof(w.vehicle, Erasure::What::kKeys)).ok());
  CHECK(w.StateOf("NWAS-A101") == "WIPED");
  const auto said = [&] {
    std::map<std::string, ErasureRow> rows;
    REQUIRE(w.store->Read([&](Store& s) -> Status {
      CPIS_ASSIGN(rows, s.records().Erasures());
      return Status::Ok();
    }).ok());
    return rows.at(w.vehicle.id);
  };
  CHECK(said().erasure.erased == Erasure::What::kKeys);
  const Bytes whole = w.Proof(w.vehicle);
  REQUIRE(w.roll->RecordErasure(whole).ok());
  REQUIRE(w.roll->RecordErasure(w.Proof(w.vehicle, Erasure::What::kKeys)).ok());
  w.clock.Advance(std::chrono::hours(1));
  REQUIRE(w.roll->RecordErasure(whole).ok());
  CHECK(said().proof == whole);
  CHECK(said().received_at == kNoon);

  REQUIRE(w.roll->RecordErasure(w.Proof(other)).ok());  // by hand, in the vehicle
  CHECK(w.StateOf("NWAS-A102") == "WIPED");
  CHECK(w.SentOf(Topic::Node(other.id), kRingEntry).empty());
}

TEST_CASE("what cannot be wiped or revoked is said") {
  Office w;
  CHECK(w.roll->Wipe("nobody").code() == Code::kNotFound);
  REQUIRE(w.roll->AddNode("NWAS-A103", {kLancashire}).ok());
  CHECK(w.roll->Wipe("NWAS-A103").code() == Code::kInvalid);
  CHECK(w.roll->Revoke("NWAS-A103").ok());  // cancels its code
  REQUIRE(w.roll->Wipe("NWAS-A101").ok());
  CHECK(w.roll->Revoke("NWAS-A101").ok());  // stronger
  CHECK(w.roll->Wipe("NWAS-A101").code() == Code::kInvalid);
  const Node other = w.Enrols("NWAS-A102", {kLancashire});
  REQUIRE(w.roll->RecordErasure(w.Proof(other)).ok());
  CHECK(w.roll->Revoke("NWAS-A102").code() == Code::kInvalid);
  CHECK(w.roll->Wipe("NWAS-A102").code() == Code::kInvalid);
}

TEST_CASE("what an erased node left is taken once, from whoever its vehicle is now; of a node that lives, from itself alone") {
  for (const bool revoked : {false, true}) {
    Office w;
    const Node other = w.Enrols("NWAS-A102", {kLancashire});
    const Bytes left = w.Envelope(w.vehicle, 7);
    CHECK(w.desk->Deliver(other.id, left).status().code() == Code::kDenied);
    if (revoked) REQUIRE(w.roll->Revoke("NWAS-A101").ok());
    if (!revoked) REQUIRE(w.roll->RecordErasure(w.Proof(w.vehicle)).ok());
    const Node again = w.Enrols("NWAS-A101", {kLancashire});  // the same name
    CHECK(again.id != w.vehicle.id);
    CHECK(w.StateOf("NWAS-A101") == "ENROLLED");
    CHECK(w.StateOf("NWAS-A101/" + w.vehicle.id) == (revoked ? "REVOKED" : "WIPED"));
    for (const Verdict verdict : {Verdict::kAccepted, Verdict::kDuplicate}) {
      const auto receipt = w.desk->Deliver(again.id, left);
      REQUIRE(receipt.ok());
      const auto read = DecodeReceipt(*receipt, w.keys.freshness.public_key);
      CHECK(read->node == w.vehicle.id);
      CHECK(read->node_sequence == 7);
      CHECK(read->verdict == verdict);
    }
    CHECK(w.Attendances().size() == 1);
    Node forged;
    forged.id = w.vehicle.id;
    CHECK(w.desk->Deliver(again.id, w.Envelope(forged, 8)).status().code() == Code::kDenied);
  }
}

}  // namespace
}  // namespace cpis::sync::fleet
