// SPDX-License-Identifier: Apache-2.0
#include "sync/manifest.h"

#include <algorithm>

#include "sync/wire.h"

namespace cpis::sync {
namespace {

using platform::ByteWriter;
using platform::Corrupt;

constexpr std::string_view kManifestPurpose = "cpis.v1.manifest";
constexpr std::string_view kKeysPurpose = "cpis.v1.keys";
constexpr size_t kLeastHeadBytes = 1 + 6 + 8 + 32;  // the shortest topics have 6 letters
constexpr size_t kPublicKeyBytes = 32;

Status NotAManifest() { return Corrupt("manifest: not in the form of this version"); }

bool ByTopic(const TopicHead& a, const TopicHead& b) { return a.topic < b.topic; }

Status ReadHead(WireReader& in, std::vector<TopicHead>& heads) {
  auto topic = Topic::Parse(platform::AsText(in.Sized()));
  if (!topic.ok()) return NotAManifest();
  TopicHead head{*std::move(topic), Sequence{in.U64()}, {}};
  const auto digest = in.Raw(head.digest.size());
  std::copy(digest.begin(), digest.end(), head.digest.begin());
  in.Require(heads.empty() || ByTopic(heads.back(), head));
  heads.push_back(std::move(head));
  return Status::Ok();
}

}  // namespace

const TopicHead* Manifest::Find(const Topic& topic) const {
  const auto at = std::find_if(heads.begin(), heads.end(), [&](const auto& head) { return head.topic == topic; });
  return at == heads.end() ? nullptr : &*at;
}

Bytes EncodeManifest(const Manifest& manifest, const crypto::SigningKey& freshness) {
  auto heads = manifest.heads;
  std::sort(heads.begin(), heads.end(), ByTopic);

  ByteWriter out;
  out.U8(kSuite);
  out.U32(static_cast<uint32_t>(manifest.epoch));
  WriteMillis(out, manifest.server_time);
  out.U32(manifest.reconnect_window_seconds);
  out.Varint(heads.size());
  for (const auto& head : heads) {
    out.Sized(head.topic.text());
    out.U64(static_cast<uint64_t>(head.sequence));
    out.Raw(head.digest);
  }
  return crypto::Sign(freshness, crypto::Role::kFreshness, kManifestPurpose, out.bytes());
}

Result<Manifest> DecodeManifest(ByteView bytes, ByteView freshness_public_key) {
  CPIS_TRY(crypto::Verify(freshness_public_key, crypto::Role::kFreshness, kManifestPurpose, bytes).status());
  return DecodeVerifiedManifest(bytes);
}

Result<Manifest> DecodeVerifiedManifest(ByteView bytes) {
  if (bytes.size() < crypto::kSignatureOverhead) return NotAManifest();
  WireReader in(bytes.first(bytes.size() - crypto::kSignatureOverhead));
  Manifest manifest;
  in.Expect(kSuite);
  manifest.epoch = Epoch{in.U32()};
  manifest.server_time = in.Millis();
  manifest.reconnect_window_seconds = in.U32();
  const auto count = in.Count(kLeastHeadBytes);
  manifest.heads.reserve(count);
  for (size_t i = 0; i < count && in.ok(); ++i) CPIS_TRY(ReadHead(in, manifest.heads));
  if (!in.AtEnd()) return NotAManifest();
  return manifest;
}

ByteView KeySet::Of(crypto::Role role) const {
  switch (role) {
    case crypto::Role::kContent:
      return content;
    case crypto::Role::kFreshness:
      return freshness;
    case crypto::Role::kPolicy:
      return policy;
    case crypto::Role::kRoot:
    case crypto::Role::kNode:
      return {};
  }
  return {};
}

Bytes EncodeKeySet(const KeySet& keys, const crypto::SigningKey& root) {
  ByteWriter out;
  out.U8(kSuite);
  out.U32(keys.version);
  for (const auto* key : {&keys.content, &keys.freshness, &keys.policy, &keys.fleet_box, &keys.root}) {
    if (key->size() != kPublicKeyBytes) std::abort();  // a key set that nobody could read would lock every node out
    out.Raw(*key);
  }
  return crypto::Sign(root, crypto::Role::kRoot, kKeysPurpose, out.bytes());
}

Result<KeySet> DecodeKeySet(ByteView bytes, ByteView root_public_key) {
  CPIS_ASSIGN(const auto message, crypto::Verify(root_public_key, crypto::Role::kRoot, kKeysPurpose, bytes));
  WireReader in(message);
  KeySet keys;
  in.Expect(kSuite);
  keys.version = in.U32();
  for (auto* key : {&keys.content, &keys.freshness, &keys.policy, &keys.fleet_box, &keys.root}) {
    *key = platform::ToBytes(in.Raw(kPublicKeyBytes));
  }
  if (!in.AtEnd()) return Corrupt("key set: not in the form of this version");
  return keys;
}

Result<KeySet> DecodeNextKeySet(ByteView bytes, const KeySet& held) {
  CPIS_ASSIGN(KeySet next, DecodeKeySet(bytes, held.root));
  if (held.version == UINT32_MAX || next.version != held.version + 1) {
    return platform::Denied("key set " + std::to_string(next.version) + " does not follow key set " + std::to_string(held.version));
  }
  return next;
}

bool IsKeySet(ByteView bytes) {
  return bytes.size() >= crypto::kSignatureOverhead &&
         bytes[bytes.size() - crypto::kSignatureOverhead] == static_cast<uint8_t>(crypto::Role::kRoot);
}

}  // namespace cpis::sync
