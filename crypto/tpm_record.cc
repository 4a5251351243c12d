// SPDX-License-Identifier: Apache-2.0
#include "crypto/tpm_record.h"

namespace cpis::crypto {
namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kMaxDigestBytes = 32;
constexpr size_t kMaxNameBytes = 66;  // a hash's number and the longest hash

}  // namespace

Bytes EncodeTpmRecord(const TpmRecord& record) {
  platform::ByteWriter out;
  out.U8(kFormat);
  out.U32(record.condition.counter.index);
  out.Raw(record.condition.counter.tag);
  out.Raw(record.tally.tag);
  out.U64(record.condition.value);
  out.U32(record.condition.pcrs);
  out.Sized(record.parent_name);
  out.Sized(record.condition.pcr_digest);
  out.Sized(record.object.public_area);
  out.Sized(record.object.private_area);
  return std::move(out).Take();
}

Result<TpmRecord> DecodeTpmRecord(ByteView bytes) {
  platform::ByteReader in(bytes);
  const uint8_t format = in.U8();
  TpmRecord record;
  record.condition.counter.index = in.U32();
  record.condition.counter.tag = platform::ToBytes(in.Raw(kTpmTagBytes));
  record.tally = {record.condition.counter.index + 1, platform::ToBytes(in.Raw(kTpmTagBytes))};
  record.condition.value = in.U64();
  record.condition.pcrs = in.U32();
  record.parent_name = platform::ToBytes(in.Sized());
  record.condition.pcr_digest = platform::ToBytes(in.Sized());
  record.object.public_area = platform::ToBytes(in.Sized());
  record.object.private_area = platform::ToBytes(in.Sized());
  const bool placed = record.condition.counter.index >= kFirstTpmIndex && record.condition.counter.index < kLastTpmIndex;
  const bool sized = record.condition.pcr_digest.size() <= kMaxDigestBytes && record.parent_name.size() <= kMaxNameBytes;
  if (!in.AtEnd() || format != kFormat || !placed || !sized || record.condition.pcrs >> kTpmPcrs != 0) {
    return platform::Corrupt("not a TPM key store");
  }
  return record;
}

}  // namespace cpis::crypto
