// SPDX-License-Identifier: Apache-2.0
//
// What a lookup costs without the number key and without HTTP: index, row, open, parse; beside the same flags in plain SQLite
// and in memory, in one run, in the same random order.
#include <filesystem>
#include <random>
#include <unordered_map>

#include "crypto/row.h"
#include "edge/replica.h"
#include "platform/sqlite.h"
#include "sync/flag.h"
#include "tests/bench/measure.h"
#include "tests/scratch.h"

namespace {

using namespace cpis;
using platform::Bytes;

constexpr size_t kFlags = 25'000;
constexpr size_t kVerified = 30'000;
constexpr size_t kLookups = 200'000;
constexpr size_t kPartEntries = 1'000;
constexpr std::string_view kPartition = "E10000017";

struct Person {
  crypto::Secret number_key;
  crypto::RowIndex index;
  Bytes flag;    // encoded
  Bytes sealed;
};

sync::Flag MakeFlag(std::minstd_rand& random) {
  sync::Flag flag;
  flag.plans.push_back({sync::PlanType::kCpp, platform::FromUnixSeconds(1'770'000'000 / 60 * 60), {}});
  for (int i = 0; i < 5; ++i) {
    sync::AddAccess(flag, {platform::FromUnixSeconds(1'780'000'000 + static_cast<int64_t>(random() % 10'000'000)),
                           sync::PersonId(random() % 400)});
  }
  return flag;
}

// Everybody, by index, as a snapshot wants them.
std::vector<Person> MakePeople(size_t count, const crypto::Secret& index_key, const crypto::Secret& epoch_key) {
  std::minstd_rand random(1);
  std::vector<Person> people(count);
  for (Person& person : people) {
    person.number_key = crypto::Secret::Copy(crypto::RandomBytes(32), crypto::Residence::kTransient);
    person.index = crypto::IndexOf(index_key, person.number_key);
    person.flag = sync::EncodeFlag(MakeFlag(random));
    person.sealed = crypto::SealRow(epoch_key, person.number_key, {kPartition, person.index, 1, crypto::Epoch{1}}, person.flag);
  }
  std::sort(people.begin(), people.end(), [](const Person& a, const Person& b) { return a.index < b.index; });
  return people;
}

void Demand(const platform::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.message().c_str());
  std::exit(1);
}

template <typename T>
T Demand(platform::Result<T> result) {
  Demand(result.status());
  return *std::move(result);
}

double Install(edge::Replica& replica, const std::vector<Person>& people) {
  const sync::Topic topic = sync::Topic::Rows(kPartition);
  sync::TopicSet set;
  for (const Person& person : people) set.Put(person.index, sync::HashEntry(person.index, 1, person.sealed));
  sync::Segment part{sync::SegmentKind::kSnapshot, topic, crypto::Epoch{1}, sync::Sequence{0}, sync::Sequence{1}, 0,
                     static_cast<uint32_t>((people.size() + kPartEntries - 1) / kPartEntries),
                     set.DigestAt(topic, sync::Sequence{1}), {}};
  const auto start = bench::Clock::now();
  for (size_t i = 0; i < people.size(); i += kPartEntries, ++part.part) {
    part.entries.clear();
    for (size_t j = i; j < std::min(i + kPartEntries, people.size()); ++j) {
      part.entries.push_back({people[j].index, 1, people[j].sealed});
    }
    Demand(replica.StageSnapshotPart(part));
  }
  return bench::SecondsSince(start);
}

// Microseconds a lookup, over the same sequence of people each time.
template <typename Look>
double Time(const std::vector<Person>& people, Look look) {
  std::minstd_rand random(7);
  size_t accesses = 0;
  const auto start = bench::Clock::now();
  for (size_t i = 0; i < kLookups; ++i) accesses += look(people[random() % people.size()]);
  const double seconds = bench::SecondsSince(start);
  if (accesses != kLookups * 5) std::exit(1);  // every look found its flag
  return seconds / kLookups * 1e6;
}

size_t Accesses(platform::ByteView flag) { return Demand(sync::DecodeFlag(flag)).accesses.size(); }

// Milliseconds to verify that many rows at start, and the least that anybody could do: read each and hash it.
void Verification(const std::filesystem::path& directory, const crypto::Secret& index_key, const crypto::Secret& epoch_key) {
  const std::vector<Person> people = MakePeople(kVerified, index_key, epoch_key);
  const crypto::SigningKey freshness = crypto::NewSigningKey();
  const crypto::Secret seal_key = crypto::Secret::Random(32);
  const auto open = [&] {
    return Demand(edge::Replica::Open({directory / "verified.db", freshness.public_key, seal_key.Clone()}));
  };
  Install(*open(), people);
  std::vector<double> ready, verified, floor;
  for (int round = 0; round < 9; ++round) {
    const auto start = bench::Clock::now();
    const auto replica = open();
    if (replica->Find(people[0].index).rows.size() != 1) std::exit(1);
    ready.push_back(bench::SecondsSince(start) * 1e3);
    if (!replica->WaitVerified(std::chrono::minutes(1))) std::exit(1);
    verified.push_back(bench::SecondsSince(start) * 1e3);
    if (replica->CursorOf(sync::Topic::Rows(kPartition)).sequence != sync::Sequence{1}) std::exit(1);

    const auto floor_start = bench::Clock::now();
    platform::Database plain = Demand(platform::Database::Open(directory / "verified.db", {platform::Database::Mode::kReader}));
    auto query = Demand(plain.Prepare("SELECT topic_id, idx, version, body FROM entries NOT INDEXED"));
    size_t rows = 0;
    for (; Demand(query.Step()); ++rows) crypto::Blake2b32({query.Blob(3)});
    if (rows != kVerified) std::exit(1);
    floor.push_back(bench::SecondsSince(floor_start) * 1e3);
  }
  const double least = bench::Percentile(floor, 0.5), ours = bench::Percentile(verified, 0.5);
  std::printf("start with %zu rows, medians of 9\n", kVerified);
  bench::Line("plain SQLite scan, BLAKE2b of each row", least, "ms", "the floor");
  bench::Line("rows verified, on disk and as lookups find them", ours, "ms", std::to_string(ours / least) + " x floor, bar 250");
  bench::Line("first row served", bench::Percentile(ready, 0.5), "ms", "before that");
}

}  // namespace

int main() {
  crypto::StartCrypto();
  const ScratchDirectory scratch;
  const std::filesystem::path& directory = scratch.path();
  const crypto::Secret index_key = crypto::Secret::Random(32);
  const crypto::Secret epoch_key = crypto::Secret::Random(32);
  const crypto::SigningKey freshness = crypto::NewSigningKey();
  const std::vector<Person> people = MakePeople(kFlags, index_key, epoch_key);

  auto replica = Demand(edge::Replica::Open({directory / "replica.db", freshness.public_key, crypto::Secret::Random(32)}));
  const double install = Install(*replica, people);

  platform::Database plain = Demand(platform::Database::Open(directory / "plain.db"));
  Demand(plain.Run("CREATE TABLE flags(idx INTEGER, body BLOB); CREATE UNIQUE INDEX flag_of ON flags(idx)"));
  {
    auto transaction = Demand(platform::Transaction::Begin(plain));
    auto insert = Demand(plain.Prepare("INSERT INTO flags(idx, body) VALUES(?, ?)"));
    for (const Person& person : people) {
      Demand(insert.Bind(static_cast<int64_t>(person.index)).Bind(platform::ByteView(person.flag)).Run());
    }
    Demand(transaction.Commit());
  }
  std::unordered_map<uint64_t, Bytes> memory;
  for (const Person& person : people) memory.emplace(static_cast<uint64_t>(person.index), person.flag);

  const auto ours = [&](const Person& person) {
    const crypto::RowIndex index = crypto::IndexOf(index_key, person.number_key);
    const edge::FoundRows found = replica->Find(index);
    if (found.damaged || found.rows.size() != 1) std::exit(1);
    const crypto::RowPlace place{found.rows[0].partition, index, found.rows[0].version, crypto::Epoch{1}};
    return Accesses(Demand(crypto::OpenRow(epoch_key, person.number_key, place, found.rows[0].sealed)).Reveal());
  };
  auto select = Demand(plain.Prepare("SELECT body FROM flags WHERE idx = ?"));
  const auto in_sqlite = [&](const Person& person) {
    select.Bind(static_cast<int64_t>(person.index));
    if (!Demand(select.Step())) std::exit(1);
    const size_t accesses = Accesses(select.Blob(0));
    select.Reset();
    return accesses;
  };
  const auto in_memory = [&](const Person& person) { return Accesses(memory.at(static_cast<uint64_t>(person.index))); };

  std::vector<double> us[3];
  for (int round = 0; round < 5; ++round) {
    us[0].push_back(Time(people, in_memory));
    us[1].push_back(Time(people, in_sqlite));
    us[2].push_back(Time(people, ours));
  }
  const double floor = bench::Percentile(us[0], 0.5), sqlite = bench::Percentile(us[1], 0.5), sealed = bench::Percentile(us[2], 0.5);
  std::printf("storage path, %zu flags, 5 accesses each, medians of 5 rounds of %zu lookups\n", kFlags, kLookups);
  bench::Line("in memory, plain", floor, "us", "the floor");
  bench::Line("plain SQLite", sqlite, "us", std::to_string(sqlite / floor) + " x floor");
  bench::Line("sealed replica: index, row, check, open, parse", sealed, "us",
              std::to_string(sealed / floor) + " x floor, " + std::to_string(sealed / sqlite) + " x plain SQLite");
  bench::Line("snapshot install", static_cast<double>(kFlags) / install / 1000, "k rows/s", "staged in parts, each durable");
  bench::Line("sealed row", static_cast<double>(people[0].sealed.size()), "bytes", "");
  replica.reset();
  Verification(directory, index_key, epoch_key);
}
