// SPDX-License-Identifier: Apache-2.0
//
// Where the device secret rests. The interface fits a TPM 2.0 object, a systemd credential, a passphrase file and, for
// development, a plain file: each keeps one small secret and can forget it.
#pragma once

#include <memory>
#include <string_view>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::platform {

class KeyStore {
 public:
  virtual ~KeyStore() = default;

  virtual std::string_view Kind() const = 0;       // "plain", "passphrase-file", "tpm2", "systemd-creds"
  virtual bool HardwareBound() const = 0;          // false: a copy of the disk is a copy of the secret

  // What that is worth, for the person who asks doctor: one clause, without a full stop.
  virtual std::string_view Worth() const {
    return HardwareBound() ? "the disk alone opens nothing" : "NOT HARDWARE BOUND: a copy of this disk is a copy of its secrets";
  }

  // Keeps `secret` (at most 64 bytes) durably, replacing what was kept; cut short by a power cut, it keeps the one or the other.
  virtual Status Seal(ByteView secret) = 0;
  // kNotFound when nothing was sealed; kDenied when the store will not open it (wrong passphrase, wrong machine).
  virtual Result<Bytes> Unseal() = 0;
  // Makes what was sealed unrecoverable, as far as the store can.
  virtual Status Forget() = 0;

  // A count that only grows, and that putting back a copy of the disk does not take back: what must not be tried anew is
  // counted in it too. kNotFound where the store has none.
  virtual Result<uint64_t> Tally() { return NotFound("this key store counts nothing"); }
  virtual Result<uint64_t> AddToTally() { return NotFound("this key store counts nothing"); }  // durable; the new count
};

}  // namespace cpis::platform
