// SPDX-License-Identifier: Apache-2.0
//
// What the TPM key store writes beside the TPM: nothing in it is secret, and nothing in it opens anything without that TPM.
//
//   0 format 1 │ 1 counter's index 4 │ 5 counter's tag 32 │ 37 tally's tag 32 (its index is the next) │ 69 counter's value 8 │
//   77 PCRs 4 │ then varint-sized: parent's name, PCR digest, public area, private area (both empty: reserved, nothing sealed)
#pragma once

#include "crypto/tpm.h"

namespace cpis::crypto {

struct TpmRecord {
  TpmCondition condition;
  TpmCounter tally;
  Bytes parent_name;
  TpmObject object;

  bool Holds() const { return !object.private_area.empty(); }
};

inline constexpr uint64_t kMaxTpmRecordBytes = 8192;

Bytes EncodeTpmRecord(const TpmRecord& record);
Result<TpmRecord> DecodeTpmRecord(ByteView bytes);  // kCorrupt

}  // namespace cpis::crypto
