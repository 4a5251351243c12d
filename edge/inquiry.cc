// SPDX-License-Identifier: Apache-2.0
#include "edge/inquiry.h"

#include <algorithm>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

using sync::KeyOf;
using sync::Topic;

bool InRegion(const std::vector<std::string>& region, const std::string& partition) {
  return std::find(region.begin(), region.end(), partition) != region.end();
}

Result<crypto::Secret> Open(const crypto::KeyRing& ring, const crypto::Secret& number_key, sync::RowIndex index,
                            const StoredRow& row) {
  CPIS_ASSIGN(const crypto::Epoch epoch, crypto::EpochOfRow(row.sealed));
  const std::optional<crypto::Secret> key = ring.EpochKey(row.partition, epoch);
  if (!key) return platform::Corrupt("no key for this row");
  return crypto::OpenRow(*key, number_key, {row.partition, index, row.version, epoch}, row.sealed);
}

}  // namespace

Result<sync::DirectoryEntry> Inquiry::Directory(const crypto::KeyRing& ring, const std::string& name) {
  CPIS_ASSIGN(const Bytes sealed, replica_.Get(Topic::Directory(), KeyOf(name)));
  CPIS_ASSIGN(const crypto::Secret plain, crypto::OpenWith(ring.directory_key, "directory", sealed));
  return sync::DecodeDirectoryEntry(plain.Reveal());
}

void Inquiry::TakeRow(const crypto::KeyRing& ring, const StoredRow& row, const sync::Flag& flag, Grounds& grounds) {
  const auto entry = Directory(ring, "authority/" + row.partition);
  const bool named = entry.ok() && entry->authority;
  grounds.evidence.push_back({named ? *entry->authority : sync::Authority{row.partition, row.partition, "", ""}, flag});
}

Status Inquiry::ReadRows(const crypto::KeyRing& ring, const std::vector<std::string>& region, const std::string& digits,
                         Grounds& grounds) {
  const crypto::NumberKeys deriver(ring.pepper.Clone(), ring.hardness);
  CPIS_ASSIGN(const crypto::Secret number_key, deriver.Derive(digits));
  const sync::RowIndex index = crypto::IndexOf(ring.index_key, number_key);
  // The index first: a row that is taken away after this moment is still found in it.
  const EnglandSaid england = replica_.EnglandSays(crypto::EnglandHashOf(ring.england_key, number_key));
  grounds.england = england.says;
  if (england.as_of) grounds.as_of = england.as_of;
  const FoundRows found = replica_.Find(index);
  grounds.unreadable_row = found.damaged;
  grounds.verifying = grounds.verifying || found.unverified;
  for (const StoredRow& row : found.rows) {
    const bool notice = row.partition == sync::kNotices;
    if (!notice && !InRegion(region, row.partition)) continue;
    const auto opened = Open(ring, number_key, index, row);
    if (opened.ok() && notice) {
      if (const auto read = sync::DecodeNotice(opened->Reveal()); read.ok()) {
        grounds.notice = *read;
        continue;
      }
    } else if (opened.ok()) {
      if (const auto flag = sync::DecodeFlag(opened->Reveal()); flag.ok()) {
        TakeRow(ring, row, *flag, grounds);
        continue;
      }
    }
    grounds.unreadable_row = true;
  }
  return Status::Ok();
}

// An access whose viewer is not named is still shown: that somebody looked matters more than who.
void Inquiry::ReadViewers(const crypto::KeyRing& ring, Grounds& grounds) {
  for (const Evidence& evidence : grounds.evidence) {
    for (const sync::Access& access : evidence.flag.accesses) {
      if (grounds.viewers.contains(access.viewer)) continue;
      const auto entry = Directory(ring, "person/" + std::to_string(static_cast<uint32_t>(access.viewer)));
      if (entry.ok() && entry->viewer) grounds.viewers.emplace(access.viewer, *entry->viewer);
    }
  }
}

// Called before and after the rows are read: a partition that came, went or broke in between vouches for nothing.
void Inquiry::CountCoverage(const std::vector<std::string>& region, Grounds& grounds) {
  const Coverage coverage = replica_.CoverageOf(region);
  if (!grounds.as_of) grounds.as_of = coverage.as_of;
  grounds.region_held = grounds.region_held && coverage.complete;
  grounds.region_damaged = grounds.region_damaged || coverage.damaged;
  grounds.verifying = grounds.verifying || coverage.verifying;
}

Result<Grounds> Inquiry::About(const std::string& digits, const Orders::Now& orders, const crypto::KeyRing* ring) {
  const TrustedNow now = time_.Now();
  const std::vector<std::string> region = orders.grant ? orders.grant->region : std::vector<std::string>();
  std::vector<std::string> partitions = region;
  partitions.emplace_back(sync::kNotices);
  Grounds grounds;
  const auto begin = [&] {
    grounds = Grounds();
    grounds.enrolled = true;
    grounds.unlocked = ring != nullptr;
    grounds.revoked = orders.grant && orders.grant->revoked;
    grounds.now = now.at;
    grounds.clock_trusted = now.trusted;
    grounds.region_held = !region.empty();
    CountCoverage(partitions, grounds);
  };
  begin();
  if (ring == nullptr) return grounds;
  CPIS_TRY(ReadRows(*ring, region, digits, grounds));
  if (grounds.verifying && grounds.evidence.empty() && replica_.WaitVerified(kVerifyPatience)) {
    begin();
    CPIS_TRY(ReadRows(*ring, region, digits, grounds));
  }
  ReadViewers(*ring, grounds);
  CountCoverage(partitions, grounds);
  return grounds;
}

}  // namespace cpis::edge
