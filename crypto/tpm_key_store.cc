// SPDX-License-Identifier: Apache-2.0
#include "crypto/tpm_key_store.h"

#include <mutex>

#include "crypto/tpm_record.h"
#include "platform/erase.h"
#include "platform/files.h"

namespace cpis::crypto {
namespace {

namespace fs = std::filesystem;

constexpr int kMostPlacesTried = 16;  // of 2 million pairs: a few may be taken

Result<TpmRecord> ReadRecord(const fs::path& file) {
  CPIS_ASSIGN(const Bytes stored, platform::ReadFile(file, kMaxTpmRecordBytes));
  return DecodeTpmRecord(stored);
}

fs::path NextOf(const fs::path& file) { return file.string() + ".next"; }

// A pair of places chosen at random: two state directories on one machine do not meet.
TpmRecord Reservation(const Tpm& tpm) {
  const Bytes random = RandomBytes(4);
  const uint32_t pair = platform::ByteReader(random).U32() % ((kLastTpmIndex - kFirstTpmIndex + 1) / 2);
  TpmRecord record;
  record.condition.counter = {kFirstTpmIndex + 2 * pair, RandomBytes(kTpmTagBytes)};
  record.tally = {record.condition.counter.index + 1, RandomBytes(kTpmTagBytes)};
  record.parent_name = tpm.ParentName();
  return record;
}

// The count, of a counter that is made when it is not there.
Result<uint64_t> CountOf(Tpm& tpm, const TpmCounter& counter) {
  Result<uint64_t> count = tpm.Read(counter);
  if (count.ok() || count.status().code() != platform::Code::kNotFound) return count;
  count = tpm.Increment(counter);  // defined, but never counted: a power cut between the two
  if (count.ok() || count.status().code() != platform::Code::kNotFound) return count;
  CPIS_TRY(tpm.Define(counter));
  return tpm.Increment(counter);
}

Status NotThisTpm() { return platform::Denied("another TPM sealed it, or this one was cleared since"); }
Status CounterGone() { return platform::Denied("the TPM has its counter no more: it was forgotten on this machine"); }

class TpmKeyStore final : public platform::KeyStore {
 public:
  explicit TpmKeyStore(TpmPlace place) : place_(std::move(place)), next_(NextOf(place_.file)) {}

  std::string_view Kind() const override { return "tpm2"; }
  bool HardwareBound() const override { return true; }
  std::string_view Worth() const override {
    return "the disk alone opens nothing, and on this machine an older copy of it opens nothing either";
  }

  Status Seal(ByteView secret) override {
    const std::lock_guard one(mutex_);
    CPIS_ASSIGN(const std::unique_ptr<Tpm> tpm, Tpm::Open(place_.tcti));
    CPIS_ASSIGN(TpmRecord record, Reserved(*tpm));
    CPIS_ASSIGN(const uint64_t count, CountOf(*tpm, record.condition.counter));
    CPIS_TRY(Settle(count, record));  // a Seal that was cut short: what opens now must not be written over
    record.condition.value = count + 1;
    if (place_.pcrs) record.condition.pcrs = *place_.pcrs;
    record.condition.pcr_digest.clear();
    if (record.condition.pcrs != 0) {
      CPIS_ASSIGN(record.condition.pcr_digest, tpm->PcrDigest(record.condition.pcrs));
    }
    CPIS_ASSIGN(record.object, tpm->Seal(secret, record.condition));
    CPIS_TRY(platform::WriteFileDurably(next_, EncodeTpmRecord(record)));
    CPIS_ASSIGN(const uint64_t counted, tpm->Increment(record.condition.counter));
    if (counted != record.condition.value) return platform::Internal("another counted the TPM's counter meanwhile");
    return platform::MoveFileDurably(next_, place_.file);
  }

  Result<Bytes> Unseal() override {
    const std::lock_guard one(mutex_);
    CPIS_ASSIGN(TpmRecord record, Kept());
    if (!record.Holds() && !fs::exists(next_)) return platform::NotFound("key store: nothing sealed");
    CPIS_ASSIGN(const std::unique_ptr<Tpm> tpm, Tpm::Open(place_.tcti));
    if (tpm->ParentName() != record.parent_name) return NotThisTpm();
    Result<uint64_t> count = tpm->Read(record.condition.counter);
    if (count.status().code() == platform::Code::kNotFound) return CounterGone();
    if (!count.ok()) return std::move(count).status();
    CPIS_TRY(Settle(*count, record));
    if (!record.Holds()) return platform::NotFound("key store: nothing sealed");  // the first Seal was cut short
    CPIS_ASSIGN(const Secret secret, tpm->Unseal(record.object, record.condition));
    return platform::ToBytes(secret.Reveal());
  }

