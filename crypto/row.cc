// SPDX-License-Identifier: Apache-2.0
//
// Opening a row is on the way to every answer: it works in stack memory that is wiped, and allocates twice (aad,
// result).
#include "crypto/row.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "crypto/hash.h"
#include "crypto/suite.h"

namespace cpis::crypto {
namespace {

using platform::AsBytes;
using platform::Corrupt;

constexpr size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t kNonceAt = 5;
constexpr size_t kNonceBytes = 12;  // as stored
constexpr size_t kHead = kNonceAt + kNonceBytes;
constexpr size_t kPadTo = 32;
constexpr size_t kPepperBytes = 16;

// 24 bytes as the cipher wants them.
using Nonce = std::array<uint8_t, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES>;

template <typename T>
std::array<uint8_t, sizeof(T)> BigEndian(T value) {
  std::array<uint8_t, sizeof(T)> bytes;
  for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
  return bytes;
}

uint32_t Number(Epoch epoch) { return static_cast<uint32_t>(epoch); }

// BLAKE2b-8 of the number key, read big-endian.
uint64_t KeyedHash(const Secret& key, const Secret& number_key) {
  std::array<uint8_t, 8> hash;
  Blake2bInto(hash, key.Reveal(), {number_key.Reveal()});
  return platform::ByteReader(hash).U64();
}

class RowKey {
 public:
  RowKey(const Secret& partition_epoch_key, const Secret& number_key, Epoch epoch) {
    std::array<uint8_t, kKeyBytes> both;  // needs the epoch key and the number
    Blake2bInto(both, partition_epoch_key.Reveal(), {number_key.Reveal()});
    Blake2bInto(key_, both, {BigEndian(Number(epoch))});
    Wipe(both);
  }
  ~RowKey() { Wipe(key_); }
  RowKey(const RowKey&) = delete;
  RowKey& operator=(const RowKey&) = delete;

  ByteView Reveal() const { return key_; }

 private:
  std::array<uint8_t, kKeyBytes> key_;
};

// suite 1 │ partition │ index 8 │ version 8 │ epoch 4: only the partition varies in length, so no two places collide.
Bytes AssociatedData(const RowPlace& place) {
  Bytes aad;
  aad.reserve(1 + place.partition.size() + 8 + 8 + 4);
  const auto append = [&aad](ByteView part) { aad.insert(aad.end(), part.begin(), part.end()); };
  aad.push_back(kSuite);
  append(AsBytes(place.partition));
  append(BigEndian(static_cast<uint64_t>(place.index)));
  append(BigEndian(place.version));
  append(BigEndian(Number(place.epoch)));
  return aad;
}

Secret Padded(ByteView flag) {
  const size_t size = std::max(kPadTo, (flag.size() + kPadTo - 1) / kPadTo * kPadTo);
  Secret padded = Secret::Zeroed(size, Residence::kTransient);
  std::copy(flag.begin(), flag.end(), padded.RevealForWriting().begin());
  return padded;
}

bool HasRowForm(ByteView sealed) {
  return sealed.size() >= kHead + kPadTo + kTagBytes && sealed[0] == kSuite &&
         (sealed.size() - kHead - kTagBytes) % kPadTo == 0;
}

Epoch StoredEpoch(ByteView sealed) { return Epoch{platform::ByteReader(sealed.subspan(1, 4)).U32()}; }

}  // namespace

NumberKeys::NumberKeys(Secret pepper, Hardness hardness) : pepper_(std::move(pepper)), hardness_(hardness) {
  if (pepper_.size() != kPepperBytes) std::abort();
}

Result<Secret> NumberKeys::Derive(std::string_view nhs_number) const {
  return Argon2id(32, AsBytes(nhs_number), pepper_.Reveal(), hardness_);
}

RowIndex IndexOf(const Secret& index_key, const Secret& number_key) {
  return RowIndex{KeyedHash(index_key, number_key)};
}

EnglandHash EnglandHashOf(const Secret& england_key, const Secret& number_key) {
  return EnglandHash{KeyedHash(england_key, number_key)};
}

Bytes SealRow(const Secret& partition_epoch_key, const Secret& number_key, const RowPlace& place, ByteView flag) {
  const RowKey key(partition_epoch_key, number_key, place.epoch);
  const Bytes aad = AssociatedData(place);
  const Secret padded = Padded(flag);

  Nonce nonce{};
  const auto aad_size = BigEndian(static_cast<uint32_t>(aad.size()));
  Blake2bInto(std::span(nonce).first<kNonceBytes>(), key.Reveal(), {aad_size, aad, padded.Reveal()});

  Bytes out(kHead + padded.size() + kTagBytes);
  out[0] = kSuite;
  std::ranges::copy(BigEndian(Number(place.epoch)), &out[1]);
  std::copy_n(nonce.begin(), kNonceBytes, &out[kNonceAt]);
  crypto_aead_xchacha20poly1305_ietf_encrypt(&out[kHead], nullptr, padded.Reveal().data(), padded.size(), aad.data(),
                                             aad.size(), nullptr, nonce.data(), key.Reveal().data());
  return out;
}

Result<Secret> OpenRow(const Secret& partition_epoch_key, const Secret& number_key, const RowPlace& place,
                       ByteView sealed) {
  if (!HasRowForm(sealed)) return Corrupt("not a sealed row");
  if (StoredEpoch(sealed) != place.epoch) return Corrupt("a sealed row of another epoch");
  const RowKey key(partition_epoch_key, number_key, place.epoch);
  const Bytes aad = AssociatedData(place);
  Nonce nonce{};
  std::copy_n(&sealed[kNonceAt], kNonceBytes, nonce.begin());

  const ByteView body = sealed.subspan(kHead);
  Secret flag = Secret::Zeroed(body.size() - kTagBytes, Residence::kTransient);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(flag.RevealForWriting().data(), nullptr, nullptr, body.data(),
                                                 body.size(), aad.data(), aad.size(), nonce.data(),
                                                 key.Reveal().data()) != 0) {
    return Corrupt("a sealed row does not open at its place");
  }
  return flag;
}

Result<Epoch> EpochOfRow(ByteView sealed) {
  if (!HasRowForm(sealed)) return Corrupt("not a sealed row");
  return StoredEpoch(sealed);
}

}  // namespace cpis::crypto
