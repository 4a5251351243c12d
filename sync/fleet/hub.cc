// SPDX-License-Identifier: Apache-2.0
#include "sync/fleet/hub.h"

#include <algorithm>

#include "platform/log.h"
#include "sync/fleet/epochs.h"

namespace cpis::sync::fleet {
namespace {

// A handshake costs about 2 ms of CPU: after an outage nodes take at most a fifth of two cores.
constexpr size_t kReconnectsPerSecond = 200;

}  // namespace

Hub::Hub(const FleetKeys& keys, const platform::Clock& clock, crypto::Epoch epoch)
    : keys_(keys), clock_(clock), epoch_(epoch) {
  const auto share = [this](const Bytes& set) {
    key_sets_.push_back(std::make_shared<const std::string>(platform::AsText(set)));
  };
  for (const Bytes& set : keys.former_key_sets) share(set);
  share(keys.signed_key_set);
}

// Versions count from 1, without a gap.
std::vector<SharedBytes> Hub::KeySetsAfter(uint32_t version) {
  // Said once: a node may say what it likes.
  if (version > key_sets_.size() && !told_of_newer_keys_.exchange(true)) {
    platform::LogError("keys", "a node holds key set " + std::to_string(version) + ", the newest here is " +
                                   std::to_string(key_sets_.size()) + ": this server came back from a backup from before a key was " +
                                   "replaced (run \"fleet keys rotate\" until the version is past the node's)");
  }
  const auto first = std::min<size_t>(version, key_sets_.size());
  return {key_sets_.begin() + static_cast<std::ptrdiff_t>(first), key_sets_.end()};
}

void Hub::Hold(ByteView signed_manifest) {
  if (signed_manifest.empty() || !ahead_) return;
  const auto manifest = DecodeManifest(signed_manifest, keys_.freshness.public_key);
  if (!manifest.ok()) return;  // of a key that was replaced since, or nothing of ours
  bool is_ahead = false;
  {
    std::lock_guard lock(mutex_);
    is_ahead = IsAhead(*manifest, epoch_, [this](const Topic& topic) { return HeadOf(topic); });
  }
  if (is_ahead) ahead_(*manifest);
}

void Hub::Add(const std::string& node_id, std::weak_ptr<Watcher> watcher) {
  std::lock_guard lock(mutex_);
  watchers_.emplace(node_id, std::move(watcher));
  seen_[node_id] = clock_.Now();
}

std::vector<std::shared_ptr<Hub::Watcher>> Hub::Watchers() {
  std::vector<std::shared_ptr<Watcher>> alive;
  for (auto it = watchers_.begin(); it != watchers_.end();) {
    if (auto watcher = it->second.lock()) {
      alive.push_back(std::move(watcher));
      ++it;
    } else {
      it = watchers_.erase(it);
    }
  }
  return alive;
}

void Hub::WakeAll() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    std::lock_guard lock(mutex_);
    watchers = Watchers();
  }
  for (const auto& watcher : watchers) watcher->Wake();
}

void Hub::SetEpoch(crypto::Epoch epoch) {
  std::lock_guard lock(mutex_);
  if (epoch == epoch_) return;
  epoch_ = epoch;
  ++tick_;
}

void Hub::Update(const std::vector<TopicHead>& heads) {
  {
    std::lock_guard lock(mutex_);
    for (const TopicHead& head : heads) heads_.insert_or_assign(head.topic, head);
  }
  WakeAll();
}

void Hub::SetNodes(const std::vector<NodeRow>& nodes) {
  std::map<std::string, Member> members;
  for (const NodeRow& node : nodes) {
    if (node.state == "WAITING") continue;
    members[node.id] = {node.region, JoinRegion(node.region), node.state != "ENROLLED"};
  }
  {
    std::lock_guard lock(mutex_);
    if (members == members_) return;  // to sign for everybody anew costs everybody
    ++tick_;
    members_ = std::move(members);
  }
  WakeAll();
}

void Hub::Tick() {
  {
    std::lock_guard lock(mutex_);
    ++tick_;
    for (const auto& [node_id, watcher] : watchers_) {
      if (!watcher.expired()) seen_[node_id] = clock_.Now();
    }
  }
  WakeAll();
}

void Hub::CloseAll() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    std::lock_guard lock(mutex_);
    watchers = Watchers();
  }
  for (const auto& watcher : watchers) watcher->Close();
}

TopicHead Hub::HeadOf(const Topic& topic) const {
  const auto found = heads_.find(topic);
  return found != heads_.end() ? found->second : TopicHead{topic, Sequence{0}, TopicSet().DigestAt(topic, Sequence{0})};
}

SharedBytes Hub::Sign(const std::string& key, std::vector<TopicHead> heads) {
  Signed& made = signed_[key];
  if (made.bytes && made.tick == tick_ && made.heads == heads) return made.bytes;
  // Time as nodes hear it never goes back, whatever this machine's clock does.
  last_time_ = std::max(last_time_, clock_.Now());
  const auto window = static_cast<uint32_t>(watchers_.size() / kReconnectsPerSecond);
  const Bytes bytes = EncodeManifest({epoch_, last_time_, window, heads}, keys_.freshness);
  made = {std::move(heads), tick_, std::make_shared<const std::string>(platform::AsText(bytes))};
  return made.bytes;
}

Hub::Manifests Hub::Current(const std::string& node_id) {
  std::lock_guard lock(mutex_);
  const auto member = members_.find(node_id);
  if (member == members_.end()) return {};
  Manifests manifests;
  manifests.own = Sign("node " + node_id, {HeadOf(Topic::Node(node_id))});
  if (member->second.revoked) return manifests;
  std::vector<TopicHead> heads{HeadOf(Topic::Policy()), HeadOf(Topic::Roster()), HeadOf(Topic::Directory()), HeadOf(Topic::Index()),
                               HeadOf(Topic::Rows(kNotices))};
  for (const std::string& code : member->second.region) heads.push_back(HeadOf(Topic::Rows(code)));
  manifests.region = Sign("region " + member->second.region_key, std::move(heads));
  return manifests;
}

bool Hub::MayConnect(const std::string& node_id) {
  std::lock_guard lock(mutex_);
  return members_.contains(node_id);
}

bool Hub::MayFetch(const std::string& node_id, const Topic& topic) {
  std::lock_guard lock(mutex_);
  const auto member = members_.find(node_id);
  if (member == members_.end()) return false;
  if (topic.kind() == Topic::Kind::kNode) return topic == Topic::Node(node_id);
  if (member->second.revoked) return false;
  const std::vector<std::string>& region = member->second.region;
  if (topic.kind() != Topic::Kind::kRows || topic.Partition() == kNotices) return true;
  return std::find(region.begin(), region.end(), topic.Partition()) != region.end();
}

size_t Hub::Connected() {
  std::lock_guard lock(mutex_);
  return Watchers().size();
}

bool Hub::IsConnected(const std::string& node_id) {
  std::lock_guard lock(mutex_);
  const auto [first, last] = watchers_.equal_range(node_id);
  return std::any_of(first, last, [](const auto& watcher) { return !watcher.second.expired(); });
}

std::optional<Instant> Hub::LastSeen(const std::string& node_id) {
  std::lock_guard lock(mutex_);
  const auto found = seen_.find(node_id);
  if (found == seen_.end()) return std::nullopt;
  return found->second;
}

}  // namespace cpis::sync::fleet
