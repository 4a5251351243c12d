// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/publisher.h"

#include <algorithm>

namespace cpis::sync::fleet {
namespace {

constexpr size_t kSnapshotPartBytes = 32 * 1024;  // at 2 KB/s one comes before the node takes the link for dead
// A message comes whole or not at all: at 6 KB/s one of this size just does before the node takes the link for dead. The parts of a
// snapshot are more bytes, but a slow link gets through them one by one.
constexpr size_t kLargestDelta = 128 * 1024;
constexpr size_t kSnapshotSlack = 4;               // a snapshot serves until the deltas after it weigh a quarter of it

// Deltas are kept for so many commits of a topic; who is further behind gets the snapshot, which is smaller by then.
constexpr int64_t kKeptDeltas = 4096;

constexpr size_t kMostBesidesBody = 8 + 10 + 5;  // of an entry: index, age, size
constexpr size_t kRepairHeadBytes = 512;         // head, buckets and signature, with room

int64_t Number(Sequence sequence) { return static_cast<int64_t>(sequence); }
int64_t Number(RowIndex index) { return static_cast<int64_t>(index); }

bool EachFits(const std::vector<SharedBytes>& run) {
  return std::ranges::all_of(run, [](const SharedBytes& delta) { return delta->size() <= kLargestDelta; });
}

SharedBytes Share(ByteView bytes) { return std::make_shared<const std::string>(platform::AsText(bytes)); }

}  // namespace

Publisher::Publisher(const FleetKeys& keys, platform::Database& database, crypto::Epoch epoch)
    : keys_(keys), epoch_(epoch), query_(database) {}

Status Publisher::CreateTables(platform::Database& database) {
  return database.Run(
      "CREATE TABLE IF NOT EXISTS topics(topic TEXT PRIMARY KEY, sequence INTEGER NOT NULL, digest BLOB NOT NULL) STRICT;"
      "CREATE TABLE IF NOT EXISTS entries(topic TEXT NOT NULL, idx INTEGER NOT NULL, version INTEGER NOT NULL,"
      " body BLOB NOT NULL) STRICT;"
      "CREATE UNIQUE INDEX IF NOT EXISTS entry_of ON entries(topic, idx);"
      "CREATE TABLE IF NOT EXISTS segments(topic TEXT NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,"
      " bytes BLOB NOT NULL, PRIMARY KEY(topic, start)) STRICT;");
}

Publisher::State& Publisher::StateOf(const Topic& topic) { return topics_[topic]; }

Status Publisher::Load() {
  std::map<Topic, Bytes> published;
  CPIS_ASSIGN(platform::Statement * heads, query_("SELECT topic, sequence, digest FROM topics"));
  for (;;) {
    CPIS_ASSIGN(const bool more, heads->Step());
    if (!more) break;
    CPIS_ASSIGN(const Topic topic, Topic::Parse(heads->Text(0)));
    StateOf(topic).sequence = Sequence(static_cast<uint64_t>(heads->Int(1)));
    published.emplace(topic, platform::ToBytes(heads->Blob(2)));
  }
  for (auto& [topic, state] : topics_) {
    CPIS_ASSIGN(platform::Statement * rows, query_("SELECT idx, version, body FROM entries WHERE topic = ?"));
    rows->Bind(topic.text());
    for (;;) {
      CPIS_ASSIGN(const bool more, rows->Step());
      if (!more) break;
      const RowIndex index{static_cast<uint64_t>(rows->Int(0))};
      state.set.Put(index, HashEntry(index, static_cast<uint64_t>(rows->Int(1)), rows->Blob(2)));
    }
    // Signing what a damaged disk shows would make every node believe it.
    if (!crypto::ConstantTimeEqual(state.set.DigestAt(topic, state.sequence), published[topic])) {
      return platform::Corrupt("the entries of " + topic.text() + " on disk are not what was published (restore the state directory)");
    }
  }
  return Status::Ok();
}

Sequence Publisher::NextOf(const Topic& topic) const {
  const auto found = topics_.find(topic);
  return Next(found == topics_.end() ? Sequence{0} : found->second.sequence);
}

TopicHead Publisher::HeadOf(const Topic& topic) const {
  static const TopicSet kNothing;
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return {topic, Sequence{0}, kNothing.DigestAt(topic, Sequence{0})};
  return {topic, found->second.sequence, found->second.set.DigestAt(topic, found->second.sequence)};
}

std::vector<TopicHead> Publisher::Heads() const {
  std::vector<TopicHead> heads;
  for (const auto& [topic, state] : topics_) heads.push_back(HeadOf(topic));
  return heads;
}

size_t Publisher::SizeOf(const Topic& topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : found->second.set.size();
}

Status Publisher::StoreEntries(const Topic& topic, Sequence sequence, const std::vector<Change>& changes) {
  CPIS_ASSIGN(platform::Statement * put, query_("INSERT INTO entries(topic, idx, version, body) VALUES(?, ?, ?, ?)"
                                               " ON CONFLICT(topic, idx) DO UPDATE SET version = excluded.version,"
                                               " body = excluded.body"));
  CPIS_ASSIGN(platform::Statement * remove, query_("DELETE FROM entries WHERE topic = ? AND idx = ?"));
  for (const Change& change : changes) {
    if (change.body.empty()) {
      CPIS_TRY(remove->Bind(topic.text()).Bind(Number(change.index)).Run());
    } else {
      CPIS_TRY(put->Bind(topic.text()).Bind(Number(change.index)).Bind(Number(sequence)).Bind(ByteView(change.body)).Run());
    }
  }
  CPIS_ASSIGN(platform::Statement * head, query_("INSERT INTO topics(topic, sequence, digest) VALUES(?, ?, ?)"
                                                " ON CONFLICT(topic) DO UPDATE SET sequence = excluded.sequence,"
                                                " digest = excluded.digest"));
  const Digest digest = StateOf(topic).set.DigestAt(topic, sequence);
  return head->Bind(topic.text()).Bind(Number(sequence)).Bind(ByteView(digest)).Run();
}

Status Publisher::Publish(const Topic& topic, std::vector<Change> changes, ByteView patch) {
  if (changes.empty()) return Status::Ok();
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.index < b.index; });
  State& state = StateOf(topic);
  if (pending_.contains(topic)) return platform::Internal("a topic is published once in a transaction");
  const Sequence from = state.sequence;
  const Sequence to = Next(from);
  Pending pending{from, std::make_unique<TopicChange>(state.set)};

  Segment segment{patch.empty() ? SegmentKind::kDelta : SegmentKind::kPatch, topic, epoch_, from, to, 0, 1, {}};
  segment.patch = patch;
  segment.entries.reserve(changes.size());
  for (const Change& change : changes) {
    if (change.body.empty()) {
      pending.change->Remove(change.index);
    } else {
      pending.change->Put(change.index, HashEntry(change.index, static_cast<uint64_t>(to), change.body));
    }
    segment.entries.push_back({change.index, static_cast<uint64_t>(to), change.body});
  }
  segment.digest = state.set.DigestAt(topic, to);
  state.sequence = to;
  pending_.emplace(topic, std::move(pending));

  CPIS_TRY(StoreEntries(topic, to, changes));
  const Bytes bytes = EncodeSegment(segment, keys_.SignerOf(topic));
  if (bytes.size() > kMaxSegmentBytes) {
    // Too large for one delta: nodes that are behind get the snapshot instead, for want of an unbroken run.
    return Status::Ok();
  }
  CPIS_ASSIGN(platform::Statement * keep, query_("INSERT INTO segments(topic, start, stop, bytes) VALUES(?, ?, ?, ?)"));
  CPIS_TRY(keep->Bind(topic.text()).Bind(Number(from)).Bind(Number(to)).Bind(ByteView(bytes)).Run());
  CPIS_ASSIGN(platform::Statement * prune, query_("DELETE FROM segments WHERE topic = ? AND start < ?"));
  return prune->Bind(topic.text()).Bind(Number(to) - kKeptDeltas).Run();
}

