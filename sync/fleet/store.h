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
#include "sync/fleet/audit_register.h"
#include "sync/fleet/england_register.h"
#include "sync/fleet/keys.h"
#include "sync/fleet/publisher.h"
#include "sync/fleet/queries.h"
#include "sync/fleet/register.h"
#include "sync/fleet/security_register.h"
#include "sync/order.h"

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

  // Empties the database's log, so that what was erased is in no file of it. Not inside a change.
  Status EmptyLog();

  // The rest is for the store thread.
  Register& records() { return *register_; }
  Publisher& publisher() { return *publisher_; }
  AuditRegister& audit() { return *audit_; }
  SecurityRegister& security() { return *security_; }
  Queries& queries() { return *queries_; }  // of tables that are not the register's
  const England& england() const { return england_->index(); }

  // What a change says is published when its work is done, before the commit: each topic once, whoever spoke of it.
  // Publishes what the register now says of these numbers under the authority. Their number keys must be known.
  // The flags of a sensitive number stay in the register.
  Status PublishFlags(const std::string& authority, const std::set<NhsNumber>& numbers);
  // Takes the number's row of this authority away from nodes, whatever the register says of it.
  Status WithdrawFlag(const std::string& authority, const NhsNumber& number);
  // What nodes are told instead of, or beside, a number's flags; nothing takes it back. Its number key must be known.
  Status PublishNotice(const NhsNumber& number, std::optional<Notice> notice);
  // Publishes the notice that the register calls for, if nodes do not hold it already: withheld for a sensitive number,
  // replaced for one that is no longer in use and has no plan left.
  Status RefreshNotice(const NhsNumber& number);
  Status PublishDirectory(const std::vector<Authority>& authorities, const std::vector<Viewer>& viewers);
  Status PublishStaff(const StaffMember& staff);
  Status PublishSettings(const std::map<std::string, std::string>& settings);  // values by key
  Status PublishGrant(const NodeRow& node);
  // Beside a grant that gives nothing any more. What the node was granted before is not sent again.
  Status PublishOrder(const NodeRow& node, const Order& order);
  // What was published of this topic up to now, and in this change, is not to be sent as it was: see Publisher::DropHistory.
  void DropHistory(const Topic& topic) { dropped_.insert(topic); }
  // Any entry of any topic; an empty body removes it.
  void PublishEntry(const Topic& topic, RowIndex index, Bytes body);

  // As it was set, with the defaults of what was not.
  Result<Policy> CurrentPolicy();

  const FleetKeys& keys() const { return keys_; }
  const platform::Clock& clock() const { return clock_; }
  const Trust& trust() const { return trust_; }
  crypto::Epoch epoch() const { return publisher_->epoch(); }
  // Inside a change: see epochs.h, which says what else must be done.
  Status BeginEpoch(crypto::Epoch epoch);
  crypto::Hardness hardness() const { return hardness_; }

 private:
  Store(const FleetKeys& keys, const platform::Clock& clock, crypto::Hardness hardness)
      : keys_(keys), clock_(clock), hardness_(hardness) {}
  Status Load(const std::filesystem::path& state);
  Status PublishSaid();
  Status CountInEngland(const NhsNumber& number, const crypto::Secret& number_key);
  Status CatchUpEngland();
  const crypto::Secret& EpochKeyOf(const std::string& partition);
  struct Place {
    crypto::Secret number_key;
    RowIndex index;
  };
  Result<Place> PlaceOf(const NhsNumber& number);

  const FleetKeys& keys_;
  const platform::Clock& clock_;
  const crypto::Hardness hardness_;
  Trust trust_;
  Published published_;
  std::function<void()> broken_;
  std::map<std::string, crypto::PartitionKey> epoch_keys_;  // store thread; by partition, of this epoch or one before
  bool epoch_begun_ = false;                              // store thread; in this transaction
  std::set<Topic> dropped_;                               // store thread; in this transaction
  std::map<Topic, std::map<RowIndex, Bytes>> said_;       // store thread; in this transaction
  std::unique_ptr<platform::Database> database_;          // store thread
  std::unique_ptr<Queries> queries_;
  std::unique_ptr<Register> register_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<AuditRegister> audit_;
  std::unique_ptr<SecurityRegister> security_;
  std::unique_ptr<EnglandRegister> england_;
  platform::Worker worker_{"store"};                      // last: its thread ends before what it uses
};

constexpr std::string_view kPolicyPrefix = "policy.";  // of settings in the register

// Writes the trust's identity into a new database; part of `fleet init`.
Status InitialiseStore(const std::filesystem::path& state, const Trust& trust);

}  // namespace cpis::sync::fleet
