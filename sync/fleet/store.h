// SPDX-License-Identifier: Apache-2.0
//
// What the fleet server knows, and the one thread that changes it: register and topics live in one database, so a change and
// what nodes are told of it commit together.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "platform/worker.h"
#include "sync/fleet/keys.h"
#include "sync/fleet/publisher.h"
#include "sync/fleet/register.h"

namespace cpis::sync::fleet {

struct Trust {
  std::string code;  // ODS
  std::string name;
};

class Store {
 public:
  // Told, on the store thread after a commit, where topics now stand.
  using Published = std::function<void(const std::vector<TopicHead>&)>;

  // Creates the database's tables if missing. `keys` and `clock` must outlive the store. `hardness` of number keys belongs to
  // the fleet for good: keys made with another one are other keys.
  static Result<std::unique_ptr<Store>> Open(const std::filesystem::path& state, const FleetKeys& keys,
                                             const platform::Clock& clock, crypto::Hardness hardness = {});
  void OnPublished(Published callback) { published_ = std::move(callback); }
  // Told, on the store thread, when a commit failed: the state of the disk is unknown, and only a new start finds it out.
  void OnBroken(std::function<void()> callback) { broken_ = std::move(callback); }

  // Runs `work` on the store thread, inside one transaction that commits if it returns Ok: all or nothing, in the database
  // and in what is published.
  Status Change(const std::function<Status(Store&)>& work);
  // Runs `work` on the store thread without a transaction: reads.
  Status Read(const std::function<Status(Store&)>& work);

  // The rest is for the store thread.
  Register& records() { return *register_; }
  Publisher& publisher() { return *publisher_; }

  // What a change says is published when its work is done, before the commit: each topic once, whoever spoke of it.
  // Publishes what the register now says of these numbers under the authority. Their number keys must be known.
  Status PublishFlags(const std::string& authority, const std::set<NhsNumber>& numbers);
  Status PublishDirectory(const std::vector<Authority>& authorities, const std::vector<Viewer>& viewers);
  Status PublishStaff(const StaffMember& staff);
  Status PublishSettings(const std::map<std::string, std::string>& settings);  // values by key
  Status PublishGrant(const NodeRow& node);
  // Any entry of any topic; an empty body removes it.
  void PublishEntry(const Topic& topic, RowIndex index, Bytes body);

  const FleetKeys& keys() const { return keys_; }
  const platform::Clock& clock() const { return clock_; }
  const Trust& trust() const { return trust_; }
  crypto::Epoch epoch() const { return kEpoch; }
  crypto::Hardness hardness() const { return hardness_; }

 private:
  static constexpr crypto::Epoch kEpoch{1};

  Store(const FleetKeys& keys, const platform::Clock& clock, crypto::Hardness hardness)
      : keys_(keys), clock_(clock), hardness_(hardness) {}
  Status Load(const std::filesystem::path& state);
  Status PublishSaid();

  const FleetKeys& keys_;
  const platform::Clock& clock_;
  const crypto::Hardness hardness_;
  Trust trust_;
  Published published_;
  std::function<void()> broken_;
  std::map<std::string, crypto::Secret> epoch_keys_;      // store thread; by partition
  std::map<Topic, std::map<RowIndex, Bytes>> said_;       // store thread; in this transaction
  std::unique_ptr<platform::Database> database_;          // store thread
  std::unique_ptr<Register> register_;
  std::unique_ptr<Publisher> publisher_;
  platform::Worker worker_{"store"};                      // last: its thread ends before what it uses
};

// Writes the trust's identity into a new database; part of `fleet init`.
Status InitialiseStore(const std::filesystem::path& state, const Trust& trust);

}  // namespace cpis::sync::fleet
