// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/england_register.h"

namespace cpis::sync::fleet {
namespace {

using crypto::EnglandHash;
using platform::Statement;

int64_t Stored(EnglandHash hash) { return static_cast<int64_t>(hash); }
EnglandHash FromStored(int64_t value) { return EnglandHash{static_cast<uint64_t>(value)}; }

}  // namespace

Status EnglandRegister::CreateTables(platform::Database& database) {
  return database.Run(
      "CREATE TABLE IF NOT EXISTS england(nhs_number TEXT PRIMARY KEY, hash INTEGER NOT NULL) STRICT;"
      "CREATE INDEX IF NOT EXISTS england_by_hash ON england(hash);");
}

Status EnglandRegister::Load() {
  CPIS_ASSIGN(Statement * stored, query_("SELECT idx, body FROM entries WHERE topic = 'index' ORDER BY idx < 0, idx"));
  std::vector<England::Bucket> buckets;
  for (;;) {
    CPIS_ASSIGN(const bool more, stored->Step());
    if (!more) break;
    buckets.push_back({RowIndex{static_cast<uint64_t>(stored->Int(0))}, platform::ToBytes(stored->Blob(1))});
  }
  std::vector<England::BucketView> views;
  for (const England::Bucket& bucket : buckets) views.push_back({bucket.index, bucket.body});
  CPIS_ASSIGN(index_, England::Assemble(views));
  return Status::Ok();
}

Status EnglandRegister::Add(const NhsNumber& number, EnglandHash hash) {
  CPIS_ASSIGN(Statement * add, query_("INSERT OR IGNORE INTO england(nhs_number, hash) VALUES(?, ?)"));
  CPIS_TRY(add->Bind(number.digits()).Bind(Stored(hash)).Run());
  if (query_.database().Changes() > 0) said_.insert(hash);
  return Status::Ok();
}

Status EnglandRegister::Remove(const NhsNumber& number) {
  CPIS_ASSIGN(Statement * find, query_("SELECT hash FROM england WHERE nhs_number = ?"));
  find->Bind(number.digits());
  CPIS_ASSIGN(const bool found, find->Step());
  if (!found) return Status::Ok();
  said_.insert(FromStored(find->Int(0)));
  find->Reset();
  CPIS_ASSIGN(Statement * remove, query_("DELETE FROM england WHERE nhs_number = ?"));
  return remove->Bind(number.digits()).Run();
}

Result<std::vector<NhsNumber>> EnglandRegister::Differing() {
  std::vector<NhsNumber> numbers;
  CPIS_ASSIGN(Statement * differing, query_("SELECT nhs_number FROM plans WHERE nhs_number NOT IN (SELECT nhs_number FROM england)"
                                           " UNION SELECT nhs_number FROM england"
                                           " WHERE nhs_number NOT IN (SELECT nhs_number FROM plans)"));
  for (;;) {
    CPIS_ASSIGN(const bool more, differing->Step());
    if (!more) return numbers;
    CPIS_ASSIGN(const NhsNumber number, NhsNumber::Parse(differing->Text(0)));
    numbers.push_back(number);
  }
}

Result<size_t> EnglandRegister::Count() {
  CPIS_ASSIGN(Statement * count, query_("SELECT count(*) FROM england"));
  CPIS_ASSIGN(const bool found, count->Step());
  const size_t numbers = found ? static_cast<size_t>(count->Int(0)) : 0;
  count->Reset();
  return numbers;
}

Result<bool> EnglandRegister::Holds(uint32_t prefix, int bits) {
  const uint64_t first = static_cast<uint64_t>(prefix) << (64 - bits);
  const uint64_t last = first | (~uint64_t{0} >> bits);
  // Both ends have the same top bit, so the stored, signed order keeps them in order.
  CPIS_ASSIGN(Statement * find, query_("SELECT 1 FROM england WHERE hash BETWEEN ? AND ? LIMIT 1"));
  find->Bind(static_cast<int64_t>(first)).Bind(static_cast<int64_t>(last));
  CPIS_ASSIGN(const bool found, find->Step());
  find->Reset();
  return found;
}

Result<England> EnglandRegister::Rebuilt(int bits) {
  std::vector<EnglandHash> hashes;
  CPIS_ASSIGN(Statement * all, query_("SELECT hash FROM england"));
  for (;;) {
    CPIS_ASSIGN(const bool more, all->Step());
    if (!more) break;
    hashes.push_back(FromStored(all->Int(0)));
  }
  return England(std::move(hashes), bits);
}

Result<bool> EnglandRegister::Publish(Publisher& publisher, int one_in) {
  if (said_.empty() && one_in == fitted_for_) return false;
  fitted_for_ = one_in;
  CPIS_ASSIGN(const size_t numbers, Count());
  const int bits = index_.bits();
  std::vector<Change> changes;
  if (!England::MayKeep(bits, numbers, one_in)) {
    CPIS_ASSIGN(next_, Rebuilt(England::BitsFor(numbers, one_in)));
    for (const England::Bucket& bucket : index_.Buckets()) changes.push_back({bucket.index, {}});
    for (England::Bucket& bucket : next_->Buckets()) {
      std::erase_if(changes, [&](const Change& change) { return change.index == bucket.index; });
      changes.push_back({bucket.index, std::move(bucket.body)});
    }
    CPIS_TRY(publisher.Publish(Topic::Index(), std::move(changes)));
    return true;
  }
  std::set<uint32_t> flips;
  for (const EnglandHash hash : said_) {
    const uint32_t prefix = England::PrefixOf(hash, bits);
    CPIS_ASSIGN(const bool held, Holds(prefix, bits));
    if (held != index_.Contains(prefix)) flips.insert(prefix);
  }
  if (flips.empty()) return false;
  const Bytes patch = England::EncodePatch(bits, {flips.begin(), flips.end()});
  next_ = index_;
  CPIS_ASSIGN(std::vector<England::Bucket> buckets, next_->Apply(patch));
  for (England::Bucket& bucket : buckets) changes.push_back({bucket.index, std::move(bucket.body)});
  CPIS_TRY(publisher.Publish(Topic::Index(), std::move(changes), patch));
  return true;
}

void EnglandRegister::Keep() {
  if (next_) index_ = *std::move(next_);
  Drop();
}

void EnglandRegister::Drop() {
  next_.reset();
  said_.clear();
}

}  // namespace cpis::sync::fleet
