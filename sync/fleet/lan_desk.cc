// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/lan_desk.h"

#include <algorithm>

namespace cpis::sync::fleet {
namespace {

using crypto::LanName;

constexpr std::string_view kTaken = "lan.";  // settings: whose a DNS name is
constexpr size_t kMostTaken = 64;            // by one vehicle in its life: a stolen one must not fill the register

// Nothing where the name of the vehicle cannot be one of a DNS label.
std::optional<LanName> OwnName(std::string_view label) {
  if (label.find('.') != std::string_view::npos) return std::nullopt;
  auto name = crypto::ParseLanName(std::string(label) + std::string(crypto::kVehicleSuffix));
  return name.ok() ? std::optional(*std::move(name)) : std::nullopt;
}

// Whose the name is now.
Result<std::string> HolderOf(Store& store, const std::string& name) {
  CPIS_ASSIGN(const std::vector<Setting> taken, store.records().Settings(std::string(kTaken) + name));
  for (const Setting& one : taken) {
    if (!one.key.empty()) continue;  // a longer name
    CPIS_ASSIGN(const std::optional<NodeRow> holder, store.records().NodeWithId(one.value));
    if (holder && holder->state == "ENROLLED") return one.value;
  }
  return std::string();
}

Result<bool> Takes(Store& store, const std::string& node_id, const LanName& name) {
  if (name.address) return true;
  CPIS_ASSIGN(const std::string holder, HolderOf(store, name.text));
  if (!holder.empty()) return holder == node_id;
  CPIS_ASSIGN(const std::vector<Setting> all, store.records().Settings(kTaken));
  const auto its = std::count_if(all.begin(), all.end(), [&](const Setting& one) { return one.value == node_id; });
  if (static_cast<size_t>(its) >= kMostTaken) return platform::Denied("this vehicle has had too many names");
  CPIS_TRY(store.records().PutSetting(std::string(kTaken) + name.text, node_id));
  return true;
}

Result<std::vector<LanName>> NamesFor(Store& store, const NodeRow& node, const std::vector<std::string>& wanted) {
  std::vector<LanName> names{*OwnName(node.id)};
  const auto add = [&](const LanName& name) {
    const auto same = [&](const LanName& other) { return other.text == name.text; };
    if (std::none_of(names.begin(), names.end(), same)) names.push_back(name);
  };
  // Two vehicles could be called A101 and a101: the second does without.
  if (const auto own = OwnName(node.name)) {
    CPIS_ASSIGN(const bool takes, Takes(store, node.id, *own));
    if (takes) add(*own);
  }
  const size_t own_names = names.size();
  for (const std::string& text : wanted) {
    CPIS_ASSIGN(const LanName name, crypto::ParseLanName(text));
    const bool own = std::any_of(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(own_names),
                                 [&](const LanName& mine) { return mine.text == name.text; });
    if (!own && name.text.ends_with(crypto::kVehicleSuffix)) {
      return platform::Denied("\"" + name.text + "\" is no name of this vehicle (its own is " + names[own_names - 1].text + ")");
    }
    CPIS_ASSIGN(const bool takes, Takes(store, node.id, name));
    if (!takes) return platform::Denied("\"" + name.text + "\" is another vehicle's (choose a name of this one's own)");
    add(name);
  }
  return names;
}

}  // namespace

Result<std::string> LanDesk::Certify(const std::string& node_id, const Wish& wish) {
  if (wish.names.size() > kMostLanNames) {
    return platform::Invalid(std::to_string(wish.names.size()) + " names for one LAN (" + std::to_string(kMostLanNames) + " at most)");
  }
  std::string certificate;
  CPIS_TRY(store_.Change([&](Store& store) -> Status {
    CPIS_ASSIGN(const std::optional<NodeRow> node, store.records().NodeWithId(node_id));
    if (!node || node->state != "ENROLLED") return platform::Denied("this node is not enrolled");
    CPIS_ASSIGN(const std::vector<LanName> names, NamesFor(store, *node, wish.names));
    CPIS_ASSIGN(certificate, crypto::SignLanCertificate(store.keys().lan_authority, wish.request_pem, names, kLanCertificateLife));
    return Status::Ok();
  }));
  return certificate;
}

}  // namespace cpis::sync::fleet
