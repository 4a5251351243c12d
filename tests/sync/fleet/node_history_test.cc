// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/node_history.h"

#include "tests/sync/fleet/chain.h"

namespace cpis::sync::fleet {
namespace {

using Kinds = std::vector<std::string>;

// A vehicle that looked once; then its disk was copied.
struct CopiedDisk : Watch {
  Chain node, copy;

  CopiedDisk() {
    TakesLook(node);
    copy = node;
  }
};

TEST_CASE("an honest node that forwards attendances first, sends again and restarts raises nothing") {
  Watch w;
  Chain node;
  std::vector<Envelope> audit, attendances;
  for (int i = 0; i < 8; ++i) {
    audit.push_back(node.Looks(w));
    if (i % 2 == 0) attendances.push_back(node.Attends(w));
  }
  for (const Envelope& one : attendances) w.Takes(one);
  for (const Envelope& one : audit) w.Takes(one);
  w.Restart();  // receipts were lost: everything comes again
  for (const Envelope& one : attendances) CHECK(w.VerdictOn(one) == Verdict::kDuplicate);
  for (const Envelope& one : audit) CHECK(w.VerdictOn(one) == Verdict::kDuplicate);
  w.TakesLook(node);
  CHECK(w.Noticed().empty());
  CHECK(w.Verified().broken.empty());
  CHECK(w.Vehicle().state == "ENROLLED");
}

TEST_CASE("an entry that cannot be read keeps its place: what follows it is no gap") {
  Watch w;
  Chain node;
  w.TakesLook(node);
  Envelope garbage = node.Looks(w);
  garbage.sealed_event[20] ^= 1;
  node.head = After(*garbage.audit_before, garbage.sealed_event);
  CHECK(w.VerdictOn(garbage) == Verdict::kQuarantined);
  CHECK(w.VerdictOn(garbage) == Verdict::kQuarantined);  // restored by the crew, and no better
  w.TakesLook(node);
  CHECK(w.Noticed().empty());
  CHECK(w.Verified().entries == 3);
  CHECK(w.Verified().broken.empty());
}

TEST_CASE("a gap is noticed, and the chain goes on from there") {
  Watch w;
  Chain node;
  w.TakesLook(node);
  const Envelope lost = node.Looks(w);
  (void)node.Looks(w);
  w.TakesLook(node);
  REQUIRE(w.Noticed() == Kinds{"AUDIT_GAP×1"});
  CHECK(w.Events()[0].detail == "audit entries 2 to 3 never came");
  w.TakesLook(node);
  w.Takes(lost);  // late
  CHECK(w.Noticed() == Kinds{"AUDIT_GAP×1"});
  CHECK(w.Vehicle().state == "ENROLLED");
}

TEST_CASE("an edited chain is noticed, and is no proof of a clone") {
  Watch w;
  Chain node;
  w.TakesLook(node);
  node.head.link[0] ^= 1;
  w.TakesLook(node);
  CHECK(w.Noticed() == Kinds{"AUDIT_EDITED×1"});
  w.TakesLook(node);  // continues what came
  CHECK(w.Noticed() == Kinds{"AUDIT_EDITED×1"});
  CHECK(w.Vehicle().state == "ENROLLED");
}

TEST_CASE("a chain that lost its end begins anew, which is noticed, and is no proof of a clone") {
  Watch w;
  Chain node;
  for (int i = 0; i < 3; ++i) w.TakesLook(node);
  node.head = {0, crypto::Blake2b32({Bytes(3, 1)})};  // as JournalFile does when the signed head is gone
  w.TakesLook(node);
  w.TakesLook(node);
  w.TakesLook(node);
  CHECK(w.Noticed() == Kinds{"AUDIT_TRUNCATED×1"});
  CHECK(w.Vehicle().state == "ENROLLED");
}

TEST_CASE("a disk put back from an old image is noticed with its first new entry, and all it brings is kept") {
  Watch w;
  Chain node;
  w.TakesLook(node);
  Chain image = node;
  w.TakesLook(node);
  w.TakesAttendance(node);
  REQUIRE(w.Noticed().empty());

  const Envelope audit = image.Looks(w);
  const Envelope attended = image.Attends(w);
  bool told = false;
  w.desk->OnCutOff([&] { told = true; });
  w.Takes(attended);  // attendances go first: the sequence says it
  CHECK(told);
  CHECK(w.Noticed() == Kinds{"OLD_IMAGE_OR_CLONE×1"});
  CHECK(w.Vehicle().state == "REVOKED");
  CHECK(w.Attendances().size() == 2);
  w.Takes(audit);
  w.TakesAttendance(image);  // what the crew was told is queued still arrives
  w.TakesAttendance(node);
  CHECK(w.Attendances().size() == 4);
  CHECK(w.Verified().broken.empty());
}

TEST_CASE("two nodes from one image are noticed when the second one has something to say") {
  Watch w;
  Chain node;
  w.TakesLook(node);
  Chain clone = node;
  w.TakesLook(clone);
  CHECK(w.Noticed().empty());
  Envelope second = node.Looks(w);
  w.Takes(second);
  CHECK(w.Noticed() == Kinds{"OLD_IMAGE_OR_CLONE×1"});
  CHECK(w.Vehicle().state == "REVOKED");
}

TEST_CASE("a fork of the chain shows under fresh sequences too") {
  Watch w;
  Chain node;
  w.TakesLook(node);
  Chain clone = node;
  w.TakesLook(node);
  clone.sequence = 50;
  w.TakesLook(clone);
  REQUIRE(w.Noticed() == Kinds{"OLD_IMAGE_OR_CLONE×1"});
  CHECK(w.Events()[0].detail == "two different entries, both signed by this node, follow its audit entry 1");
}

TEST_CASE("a journal that was deleted starts at one again, which is noticed") {
  Watch w;
  Chain node;
  w.TakesLook(node);
  w.TakesLook(node);
  Chain emptied;
  w.TakesLook(emptied);
  CHECK(w.Noticed() == Kinds{"OLD_IMAGE_OR_CLONE×1"});
}

TEST_CASE("policy alert leaves a clone in the fleet and counts what it does in one event, until somebody has seen it") {
  Watch w;
  REQUIRE(w.roll->SetPolicy({"on_clone=alert"}).ok());
  Chain node;
  w.TakesLook(node);
  Chain clone = node;
  for (int i = 0; i < 5; ++i) w.TakesLook(node);
  for (int i = 0; i < 5; ++i) w.TakesLook(clone);
  CHECK(w.Noticed() == Kinds{"OLD_IMAGE_OR_CLONE×5"});
  CHECK(w.Vehicle().state == "ENROLLED");
  const int64_t id = w.Events()[0].id;
  REQUIRE(w.store->Change([&](Store& s) { return s.security().Acknowledge(id, kNoon); }).ok());
  CHECK(w.store->Change([&](Store& s) { return s.security().Acknowledge(id + 7, kNoon); }).code() == Code::kNotFound);
  w.TakesLook(node);
  w.TakesLook(clone);
  CHECK(w.Events().size() == 2);
}

TEST_CASE("policy re-enrol revokes a clone and frees its name, and the old disk is still heard") {
  Watch w;
  REQUIRE(w.roll->SetPolicy({"on_clone=re-enrol"}).ok());
  Chain node;
  w.TakesLook(node);
  Chain clone = node;
  w.TakesLook(node);
  w.TakesLook(clone);
  CHECK(w.Vehicle().state == "REVOKED");
  const Node anew = w.Enrols(w.vehicle.name, {kLancashire});
  CHECK(anew.id != w.vehicle.id);
  w.TakesAttendance(clone);
  CHECK(w.Attendances().size() == 1);
  CHECK(w.roll->SetPolicy({"on_clone=ignore"}).code() == Code::kInvalid);
}

TEST_CASE("a node that a person revoked is not heard, clone or not") {
  Watch w;
  Chain node;
  w.TakesLook(node);
  REQUIRE(w.roll->Revoke(w.vehicle.name).ok());
  CHECK(w.Delivers(node.Looks(w)).status().code() == Code::kDenied);
}

TEST_CASE("what vehicles report of wrong PINs and limits becomes a security event") {
  Watch w;
  Chain node;
  for (const char* action : {"rate-hold", "person-locked", "node-locked", "wiped", "sign-in"}) {
    Event event = w.Look(kNoon);
    event.action = action;
    event.nhs_number.clear();
    w.Takes(node.Writes(w, event));
  }
  CHECK(w.Noticed() == Kinds{"RATE_HOLD×1", "PERSON_LOCKED×1", "NODE_LOCKED×1", "WIPED×1"});
  CHECK(w.Events()[3].detail == "reported by the node, of staff " + kCrew);
}

}  // namespace
}  // namespace cpis::sync::fleet
