// SPDX-License-Identifier: Apache-2.0
#include "fleet_fixture.h"

#include <catch2/catch.hpp>

#include "crypto/pin.h"
#include "sync/england.h"

namespace cpis::edge::test {
namespace {

using sync::KeyOf;
using sync::Topic;

constexpr crypto::Hardness kCheap{64, 1};
constexpr crypto::Epoch kEpoch{1};
constexpr std::string_view kNodeId = "node-0123456789abcdef";

crypto::SigningKey CopyOf(const crypto::SigningKey& key) { return {key.secret.Clone(), key.public_key}; }

}  // namespace

Instant At(std::string_view rfc3339) { return *platform::ParseRfc3339(rfc3339); }

TestFleet::TestFleet() {
  ring_.pepper = crypto::Secret::Random(16);
  ring_.hardness = kCheap;
  ring_.index_key = crypto::Secret::Random(32);
  ring_.england_key = crypto::Secret::Random(32);
  ring_.directory_key = crypto::Secret::Random(32);
  for (const std::string_view partition : {kLancashire, kCumbria, sync::kNotices}) {
    ring_.epoch_keys[std::string(partition)] = {kEpoch, crypto::Secret::Random(32)};
  }
}

sync::node::Identity TestFleet::Identity() const {
  sync::node::Identity identity;
  identity.node_id = kNodeId;
  identity.name = "Ambulance 7";
  identity.trust_code = "RX7";
  identity.server_host = "127.0.0.1";
  identity.server_port = 1;  // nobody listens there
  identity.root_public_key = root_.public_key;
  identity.keys = sync::KeySet{.version = 1,
                               .content = content_.public_key,
                               .freshness = freshness_.public_key,
                               .policy = policy_.public_key,
                               .fleet_box = fleet_box_.public_key,
                               .root = root_.public_key};
  identity.signed_key_set = sync::EncodeKeySet(*identity.keys.Now(), root_);
  identity.box = {node_box_.secret.Clone(), node_box_.public_key};
  identity.signing = CopyOf(node_signing_);
  identity.journal_key = journal_key_.Clone();
  return identity;
}

crypto::Secret TestFleet::NumberKey(std::string_view number) const {
  auto key = crypto::NumberKeys(ring_.pepper.Clone(), ring_.hardness).Derive(number);
  REQUIRE(key.ok());
  return *std::move(key);
}

sync::RowIndex TestFleet::IndexOf(std::string_view number) const {
  return crypto::IndexOf(ring_.index_key, NumberKey(number));
}

void TestFleet::Publish(const Topic& topic, sync::RowIndex index, Bytes body) {
  TopicModel& model = topics_[topic];
  const uint64_t version = model.changes.size() + 1;
  if (body.empty()) {
    model.entries.erase(index);
    model.set.Remove(index);
  } else {
    model.entries[index] = {version, body};
    model.set.Put(index, sync::HashEntry(index, version, body));
  }
  model.changes.push_back({index, std::move(body), model.set.DigestAt(topic, sync::Sequence{version})});
}

void TestFleet::Knows(std::string_view partition, std::string_view number, const sync::Flag& flag) {
  const Topic topic = Topic::Rows(partition);
  const crypto::Secret key = NumberKey(number);
  const sync::RowIndex index = crypto::IndexOf(ring_.index_key, key);
  const uint64_t version = topics_[topic].changes.size() + 1;
  const auto epoch_key = ring_.EpochKey(std::string(partition), kEpoch);
  Publish(topic, index, crypto::SealRow(*epoch_key, key, {partition, index, version, kEpoch}, sync::EncodeFlag(flag)));
  CountInEngland(number, true);
}

void TestFleet::Forgets(std::string_view partition, std::string_view number) {
  Publish(Topic::Rows(partition), IndexOf(number), {});
  CountInEngland(number, false);
}

void TestFleet::KnowsElsewhere(std::string_view number) { CountInEngland(number, true); }

// Every bucket that differs is a change of its own.
void TestFleet::CountInEngland(std::string_view number, bool flagged) {
  const auto bodies = [this] {
    std::map<sync::RowIndex, Bytes> buckets;
    const std::vector<crypto::EnglandHash> hashes(england_.begin(), england_.end());
    for (auto& bucket : sync::England(hashes, sync::England::kFewestBits).Buckets()) buckets[bucket.index] = bucket.body;
    return buckets;
  };
  auto before = bodies();
  const auto hash = crypto::EnglandHashOf(ring_.england_key, NumberKey(number));
  flagged ? (void)england_.insert(hash) : (void)england_.erase(hash);
  auto after = bodies();
  for (auto& [index, body] : before) after.try_emplace(index);
  for (auto& [index, body] : after) {
    if (body != before[index]) Publish(Topic::Index(), index, std::move(body));
  }
}

void TestFleet::Notices(std::string_view number, sync::Notice notice) {
  const Topic topic = Topic::Rows(sync::kNotices);
  const crypto::Secret key = NumberKey(number);
  const sync::RowIndex index = crypto::IndexOf(ring_.index_key, key);
  const crypto::RowPlace place{sync::kNotices, index, topics_[topic].changes.size() + 1, kEpoch};
  const auto epoch_key = ring_.EpochKey(std::string(sync::kNotices), kEpoch);
  Publish(topic, index, crypto::SealRow(*epoch_key, key, place, sync::EncodeNotice(notice)));
}

void TestFleet::Names(const sync::Authority& authority) {
  Publish(Topic::Directory(), KeyOf("authority/" + authority.code),
          crypto::SealWith(ring_.directory_key, "directory", sync::Encode(authority)));
}

void TestFleet::Names(const sync::Viewer& viewer) {
  Publish(Topic::Directory(), KeyOf("person/" + std::to_string(static_cast<uint32_t>(viewer.id))),
          crypto::SealWith(ring_.directory_key, "directory", sync::Encode(viewer)));
}

void TestFleet::Employs(const std::string& staff, std::string_view pin, sync::Right right, bool disabled) {
  auto record = crypto::MakePinRecord(pin, ring_key_, kCheap);
  REQUIRE(record.ok());
  const sync::StaffMember member{staff, "Sam Crew", "R1070", "Paramedic", right, disabled, *std::move(record)};
  Publish(Topic::Roster(), KeyOf("staff/" + staff), crypto::SealWith(roster_key_, "roster", sync::Encode(member)));
}

void TestFleet::EmploysAs(sync::Duty duty, const std::string& staff, std::string_view pin) {
  const crypto::Secret nothing = crypto::Secret::Random(32);
  auto record = crypto::MakePinRecord(pin, duty == sync::Duty::kClinician ? ring_key_ : nothing, kCheap);
  REQUIRE(record.ok());
  const sync::StaffMember member{staff, "Sam Crew", "R1070", "Paramedic", sync::Right::kNotify, false, *std::move(record), duty};
  Publish(Topic::Roster(), KeyOf("staff/" + staff), crypto::SealWith(roster_key_, "roster", sync::Encode(member)));
}

void TestFleet::Sets(const std::string& key, const std::string& value) {
  Publish(Topic::Policy(), KeyOf(key), sync::Encode(sync::Setting{key, value}));
}

void TestFleet::Grants(std::vector<std::string> region, bool revoked) {
  const sync::Grant grant{std::move(region), crypto::SealTo(node_box_.public_key, roster_key_.Reveal()), revoked};
  Publish(Topic::Node(kNodeId), KeyOf(sync::kGrantEntry), sync::Encode(grant));
  wrapped_ring_ = crypto::WrapRing(ring_, ring_key_, node_box_.public_key);
  Publish(Topic::Node(kNodeId), KeyOf(sync::kRingEntry), revoked ? Bytes() : wrapped_ring_);
}

void TestFleet::RaisesAs(const std::string& id, const sync::Alert& alert) {
  const Bytes sealed = crypto::SealWith(ring_.directory_key, "alert", sync::Encode(alert));
  Publish(Topic::Node(kNodeId), KeyOf("alert/" + id), crypto::SealTo(node_box_.public_key, sealed));
}

void TestFleet::TakesBack(const sync::Alert& alert) { Publish(Topic::Node(kNodeId), KeyOf("alert/" + alert.id), {}); }

void TestFleet::StartsWork() {
  Names(sync::Authority{std::string(kLancashire), "Lancashire County Council", "03001236722", "03001236720"});
  Names(sync::Authority{std::string(kCumbria), "Cumbria Council", "03332401727", ""});
  Names(sync::Viewer{kCrew, "Ms Sam Crew", "R1070", "Paramedic", "RX7", "NORTH WEST AMBULANCE SERVICE NHS TRUST"});
  Employs("crew-1", "135790", sync::Right::kNotify);
  Employs("quiet-1", "246802", sync::Right::kSilent);
  Grants({std::string(kLancashire), std::string(kCumbria)});
  sync::Flag flag;
  flag.plans = {{sync::PlanType::kCpp, At("2026-03-01T09:00:00Z"), std::nullopt}};
  flag.accesses = {{At("2026-11-20T10:00:00Z"), kCrew}};
  Knows(kLancashire, kChild, flag);
  sync::Flag other;
  other.plans = {{sync::PlanType::kLac, At("2025-03-01T09:00:00Z"), std::nullopt}};
  Knows(kCumbria, "9990000034", other);
  KnowsElsewhere(kElsewhere);
  Notices(kWithheld, sync::Notice::kWithheld);
}

sync::Segment TestFleet::Delta(const Topic& topic, uint64_t to) const {
  const Change& change = topics_.at(topic).changes.at(to - 1);
  return {.kind = sync::SegmentKind::kDelta,
          .topic = topic,
          .epoch = kEpoch,
          .from = sync::Sequence{to - 1},
          .to = sync::Sequence{to},
          .part = 0,
          .parts = 1,
          .digest = change.digest,
          .entries = {{change.index, to, change.body}}};
}

std::vector<sync::Segment> TestFleet::Snapshot(const Topic& topic, size_t rows_a_part) const {
  const TopicModel& model = topics_.at(topic);
  std::vector<sync::EntryView> all;
  for (const auto& [index, entry] : model.entries) all.push_back({index, entry.version, entry.body});
  std::vector<sync::Segment> parts;
  for (size_t begin = 0; begin < all.size() || parts.empty(); begin += rows_a_part) {
    const size_t end = std::min(begin + rows_a_part, all.size());
    parts.push_back(
        {.kind = sync::SegmentKind::kSnapshot,
         .topic = topic,
         .epoch = kEpoch,
         .from = sync::Sequence{0},
         .to = sync::Sequence{model.changes.size()},
         .part = static_cast<uint32_t>(parts.size()),
         .parts = 0,
         .digest = model.changes.back().digest,
         .entries = {all.begin() + static_cast<ptrdiff_t>(begin), all.begin() + static_cast<ptrdiff_t>(end)}});
  }
  for (sync::Segment& part : parts) part.parts = static_cast<uint32_t>(parts.size());
  return parts;
}

sync::Segment TestFleet::Repair(const Topic& topic, const std::vector<crypto::Digest>& basis) const {
  const TopicModel& model = topics_.at(topic);
  sync::Segment repair{.kind = sync::SegmentKind::kRepair,
                       .topic = topic,
                       .epoch = kEpoch,
                       .from = sync::Sequence{0},
                       .to = sync::Sequence{model.changes.size()},
                       .digest = model.changes.back().digest};
  for (size_t bucket = 0; bucket < basis.size(); ++bucket) {
    if (model.set.BucketDigest(bucket) != basis[bucket]) repair.buckets.insert(static_cast<uint8_t>(bucket));
  }
  for (const auto& [index, entry] : model.entries) {
    if (repair.buckets.contains(sync::BucketOf(index))) repair.entries.push_back({index, entry.version, entry.body});
  }
  return repair;
}

Bytes TestFleet::SignedManifest(Instant server_time) const {
  sync::Manifest manifest{.epoch = kEpoch, .server_time = server_time, .reconnect_window_seconds = 0, .heads = {}};
  for (const auto& [topic, model] : topics_) {
    if (topic.kind() == Topic::Kind::kNode) continue;
    manifest.heads.push_back({topic, sync::Sequence{model.changes.size()}, model.changes.back().digest});
  }
  return sync::EncodeManifest(manifest, freshness_);
}

Status TestFleet::Adopt(sync::node::ReplicaStore& replica, Instant server_time) const {
  const Bytes bytes = SignedManifest(server_time);
  CPIS_ASSIGN(const sync::Manifest manifest, sync::DecodeManifest(bytes, freshness_.public_key));
  return replica.AdoptManifest(manifest, bytes);
}

Status TestFleet::Feed(sync::node::ReplicaStore& replica, Instant server_time, size_t rows_a_part) const {
  for (const auto& [topic, model] : topics_) {
    const uint64_t held = static_cast<uint64_t>(replica.CursorOf(topic).sequence);
    if (held == model.changes.size()) continue;
    if (rows_a_part > 0) {
      for (const sync::Segment& part : Snapshot(topic, rows_a_part)) CPIS_TRY(replica.StageSnapshotPart(part));
    } else {
      for (uint64_t to = held + 1; to <= model.changes.size(); ++to) CPIS_TRY(replica.ApplyDelta(Delta(topic, to)));
    }
  }
  return Adopt(replica, server_time);
}

Result<sync::Event> TestFleet::Read(const sync::node::Outbox::Item& item) const {
  CPIS_ASSIGN(const sync::Envelope envelope, sync::DecodeEnvelope(item.envelope, node_signing_.public_key));
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenBox(fleet_box_, envelope.sealed_event));
  return sync::DecodeEvent(plain.Reveal());
}

Bytes TestFleet::Receipt(const sync::node::Outbox::Item& item, sync::Verdict verdict, Instant at,
                         sync::Receipt* receipt) const {
  *receipt = {.node = std::string(kNodeId),
              .node_sequence = item.node_sequence,
              .id = item.id,
              .verdict = verdict,
              .server_time = at,
              .reason = verdict == sync::Verdict::kQuarantined ? "unknown staff" : ""};
  return sync::EncodeReceipt(*receipt, freshness_);
}

}  // namespace cpis::edge::test
