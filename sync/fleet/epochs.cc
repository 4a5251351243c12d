// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/epochs.h"

#include <algorithm>

#include "platform/log.h"

namespace cpis::sync::fleet {
namespace {

constexpr std::string_view kReturnedAt = "epoch.returned_at";

constexpr std::string_view kSignerPrefix = "signer.";

std::string Name(crypto::Epoch epoch) { return std::to_string(static_cast<uint32_t>(epoch)); }

}  // namespace

Status RotateEpoch(Store& store, crypto::Epoch past) {
  const crypto::Epoch before = std::max(store.epoch(), past);
  if (before >= crypto::kLastEpoch) {
    return platform::Exhausted("epoch " + Name(before) + " is the last one (make a new fleet, and enrol its nodes again)");
  }
  const crypto::Epoch next{static_cast<uint32_t>(before) + 1};
  CPIS_TRY(store.BeginEpoch(next));
  CPIS_ASSIGN(const std::vector<NodeRow> nodes, store.records().Nodes());
  for (const NodeRow& node : nodes) {
    if (node.state == "ENROLLED") CPIS_TRY(store.PublishGrant(node));
  }
  platform::LogInfo("epoch", "epoch " + Name(next) + " begins");
  return Status::Ok();
}

Status RotateIfPossible(Store& store) {
  Status rotated = RotateEpoch(store);
  if (rotated.code() != platform::Code::kExhausted) return rotated;
  platform::LogError("epoch", "no new epoch begins: " + rotated.message());
  return Status::Ok();
}

Status TakeUpSigners(Store& store) {
  const FleetKeys& keys = store.keys();
  CPIS_ASSIGN(const std::vector<Setting> known, store.records().Settings(kSignerPrefix));
  bool replaced = false;
  for (const auto& [role, key] : {std::pair{crypto::Role::kContent, &keys.content}, std::pair{crypto::Role::kFreshness, &keys.freshness},
                                  std::pair{crypto::Role::kPolicy, &keys.policy}}) {
    const std::string now = platform::Hex(key->public_key);
    const auto before = std::find_if(known.begin(), known.end(), [&](const Setting& one) { return one.key == crypto::Name(role); });
    if (before != known.end() && before->value == now) continue;
    CPIS_TRY(store.records().PutSetting(std::string(kSignerPrefix) + std::string(crypto::Name(role)), now));
    if (before == known.end()) continue;
    replaced = true;
    platform::LogWarning("epoch", "the " + std::string(crypto::Name(role)) + " key was replaced");
    for (const TopicHead& head : store.publisher().Heads()) {
      if (head.topic.SignedBy() == role) store.DropHistory(head.topic);
    }
  }
  return replaced ? RotateIfPossible(store) : Status::Ok();
}

bool IsAhead(const Manifest& manifest, crypto::Epoch epoch, const std::function<TopicHead(const Topic&)>& ours) {
  if (manifest.epoch != epoch) return manifest.epoch > epoch;
  return std::any_of(manifest.heads.begin(), manifest.heads.end(), [&](const TopicHead& head) {
    const TopicHead here = ours(head.topic);
    return head.sequence > here.sequence || (head.sequence == here.sequence && head.digest != here.digest);
  });
}

Status ReturnFromBackup(Store& store, const Manifest& future) {
  return store.Change([&](Store& changing) -> Status {
    const auto ours = [&](const Topic& topic) { return changing.publisher().HeadOf(topic); };
    if (!IsAhead(future, changing.epoch(), ours)) return Status::Ok();
    if (static_cast<uint32_t>(future.epoch) > static_cast<uint32_t>(changing.epoch()) + kMaxEpochJump) {
      return platform::Denied("a node holds a manifest of epoch " + Name(future.epoch) + ", further ahead than this server can have been");
    }
    platform::LogError("epoch", "a node holds what this server signed at " + platform::Rfc3339(future.server_time) +
                                    " and does not know: it came back from a backup. A new epoch begins; what was received, "
                                    "changed or revoked since the backup is lost here and must be done again");
    CPIS_TRY(KeepReturn(changing));
    return RotateEpoch(changing, future.epoch);
  });
}

Status KeepReturn(Store& store) {
  return store.records().PutSetting(kReturnedAt, platform::Rfc3339(store.clock().Now()));
}

Result<std::optional<Instant>> ReturnedFromBackupAt(Store& store) {
  CPIS_ASSIGN(const std::vector<Setting> settings, store.records().Settings(kReturnedAt));
  if (settings.empty()) return std::optional<Instant>();
  CPIS_ASSIGN(const Instant at, platform::ParseRfc3339(settings.front().value));
  return std::optional<Instant>(at);
}

}  // namespace cpis::sync::fleet
