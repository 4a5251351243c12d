// SPDX-License-Identifier: Apache-2.0
//
// The manifest that answers are as of. On disk it lies as it came, with a seal of this node's own beside it: when the freshness
// key is replaced, the answers of a vehicle without a link must not end with it.
//
//   meta "manifest.region.seal" = BLAKE2b-32(key = the replica's seal key, "cpis.v1.adopted" │ signed manifest)
#include "edge/replica.h"

namespace cpis::edge {
namespace {

using platform::Invalid;

Status WriteMeta(ReplicaFile& file, std::string_view key, ByteView value) {
  CPIS_ASSIGN(auto transaction, file.Begin());
  CPIS_TRY(file.SetMeta(key, value));
  return transaction.Commit();
}

}  // namespace

Bytes Replica::SealOf(ByteView signed_manifest) const {
  return crypto::KeyedBlake2b(32, options_.seal_key.Reveal(), {platform::AsBytes("cpis.v1.adopted"), signed_manifest});
}

Result<std::optional<sync::Manifest>> Replica::ReadManifest(Bytes* bytes) {
  CPIS_ASSIGN(auto kept, file_->Meta(kRegionManifest));
  if (!kept) return std::optional<sync::Manifest>();
  auto decoded = sync::DecodeManifest(*kept, options_.freshness_public_key);
  if (!decoded.ok()) {
    CPIS_ASSIGN(const auto seal, file_->Meta(kRegionManifestSeal));
    const bool ours = seal && crypto::ConstantTimeEqual(*seal, SealOf(*kept));
    if (ours) decoded = sync::DecodeVerifiedManifest(*kept);
  }
  if (!decoded.ok()) return std::optional<sync::Manifest>();  // as if none was heard yet
  *bytes = *std::move(kept);
  return std::optional<sync::Manifest>(*std::move(decoded));
}

Replica::Adopted Replica::AdoptedManifest() const {
  const std::lock_guard memory(memory_mutex_);
  if (!manifest_) return {};
  return {manifest_->epoch, manifest_bytes_};
}

Status Replica::WriteAdopted(ReplicaFile& file, ByteView signed_bytes, const std::vector<TopicRecord>& moved) {
  CPIS_ASSIGN(auto transaction, file.Begin());
  CPIS_TRY(file.SetMeta(kRegionManifest, signed_bytes));
  CPIS_TRY(file.SetMeta(kRegionManifestSeal, SealOf(signed_bytes)));
  for (const TopicRecord& record : moved) CPIS_TRY(file.Save(record));
  return transaction.Commit();
}

// A manifest older than the one kept changes nothing: what it promises is held, and so is what the newer one promised.
Status Replica::AdoptManifest(const sync::Manifest& manifest, ByteView signed_bytes) {
  AwaitRows();
  const std::lock_guard write(write_mutex_);
  CPIS_ASSIGN(ReplicaFile * file, Writable());
  bool of_node = !manifest.heads.empty();
  std::vector<TopicRecord> moved;
  for (const sync::TopicHead& head : manifest.heads) {
    of_node = of_node && head.topic.kind() == sync::Topic::Kind::kNode;
    const auto held = held_.find(head.topic.text());
    if (held == held_.end()) continue;
    TopicRecord record = held->second.record;
    if (!Fulfils(record, head, manifest.epoch)) {
      return Invalid("replica: the manifest promises " + head.topic.text() + "@" +
                     std::to_string(static_cast<uint64_t>(head.sequence)) + ", held is @" +
                     std::to_string(static_cast<uint64_t>(record.sequence)));
    }
    if (record.epoch >= manifest.epoch || held->second.damaged) continue;
    record.epoch = manifest.epoch;
    moved.push_back(std::move(record));
  }
  const bool older =
      manifest_ && (manifest.epoch < manifest_->epoch ||
                    (manifest.epoch == manifest_->epoch && manifest.server_time < manifest_->server_time));
  if (of_node) return Settle(WriteMeta(*file, kNodeManifest, signed_bytes));
  if (older) return Status::Ok();
  CPIS_TRY(Settle(WriteAdopted(*file, signed_bytes, moved)));
  const std::lock_guard memory(memory_mutex_);
  manifest_ = manifest;
  manifest_bytes_ = platform::ToBytes(signed_bytes);
  for (const TopicRecord& record : moved) held_.at(record.topic.text()).record.epoch = record.epoch;
  return Status::Ok();
}

}  // namespace cpis::edge