Status Publisher::DropHistory(const Topic& topic) {
  CPIS_ASSIGN(platform::Statement * forget, query_("DELETE FROM segments WHERE topic = ?"));
  dropped_.insert(topic);
  return forget->Bind(topic.text()).Run();
}

void Publisher::BeginEpoch(crypto::Epoch epoch) {
  if (!epoch_before_) epoch_before_ = epoch_;
  epoch_ = epoch;
}

void Publisher::Keep() {
  // A snapshot says its epoch, and a node that has heard of a newer one refuses it.
  if (epoch_before_) {
    for (auto& [topic, state] : topics_) dropped_.insert(topic);
    epoch_before_.reset();
  }
  for (const Topic& topic : dropped_) {
    State& state = StateOf(topic);
    state.snapshot.clear();
    state.snapshot_bytes = 0;
    state.lent.clear();
  }
  dropped_.clear();
  for (auto& [topic, pending] : pending_) pending.change->Keep();
  pending_.clear();
}

void Publisher::Drop() {
  dropped_.clear();
  if (epoch_before_) epoch_ = *epoch_before_;
  epoch_before_.reset();
  for (auto& [topic, pending] : pending_) StateOf(topic).sequence = pending.before;
  pending_.clear();
}

SharedBytes Publisher::Lend(State& state, Sequence start, ByteView bytes) {
  std::erase_if(state.lent, [](const auto& lent) { return lent.second.expired(); });
  auto& lent = state.lent[start];
  SharedBytes shared = lent.lock();
  if (!shared) lent = shared = Share(bytes);
  return shared;
}

