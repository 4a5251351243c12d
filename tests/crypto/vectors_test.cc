// SPDX-License-Identifier: Apache-2.0
//
// Fixed inputs and the bytes they must give, for ever: what one version sealed, the next must open. Every value here
// was computed by vectors.py beside this file, which shares no code with us: BLAKE2b of Python's hashlib, Argon2id of
// the reference library libargon2, Ed25519 of OpenSSL, and XChaCha20-Poly1305, X25519 and XSalsa20-Poly1305 written out
// from their papers. Spaces in the tables are for the reader.
#include <catch2/catch.hpp>
#include <string>

#include "crypto/key_ring.h"
#include "crypto/passphrase_key_store.h"
#include "crypto/pin.h"
#include "crypto/row.h"
#include "crypto/seal.h"
#include "crypto/tpm_record.h"
#include "tests/scratch.h"

using namespace cpis::crypto;
using cpis::ScratchDirectory;
using cpis::platform::AsBytes;
using cpis::platform::AsText;
using cpis::platform::Hex;

namespace {

Bytes FromHex(std::string text) {
  std::erase(text, ' ');
  auto bytes = cpis::platform::ParseHex(text);
  REQUIRE(bytes.ok());
  return *std::move(bytes);
}

// The key of `size` bytes that count up from `first`.
Secret Counting(uint8_t first, size_t size = 32) {
  Secret key = Secret::Zeroed(size, Residence::kTransient);
  for (uint8_t& byte : key.RevealForWriting()) byte = first++;
  return key;
}

constexpr char kHashOfAbc[] = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
constexpr char kKeyedHashOfAbc[] = "30531c41ec34cdef";  // 8 bytes, key 00…1f

constexpr char kNumberKey[] =  // 9990000018, pepper 00…0f, 8192 KiB, 1 pass
    "b3c1a312dcb9c7a0ecdf672537f97bc8112d3ce60d0ff37961f4f07061c15949";
constexpr char kRowIndex[] = "453c4fc616bb5e79";  // index key 20…3f
constexpr char kEnglandHash[] = "1c81c3dd9da0bd43";  // England key c0…df
// "a flag" in partition E10000017, version 42, epoch 3; epoch key 40…5f
constexpr char kSealedRow[] =
    "01 00000003"                                                        // suite, epoch
    " 9bf05245847356681e957156"                                          // nonce
    " 6beac87c6392c346f548caffe07af93cb4e274d77d499f4b2efe1b67a4956bc3"  // ciphertext
    " d56fa1ddfd4c748a747b02c1f1294aa6";                                 // tag

constexpr char kSigningPublicKey[] =  // seed 60…7f
    "174553b456dddfc6908ecab1c101fe6ab21e2baa0617795b7d43a63482993fd5";
// "a message", content, purpose "cpis.v1.test"
constexpr char kSignedMessage[] =
    "61206d657373616765 01"  // message, role
    " 2e650a487d4f99c6d4961642389070b3469fb17e196bbbcb467852a49aa66032"
    "a4e042b9e3565f9c7e0944e0114b76421f3e24d0054baba063cf1aa32973fb04";

// "a text", key 80…9f, purpose "cpis.v1.test"
constexpr char kSealedText[] =
    "01 a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7"  // suite, nonce
    " 9fbec547a2d945292fa34b154b96b36046e32043713e";

constexpr char kBoxPublicKey[] =  // secret key a0…bf
    "605a725d2a4adfeeb1a29e17edd621c1b7593ee8cdbc44ac6c4ab6e2f805d23c";
constexpr char kBox[] =                                                    // "a text"
    "01 392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c"  // suite, the sender's one-time key
    " a5984665743068fe65b0c3574deb900a6de63c1c7ae9";

// PIN 271828, 64 KiB, 2 passes; ring key 80…9f
constexpr char kPinRecord[] =
    "01 00000040 00000002"                                               // suite, memory, passes
    " 101112131415161718191a1b1c1d1e1f"                                  // salt
    " a4a899030b88b8273e5abe98c7c6133c87d29abf3639e5b346709834a27da12e"  // verifier
    " 01 b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7"               // wrapped ring key: suite, nonce
    " d0bba888c1dac6983780e4749687f6e720f651e687ca8584d3e39ec610c1b00e"  // ciphertext
    " 2849e17b207bcc41f729c632088b2e7e";                                 // tag

// Passphrase "correct horse", 64 KiB, 2 passes
constexpr char kKeyStore[] =
    "01 00000040 00000002"                                  // suite, memory, passes
    " 303132333435363738393a3b3c3d3e3f"                     // salt
    " 01 c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7"  // sealed secret: suite, nonce
    " 447195b94fb2aa98af713bb4418417da7fdc9e1b9bc8d3824dfcfd187e24b6";

constexpr char kKeyRing[] =
    "01 00002000 00000001 000102030405060708090a0b0c0d0e0f"              // suite, memory, passes, pepper
    " 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"  // index key
    " c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"  // England key
    " e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"  // directory key
    " 00000002"                                                          // two partitions
    " 00000009 453038303030303033 00000003"                              // E08000003, up to epoch 3
    " 808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
    " 00000009 453130303030303137 00000003"  // E10000017, the same
    " 404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f";
constexpr char kEarlierEpochKey[] =  // of E08000003, epoch 1
    "9558422e4ee8581cc1c4d4b00cc418c1a3f02bb1bb1567e6c88ae543860116c6";

}  // namespace

