// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/roll.h"

#include "crypto/pin.h"
#include "tests/sync/fleet/world.h"

namespace cpis::sync::fleet {
namespace {

// What the segments of a topic say in the end.
template <typename Decoded>
std::vector<Decoded> EntriesOf(World& world, const Topic& topic, Result<Decoded> (*decode)(ByteView),
                               const crypto::Secret* key) {
  std::map<RowIndex, Bytes> entries;
  std::vector<SharedBytes> segments;
  REQUIRE(world.store
              ->Read([&](Store& s) -> Status {
                CPIS_ASSIGN(segments, s.publisher().Since(topic, {}));
                return Status::Ok();
              })
              .ok());
  for (const SharedBytes& bytes : segments) {
    const auto segment = DecodeSegment(platform::AsBytes(*bytes), world.keys.SignerOf(topic).public_key);
    REQUIRE(segment.ok());
    for (const EntryView& entry : segment->entries) entries[entry.index] = platform::ToBytes(entry.body);
  }
  std::vector<Decoded> decoded;
  for (const auto& [index, body] : entries) {
    if (key == nullptr) {
      decoded.push_back(*decode(body));
    } else {
      decoded.push_back(*decode(crypto::OpenWith(*key, "roster", body)->Reveal()));
    }
  }
  return decoded;
}

Result<EnrolmentGrant> Enrol(World& world, const std::string& code) {
  auto request = crypto::NewCertificateRequest("x");
  return world.roll->Enrol({ParseEnrolmentCode(code)->secret, request->request_pem, crypto::NewBoxKey().public_key,
                            crypto::NewSigningKey().public_key});
}

TEST_CASE("a code enrols one node, once") {
  World w;
  const auto added = w.roll->AddNode("NWAS-A101", {kLancashire});
  REQUIRE(added.ok());
  CHECK(added->expires == kNoon + std::chrono::hours(1));
  CHECK(*w.roll->CodesOutstanding() == 1);
  const auto grant = Enrol(w, added->code);
  REQUIRE(grant.ok());
  CHECK(grant->node.id == added->id);
  CHECK(grant->node.state == "ENROLLED");
  CHECK(*w.roll->CodesOutstanding() == 0);
  CHECK(Enrol(w, added->code).status().code() == Code::kDenied);
  CHECK(w.roll->Nodes()->at(0).code_hash.empty());
}

TEST_CASE("a code that is wrong, expired or of a revoked node enrols nobody") {
  World w;
  const auto added = w.roll->AddNode("NWAS-A101", {kLancashire});
  const auto other = w.roll->AddNode("NWAS-A102", {kLancashire});
  EnrolmentCode wrong = *ParseEnrolmentCode(added->code);
  wrong.secret[0] ^= 1;
  const Status refused = Enrol(w, FormatEnrolmentCode(wrong)).status();
  CHECK(refused.code() == Code::kDenied);
  REQUIRE(w.roll->Revoke("NWAS-A102").ok());
  CHECK(Enrol(w, other->code).status().message() == refused.message());  // does not say which
  w.clock.Advance(std::chrono::hours(1));
  CHECK(Enrol(w, added->code).status().message() == refused.message());
  CHECK(*w.roll->CodesOutstanding() == 0);
  const auto nodes = w.roll->Nodes();
  REQUIRE(nodes->size() == 2);
  for (const NodeRow& node : *nodes) CHECK(node.state != "ENROLLED");
}

TEST_CASE("keys that nothing can be sealed to, and a bad certificate request, leave the code usable") {
  World w;
  const auto added = w.roll->AddNode("NWAS-A101", {kLancashire});
  const Bytes secret = ParseEnrolmentCode(added->code)->secret;
  const auto request = crypto::NewCertificateRequest("x");
  const Bytes box = crypto::NewBoxKey().public_key;
  const Bytes signing = crypto::NewSigningKey().public_key;
  CHECK(w.roll->Enrol({secret, request->request_pem, Bytes(32), signing}).status().code() == Code::kInvalid);
  CHECK(w.roll->Enrol({secret, request->request_pem, box, Bytes(31)}).status().code() == Code::kInvalid);
  CHECK(w.roll->Enrol({secret, "no request", box, signing}).status().code() == Code::kInvalid);
  CHECK(Enrol(w, added->code).ok());
}

TEST_CASE("adding a node that waits replaces its code; the name of an enrolled one is taken") {
  World w;
  const auto lost = w.roll->AddNode("NWAS-A101", {kLancashire});
  const auto found = w.roll->AddNode("NWAS-A101", {kWarrington});
  REQUIRE(found.ok());
  CHECK(w.roll->Nodes()->size() == 1);
  CHECK(Enrol(w, lost->code).status().code() == Code::kDenied);
  CHECK(Enrol(w, found->code)->node.region == std::vector<std::string>{kWarrington});
  CHECK(w.roll->AddNode("NWAS-A101", {kLancashire}).status().code() == Code::kInvalid);
}

// The body of one entry as the segments of its topic leave it; empty when there is none.
Bytes EntryOf(World& world, const Topic& topic, std::string_view name) {
  std::vector<SharedBytes> segments;
  REQUIRE(world.store->Read([&](Store& s) -> Status {
    CPIS_ASSIGN(segments, s.publisher().Since(topic, {}));
    return Status::Ok();
  }).ok());
  Bytes body;
  for (const SharedBytes& bytes : segments) {
    const auto segment = DecodeSegment(platform::AsBytes(*bytes), world.keys.SignerOf(topic).public_key);
    REQUIRE(segment.ok());
    for (const EntryView& entry : segment->entries) {
      if (entry.index == KeyOf(name)) body = platform::ToBytes(entry.body);
    }
  }
  return body;
}

TEST_CASE("a node's grant holds its region and opens with its own key alone; revoking takes it away") {
  World w;
  const Node node = w.Enrols("NWAS-A101", {kLancashire});
  const Topic own = Topic::Node(node.id);
  const auto grant = [&] { return *DecodeGrant(EntryOf(w, own, kGrantEntry)); };
  const auto wrapped = [&] { return EntryOf(w, own, kRingEntry); };
  CHECK(grant().region == std::vector<std::string>{kLancashire});
  CHECK(crypto::OpenBox(node.box, grant().boxed_roster_key).ok());
  CHECK_FALSE(crypto::OpenBox(crypto::NewBoxKey(), grant().boxed_roster_key).ok());
  CHECK(crypto::UnwrapRing(wrapped(), node.box, w.keys.ring_key)->EpochKey(kLancashire, crypto::Epoch{1}));

  REQUIRE(w.roll->SetRegion("NWAS-A101", {kWarrington, kWarrington}).ok());
  const auto ring = crypto::UnwrapRing(wrapped(), node.box, w.keys.ring_key);
  CHECK_FALSE(ring->EpochKey(kLancashire, crypto::Epoch{1}));
  CHECK(ring->EpochKey(kWarrington, crypto::Epoch{1}));
  const uint64_t sequence = w.SequenceOf(Topic::Node(node.id));
  REQUIRE(w.roll->SetRegion("NWAS-A101", {kWarrington}).ok());
  CHECK(w.SequenceOf(Topic::Node(node.id)) == sequence);

  REQUIRE(w.roll->Revoke("NWAS-A101").ok());
  CHECK(grant().revoked);
  CHECK(wrapped().empty());
  CHECK(grant().boxed_roster_key.empty());
  REQUIRE(w.roll->Revoke("NWAS-A101").ok());
  REQUIRE(w.roll->SetRegion("NWAS-A101", {kLancashire}).ok());
  CHECK(wrapped().empty());  // a region does not bring it back
}

TEST_CASE("names and regions that cannot be are refused with what would be right") {
  World w;
  CHECK(w.roll->AddNode("", {kLancashire}).status().code() == Code::kInvalid);
  CHECK(w.roll->AddNode(" x", {kLancashire}).status().code() == Code::kInvalid);
  CHECK(w.roll->AddNode("a\nb", {kLancashire}).status().code() == Code::kInvalid);
  CHECK(w.roll->AddNode(std::string(65, 'x'), {kLancashire}).status().code() == Code::kInvalid);
  for (const std::string bad : {"", "e10000017", "E1", "E10000017,", "E1000001712345678", "E1 000"}) {
    const Status refused = w.roll->AddNode("NWAS-A101", {kLancashire, bad}).status();
    CHECK(refused.message() ==
          "\"" + bad + "\" is not an authority code (capital letters and digits, as in E10000017)");
  }
  CHECK(w.roll->AddNode("NWAS-A101", {}).status().code() == Code::kInvalid);
  CHECK(w.roll->Nodes()->empty());
  CHECK(w.roll->SetRegion("nobody", {kLancashire}).code() == Code::kNotFound);
  CHECK(w.roll->Revoke("nobody").code() == Code::kNotFound);
}

TEST_CASE("staff reach the roster sealed, with a PIN that opens the ring key") {
  World w;
  REQUIRE(w.roll->PutStaff({"555021935107", "Ms Sam Crew", "R1070", "", "2468"}).ok());
  REQUIRE(w.roll->PutStaff({"2", "Mr B", "R8001", "B0170", "1357"}).ok());
  auto roster = [&] { return EntriesOf(w, Topic::Roster(), DecodeStaffMember, &w.keys.roster_key); };
  REQUIRE(roster().size() == 2);
  const auto staff = w.roll->Staff();
  CHECK(staff->at(0).right == Right::kSilent);
  CHECK(staff->at(1).role_name == "Paramedic");
  const auto ring_key = crypto::OpenPinRecord(staff->at(1).pin_record, "2468");
  REQUIRE(ring_key.ok());
  CHECK(crypto::ConstantTimeEqual(ring_key->Reveal(), w.keys.ring_key.Reveal()));

  REQUIRE(w.roll->PutStaff({"2", "Mr B", "R8001", "B0170", "9999"}).ok());  // a new PIN
  CHECK_FALSE(crypto::OpenPinRecord(w.roll->Staff()->at(0).pin_record, "1357").ok());
  REQUIRE(w.roll->DisableStaff("2").ok());
  CHECK(w.roll->Staff()->at(0).disabled);
  const std::vector<StaffMember> heard = roster();
  CHECK(std::count_if(heard.begin(), heard.end(), [](const StaffMember& m) { return m.disabled; }) == 1);
  CHECK(w.roll->DisableStaff("3").code() == Code::kNotFound);
}

TEST_CASE("only a clinician's PIN opens the ring key, and vehicles never hear of auditors") {
  World w;
  const auto heard = [&] { return EntriesOf(w, Topic::Roster(), DecodeStaffMember, &w.keys.roster_key); };
  const auto opens = [&](const std::string& duty) {
    REQUIRE(w.roll->PutStaff({"1", "Ms A", "R1070", "", "2468", duty}).ok());
    const StaffMember member = w.roll->Staff()->at(0);
    CHECK(Name(member.duty) == (duty.empty() ? "clinician" : duty));
    const auto key = crypto::OpenPinRecord(member.pin_record, "2468");
    REQUIRE(key.ok());
    return crypto::ConstantTimeEqual(key->Reveal(), w.keys.ring_key.Reveal());
  };
  CHECK(opens(""));
  CHECK(opens("clinician"));
  CHECK_FALSE(opens("event-only"));
  CHECK_FALSE(opens("engineer"));
  REQUIRE(heard().size() == 1);
  CHECK(heard().front().duty == Duty::kEngineer);
  CHECK_FALSE(opens("auditor"));
  CHECK(heard().empty());
  CHECK(w.roll->Staff()->at(0).duty == Duty::kAuditor);
  REQUIRE(w.roll->DisableStaff("1").ok());
  CHECK(heard().empty());
  CHECK(w.roll->PutStaff({"2", "Ms B", "R1070", "", "2468", "boss"}).message() ==
        "\"boss\" is not a duty (there are clinician, event-only, engineer and auditor)");
  CHECK(w.roll->PutStaff({"2", "Ms B", "R1070", "B0170", "2468", "event-only"}).code() == Code::kInvalid);
}

TEST_CASE("staff that cannot be are refused, and the PIN is never quoted") {
  World w;
  const auto refusal = [&](Roll::NewStaff staff) { return w.roll->PutStaff(staff); };
  CHECK(refusal({"", "A", "R1070", "", "2468"}).code() == Code::kInvalid);
  CHECK(refusal({"a b", "A", "R1070", "", "2468"}).code() == Code::kInvalid);
  CHECK(refusal({"1", "", "R1070", "", "2468"}).code() == Code::kInvalid);
  CHECK(refusal({"1", "A", "1070", "", "2468"}).code() == Code::kInvalid);
  CHECK(refusal({"1", "A", "R1070", "B0001", "2468"}).message() ==
        "\"B0001\" is not a right (B0107 looks and notifies, B0170 looks silently)");
  const Status pin = refusal({"1", "A", "R1070", "", "24x8"});
  CHECK(pin.code() == Code::kInvalid);
  CHECK(pin.message().find("24x8") == std::string::npos);
  CHECK(w.roll->Staff()->empty());
  CHECK(w.SequenceOf(Topic::Roster()) == 0);
}

TEST_CASE("policy settings are taken all together or not at all") {
  World w;
  REQUIRE(w.roll->SetPolicy({"fresh_for_hours=12", "lease_hours=48", "fresh_for_hours=10"}).ok());
  CHECK(w.SequenceOf(Topic::Policy()) == 1);  // nodes never see one without the other
  CHECK(w.roll->CurrentPolicy()->fresh_for == std::chrono::hours(10));
  CHECK(w.roll->CurrentPolicy()->lease == std::chrono::hours(48));
  CHECK(EntriesOf(w, Topic::Policy(), DecodeSetting, nullptr).size() == 2);

  CHECK(w.roll->SetPolicy({"lease_hours=24", "no_such_key=1"}).code() == Code::kInvalid);
  CHECK(w.roll->SetPolicy({"lease_hours=24", "fresh_for_hours"}).code() == Code::kInvalid);
  CHECK(w.roll->CurrentPolicy()->lease == std::chrono::hours(48));
  CHECK(w.SequenceOf(Topic::Policy()) == 1);
  w.Restart();
  CHECK(w.roll->CurrentPolicy()->lease == std::chrono::hours(48));
}

}  // namespace
}  // namespace cpis::sync::fleet
