// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/store.h"

#include "crypto/row.h"

namespace cpis::sync::fleet {
namespace {

constexpr std::string_view kTrustCode = "trust.code";
constexpr std::string_view kTrustName = "trust.name";
constexpr int kCacheKib = 16 * 1024;

Result<platform::Database> OpenDatabase(const std::filesystem::path& state) {
  return platform::Database::Open(state / "fleet.db", {platform::Database::Mode::kOwner, kCacheKib});
}

}  // namespace

Status InitialiseStore(const std::filesystem::path& state, const Trust& trust) {
  CPIS_ASSIGN(platform::Database database, OpenDatabase(state));
  CPIS_TRY(Register::CreateTables(database));
  CPIS_TRY(Publisher::CreateTables(database));
  Register records(database);
  CPIS_TRY(records.PutSetting(kTrustCode, trust.code));
  return records.PutSetting(kTrustName, trust.name);
}

Result<std::unique_ptr<Store>> Store::Open(const std::filesystem::path& state, const FleetKeys& keys,
                                           const platform::Clock& clock) {
  std::unique_ptr<Store> store(new Store(keys, clock));
  CPIS_TRY(store->worker_.Run([&] { return store->Load(state); }));
  return store;
}

Status Store::Load(const std::filesystem::path& state) {
  CPIS_ASSIGN(platform::Database database, OpenDatabase(state));
  database_ = std::make_unique<platform::Database>(std::move(database));
  CPIS_TRY(database_->Checkpoint());  // what a failed sync left in the log reaches the disk before anything builds on it
  CPIS_TRY(Register::CreateTables(*database_));
  CPIS_TRY(Publisher::CreateTables(*database_));
  register_ = std::make_unique<Register>(*database_);
  publisher_ = std::make_unique<Publisher>(keys_, *database_, kEpoch);
  CPIS_TRY(publisher_->Load());
  CPIS_ASSIGN(const std::vector<Setting> settings, register_->Settings("trust."));
  for (const Setting& setting : settings) (setting.key == "code" ? trust_.code : trust_.name) = setting.value;
  return Status::Ok();
}

Status Store::Change(const std::function<Status(Store&)>& work) {
  return worker_.Run([&]() -> Status {
    touched_.clear();
    CPIS_ASSIGN(platform::Transaction transaction, platform::Transaction::Begin(*database_));
    Status done = work(*this);
    if (done.ok()) {
      done = transaction.Commit();
      if (!done.ok() && broken_) broken_();
    }
    if (!done.ok()) {
      publisher_->Drop();
      return done;
    }
    publisher_->Keep();
    std::vector<TopicHead> heads;
    for (const Topic& topic : touched_) heads.push_back(publisher_->HeadOf(topic));
    if (published_ && !heads.empty()) published_(heads);
    return done;
  });
}

Status Store::Read(const std::function<Status(Store&)>& work) {
  return worker_.Run([&] { return work(*this); });
}

Status Store::PublishFlags(const std::string& authority, const std::set<NhsNumber>& numbers) {
  const Topic topic = Topic::Rows(authority);
  const auto version = static_cast<uint64_t>(publisher_->NextOf(topic));
  auto key = epoch_keys_.find(authority);
  if (key == epoch_keys_.end()) key = epoch_keys_.emplace(authority, keys_.EpochKey(authority, kEpoch)).first;

  std::vector<fleet::Change> changes;
  for (const NhsNumber& number : numbers) {
    CPIS_ASSIGN(const std::optional<Bytes> known, register_->NumberKeyOf(number));
    if (!known) return platform::Internal("a number key is missing");
    const crypto::Secret number_key = crypto::Secret::Copy(*known, crypto::Residence::kTransient);
    const RowIndex index = crypto::IndexOf(keys_.index_key, number_key);
    CPIS_ASSIGN(const Flag flag, register_->FlagOf(authority, number));
    if (flag.plans.empty()) {
      CPIS_TRY(register_->ForgetAccesses(authority, number));
      changes.push_back({index, {}});
    } else {
      const crypto::RowPlace place{authority, index, version, kEpoch};
      changes.push_back({index, crypto::SealRow(key->second, number_key, place, EncodeFlag(flag))});
    }
  }
  touched_.insert(topic);
  return publisher_->Publish(topic, std::move(changes));
}

Status Store::PublishDirectory(const std::vector<Authority>& authorities, const std::vector<Viewer>& viewers) {
  std::vector<fleet::Change> changes;
  for (const Authority& authority : authorities) {
    changes.push_back({KeyOf("authority/" + authority.code),
                       crypto::SealWith(keys_.directory_key, "directory", Encode(authority))});
  }
  for (const Viewer& viewer : viewers) {
    changes.push_back({KeyOf("person/" + std::to_string(static_cast<uint32_t>(viewer.id))),
                       crypto::SealWith(keys_.directory_key, "directory", Encode(viewer))});
  }
  touched_.insert(Topic::Directory());
  return publisher_->Publish(Topic::Directory(), std::move(changes));
}

Status Store::PublishStaff(const StaffMember& staff) {
  touched_.insert(Topic::Roster());
  return publisher_->Publish(Topic::Roster(),
                             {{KeyOf("staff/" + staff.id), crypto::SealWith(keys_.roster_key, "roster", Encode(staff))}});
}

Status Store::PublishSettings(const std::map<std::string, std::string>& settings) {
  std::vector<fleet::Change> changes;
  for (const auto& [key, value] : settings) changes.push_back({KeyOf(key), Encode(Setting{key, value})});
  touched_.insert(Topic::Policy());
  return publisher_->Publish(Topic::Policy(), std::move(changes));
}

Status Store::PublishGrant(const NodeRow& node) {
  Grant grant;
  grant.region = node.region;
  grant.revoked = node.state == "REVOKED";
  if (!grant.revoked) {
    grant.boxed_roster_key = crypto::SealTo(node.box_key, keys_.roster_key.Reveal());
    grant.wrapped_ring = crypto::WrapRing(keys_.RingFor(node.region, kEpoch, hardness()), keys_.ring_key, node.box_key);
  }
  const Topic topic = Topic::Node(node.id);
  touched_.insert(topic);
  return publisher_->Publish(topic, {{KeyOf("grant"), Encode(grant)}});
}

}  // namespace cpis::sync::fleet