  // First the TPM, then the disk: cut off between them, what is left opens nothing, and Forget can be called again.
  Status Forget() override {
    const std::lock_guard one(mutex_);
    Result<TpmRecord> kept = Kept();
    if (kept.status().code() == platform::Code::kNotFound) return Status::Ok();
    if (!kept.ok()) {
      CPIS_TRY(EraseBoth());
      return kept.status();  // where its counter is nobody knows any more: an older copy of the disk may still open here
    }
    const Status undone = ForgetInTpm(*kept);
    CPIS_TRY(EraseBoth());
    if (undone.ok()) return undone;
    kept->object = {};  // where the counters are, so that another Forget can end them
    CPIS_TRY(platform::WriteFileDurably(place_.file, EncodeTpmRecord(*kept)));
    return undone;
  }

  Result<uint64_t> Tally() override { return InTally(&Tpm::Read); }
  Result<uint64_t> AddToTally() override { return InTally(&Tpm::Increment); }

 private:
  // What the last Seal that was begun left, wherever it came to; both files name the same counters.
  Result<TpmRecord> Kept() const {
    Result<TpmRecord> kept = ReadRecord(place_.file);
    if (kept.ok()) return kept;
    Result<TpmRecord> next = ReadRecord(next_);
    return next.ok() || kept.status().code() == platform::Code::kNotFound ? std::move(next) : std::move(kept);
  }

  // Which of the two files the counter stands at; the other is of no use any more.
  Status Settle(uint64_t count, TpmRecord& record) const {
    Result<TpmRecord> next = ReadRecord(next_);
    if (next.ok() && next->condition.value == count && next->condition.counter.tag == record.condition.counter.tag) {
      record = *std::move(next);
      return platform::MoveFileDurably(next_, place_.file);
    }
    return platform::EraseFile(next_);
  }

  // The counters' places are on disk before the counters are made: a power cut leaves none that nobody knows of.
  Result<TpmRecord> Reserved(Tpm& tpm) const {
    Result<TpmRecord> kept = Kept();
    const bool disk_failed = !kept.ok() && kept.status().code() != platform::Code::kNotFound &&
                             kept.status().code() != platform::Code::kCorrupt;
    if (disk_failed) return kept;
    TpmRecord record = kept.ok() && kept->parent_name == tpm.ParentName() ? *std::move(kept) : Reservation(tpm);
    for (int i = 0; i < kMostPlacesTried; ++i) {
      if (!fs::exists(place_.file) || record.condition.value == 0) {
        CPIS_TRY(platform::WriteFileDurably(place_.file, EncodeTpmRecord(record)));
      }
      Result<uint64_t> made = CountOf(tpm, record.condition.counter);
      if (made.ok()) made = CountOf(tpm, record.tally);
      if (made.ok()) return record;
      if (record.condition.value == 0) CPIS_TRY(tpm.Undefine(record.condition.counter));
      if (made.status().code() != platform::Code::kDenied) return std::move(made).status();
      record = Reservation(tpm);
    }
    return platform::Exhausted("the TPM has no free place for a counter between 0x01800000 and 0x01BFFFFF");
  }

  Status ForgetInTpm(const TpmRecord& record) const {
    CPIS_ASSIGN(const std::unique_ptr<Tpm> tpm, Tpm::Open(place_.tcti));
    if (tpm->ParentName() != record.parent_name) return NotThisTpm();
    // Counted once more, so that copies are dead even where the place should come back.
    const Result<uint64_t> counted = tpm->Increment(record.condition.counter);
    if (!counted.ok() && counted.status().code() != platform::Code::kNotFound) return counted.status();
    CPIS_TRY(tpm->Undefine(record.condition.counter));
    return tpm->Undefine(record.tally);
  }

  Status EraseBoth() const {
    CPIS_TRY(platform::EraseFile(next_));
    return platform::EraseFile(place_.file);
  }

  Result<uint64_t> InTally(Result<uint64_t> (Tpm::*call)(const TpmCounter&)) {
    const std::lock_guard one(mutex_);
    CPIS_ASSIGN(const TpmRecord record, Kept());
    CPIS_ASSIGN(const std::unique_ptr<Tpm> tpm, Tpm::Open(place_.tcti));
    if (tpm->ParentName() != record.parent_name) return NotThisTpm();
    Result<uint64_t> count = ((*tpm).*call)(record.tally);
    // Never "it has none": that would be a way to stop the counting.
    if (count.status().code() == platform::Code::kNotFound) return CounterGone();
    return count;
  }

  const TpmPlace place_;
  const fs::path next_;
  std::mutex mutex_;
};

}  // namespace

bool HoldsTpmSecret(const fs::path& file) {
  if (fs::exists(NextOf(file))) return true;
  const Result<TpmRecord> record = ReadRecord(file);
  return record.ok() ? record->Holds() : record.status().code() != platform::Code::kNotFound;
}

Result<std::unique_ptr<platform::KeyStore>> NewTpmKeyStore(TpmPlace place) {
  CPIS_TRY(Tpm::Open(place.tcti).status());
  return std::unique_ptr<platform::KeyStore>(std::make_unique<TpmKeyStore>(std::move(place)));
}

}  // namespace cpis::crypto
