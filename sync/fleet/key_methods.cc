// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/key_methods.h"

#include <charconv>

#include "sync/fleet/epochs.h"
#include "sync/fleet/fleet.h"

namespace cpis::sync::fleet {
namespace {


// Enough to tell two keys apart by eye.
std::string FingerprintOf(ByteView public_key) { return platform::Hex(crypto::Blake2b(8, {public_key})); }

Result<crypto::Epoch> PastOf(const Call& call) {
  const std::string text = call.TextOr("past", "");
  if (text.empty()) return crypto::Epoch{0};
  uint32_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || crypto::Epoch{number} >= crypto::kLastEpoch) {
    return platform::Invalid("\"" + text + "\" is no epoch to go past (try a number below 4096, as \"fleet status\" shows it)");
  }
  return crypto::Epoch{number};
}

}  // namespace

Result<json::value> BeginEpochByOrder(const Call& call) {
  CPIS_ASSIGN(const crypto::Epoch past, PastOf(call));
  const json::value* restored = call.arguments.if_contains("restored");
  uint32_t epoch = 0;
  CPIS_TRY(call.fleet.store().Change([&](Store& store) -> Status {
    if (restored != nullptr && restored->is_bool() && restored->as_bool()) CPIS_TRY(KeepReturn(store));
    CPIS_TRY(RotateEpoch(store, past));
    epoch = static_cast<uint32_t>(store.epoch());
    return Status::Ok();
  }));
  return json::value{{"epoch", epoch}};
}

Result<json::object> EpochStatus(Fleet& fleet) {
  json::object status;
  CPIS_TRY(fleet.store().Read([&](Store& store) -> Status {
    status["epoch"] = static_cast<uint32_t>(store.epoch());
    CPIS_ASSIGN(const std::optional<Instant> returned, ReturnedFromBackupAt(store));
    status["came_back_from_backup"] = returned ? json::value(platform::Rfc3339(*returned)) : json::value(nullptr);
    return Status::Ok();
  }));
  status["root_key_on_server"] = fleet.RootKeyIsHere();
  return status;
}

Result<json::value> ShowKeys(const Call& call) {
  const FleetKeys& keys = call.fleet.store().keys();
  CPIS_ASSIGN(const KeySet set, DecodeKeySet(keys.signed_key_set, keys.root_public_key));
  const std::array<ByteView, kRotatableKeys> public_keys{set.content, set.freshness, set.policy, set.fleet_box, set.root};
  json::array list;
  const Instant now = call.fleet.store().clock().Now();
  for (size_t i = 0; i < public_keys.size(); ++i) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - keys.made[i]).count();
    list.push_back({{"key", Name(static_cast<RotatableKey>(i))},
                    {"fingerprint", FingerprintOf(public_keys[i])},
                    {"made_at", platform::Rfc3339(keys.made[i])},
                    {"age_seconds", age}});
  }
  const bool here = call.fleet.RootKeyIsHere();
  return json::value{{"version", set.version},
                     {"keys", list},
                     {"root_key_on_server", here},
                     {"advice", here ? "move root.key from the state directory to removable media" : ""}};
}

Result<json::value> ProposeKeySet(const Call& call) {
  CPIS_ASSIGN(const RotatableKey which, ParseRotatableKey(call.TextOr("key", "")));
  CPIS_ASSIGN(const Bytes new_root, platform::ParseBase64Url(call.TextOr("new_root", "")));
  CPIS_ASSIGN(const KeySet next, call.fleet.key_rotation().Propose(which, new_root));
  const FleetKeys& keys = call.fleet.store().keys();
  return json::value{{"present", platform::Base64Url(keys.signed_key_set)},
                     {"signed_by", platform::Base64Url(keys.root_public_key)},
                     {"version", next.version},
                     {"content", platform::Base64Url(next.content)},
                     {"freshness", platform::Base64Url(next.freshness)},
                     {"policy", platform::Base64Url(next.policy)},
                     {"box", platform::Base64Url(next.fleet_box)},
                     {"root", platform::Base64Url(next.root)}};
}

Result<json::value> AdoptKeySet(const Call& call) {
  const Status adopted = call.fleet.key_rotation().Adopt(call.attachment, call.fleet.store().clock().Now());
  const bool refused = adopted.code() == platform::Code::kDenied || adopted.code() == platform::Code::kCorrupt;
  if (!refused) call.fleet.StartAnew();  // also after a failed write: what the disk holds is found out then
  CPIS_TRY(adopted);
  return json::value{{"adopted", true}};
}

Result<json::value> ShowLanAuthority(const Call& call) {
  const std::string& pem = call.fleet.store().keys().lan_authority.certificate_pem;
  CPIS_ASSIGN(const Bytes digest, crypto::CertificateSha256(pem));
  CPIS_ASSIGN(const auto expiry, crypto::CertificateExpiry(pem));
  return json::value{{"certificate", pem}, {"sha256", platform::Hex(digest)}, {"expires", platform::Rfc3339(Instant(expiry))}};
}

}  // namespace cpis::sync::fleet
