// SPDX-License-Identifier: Apache-2.0
#include "platform/bytes.h"

#include <array>

namespace cpis::platform {
namespace {

// What fails to parse here may be a key or a one-time code, so the messages say where, never what.
Status ForeignCharacter(std::string_view form, size_t position) {
  return Invalid("not " + std::string(form) + ": foreign character at position " + std::to_string(position));
}

// 2^bits characters, each standing for its index.
class Alphabet {
 public:
  constexpr Alphabet(std::string_view characters, int bits) : characters_(characters), bits_(bits), values_{} {
    values_.fill(-1);
    for (size_t i = 0; i < characters.size(); ++i)
      values_[static_cast<uint8_t>(characters[i])] = static_cast<int8_t>(i);
  }

  constexpr void Alias(char character, int value) {
    values_[static_cast<uint8_t>(character)] = static_cast<int8_t>(value);
  }

  constexpr int ValueOf(char character) const { return values_[static_cast<uint8_t>(character)]; }

  std::string Encode(ByteView bytes) const {
    std::string text;
    text.reserve((bytes.size() * 8 + bits_ - 1) / bits_);
    uint32_t pending = 0;
    int count = 0;
    for (uint8_t byte : bytes) {
      pending = pending << 8 | byte;
      for (count += 8; count >= bits_; count -= bits_) text.push_back(At(pending >> (count - bits_)));
    }
    if (count > 0) text.push_back(At(pending << (bits_ - count)));
    return text;
  }

  // Refuses what Encode would not have written, except for aliases and characters of `skipped`.
  Result<Bytes> Decode(std::string_view text, std::string_view form, std::string_view skipped) const {
    Bytes bytes;
    bytes.reserve(text.size() * bits_ / 8);
    uint32_t pending = 0;
    int count = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (skipped.find(text[i]) != std::string_view::npos) continue;
      const int value = ValueOf(text[i]);
      if (value < 0) return ForeignCharacter(form, i);
      pending = pending << bits_ | static_cast<uint32_t>(value);
      count += bits_;
      if (count >= 8) {
        count -= 8;
        bytes.push_back(static_cast<uint8_t>(pending >> count));
      }
    }
    const bool whole = count < bits_ && (pending & ((1u << count) - 1)) == 0;
    if (!whole) return Invalid("not " + std::string(form) + ": a character is missing or one too many");
    return bytes;
  }

 private:
  char At(uint32_t value) const { return characters_[value & ((1u << bits_) - 1)]; }

  std::string_view characters_;
  int bits_;
  std::array<int8_t, 256> values_;
};

constexpr Alphabet MakeHex() {
  Alphabet alphabet("0123456789abcdef", 4);
  for (int i = 0; i < 6; ++i) alphabet.Alias(static_cast<char>('A' + i), 10 + i);
  return alphabet;
}

constexpr Alphabet MakeCrockford() {
  constexpr std::string_view kCharacters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  Alphabet alphabet(kCharacters, 5);
  for (int i = 10; i < 32; ++i) alphabet.Alias(static_cast<char>(kCharacters[i] - 'A' + 'a'), i);
  for (char one : {'I', 'i', 'L', 'l'}) alphabet.Alias(one, 1);
  for (char zero : {'O', 'o'}) alphabet.Alias(zero, 0);
  return alphabet;
}

constexpr Alphabet kHex = MakeHex();
constexpr Alphabet kBase64Url("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6);
constexpr Alphabet kCrockford = MakeCrockford();

constexpr int kLongestVarint = 10;  // 64 bits in groups of 7

}  // namespace

std::string Hex(ByteView bytes) { return kHex.Encode(bytes); }
Result<Bytes> ParseHex(std::string_view text) { return kHex.Decode(text, "hexadecimal", ""); }
std::string Base64Url(ByteView bytes) { return kBase64Url.Encode(bytes); }
Result<Bytes> ParseBase64Url(std::string_view text) { return kBase64Url.Decode(text, "base64url", ""); }
std::string Crockford32(ByteView bytes) { return kCrockford.Encode(bytes); }
Result<Bytes> ParseCrockford32(std::string_view text) { return kCrockford.Decode(text, "a code", "-"); }

void ByteWriter::U32(uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) U8(static_cast<uint8_t>(value >> shift));
}

void ByteWriter::U64(uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) U8(static_cast<uint8_t>(value >> shift));
}

void ByteWriter::Varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) U8(static_cast<uint8_t>(value | 0x80));
  U8(static_cast<uint8_t>(value));
}

void ByteWriter::Sized(ByteView bytes) {
  Varint(bytes.size());
  Raw(bytes);
}

void ByteReader::Fail() {
  ok_ = false;
  rest_ = {};
}

ByteView ByteReader::Raw(size_t count) {
  if (!ok_ || count > rest_.size()) {
    Fail();
    return {};
  }
  const ByteView taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

uint8_t ByteReader::U8() {
  const ByteView taken = Raw(1);
  return taken.empty() ? 0 : taken[0];
}

uint32_t ByteReader::U32() {
  uint32_t value = 0;
  for (uint8_t byte : Raw(4)) value = value << 8 | byte;
  return value;
}

uint64_t ByteReader::U64() {
  uint64_t value = 0;
  for (uint8_t byte : Raw(8)) value = value << 8 | byte;
  return value;
}

uint64_t ByteReader::Varint() {
  uint64_t value = 0;
  for (int i = 0; i < kLongestVarint; ++i) {
    const uint8_t byte = U8();
    if (!ok_) return 0;
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    const bool padded = byte == 0 && i > 0;
    const bool over_64_bits = i == kLongestVarint - 1 && byte > 1;
    if (padded || over_64_bits) break;
    return value;
  }
  Fail();
  return 0;
}

ByteView ByteReader::Sized() {
  const uint64_t count = Varint();
  return Raw(count);
}

}  // namespace cpis::platform