TEST_CASE("vector: BLAKE2b") {
  CHECK(Hex(Blake2b32({AsBytes("abc")})) == kHashOfAbc);
  CHECK(Hex(KeyedBlake2b(8, Counting(0).Reveal(), {AsBytes("abc")})) == kKeyedHashOfAbc);
}

TEST_CASE("vector: number key, row index, England hash and sealed row") {
  const auto number_key = NumberKeys(Counting(0, 16), Hardness()).Derive("9990000018");
  REQUIRE(number_key.ok());
  CHECK(Hex((*number_key).Reveal()) == kNumberKey);

  const RowIndex index = IndexOf(Counting(0x20), *number_key);
  CHECK(index == RowIndex{std::stoull(kRowIndex, nullptr, 16)});
  CHECK(EnglandHashOf(Counting(0xc0), *number_key) == EnglandHash{std::stoull(kEnglandHash, nullptr, 16)});

  const RowPlace place{"E10000017", index, 42, Epoch{3}};
  CHECK(Hex(SealRow(Counting(0x40), *number_key, place, AsBytes("a flag"))) == Hex(FromHex(kSealedRow)));
  const auto flag = OpenRow(Counting(0x40), *number_key, place, FromHex(kSealedRow));
  REQUIRE(flag.ok());
  CHECK(AsText((*flag).Reveal()) == "a flag" + std::string(26, '\0'));
}

TEST_CASE("vector: signature") {
  Secret secret = Secret::Zeroed(64, Residence::kTransient);
  std::ranges::copy(Counting(0x60).Reveal(), secret.RevealForWriting().begin());
  std::ranges::copy(FromHex(kSigningPublicKey), secret.RevealForWriting().begin() + 32);
  const auto key = SigningKeyFromSecret(std::move(secret));
  REQUIRE(key.ok());
  CHECK(Hex(Sign(*key, Role::kContent, "cpis.v1.test", AsBytes("a message"))) == Hex(FromHex(kSignedMessage)));
  CHECK(Verify(FromHex(kSigningPublicKey), Role::kContent, "cpis.v1.test", FromHex(kSignedMessage)).ok());
}

TEST_CASE("vector: text sealed with a key") {
  const auto text = OpenWith(Counting(0x80), "cpis.v1.test", FromHex(kSealedText));
  REQUIRE(text.ok());
  CHECK(AsText((*text).Reveal()) == "a text");
}