// An unbroken run from `from` to the head; empty when there is none.
Result<std::vector<SharedBytes>> Publisher::Deltas(const Topic& topic, Sequence from, size_t* bytes) {
  State& state = StateOf(topic);
  std::vector<SharedBytes> run;
  Sequence reached = from;
  *bytes = 0;
  CPIS_ASSIGN(platform::Statement * segments,
              query_("SELECT start, stop, bytes FROM segments WHERE topic = ? AND start >= ? ORDER BY start"));
  segments->Bind(topic.text()).Bind(Number(from));
  for (;;) {
    CPIS_ASSIGN(const bool more, segments->Step());
    if (!more) break;
    if (segments->Int(0) != Number(reached)) break;
    reached = Sequence(static_cast<uint64_t>(segments->Int(1)));
    run.push_back(Lend(state, Sequence(static_cast<uint64_t>(segments->Int(0))), segments->Blob(2)));
    *bytes += run.back()->size();
  }
  segments->Reset();
  if (reached != state.sequence) run.clear();
  return run;
}

Status Publisher::MakeSnapshot(const Topic& topic, State& state) {
  std::vector<std::vector<std::pair<EntryView, Bytes>>> parts(1);
  size_t part_bytes = 0;
  // By index as the segment orders it: unsigned.
  CPIS_ASSIGN(platform::Statement * rows, query_("SELECT idx, version, body FROM entries WHERE topic = ?"
                                                " ORDER BY idx < 0, idx"));
  rows->Bind(topic.text());
  for (;;) {
    CPIS_ASSIGN(const bool more, rows->Step());
    if (!more) break;
    if (part_bytes >= kSnapshotPartBytes) {
      parts.emplace_back();
      part_bytes = 0;
    }
    Bytes body = platform::ToBytes(rows->Blob(2));
    part_bytes += body.size() + 12;
    parts.back().emplace_back(EntryView{RowIndex{static_cast<uint64_t>(rows->Int(0))}, static_cast<uint64_t>(rows->Int(1)), {}},
                              std::move(body));
  }
  Segment segment{SegmentKind::kSnapshot, topic, epoch_, Sequence{0}, state.sequence, 0,
                  static_cast<uint32_t>(parts.size()), state.set.DigestAt(topic, state.sequence)};
  state.snapshot.clear();
  state.snapshot_bytes = 0;
  for (auto& part : parts) {
    segment.entries.clear();
    for (auto& [entry, body] : part) {
      entry.body = body;
      segment.entries.push_back(entry);
    }
    state.snapshot.push_back(Share(EncodeSegment(segment, keys_.SignerOf(topic))));
    state.snapshot_bytes += state.snapshot.back()->size();
    ++segment.part;
  }
  state.snapshot_to = state.sequence;
  return Status::Ok();
}

