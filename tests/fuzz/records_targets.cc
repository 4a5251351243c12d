// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_ring.h"
#include "edge/trusted_time.h"
#include "sync/england.h"
#include "sync/records.h"
#include "sync/resolve.h"
#include "tests/fuzz/target.h"

namespace cpis::fuzz {
namespace {

using namespace sync;
using platform::FromUnixSeconds;

const Instant kAt = FromUnixSeconds(1'700'000'040);

Flag SomeFlag() {
  Flag flag;
  flag.plans = {{PlanType::kLac, kAt, std::nullopt}, {PlanType::kUcpp, kAt, kAt}};
  for (uint32_t i = 0; i < 5; ++i) flag.accesses.push_back({kAt - std::chrono::hours(i), PersonId{i}});
  return flag;
}

const Registered kFlag("flag", Stable(DecodeFlag, EncodeFlag), [] { return std::vector<Bytes>{EncodeFlag(SomeFlag()), EncodeFlag({})}; });
const Registered kNotice("notice", Stable(DecodeNotice, EncodeNotice), [] { return std::vector<Bytes>{EncodeNotice(Notice::kWithheld)}; });

const Authority kAuthority{"E10000017", "Lancashire County Council", "03001236722", "03001236720"};
const Viewer kViewer{PersonId{7}, "Ms Sam Crew", "R1070", "Paramedic", "RX7", "NWAS"};
const Registered kDirectory(
    "directory entry",
    [](ByteView bytes) {
      const auto entry = DecodeDirectoryEntry(bytes);
      if (!entry.ok()) return;
      const Bytes again = entry->authority ? Encode(*entry->authority) : Encode(*entry->viewer);
      Must(DecodeDirectoryEntry(again).ok(), "what was encoded does not decode");
    },
    [] { return std::vector<Bytes>{Encode(kAuthority), Encode(kViewer)}; });
const Registered kStaff("staff member", Stable(DecodeStaffMember, [](const StaffMember& one) { return Encode(one); }), [] {
  StaffMember member;
  member.id = "555021935107";
  member.name = "Sam";
  member.role_code = "R1070";
  member.pin_record = Bytes(120, 3);
  return std::vector<Bytes>{Encode(member)};
});
const Registered kGrant("grant", Stable(DecodeGrant, [](const Grant& one) { return Encode(one); }), [] {
  Grant grant;
  grant.region = {"E06000007", "E10000017"};
  grant.boxed_roster_key = Bytes(81, 1);
  return std::vector<Bytes>{Encode(grant)};
});
const Registered kSetting("setting", Stable(DecodeSetting, [](const Setting& one) { return Encode(one); }),
                          [] { return std::vector<Bytes>{Encode(Setting{"lease_hours", "72"})}; });
const Registered kAlert("alert", Stable(DecodeAlert, [](const Alert& one) { return Encode(one); }), [] {
  Alert alert;
  alert.id = "0193492e-7c00-7000-8000-000000000001";
  alert.event = "0193492e-7c00-7000-8000-000000000002";
  alert.nhs_number = "9990000018";
  alert.staff = "1";
  alert.incident = "INC-1";
  alert.occurred_at = alert.raised_at = kAt;
  alert.plans = {{kAuthority, {PlanType::kCpp, kAt, std::nullopt}}};
  return std::vector<Bytes>{Encode(alert)};
});
const Registered kPolicy(
    "policy value",
    [](ByteView bytes) {
      const std::string text = TextOf(bytes);
      const size_t equals = text.find('=');
      if (equals == std::string::npos) return;
      Policy policy;
      if (!policy.Set(text.substr(0, equals), text.substr(equals + 1)).ok()) return;
      for (const auto& [key, value] : policy.Settings()) Must(Policy().Set(key, value).ok(), "a policy's own value is refused");
    },
    [] {
      std::vector<Bytes> seeds;
      for (const auto& [key, value] : Policy().Settings()) seeds.push_back(OfText(key + "=" + value));
      return seeds;
    });

ResolveQuery Query() { return {"node-0123456789abcdef", "0193492e-7c00-7000-8000-000000000001", "9990000018", kAt}; }
const Registered kQuery("resolve query", Stable(DecodeResolveQuery, EncodeResolveQuery),
                        [] { return std::vector<Bytes>{EncodeResolveQuery(Query())}; });
const Registered kReply("resolve reply", Stable(DecodeResolveReply, EncodeResolveReply), [] {
  ResolveReply reply{Query().id, kAt, Outcome::kFlagged, std::nullopt, {{kAuthority, SomeFlag()}}, {kViewer}};
  const ResolveReply none{Query().id, kAt, Outcome::kNotFlagged, std::nullopt, {}, {}};
  return std::vector<Bytes>{EncodeResolveReply(reply), EncodeResolveReply(none)};
});

Event SomeEvent() {
  Event event;
  event.id = "0193492e-7c00-7000-8000-000000000001";
  event.nhs_number = "9990000018";
  event.occurred_at = event.recorded_at = kAt;
  event.staff = "555021935107";
  event.incident = "INC-1";
  return event;
}
const Registered kEvent("event", Stable(DecodeEvent, EncodeEvent), [] { return std::vector<Bytes>{EncodeEvent(SomeEvent())}; });

const Registered kMarks("time marks", Stable(edge::DecodeTimeMarks, [](const edge::TimeMarks& one) { return edge::Encode(one); }), [] {
  return std::vector<Bytes>{edge::Encode(edge::TimeMarks{kAt, std::chrono::hours(5), "0f0e0d0c-boot", kAt})};
});

const Registered kRing(
    "key ring",
    [](ByteView bytes) {
      const auto ring = crypto::KeyRing::Decode(bytes);
      if (!ring.ok()) return;
      const auto again = ring->Encode();
      Must(crypto::KeyRing::Decode(again.Reveal()).ok(), "what was encoded does not decode");
    },
    [] {
      crypto::KeyRing ring;
      ring.pepper = crypto::Secret::Random(16);
      ring.hardness = {8 * 1024, 1};
      ring.index_key = crypto::Secret::Random(32);
      ring.england_key = crypto::Secret::Random(32);
      ring.directory_key = crypto::Secret::Random(32);
      ring.epoch_keys["E10000017"] = {crypto::Epoch{1}, crypto::Secret::Random(32)};
      const auto encoded = ring.Encode();
      return std::vector<Bytes>{platform::ToBytes(encoded.Reveal())};
    });

std::vector<England::Bucket> SomeBuckets() {
  std::vector<crypto::EnglandHash> hashes;
  for (uint64_t i = 1; i <= 500; ++i) hashes.push_back(crypto::EnglandHash{i * 0x9E3779B97F4A7C15ull});
  return England(hashes, 18).Buckets();
}
// 8 index │ body
const Registered kBucket(
    "england bucket",
    [](ByteView bytes) {
      if (bytes.size() < 8) return;
      uint64_t index = 0;
      for (size_t i = 0; i < 8; ++i) index = index << 8 | bytes[i];
      const auto england = England::Assemble({{RowIndex{index}, bytes.subspan(8)}});
      if (!england.ok()) return;
      const auto again = england->Buckets();
      Must(again.size() == 1 && platform::ToBytes(bytes.subspan(8)) == again.front().body, "a bucket has two encodings");
    },
    [] {
      std::vector<Bytes> seeds;
      for (const auto& bucket : SomeBuckets()) {
        Bytes seed;
        for (int shift = 56; shift >= 0; shift -= 8) seed.push_back(static_cast<uint8_t>(static_cast<uint64_t>(bucket.index) >> shift));
        seed.insert(seed.end(), bucket.body.begin(), bucket.body.end());
        seeds.push_back(std::move(seed));
        if (seeds.size() == 4) break;
      }
      return seeds;
    });
const Registered kPatch(
    "england patch",
    [](ByteView bytes) {
      England england;
      if (!england.Apply(bytes).ok()) return;
      Must(england.Apply(bytes).ok() && england.size() == 0, "a patch applied twice is not undone");
    },
    [] { return std::vector<Bytes>{England::EncodePatch(18, {1, 77, 5000, 200'000}), England::EncodePatch(32, {1})}; });

}  // namespace
}  // namespace cpis::fuzz
