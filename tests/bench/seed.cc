// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/seed.h"

#include <random>

#include "crypto/key_stores.h"
#include "sync/fleet/store.h"
#include "tests/e2e/authority_file.h"

namespace cpis::bench {
namespace {

using platform::Status;
using sync::fleet::Store;

constexpr std::string_view kOrganisationRoot = "2.16.840.1.113883.2.1.3.2.4.19.1";

Status AddViewers(Store& store, size_t crews, std::vector<sync::Viewer>& viewers) {
  for (size_t i = 0; i < crews; ++i) {
    sync::StaffMember staff{std::to_string(555000000000 + i), "Crew Member " + std::to_string(i), "R1070", "Paramedic",
                            sync::Right::kNotify, false, {}};
    bool is_new = false;
    CPIS_ASSIGN(sync::Viewer viewer, store.records().ViewerFor(staff, store.trust().code, store.trust().name, &is_new));
    viewers.push_back(std::move(viewer));
  }
  return Status::Ok();
}

Status AddFlag(Store& store, const Seed& seed, const sync::NhsNumber& number, const crypto::Secret& key,
               const std::vector<sync::Viewer>& viewers, std::minstd_rand& random) {
  const sync::Instant now = store.clock().Now();
  const auto days_ago = [&](int most) {
    const auto minutes = std::chrono::minutes(std::uniform_int_distribution<int>(60, most * 24 * 60)(random));
    return std::chrono::floor<std::chrono::minutes>(now) - minutes;
  };
  CPIS_TRY(store.records().KeepNumberKey(number, key.Reveal()));
  const auto type = std::uniform_int_distribution<int>(0, 1)(random) == 0 ? sync::PlanType::kCpp : sync::PlanType::kLac;
  CPIS_ASSIGN(const bool changed, store.records().ApplyPlan(seed.partition, number, {type, days_ago(700), {}, false}, {"SEED-1", now}));
  if (!changed) return platform::Internal("a number came twice");
  const int accesses = std::poisson_distribution<int>(seed.accesses)(random);
  for (int i = 0; i < accesses; ++i) {
    const sync::Viewer& viewer = viewers[std::uniform_int_distribution<size_t>(0, viewers.size() - 1)(random)];
    const auto at = days_ago(365) + std::chrono::seconds(std::uniform_int_distribution<int>(0, 59)(random));
    CPIS_TRY(store.records().AddAccess(seed.partition, number, {at, viewer.id}, std::to_string(i)));
  }
  return Status::Ok();
}

}  // namespace

Status SeedFleet(const std::filesystem::path& state, const Seed& seed) {
  CPIS_ASSIGN(const auto key_store, crypto::OpenKeyStore("plain", state));
  CPIS_ASSIGN(const sync::fleet::FleetKeys keys, sync::fleet::LoadFleetKeys(state, *key_store));
  CPIS_ASSIGN(const auto store, Store::Open(state, keys, platform::SystemClock()));
  const crypto::NumberKeys deriver(keys.pepper.Clone(), store->hardness());
  std::minstd_rand random(20261122);

  return store->Change([&](Store& s) -> Status {
    const sync::Authority authority{seed.partition, "Lancashire County Council", "03001236722", "03001236720"};
    CPIS_ASSIGN(const bool announce, s.records().PutAuthority({authority, std::string(kOrganisationRoot), "SEED-1",
                                                               s.clock().Now(), s.clock().Now()}));
    std::vector<sync::Viewer> viewers;
    CPIS_TRY(AddViewers(s, seed.crews, viewers));
    if (announce) CPIS_TRY(s.PublishDirectory({authority}, viewers));
    std::set<sync::NhsNumber> numbers;
    for (size_t i = 0; i < seed.flags; ++i) {
      CPIS_ASSIGN(const sync::NhsNumber number, sync::NhsNumber::Parse(e2e::NhsNumber(i)));
      crypto::Secret key = crypto::Secret::Zeroed(32, crypto::Residence::kTransient);
      if (i < seed.true_keys) {
        CPIS_ASSIGN(key, deriver.Derive(number.digits()));
      } else {
        const crypto::Bytes random_key = crypto::RandomBytes(32);
        key = crypto::Secret::Copy(random_key, crypto::Residence::kTransient);
      }
      CPIS_TRY(AddFlag(s, seed, number, key, viewers, random));
      numbers.insert(number);
    }
    return s.PublishFlags(seed.partition, numbers);
  });
}

}  // namespace cpis::bench