Result<std::vector<SharedBytes>> Publisher::Since(const Topic& topic, const Position& position) {
  State& state = StateOf(topic);
  size_t delta_bytes = 0;
  if (position.from != Sequence{0} || state.sequence == Sequence{0}) {
    CPIS_ASSIGN(std::vector<SharedBytes> run, Deltas(topic, position.from, &delta_bytes));
    if (!run.empty() && EachFits(run) && (state.snapshot.empty() || delta_bytes <= state.snapshot_bytes)) return run;
  }
  std::vector<SharedBytes> after;
  if (!state.snapshot.empty() && state.snapshot_to != state.sequence) {
    CPIS_ASSIGN(after, Deltas(topic, state.snapshot_to, &delta_bytes));
  }
  const bool serves = !state.snapshot.empty() &&
                      (state.snapshot_to == state.sequence ||
                       (!after.empty() && EachFits(after) && delta_bytes * kSnapshotSlack <= state.snapshot_bytes));
  if (!serves) {
    CPIS_TRY(MakeSnapshot(topic, state));
    after.clear();
  }
  const bool resumes = position.snapshot_to == state.snapshot_to && position.next_part < state.snapshot.size();
  std::vector<SharedBytes> bytes(state.snapshot.begin() + (resumes ? position.next_part : 0), state.snapshot.end());
  bytes.insert(bytes.end(), after.begin(), after.end());
  return bytes;
}

Result<size_t> Publisher::ReadBucket(const Topic& topic, uint8_t bucket, Segment& repair, std::deque<Bytes>& bodies) {
  const uint64_t first = static_cast<uint64_t>(bucket) << 56;
  const uint64_t last = first | 0x00ff'ffff'ffff'ffff;  // of one sign, like all between
  CPIS_ASSIGN(platform::Statement * rows,
              query_("SELECT idx, version, body FROM entries WHERE topic = ? AND idx BETWEEN ? AND ?"));
  rows->Bind(topic.text()).Bind(static_cast<int64_t>(first)).Bind(static_cast<int64_t>(last));
  size_t bytes = 0;
  for (;;) {
    CPIS_ASSIGN(const bool more, rows->Step());
    if (!more) return bytes;
    bodies.push_back(platform::ToBytes(rows->Blob(2)));
    repair.entries.push_back(
        {RowIndex{static_cast<uint64_t>(rows->Int(0))}, static_cast<uint64_t>(rows->Int(1)), bodies.back()});
    bytes += bodies.back().size() + kMostBesidesBody;
  }
}

Result<SharedBytes> Publisher::RepairOf(const Topic& topic, std::span<const Digest, TopicSet::kBuckets> held) {
  const auto found = topics_.find(topic);
  if (found == topics_.end() || found->second.sequence == Sequence{0}) {
    return platform::NotFound("nothing of " + topic.text() + " was published");
  }
  const State& state = found->second;
  Segment repair{SegmentKind::kRepair, topic, epoch_, Sequence{0}, state.sequence, 0, 1,
                 state.set.DigestAt(topic, state.sequence), {}};
  std::deque<Bytes> bodies;  // what the views in `repair` point to
  size_t bytes = kRepairHeadBytes;
  for (size_t bucket = 0; bucket < TopicSet::kBuckets; ++bucket) {
    if (state.set.BucketDigest(bucket) == held[bucket]) continue;
    repair.buckets.insert(static_cast<uint8_t>(bucket));
    CPIS_ASSIGN(const size_t more, ReadBucket(topic, static_cast<uint8_t>(bucket), repair, bodies));
    bytes += more;
    if (repair.entries.size() * 2 > state.set.size() || bytes > kMaxSegmentBytes) {
      return platform::Exhausted("a repair of " + topic.text() + " would be no smaller than the whole");
    }
  }
  return Share(EncodeSegment(repair, keys_.SignerOf(topic)));
}

}  // namespace cpis::sync::fleet
