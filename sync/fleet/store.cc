// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/store.h"

#include <charconv>

#include "crypto/row.h"
#include "platform/log.h"
#include "sync/fleet/admin_acts.h"
#include "sync/fleet/epochs.h"

namespace cpis::sync::fleet {
namespace {

constexpr std::string_view kTrustCode = "trust.code";
constexpr std::string_view kTrustName = "trust.name";
constexpr std::string_view kEpochNumber = "epoch.number";
constexpr int kCacheKib = 16 * 1024;

Result<platform::Database> OpenDatabase(const std::filesystem::path& state) {
  return platform::Database::Open(state / "fleet.db", {platform::Database::Mode::kOwner, kCacheKib});
}

Result<crypto::Epoch> ReadEpoch(Register& records) {
  CPIS_ASSIGN(const std::vector<Setting> settings, records.Settings(kEpochNumber));
  if (settings.empty()) return crypto::Epoch{1};
  uint32_t number = 0;
  const std::string& text = settings.front().value;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const crypto::Epoch epoch{number};
  if (read.ec != std::errc() || epoch < crypto::Epoch{1} || epoch > crypto::kLastEpoch) {
    return platform::Corrupt("the fleet's epoch on disk is none (restore the state directory)");
  }
  return epoch;
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
                                           const platform::Clock& clock, crypto::Hardness hardness) {
  std::unique_ptr<Store> store(new Store(keys, clock, hardness));
  CPIS_TRY(store->worker_.Run([&] { return store->Load(state); }));
  CPIS_TRY(store->Change([](Store& opened) -> Status {
    CPIS_TRY(TakeUpSigners(opened));
    return opened.CatchUpEngland();
  }));
  return store;
}

Status Store::Load(const std::filesystem::path& state) {
  CPIS_ASSIGN(platform::Database database, OpenDatabase(state));
  database_ = std::make_unique<platform::Database>(std::move(database));
  CPIS_TRY(database_->Checkpoint());  // what a failed sync left in the log reaches the disk before anything builds on it
  CPIS_TRY(Register::CreateTables(*database_));
  CPIS_TRY(Publisher::CreateTables(*database_));
  CPIS_TRY(EnglandRegister::CreateTables(*database_));
  CPIS_TRY(AdminActs::CreateTables(*database_));
  queries_ = std::make_unique<Queries>(*database_);
  CPIS_TRY(AuditRegister::CreateTables(*database_));
  CPIS_TRY(SecurityRegister::CreateTables(*database_));
  register_ = std::make_unique<Register>(*database_);
  audit_ = std::make_unique<AuditRegister>(*database_, AuditRegister::RecordKey(keys_.epoch_secret));
  security_ = std::make_unique<SecurityRegister>(*database_);
  CPIS_ASSIGN(const crypto::Epoch epoch, ReadEpoch(*register_));
  publisher_ = std::make_unique<Publisher>(keys_, *database_, epoch);
  CPIS_TRY(publisher_->Load());
  england_ = std::make_unique<EnglandRegister>(*database_);
  CPIS_TRY(england_->Load());
  CPIS_ASSIGN(const std::vector<Setting> settings, register_->Settings("trust."));
  for (const Setting& setting : settings) (setting.key == "code" ? trust_.code : trust_.name) = setting.value;
  return Status::Ok();
}

Status Store::Change(const std::function<Status(Store&)>& work) {
  return worker_.Run([&]() -> Status {
    said_.clear();
    dropped_.clear();
    epoch_begun_ = false;
    CPIS_ASSIGN(platform::Transaction transaction, platform::Transaction::Begin(*database_));
    Status done = work(*this);
    if (done.ok()) done = PublishSaid();
    if (done.ok()) {
      done = transaction.Commit();
      if (!done.ok() && broken_) broken_();
    }
    if (!done.ok()) {
      publisher_->Drop();
      england_->Drop();
      return done;
    }
    publisher_->Keep();
    england_->Keep();
    std::vector<TopicHead> heads;
    for (const auto& [topic, said] : said_) heads.push_back(publisher_->HeadOf(topic));
    if (published_ && (epoch_begun_ || !heads.empty())) published_(heads);
    return done;
  });
}

Status Store::PublishSaid() {
  for (auto& [topic, said] : said_) {
    std::vector<fleet::Change> changes;
    for (auto& [index, body] : said) changes.push_back({index, std::move(body)});
    CPIS_TRY(publisher_->Publish(topic, std::move(changes)));
  }
  for (const Topic& topic : dropped_) CPIS_TRY(publisher_->DropHistory(topic));
  CPIS_ASSIGN(const Policy policy, CurrentPolicy());
  CPIS_ASSIGN(const bool index_changes, england_->Publish(*publisher_, policy.england_one_in));
  if (index_changes) said_[Topic::Index()];
  return Status::Ok();
}

Result<Policy> Store::CurrentPolicy() {
  Policy policy;
  CPIS_ASSIGN(const std::vector<Setting> settings, register_->Settings(kPolicyPrefix));
  for (const Setting& setting : settings) {
    // One of another version of this program says nothing to this one.
    if (Status set = policy.Set(setting.key, setting.value); !set.ok()) platform::LogWarning("policy", set.message());
  }
  return policy;
}

// A number is in the index while any authority has a plan of it, also one that no node may be shown.
Status Store::CountInEngland(const NhsNumber& number, const crypto::Secret& number_key) {
  CPIS_ASSIGN(const std::vector<PlanRow> plans, register_->PlansOf(number));
  if (plans.empty()) return england_->Remove(number);
  return england_->Add(number, crypto::EnglandHashOf(keys_.england_key, number_key));
}

// Of a state directory from before there was an index.
Status Store::CatchUpEngland() {
  CPIS_ASSIGN(const std::vector<NhsNumber> numbers, england_->Differing());
  for (const NhsNumber& number : numbers) {
    CPIS_ASSIGN(const Place place, PlaceOf(number));
    CPIS_TRY(CountInEngland(number, place.number_key));
  }
  return Status::Ok();
}

Status Store::Read(const std::function<Status(Store&)>& work) {
  return worker_.Run([&] { return work(*this); });
}

Status Store::BeginEpoch(crypto::Epoch epoch) {
  CPIS_TRY(register_->PutSetting(kEpochNumber, std::to_string(static_cast<uint32_t>(epoch))));
  publisher_->BeginEpoch(epoch);
  epoch_begun_ = true;
  return Status::Ok();
}

const crypto::Secret& Store::EpochKeyOf(const std::string& partition) {
  crypto::PartitionKey& held = epoch_keys_[partition];
  if (held.key.empty() || held.epoch != epoch()) held = {epoch(), keys_.EpochKey(partition, epoch()).Clone()};
  return held.key;
}

Result<Store::Place> Store::PlaceOf(const NhsNumber& number) {
  CPIS_ASSIGN(const std::optional<Bytes> known, register_->NumberKeyOf(number));
  if (!known) return platform::Internal("a number key is missing");
  Place place{crypto::Secret::Copy(*known, crypto::Residence::kTransient), {}};
  place.index = crypto::IndexOf(keys_.index_key, place.number_key);
  return place;
}

Status Store::PublishFlags(const std::string& authority, const std::set<NhsNumber>& numbers) {
  const Topic topic = Topic::Rows(authority);
  const auto version = static_cast<uint64_t>(publisher_->NextOf(topic));
  for (const NhsNumber& number : numbers) {
    CPIS_ASSIGN(const Place place, PlaceOf(number));
    CPIS_TRY(CountInEngland(number, place.number_key));
    CPIS_ASSIGN(const Flag flag, register_->FlagOf(authority, number));
    CPIS_ASSIGN(const bool sensitive, register_->IsSensitive(number));
    if (flag.plans.empty()) CPIS_TRY(register_->ForgetAccesses(authority, number));
    CPIS_TRY(RefreshNotice(number));
    if (sensitive) continue;
    if (flag.plans.empty()) {
      PublishEntry(topic, place.index, {});
    } else {
      PublishEntry(topic, place.index, crypto::SealRow(EpochKeyOf(authority), place.number_key,
                                                       {authority, place.index, version, epoch()}, EncodeFlag(flag)));
    }
  }
  return Status::Ok();
}

Status Store::WithdrawFlag(const std::string& authority, const NhsNumber& number) {
  CPIS_ASSIGN(const Place place, PlaceOf(number));
  PublishEntry(Topic::Rows(authority), place.index, {});
  DropHistory(Topic::Rows(authority));
  return Status::Ok();
}

Status Store::PublishNotice(const NhsNumber& number, std::optional<Notice> notice) {
  const std::string partition(kNotices);
  const Topic topic = Topic::Rows(partition);
  CPIS_ASSIGN(const Place place, PlaceOf(number));
  CPIS_TRY(register_->KeepNotice(number, notice));
  if (!notice) {
    PublishEntry(topic, place.index, {});
    return Status::Ok();
  }
  const auto version = static_cast<uint64_t>(publisher_->NextOf(topic));
  PublishEntry(topic, place.index, crypto::SealRow(EpochKeyOf(partition), place.number_key,
                                                   {partition, place.index, version, epoch()}, EncodeNotice(*notice)));
  return Status::Ok();
}

Status Store::RefreshNotice(const NhsNumber& number) {
  std::optional<Notice> notice;
  CPIS_ASSIGN(const bool sensitive, register_->IsSensitive(number));
  if (sensitive) {
    notice = Notice::kWithheld;
  } else {
    CPIS_ASSIGN(const auto replacement, register_->ReplacementOf(number));
    // Where the number still has a row, that says more.
    if (replacement) {
      CPIS_ASSIGN(const std::vector<std::string> holders, register_->AuthoritiesOf(number));
      if (holders.empty()) notice = Notice::kReplaced;
    }
  }
  CPIS_ASSIGN(const std::optional<Notice> said, register_->NoticeOf(number));
  return said == notice ? Status::Ok() : PublishNotice(number, notice);
}

Status Store::EmptyLog() {
  return worker_.Run([&] { return database_->Checkpoint(); });
}

void Store::PublishEntry(const Topic& topic, RowIndex index, Bytes body) { said_[topic][index] = std::move(body); }

Status Store::PublishDirectory(const std::vector<Authority>& authorities, const std::vector<Viewer>& viewers) {
  for (const Authority& authority : authorities) {
    PublishEntry(Topic::Directory(), KeyOf("authority/" + authority.code),
                 crypto::SealWith(keys_.directory_key, "directory", Encode(authority)));
  }
  for (const Viewer& viewer : viewers) {
    PublishEntry(Topic::Directory(), KeyOf("person/" + std::to_string(static_cast<uint32_t>(viewer.id))),
                 crypto::SealWith(keys_.directory_key, "directory", Encode(viewer)));
  }
  return Status::Ok();
}

Status Store::PublishStaff(const StaffMember& staff) {
  if (staff.duty == Duty::kAuditor) {  // vehicles need not know them; one who was something else before is gone from there
    PublishEntry(Topic::Roster(), KeyOf("staff/" + staff.id), {});
    return Status::Ok();
  }
  PublishEntry(Topic::Roster(), KeyOf("staff/" + staff.id), crypto::SealWith(keys_.roster_key, "roster", Encode(staff)));
  return Status::Ok();
}

Status Store::PublishSettings(const std::map<std::string, std::string>& settings) {
  for (const auto& [key, value] : settings) PublishEntry(Topic::Policy(), KeyOf(key), Encode(Setting{key, value}));
  return Status::Ok();
}

Status Store::PublishGrant(const NodeRow& node) {
  Grant grant;
  grant.region = node.region;
  grant.revoked = node.state != "ENROLLED";
  Bytes ring;  // empty takes it away
  if (!grant.revoked) {
    grant.boxed_roster_key = crypto::SealTo(node.box_key, keys_.roster_key.Reveal());
    crypto::KeyRing keys = keys_.RingOfNoRegion(hardness());
    std::vector<std::string> partitions = node.region;
    partitions.emplace_back(kNotices);  // in every region
    for (const std::string& partition : partitions) {
      keys.epoch_keys[partition] = {epoch(), EpochKeyOf(partition).Clone()};
    }
    ring = crypto::WrapRing(keys, keys_.ring_key, node.box_key);
  }
  PublishEntry(Topic::Node(node.id), KeyOf(kGrantEntry), Encode(grant));
  PublishEntry(Topic::Node(node.id), KeyOf(kRingEntry), std::move(ring));
  return Status::Ok();
}

Status Store::PublishOrder(const NodeRow& node, const Order& order) {
  PublishEntry(Topic::Node(node.id), KeyOf(kOrderEntry), Encode(order));
  DropHistory(Topic::Node(node.id));
  return Status::Ok();
}

}  // namespace cpis::sync::fleet
