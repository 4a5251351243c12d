// SPDX-License-Identifier: Apache-2.0
//
// The tablets that may come in over the vehicle's LAN, and the code with which the next one may. Codes and tokens are known to their
// holders only: here are keyed hashes, for all codes there are can be tried in a second. Kept in the journal's meta, sealed.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "edge/journal.h"
#include "edge/lan.h"
#include "edge/trusted_time.h"

namespace cpis::edge {

constexpr size_t kMostTablets = 32;                        // a vehicle has three; a depot's gateway some more
constexpr int kWrongCodes = 5;                             // of 100,000,000
constexpr std::chrono::milliseconds kCodeLasts{10 * 60'000};  // long enough to walk to the tablet

// What is kept; apart from anything that reads or writes.
//
//   0 format 1 │ code outstanding 1 │ if so: name, varint-sized │ code hash 32 │ expires 8 (Unix ms) │ wrong tries 1 │
//   varint number of tablets │ for each: name, varint-sized │ token hash 32 │ paired at 8
struct TabletBook {
  struct Code {
    std::string name;
    crypto::Digest hash{};
    Instant expires;
    int wrong = 0;
  };
  struct Tablet {
    std::string name;
    crypto::Digest token_hash{};
    Instant paired_at;
  };
  std::optional<Code> code;
  std::vector<Tablet> tablets;

  platform::Bytes Encode() const;
  static platform::Result<TabletBook> Decode(platform::ByteView bytes);  // kCorrupt
};

// Thread-safe. For failures see Lan.
class Tablets {
 public:
  // All must outlive it. A book that does not open was changed, or is damaged: nobody is paired then, and it says so in the log.
  static Result<std::unique_ptr<Tablets>> Open(Journal& journal, TrustedTime& time, const crypto::Secret& journal_key);

  Result<PairingCode> Add(const std::string& name);
  Result<PairedTablet> Pair(const std::string& code);
  Status Remove(const std::string& name);
  std::vector<TabletShown> List();
  std::optional<TabletShown> With(const std::string& token);
  bool Has(const std::string& id);

 private:
  Tablets(Journal& journal, TrustedTime& time, crypto::Secret key) : journal_(journal), time_(time), key_(std::move(key)) {}
  crypto::Digest HashOf(std::string_view what, std::string_view secret) const;
  Status Keep(TabletBook next);  // mutex_ is held; nothing changes when it cannot be kept

  Journal& journal_;
  TrustedTime& time_;
  const crypto::Secret key_;
  std::mutex mutex_;
  TabletBook book_;  // guarded by mutex_
};

}  // namespace cpis::edge
