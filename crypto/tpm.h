// SPDX-License-Identifier: Apache-2.0
//
// A TPM 2.0 as a key store needs it: it seals a small secret to the value of a counter and to measurements of the machine.
//
// Nothing here counts against the TPM's dictionary-attack lock-out (noDA everywhere), so a vehicle whose power is cut daily
// does not lock itself out. Every command runs in a session salted to the parent key: what the TPM says back is authenticated,
// and secrets cross the bus encrypted. The parent is made anew from the owner seed each time, so it takes no place in the TPM.
#pragma once

#include <memory>
#include <string>

#include "crypto/secret.h"

namespace cpis::crypto {

// An NV counter. `tag` is 32 random bytes that tell ours from a stranger's at the same index.
struct TpmCounter {
  uint32_t index = 0;  // kFirstTpmIndex to kLastTpmIndex
  Bytes tag;
};
inline constexpr uint32_t kFirstTpmIndex = 0x01800000;  // the range that the TCG leaves to the owner
inline constexpr uint32_t kLastTpmIndex = 0x01BFFFFF;
inline constexpr size_t kTpmTagBytes = 32;
inline constexpr int kTpmPcrs = 24;

// When a sealed object opens.
struct TpmCondition {
  TpmCounter counter;      // defined, and counted at least once
  uint64_t value = 0;      // what the counter must stand at
  uint32_t pcrs = 0;       // bit n: PCR n of the SHA-256 bank takes part
  Bytes pcr_digest;        // what they must hold, as PcrDigest gave it; empty when none takes part
};

struct TpmObject {
  Bytes public_area;
  Bytes private_area;  // encrypted by the TPM
};

// One conversation; not thread-safe. Keep it short: a TPM without a resource manager has one user at a time.
//
// Codes: kUnavailable when the TPM does not answer, kExhausted when it has no room, kDenied when it refuses (a condition, an
// owner password), kInternal with the TPM's own code for the rest.
class Tpm {
 public:
  // `tcti`: how to reach it, as in "device:/dev/tpmrm0" or "swtpm:host=127.0.0.1,port=2321". kInvalid when there is none, or
  // when the TPM library is not installed.
  static Result<std::unique_ptr<Tpm>> Open(const std::string& tcti);
  virtual ~Tpm() = default;

  // Names the parent key, and so this TPM with this owner: the same until the TPM is cleared. 34 bytes.
  virtual Bytes ParentName() const = 0;

  virtual Status Define(const TpmCounter& counter) = 0;             // kDenied when the index is taken by another
  virtual Result<uint64_t> Increment(const TpmCounter& counter) = 0;  // the new count; the first is above any before it here
  virtual Result<uint64_t> Read(const TpmCounter& counter) = 0;     // kNotFound when there is none of that tag, or uncounted
  virtual Status Undefine(const TpmCounter& counter) = 0;           // not an error when there is none of that tag

  virtual Result<Bytes> PcrDigest(uint32_t pcrs) = 0;
  virtual Result<TpmObject> Seal(ByteView secret, const TpmCondition& condition) = 0;  // at most 64 bytes
  // kDenied says which condition failed, or that another TPM made the object.
  virtual Result<Secret> Unseal(const TpmObject& object, const TpmCondition& condition) = 0;
};

}  // namespace cpis::crypto
