// SPDX-License-Identifier: Apache-2.0
//
// What limits wrong PINs and looks on this vehicle, kept in the journal: sealed with a key of this node, and there from its first
// start on, so that taking it away does not make room.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/attempts.h"
#include "edge/journal.h"
#include "edge/rate_limits.h"
#include "edge/trusted_time.h"
#include "platform/key_store.h"

namespace cpis::edge {

// Thread-safe. Tries are one at a time: the caller sees to that.
class Limits {
 public:
  struct Parts {
    Journal& journal;
    TrustedTime& time;
    const platform::Clock& clock;
    const crypto::Secret& journal_key;
    Beginning beginning = Beginning::kOfVehicle;
  };
  // All must outlive it.
  static Result<std::unique_ptr<Limits>> Open(Parts parts);

  // Tries are counted in `store` too, from now on, if it counts at all. It must outlive this. A vehicle that has just been
  // enrolled begins at what the store says: a TPM counts on from whatever it ever counted. At any other start it must not, or
  // taking the journal away would win tries. kUnavailable: the store cannot be asked.
  Status CountIn(platform::KeyStore& store);

  // Staff, and their PIN record; empty for an unknown name.
  struct Try {
    const std::string& staff;
    ByteView pin_record;
  };
  // kDenied: they wait, are locked here, or this vehicle lets nobody in; says which and for how long.
  Status MayTry(const Try& who);
  // Counts a try as wrong, durably, here and in the key store: before the PIN is looked at. kUnavailable: the key store cannot
  // count. What it locks if it stays wrong.
  // Of a try that could not be counted the PIN is not looked at, so it is not counted here either.
  Result<LockedOut> Count(const Try& who);
  Status WasRight(const Try& who);
  // Tells the fleet, by an audit entry without a number: "person-locked", "node-locked", "rate-hold". Not being able to is logged.
  void Report(const std::string& action, const std::string& staff, std::string_view reason);

  // Counts one look at a number before it is answered. The same number by the same person within kSameLook is one look.
  LookBook::Verdict Take(const std::string& staff, const std::string& digits, const sync::Policy& policy);
  // The look found no plan. A hold that it began.
  std::optional<Limit> Missed(const std::string& staff, const std::string& digits, const sync::Policy& policy);
  // What is to be kept with the audit entry of the look.
  Journal::Marks Looks();
  // Keeps, now and then, how long this vehicle has been on: what waits for that must end though nobody asks for anything.
  void KeepLived();
  // Whose numbers were looked at a moment ago: nobody is signed in any more.
  void ForgetNumbers();

 private:
  struct Recent {
    Bytes name;  // of staff and number, under a key that lives as long as the process
    Lived at;
    bool missed = false;
  };
  explicit Limits(Parts parts, crypto::Secret key) : parts_(parts), key_(std::move(key)) {}
  Status Load();
  Result<std::optional<Bytes>> Stored(const char* name);
  std::pair<std::string, Bytes> Sealed(const char* name, ByteView plain) const;
  LivedMarks Now();                           // mutex_ held
  Status SaveAttempts(const LivedMarks& now);  // mutex_ held
  Result<LockedOut> CountHere(const Try& who, std::optional<uint64_t> tally);
  void GiveBack();  // what CountHere counted last
  Trying TryingOf(const Try& who) const;
  LookBook::Who WhoOf(const std::string& staff) const;
  Recent* FindRecent(const Bytes& name, Lived now);  // mutex_ held

  const Parts parts_;
  const crypto::Secret key_;
  platform::KeyStore* store_ = nullptr;

  std::mutex mutex_;
  // Everything below is guarded by mutex_.
  std::unique_ptr<LivedTime> lived_;
  AttemptBook attempts_;
  AttemptBook before_;  // the try that was counted last
  Lived kept_{};        // lived time on disk
  LookBook looks_;
  uint64_t version_ = 0;  // of the looks
  crypto::Secret recent_key_ = crypto::Secret::Random(32);
  std::vector<Recent> recent_;
};

}  // namespace cpis::edge
