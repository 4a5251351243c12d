// SPDX-License-Identifier: Apache-2.0
//
// A fleet server without a network: real keys, real sealing, real signatures, fed to a replica through its interface.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "crypto/key_ring.h"
#include "platform/clock.h"
#include "sync/node/identity.h"
#include "sync/node/ports.h"
#include "sync/records.h"
#include "sync/topic_set.h"
#include "tests/scratch.h"

namespace cpis::edge::test {

using platform::Bytes;
using platform::ByteView;
using platform::Instant;
using platform::Result;
using platform::Status;

using TemporaryDirectory = ScratchDirectory;

Instant At(std::string_view rfc3339);

class TestFleet {
 public:
  static constexpr std::string_view kLancashire = "E10000017";
  static constexpr std::string_view kCumbria = "E10000006";
  static constexpr std::string_view kChild = "9990000018";
  static constexpr std::string_view kUnknown = "9990000026";
  static constexpr std::string_view kElsewhere = "9990000042";
  static constexpr std::string_view kWithheld = "9990000050";
  static constexpr sync::PersonId kCrew{7};

  TestFleet();

  // A node of this fleet. Every call gives the same keys.
  sync::node::Identity Identity() const;

  // Each is one change of the topic it concerns, not yet fed to anyone.
  void Knows(std::string_view partition, std::string_view number, const sync::Flag& flag);
  void Forgets(std::string_view partition, std::string_view number);
  void KnowsElsewhere(std::string_view number);  // under an authority that is not in the region of the node
  void Notices(std::string_view number, sync::Notice notice);
  void Names(const sync::Authority& authority);
  void Names(const sync::Viewer& viewer);
  void Employs(const std::string& staff, std::string_view pin, sync::Right right, bool disabled = false);
  void EmploysAs(sync::Duty duty, const std::string& staff, std::string_view pin);  // their PIN opens the ring only if they may look
  void Sets(const std::string& key, const std::string& value);
  void Grants(std::vector<std::string> region, bool revoked = false);

  // An alert of this node, and its end.
  void Raises(const sync::Alert& alert) { RaisesAs(alert.id, alert); }
  void RaisesAs(const std::string& id, const sync::Alert& alert);  // in the place of another id
  void TakesBack(const sync::Alert& alert);

  // Two authorities with their numbers, a viewer, staff "crew-1" (PIN 135790, B0107) and "quiet-1" (PIN 246802, B0170),
  // kChild on a current plan in Lancashire since 2026-03-01, kElsewhere flagged elsewhere in England, and kWithheld withheld.
  void StartsWork();

  // Brings the replica to where the fleet is, by deltas or by snapshots of `rows_a_part`, and has it adopt the
  // manifests.
  Status Feed(sync::node::ReplicaStore& replica, Instant server_time, size_t rows_a_part = 0) const;

  // The pieces, for tests that feed by hand.
  sync::Segment Delta(const sync::Topic& topic, uint64_t to) const;  // of change `to`; views live as long as the fleet
  std::vector<sync::Segment> Snapshot(const sync::Topic& topic, size_t rows_a_part) const;
  sync::Segment Repair(const sync::Topic& topic, const std::vector<crypto::Digest>& basis) const;
  Bytes SignedManifest(Instant server_time) const;  // of the region
  Status Adopt(sync::node::ReplicaStore& replica, Instant server_time) const;
  sync::RowIndex IndexOf(std::string_view number) const;

  const crypto::KeyRing& ring() const { return ring_; }
  const Bytes& wrapped_ring() const { return wrapped_ring_; }  // as granted last
  const crypto::SigningKey& freshness() const { return freshness_; }
  // What a vehicle wrote, as the server reads it.
  Result<sync::Event> Read(const sync::node::Outbox::Item& item) const;
  Bytes Receipt(const sync::node::Outbox::Item& item, sync::Verdict verdict, Instant at, sync::Receipt* receipt) const;

 private:
  struct Entry {
    uint64_t version;
    Bytes body;
  };
  struct Change {
    sync::RowIndex index;
    Bytes body;
    crypto::Digest digest;  // of the topic after it
  };
  struct TopicModel {
    std::map<sync::RowIndex, Entry> entries;
    std::vector<Change> changes;  // one a sequence
    sync::TopicSet set;
  };
  void Publish(const sync::Topic& topic, sync::RowIndex index, Bytes body);
  void CountInEngland(std::string_view number, bool flagged);
  crypto::Secret NumberKey(std::string_view number) const;

  crypto::SigningKey root_ = crypto::NewSigningKey();
  crypto::SigningKey content_ = crypto::NewSigningKey();
  crypto::SigningKey freshness_ = crypto::NewSigningKey();
  crypto::SigningKey policy_ = crypto::NewSigningKey();
  crypto::BoxKey fleet_box_ = crypto::NewBoxKey();
  crypto::BoxKey node_box_ = crypto::NewBoxKey();
  crypto::SigningKey node_signing_ = crypto::NewSigningKey();
  crypto::Secret journal_key_ = crypto::Secret::Random(32);
  crypto::Secret roster_key_ = crypto::Secret::Random(32);
  crypto::Secret ring_key_ = crypto::Secret::Random(32);
  crypto::KeyRing ring_;
  Bytes wrapped_ring_;
  std::map<sync::Topic, TopicModel> topics_;
  std::set<crypto::EnglandHash> england_;
};

}  // namespace cpis::edge::test
