// SPDX-License-Identifier: Apache-2.0
#include "edge/replica_scan.h"

#include <utility>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

using platform::Database;
using platform::Statement;

// Of a set of places, whatever their order. Against bits that flip by themselves, not against people: what people change is
// found by the signed digest, and a row that a lookup does not find by the set in memory.
class Fingerprint {
 public:
  void Add(int64_t index, int64_t generation, int64_t rowid) {
    const uint64_t one = Mix(Mix(Mix(static_cast<uint64_t>(index)) + static_cast<uint64_t>(generation)) +
                             static_cast<uint64_t>(rowid));
    low_ += one;
    high_ += Mix(one ^ kOther);
  }
  bool operator==(const Fingerprint&) const = default;

 private:
  static constexpr uint64_t kOther = 0x9e3779b97f4a7c15;
  static uint64_t Mix(uint64_t x) {  // the finaliser of SplitMix64
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  uint64_t low_ = 0;
  uint64_t high_ = 0;
};

struct Words {
  const char* table;    // every entry, leaf to leaf
  const char* descend;  // from the root of the table to one row
  const char* index;    // every entry of the index, leaf to leaf
};
constexpr Words kRowsWords = {
    "SELECT topic_id, idx, version, body, rowid FROM entries NOT INDEXED",
    "SELECT 1 FROM entries WHERE rowid = ?",
    "SELECT idx, topic_id, rowid FROM entries INDEXED BY entries_by_index ORDER BY idx, topic_id",
};
constexpr Words kOrdersWords = {
    "SELECT topic_id, idx, version, body, rowid FROM orders NOT INDEXED",
    "SELECT 1 FROM orders WHERE rowid = ?",
    "SELECT idx, topic_id, rowid FROM orders INDEXED BY orders_by_index ORDER BY idx, topic_id",
};

class Scanner {
 public:
  Scanner(Database& database, const Words& words, const std::atomic<bool>& stop)
      : database_(database), words_(words), stop_(stop) {}

  Result<TableScan> Run(const std::map<int64_t, sync::TopicSet*>& sets) {
    CPIS_TRY(ReadTable(sets));
    if (found_.findable) CPIS_TRY(ReadIndex());
    return found_;
  }

 private:
  Status ReadTable(const std::map<int64_t, sync::TopicSet*>& sets) {
    found_.findable = true;
    for (const auto& [id, set] : sets) set->Clear();
    CPIS_ASSIGN(Statement query, database_.Prepare(words_.table));
    CPIS_ASSIGN(Statement descend, database_.Prepare(words_.descend));
    while (true) {
      CPIS_ASSIGN(const bool more, query.Step());
      if (!more) return Status::Ok();
      CPIS_TRY(GoOn());
      const int64_t rowid = query.Int(4);
      in_table_.Add(query.Int(1), query.Int(0), rowid);
      CPIS_ASSIGN(const bool reached, descend.Bind(rowid).Step());
      descend.Reset();
      found_.findable = found_.findable && reached;
      const auto set = sets.find(query.Int(0));
      if (set == sets.end()) {
        found_.orphans = true;
        continue;
      }
      const sync::RowIndex index{static_cast<uint64_t>(query.Int(1))};
      set->second->Put(index, sync::HashEntry(index, static_cast<uint64_t>(query.Int(2)), query.Blob(3)));
    }
  }

  // A descent compares keys: besides being there, they must be in order.
  Status ReadIndex() {
    CPIS_ASSIGN(Statement query, database_.Prepare(words_.index));
    Fingerprint in_index;
    std::pair<int64_t, int64_t> last;
    for (bool first = true;; first = false) {
      CPIS_ASSIGN(const bool more, query.Step());
      if (!more) break;
      CPIS_TRY(GoOn());
      const std::pair<int64_t, int64_t> key(query.Int(0), query.Int(1));
      found_.findable = found_.findable && (first || last < key);
      last = key;
      in_index.Add(key.first, key.second, query.Int(2));
    }
    found_.findable = found_.findable && in_index == in_table_;
    return Status::Ok();
  }

  Status GoOn() const { return stop_ ? platform::Cancelled("replica: the scan was stopped") : Status::Ok(); }

  Database& database_;
  const Words& words_;
  const std::atomic<bool>& stop_;
  TableScan found_;
  Fingerprint in_table_;
};

}  // namespace

Result<TableScan> ScanTable(const std::filesystem::path& file, Table table,
                            const std::map<int64_t, sync::TopicSet*>& sets, const std::atomic<bool>& stop) {
  CPIS_ASSIGN(Database database,
              Database::Open(file, {.mode = Database::Mode::kReader, .cache_kib = kReplicaReaderCacheKib}));
  return Scanner(database, table == Table::kRows ? kRowsWords : kOrdersWords, stop).Run(sets);
}

}  // namespace cpis::edge
