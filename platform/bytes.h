// SPDX-License-Identifier: Apache-2.0
//
// Bytes as values, their text forms, and bounds-checked readers and writers for our binary formats.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/status.h"

namespace cpis::platform {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes ToBytes(ByteView view) { return {view.begin(), view.end()}; }

std::string Hex(ByteView bytes);                          // lower case
Result<Bytes> ParseHex(std::string_view text);            // kInvalid on odd length or a foreign character
std::string Base64Url(ByteView bytes);                    // RFC 4648 §5, no padding
Result<Bytes> ParseBase64Url(std::string_view text);      // kInvalid unless canonical
std::string Crockford32(ByteView bytes);                  // for codes that people type: no I, L, O, U
Result<Bytes> ParseCrockford32(std::string_view text);    // accepts lower case, hyphens, I/L as 1, O as 0

// Appends big-endian integers, LEB128 varints and length-prefixed strings.
class ByteWriter {
 public:
  void U8(uint8_t value) { out_.push_back(value); }
  void U32(uint32_t value);
  void U64(uint64_t value);
  void Varint(uint64_t value);
  void Raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void Sized(ByteView bytes);  // varint length, then the bytes
  void Sized(std::string_view text) { Sized(AsBytes(text)); }

  size_t size() const { return out_.size(); }
  const Bytes& bytes() const { return out_; }
  Bytes Take() && { return std::move(out_); }

 private:
  Bytes out_;
};

// Reads what ByteWriter wrote. A read past the end, or a varint that is too long or not minimal, makes the reader fail:
// from then on every read gives zero or empty, and ok() is false. Check once, at the end.
class ByteReader {
 public:
  explicit ByteReader(ByteView in) : rest_(in) {}

  uint8_t U8();
  uint32_t U32();
  uint64_t U64();
  uint64_t Varint();
  ByteView Raw(size_t count);
  ByteView Sized();               // a view into the input
  std::string SizedText() { return std::string(AsText(Sized())); }

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }
  size_t remaining() const { return rest_.size(); }

 private:
  void Fail();

  ByteView rest_;
  bool ok_ = true;
};

}  // namespace cpis::platform