TEST_CASE("vector: box") {
  const BoxKey key = BoxKeyFromSecret(Counting(0xa0));
  CHECK(Hex(key.public_key) == kBoxPublicKey);
  const auto text = OpenBox(key, FromHex(kBox));
  REQUIRE(text.ok());
  CHECK(AsText((*text).Reveal()) == "a text");
}

TEST_CASE("vector: PIN record") {
  const auto ring_key = OpenPinRecord(FromHex(kPinRecord), "271828");
  REQUIRE(ring_key.ok());
  CHECK(ConstantTimeEqual((*ring_key).Reveal(), Counting(0x80).Reveal()));
}

TEST_CASE("vector: passphrase key store") {
  const ScratchDirectory directory;
  directory.Write("key-store", AsText(FromHex(kKeyStore)));
  const auto store =
      NewPassphraseKeyStore({directory.path() / "key-store", directory.Write("passphrase", "correct horse\n")});
  const auto secret = store->Unseal();
  REQUIRE(secret.ok());
  CHECK(AsText(*secret) == "a device secret");
}

TEST_CASE("vector: TPM key store") {
  constexpr char kRecord[] =  // written out by hand from the table in tpm_record.h
      "01 01800102"
      " 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
      " 404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
      " 0000000000000007 00000090 03 000baa 02 beef 04 01020304 05 0506070809";
  const auto record = DecodeTpmRecord(FromHex(kRecord));
  REQUIRE(record.ok());
  CHECK(record->condition.counter.index == 0x01800102);
  CHECK(Hex(record->condition.counter.tag) == Hex(Counting(0x20).Reveal()));
  CHECK(record->tally.index == 0x01800103);
  CHECK(Hex(record->tally.tag) == Hex(Counting(0x40).Reveal()));
  CHECK(record->condition.value == 7);
  CHECK(record->condition.pcrs == (1U << 7 | 1U << 4));
  CHECK(Hex(record->parent_name) == "000baa");
  CHECK(Hex(record->condition.pcr_digest) == "beef");
  CHECK(Hex(record->object.public_area) == "01020304");
  CHECK(Hex(record->object.private_area) == "0506070809");
  CHECK(Hex(EncodeTpmRecord(*record)) == Hex(FromHex(kRecord)));
}

TEST_CASE("vector: key ring") {
  const auto ring = KeyRing::Decode(FromHex(kKeyRing));
  REQUIRE(ring.ok());
  CHECK((*ring).hardness.memory_kib == 8192);
  CHECK((*ring).hardness.passes == 1);
  CHECK(ConstantTimeEqual((*ring).pepper.Reveal(), Counting(0, 16).Reveal()));
  CHECK(ConstantTimeEqual((*ring).index_key.Reveal(), Counting(0x20).Reveal()));
  CHECK(ConstantTimeEqual((*ring).england_key.Reveal(), Counting(0xc0).Reveal()));
  CHECK(ConstantTimeEqual((*ring).directory_key.Reveal(), Counting(0xe0).Reveal()));
  CHECK(Hex((*ring).EpochKey("E08000003", Epoch{1})->Reveal()) == kEarlierEpochKey);
  CHECK(ConstantTimeEqual((*ring).EpochKey("E08000003", Epoch{3})->Reveal(), Counting(0x80).Reveal()));
  CHECK(ConstantTimeEqual((*ring).EpochKey("E10000017", Epoch{3})->Reveal(), Counting(0x40).Reveal()));
  CHECK(Hex((*ring).Encode().Reveal()) == Hex(FromHex(kKeyRing)));
}

TEST_CASE("vector: codes that people type") {
  CHECK(cpis::platform::Crockford32(FromHex("00ff10a5c3")) == "03ZH19E3");
  CHECK(cpis::platform::Crockford32(Counting(0, 16).Reveal()) == "000G40R40M30E209185GR38E1W");
}
