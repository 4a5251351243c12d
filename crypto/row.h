// SPDX-License-Identifier: Apache-2.0
//
// How one flag is hidden: the number key, the row index, the England hash and the sealed row (DESIGN §6).
//
//   number key S = Argon2id(nhs_number, salt = fleet pepper)
//   row index    = BLAKE2b-8(key = index key, S)                       same in every partition
//   England hash = BLAKE2b-8(key = England key, S), read big-endian    its first bits are the prefix in sync/england.h
//   row key      = BLAKE2b-32(key = BLAKE2b-32(key = partition epoch key, S), epoch)
//   sealed row   = XChaCha20-Poly1305(pad(flag)), aad = suite|partition|index|version|epoch
//
//   0 suite 1 │ 1 epoch 4 │ 5 nonce 12 │ 17 ciphertext (a multiple of 32) │ tag 16
//
// The nonce is synthetic, so no lost state can repeat one for another plaintext: BLAKE2b-12(key = row key, aad size 4 │
// aad │ padded flag), extended to 24 bytes with zeros. Padding is zeros up to the next 32 bytes; an empty flag fills 32
// too.
#pragma once

#include <cstdint>
#include <string_view>

#include "crypto/argon2.h"
#include "crypto/secret.h"

namespace cpis::crypto {

enum class RowIndex : uint64_t {};
enum class EnglandHash : uint64_t {};
enum class Epoch : uint32_t {};

// Derives number keys. Holds 8 MiB only while deriving. Thread-safe.
class NumberKeys {
 public:
  NumberKeys(Secret pepper, Hardness hardness);              // pepper: 16 bytes
  Result<Secret> Derive(std::string_view nhs_number) const;  // 32 bytes; kExhausted when there is no memory

 private:
  Secret pepper_;
  Hardness hardness_;
};

RowIndex IndexOf(const Secret& index_key, const Secret& number_key);
EnglandHash EnglandHashOf(const Secret& england_key, const Secret& number_key);

struct RowPlace {
  std::string_view partition;
  RowIndex index;
  uint64_t version;  // the sequence of the change that wrote the row
  Epoch epoch;
};

Bytes SealRow(const Secret& partition_epoch_key, const Secret& number_key, const RowPlace& place, ByteView flag);
// The flag with its padding; transient. kCorrupt when the bytes were not sealed for exactly this place with these keys.
Result<Secret> OpenRow(const Secret& partition_epoch_key, const Secret& number_key, const RowPlace& place,
                       ByteView sealed);
// The epoch that a sealed row names. kCorrupt on foreign bytes.
Result<Epoch> EpochOfRow(ByteView sealed);

}  // namespace cpis::crypto
