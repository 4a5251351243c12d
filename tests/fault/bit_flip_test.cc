// SPDX-License-Identifier: Apache-2.0
//
// Single bits that flip in replica.db, as cheap flash does: no row may be missing without the node knowing it. The same flips
// of the same rows in a plain SQLite table show what that is worth.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>

#include "edge/replica.h"
#include "platform/files.h"
#include "platform/log.h"
#include "platform/sqlite.h"
#include "tests/edge/fleet_fixture.h"
#include "tests/scratch.h"

namespace cpis::edge {
namespace {

using sync::RowIndex;
using sync::Topic;
using test::At;
using test::TestFleet;

constexpr int kChildren = 300;
constexpr size_t kSample = 10;  // of the rows that were not near the bit
constexpr size_t kMostOfAPage = 60;

// How a file is divided: what one bit spoils is in one page, or is led to by it.
struct Pages {
  size_t header;
  size_t size;
  size_t Of(size_t byte) const { return byte < header ? 0 : (byte - header) / size; }
};
constexpr Pages kDatabase{0, 4096};
constexpr Pages kWal{32, 24 + 4096};
const Instant kNow = At("2026-11-22T02:00:00Z");
const std::vector<std::string> kRegion = {std::string(TestFleet::kLancashire), std::string(TestFleet::kCumbria)};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Flip {
  size_t byte;
  int bit;
};

void Apply(const std::filesystem::path& file, const Flip& flip) {
  const int fd = open(file.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(fd >= 0);
  uint8_t value = 0;
  REQUIRE(pread(fd, &value, 1, static_cast<off_t>(flip.byte)) == 1);
  value ^= static_cast<uint8_t>(1 << flip.bit);
  REQUIRE(pwrite(fd, &value, 1, static_cast<off_t>(flip.byte)) == 1);
  close(fd);
}

// What became of the rows that were looked up after one flip.
struct Tally {
  size_t looks = 0;
  size_t found = 0;     // with their exact bytes
  size_t told = 0;      // not found, and known to be unknown
  size_t silent = 0;    // not found, and nothing says so
  size_t altered = 0;   // found with other bytes, which are vouched for
  Tally& operator+=(const Tally& other) {
    looks += other.looks, found += other.found, told += other.told, silent += other.silent, altered += other.altered;
    return *this;
  }
};
std::ostream& operator<<(std::ostream& out, const Tally& tally) {
  return out << tally.looks << " looks: " << tally.found << " found, " << tally.told << " told, " << tally.silent
             << " silent, " << tally.altered << " altered";
}

struct Row {
  RowIndex index;
  Bytes sealed;
};

using Rows = std::vector<size_t>;

class Flips {
 public:
  Flips() {
    fleet_.StartsWork();
    for (int i = 0; i < kChildren; ++i) Grows(i);
    auto replica = Open("model.db");
    REQUIRE(fleet_.Feed(*replica, kNow).ok());
    replica.reset();
    Remember();
    model_ = Read("model.db");
    MakePlain();
    model_places_ = PlacesIn(model_, std::nullopt);
    plain_places_ = PlacesIn(plain_, std::nullopt);
  }

  Tally ClosedReplica(std::minstd_rand& random) {
    Write("replica.db", model_);
    const Flip flip = Draw(random, model_.size());
    Apply(place_ / "replica.db", flip);
    auto replica = Open("replica.db");
    const Rows rows = Chosen(model_places_, flip, random);
    const Tally unverified = LookAt(*replica, {rows.end() - std::min<std::ptrdiff_t>(std::ssize(rows), kSample), rows.end()});
    REQUIRE(replica->WaitVerified(std::chrono::seconds(30)));
    Tally tally = LookAt(*replica, rows);
    return tally += unverified;
  }

  // Its rows are in the file, or for every fourth trial in the WAL; its cache is as a lookup left it.
  Tally RunningReplica(std::minstd_rand& random, bool in_wal) {
    for (const char* name : {"replica.db-wal", "replica.db-shm"}) std::filesystem::remove(place_ / name);
    Write("replica.db", in_wal ? Bytes() : model_);
    auto replica = Open("replica.db");
    REQUIRE(replica->WaitVerified(std::chrono::seconds(30)));
    if (in_wal) REQUIRE(fleet_.Feed(*replica, kNow, 1000).ok());
    const Tally before = LookAt(*replica, Chosen({}, {}, random));
    REQUIRE(before.found == before.looks);
    const char* hit = in_wal ? "replica.db-wal" : "replica.db";
    const Flip flip = Draw(random, std::filesystem::file_size(place_ / hit));
    Apply(place_ / hit, flip);
    if (!in_wal) return LookAt(*replica, Chosen(model_places_, flip, random));
    return LookAt(*replica, Chosen(PlacesIn(Read(hit), flip), flip, random, kWal));
  }

  Tally Plain(std::minstd_rand& random) {
    Write("plain-flipped.db", plain_);
    const Flip flip = Draw(random, plain_.size());
    Apply(place_ / "plain-flipped.db", flip);
    return LookAtPlain(Chosen(plain_places_, flip, random));
  }

 private:
  // Where the index of a row stands in a file, and which row it is.
  using Places = std::vector<std::pair<size_t, size_t>>;

  static Flip Draw(std::minstd_rand& random, size_t bytes) {
    return {std::uniform_int_distribution<size_t>(0, bytes - 1)(random), std::uniform_int_distribution<int>(0, 7)(random)};
  }
  void Grows(int i) {
    sync::Flag flag;
    flag.plans = {{sync::PlanType::kCpp, At("2026-03-01T09:00:00Z"), std::nullopt}};
    fleet_.Knows(i % 3 == 0 ? TestFleet::kCumbria : TestFleet::kLancashire, NumberOf(i), flag);
  }
  static std::string NumberOf(int i) { return "999" + std::to_string(2000000 + i); }

  std::unique_ptr<Replica> Open(const char* name) {
    auto replica = Replica::Open({place_ / name, identity_.keys.Now()->freshness, identity_.journal_key.Clone()});
    if (!replica.ok()) FAIL(replica.status().message());
    return *std::move(replica);
  }
  Bytes Read(const char* name) {
    auto bytes = platform::ReadFile(place_ / name, 1 << 24);
    REQUIRE(bytes.ok());
    return *std::move(bytes);
  }
  void Write(const char* name, const Bytes& bytes) {
    const int fd = open((place_ / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    REQUIRE(write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    close(fd);
  }
  void Remember() {
    auto replica = Open("model.db");
    for (int i = 0; i < kChildren; ++i) {
      const RowIndex index = fleet_.IndexOf(NumberOf(i));
      const FoundRows found = replica->Find(index);
      REQUIRE(found.rows.size() == 1);
      rows_.push_back({index, found.rows.front().sealed});
    }
    REQUIRE(replica->WaitVerified(std::chrono::seconds(30)));
  }
  void MakePlain() {
    auto database = platform::Database::Open(place_ / "plain.db");
    REQUIRE(database.ok());
    REQUIRE(database->Run("CREATE TABLE flags (idx INTEGER, body BLOB); CREATE UNIQUE INDEX flag_of ON flags (idx)").ok());
    auto insert = database->Prepare("INSERT INTO flags (idx, body) VALUES (?, ?)");
    REQUIRE(insert.ok());
    for (const Row& row : rows_) {
      REQUIRE(insert->Bind(static_cast<int64_t>(row.index)).Bind(ByteView(row.sealed)).Run().ok());
    }
    REQUIRE(database->Checkpoint().ok());
    plain_ = Read("plain.db");
  }

  // In the page of the WAL that holds that bit, or everywhere in a database.
  Places PlacesIn(const Bytes& image, std::optional<Flip> wal) const {
    const size_t first = wal ? kWal.header + kWal.Of(wal->byte) * kWal.size : 0;
    const auto begin = image.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = wal ? image.begin() + static_cast<std::ptrdiff_t>(std::min(image.size(), first + kWal.size)) : image.end();
    Places places;
    for (size_t row = 0; row < rows_.size(); ++row) {
      platform::ByteWriter key;
      key.U64(static_cast<uint64_t>(rows_[row].index));
      const std::boyer_moore_horspool_searcher wanted(key.bytes().begin(), key.bytes().end());
      for (auto at = std::search(begin, end, wanted); at != end; at = std::search(at + 1, end, wanted)) {
        places.emplace_back(static_cast<size_t>(at - image.begin()), row);
      }
    }
    return places;
  }
  // The rows whose page was hit; if that is the page of hardly any, it may lead to any of them. And some others.
  Rows Chosen(const Places& places, const Flip& flip, std::minstd_rand& random, const Pages& pages = kDatabase) const {
    Rows chosen;
    for (const auto& [at, row] : places) {
      if (pages.Of(at) == pages.Of(flip.byte)) chosen.push_back(row);
    }
    const size_t step = !places.empty() && chosen.size() < 5 ? 3 : rows_.size() / kSample;
    std::shuffle(chosen.begin(), chosen.end(), random);
    chosen.resize(std::min(chosen.size(), kMostOfAPage));
    for (size_t i = random() % step; i < rows_.size(); i += step) chosen.push_back(i);
    return chosen;
  }
  Tally LookAt(Replica& replica, const Rows& rows) {
    Tally tally;
    for (const size_t row : rows) Look(replica, rows_[row], tally);
    return tally;
  }
  // As a lookup asks: coverage, rows, coverage again.
  static void Look(Replica& replica, const Row& row, Tally& tally) {
    ++tally.looks;
    const Coverage before = replica.CoverageOf(kRegion);
    const FoundRows found = replica.Find(row.index);
    const Coverage after = replica.CoverageOf(kRegion);
    const bool vouched = before.complete && after.complete && !before.damaged && !after.damaged && !before.verifying &&
                         !after.verifying && !found.damaged && !found.unverified && after.as_of == kNow;
    if (found.rows.size() == 1 && found.rows.front().sealed == row.sealed) {
      ++tally.found;
    } else if (!vouched) {
      ++tally.told;  // altered bytes too: no key opens them
    } else if (found.rows.empty()) {
      ++tally.silent;
    } else {
      ++tally.altered;
    }
  }
  Tally LookAtPlain(const Rows& rows) {
    Tally tally;
    auto database = platform::Database::Open(place_ / "plain-flipped.db", {.mode = platform::Database::Mode::kReader});
    if (!database.ok()) return {.looks = 1, .told = 1};
    auto select = database->Prepare("SELECT body FROM flags WHERE idx = ?");
    for (const size_t row : rows) {
      ++tally.looks;
      if (!select.ok()) {
        ++tally.told;
        continue;
      }
      const auto more = select->Bind(static_cast<int64_t>(rows_[row].index)).Step();
      if (!more.ok()) {
        ++tally.told;
      } else if (!*more) {
        ++tally.silent;
      } else {
        const ByteView body = select->Blob(0);
        ++(std::equal(body.begin(), body.end(), rows_[row].sealed.begin(), rows_[row].sealed.end()) ? tally.found
                                                                                                 : tally.altered);
        select->Reset();
      }
    }
    return tally;
  }

  ScratchDirectory place_{InMemory()};  // twenty thousand files are written here
  TestFleet fleet_;
  sync::node::Identity identity_ = fleet_.Identity();
  std::vector<Row> rows_;
  Bytes model_;
  Bytes plain_;
  Places model_places_;
  Places plain_places_;
};

TEST_CASE("no single bit that flips on the disk makes a row silently absent") {
  const uint64_t flips = FromEnvironment("CPIS_FLIPS", 20'000);
  const uint64_t first_seed = FromEnvironment("CPIS_SEED", 0);
  const bool replay = std::getenv("CPIS_SEED") != nullptr;
  platform::SetLogLevel(platform::Level::kError);
  Flips world;
  Tally closed, running, plain;
  for (uint64_t seed = first_seed; seed < (replay ? first_seed + 1 : flips); ++seed) {
    INFO("CPIS_SEED=" << seed);
    std::minstd_rand random(static_cast<uint32_t>(seed * 2654435761u + 1));
    const Tally tally = seed % 2 == 0 ? world.ClosedReplica(random) : world.RunningReplica(random, seed % 8 == 1);
    CHECK(tally.silent == 0);
    CHECK(tally.altered == 0);
    (seed % 2 == 0 ? closed : running) += tally;
    plain += world.Plain(random);
  }
  std::cout << "bit flips: " << flips << "\n  before opening: " << closed << "\n  while running:  " << running
            << "\n  plain SQLite:   " << plain << "\n";
  if (replay) return;
  CHECK(closed.told > 0);
  CHECK(running.told > 0);
  CHECK(plain.silent > 0);  // the control: SQLite alone does not notice
}

}  // namespace
}  // namespace cpis::edge
