// SPDX-License-Identifier: Apache-2.0
//
// A PIN as the roster carries it: enough to check it off line, and to open the ring key, never enough to read it back.
//
//   Argon2id(pin, salt, 64 bytes) → first half: hashed into the verifier; second half: the PIN key, which wraps the
//   ring key.
//
//   0 suite 1 │ 1 memory KiB 4 │ 5 passes 4 │ 9 salt 16 │ 25 verifier 32 │ 57 wrapped ring key (SealWith)
#pragma once

#include "crypto/row.h"
#include "crypto/secret.h"

namespace cpis::crypto {

constexpr Hardness kPinHardness{32 * 1024, 2};  // about 40 ms on the target: a crew does not feel it

// PINs are 4 to 12 ASCII digits. kInvalid does not quote the PIN.
Status CheckPinForm(std::string_view pin);

Result<Bytes> MakePinRecord(std::string_view pin, const Secret& ring_key, Hardness hardness = kPinHardness);
// The ring key. kDenied: wrong PIN; kCorrupt: not a PIN record.
Result<Secret> OpenPinRecord(ByteView record, std::string_view pin);

}  // namespace cpis::crypto
