// SPDX-License-Identifier: Apache-2.0
#include "crypto/pin.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/seal.h"
#include "crypto/suite.h"

namespace cpis::crypto {
namespace {

using platform::AsBytes;
using platform::Corrupt;
using platform::Denied;

constexpr std::string_view kPurpose = "cpis.v1.pin";
constexpr size_t kMinDigits = 4;
constexpr size_t kMaxDigits = 12;
constexpr size_t kVerifierBytes = 32;
constexpr size_t kPinKeyBytes = 32;

struct Stretched {
  Digest verifier;
  Secret pin_key;
};

Result<Stretched> Stretch(std::string_view pin, ByteView salt, Hardness hardness) {
  CPIS_ASSIGN(const Secret both, Argon2id(kVerifierBytes + kPinKeyBytes, AsBytes(pin), salt, hardness));
  return Stretched{Blake2b32({both.Reveal().first(kVerifierBytes)}),
                   Secret::Copy(both.Reveal().last(kPinKeyBytes), Residence::kTransient)};
}

}  // namespace

Status CheckPinForm(std::string_view pin) {
  const bool digits = std::ranges::all_of(pin, [](char c) { return c >= '0' && c <= '9'; });
  if (digits && pin.size() >= kMinDigits && pin.size() <= kMaxDigits) return Status::Ok();
  return platform::Invalid("a PIN is 4 to 12 digits");
}

Result<Bytes> MakePinRecord(std::string_view pin, const Secret& ring_key, Hardness hardness) {
  CPIS_TRY(CheckPinForm(pin));
  const Bytes salt = RandomBytes(kArgon2SaltBytes);
  CPIS_ASSIGN(const Stretched stretched, Stretch(pin, salt, hardness));
  platform::ByteWriter out;
  out.U8(kSuite);
  out.U32(hardness.memory_kib);
  out.U32(hardness.passes);
  out.Raw(salt);
  out.Raw(stretched.verifier);
  out.Raw(SealWith(stretched.pin_key, kPurpose, ring_key.Reveal()));
  return std::move(out).Take();
}

Result<Secret> OpenPinRecord(ByteView record, std::string_view pin) {
  platform::ByteReader in(record);
  const uint8_t suite = in.U8();
  Hardness hardness;
  hardness.memory_kib = in.U32();
  hardness.passes = in.U32();
  const ByteView salt = in.Raw(kArgon2SaltBytes);
  const ByteView verifier = in.Raw(kVerifierBytes);
  const ByteView wrapped = in.Raw(in.remaining());
  if (!in.ok() || suite != kSuite || !InBounds(hardness)) return Corrupt("not a PIN record");
  if (!CheckPinForm(pin).ok()) return Denied("wrong PIN");

  CPIS_ASSIGN(const Stretched stretched, Stretch(pin, salt, hardness));
  if (!ConstantTimeEqual(stretched.verifier, verifier)) return Denied("wrong PIN");
  CPIS_ASSIGN(const Secret ring_key, OpenWith(stretched.pin_key, kPurpose, wrapped));
  return ring_key.Clone();
}

}  // namespace cpis::crypto
