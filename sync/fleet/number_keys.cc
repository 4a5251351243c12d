// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/number_keys.h"

#include <mutex>
#include <thread>

namespace cpis::sync::fleet {
namespace {

// Runs work(i) for every i below `count` on all cores; `progress` is called from this thread only.
void OnAllCores(size_t count, const std::function<void(size_t)>& work, const KeyProgress& progress) {
  std::atomic<size_t> next{0};
  std::atomic<size_t> done{0};
  const auto take = [&](bool report) {
    for (size_t i = next++; i < count; i = next++) {
      work(i);
      const size_t so_far = ++done;
      if (report && progress) progress(so_far, count);
    }
  };
  std::vector<std::thread> others;
  for (unsigned core = 1; core < std::thread::hardware_concurrency(); ++core) others.emplace_back(take, false);
  take(true);
  for (std::thread& other : others) other.join();
  if (progress) progress(count, count);
}

}  // namespace

Result<DerivedKeys> DeriveMissing(Store& store, const std::set<NhsNumber>& numbers, const KeyProgress& progress,
                                  const std::atomic<bool>& stopping) {
  DerivedKeys keys;
  CPIS_TRY(store.Read([&](Store& in) -> Status {
    for (const NhsNumber& number : numbers) {
      CPIS_ASSIGN(const std::optional<Bytes> known, in.records().NumberKeyOf(number));
      if (!known) keys.emplace_back(number, crypto::Secret());
    }
    return Status::Ok();
  }));
  const crypto::NumberKeys deriver(store.keys().pepper.Clone(), store.hardness());
  std::mutex mutex;
  Status failed;
  OnAllCores(
      keys.size(),
      [&](size_t i) {
        if (stopping) return;
        auto key = deriver.Derive(keys[i].first.digits());
        if (key.ok()) {
          keys[i].second = *std::move(key);
          return;
        }
        std::lock_guard lock(mutex);
        failed = key.status();
      },
      progress);
  if (!failed.ok()) return failed;
  if (stopping) return platform::Unavailable("the fleet server stops; nothing of this file was applied");
  return keys;
}

Status KeepKeys(Store& store, const DerivedKeys& keys) {
  for (const auto& [number, key] : keys) CPIS_TRY(store.records().KeepNumberKey(number, key.Reveal()));
  return Status::Ok();
}

}  // namespace cpis::sync::fleet
