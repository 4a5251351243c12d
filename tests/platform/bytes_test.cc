// SPDX-License-Identifier: Apache-2.0
#include "platform/bytes.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace cpis::platform {
namespace {

Bytes Counting(size_t size) {
  Bytes bytes;
  for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(i * 37 + 250));
  return bytes;
}

Bytes Of(std::string_view text) { return ToBytes(AsBytes(text)); }

TEST_CASE("every text form gives back the bytes it was made from") {
  for (size_t size = 0; size < 40; ++size) {
    const Bytes bytes = Counting(size);
    CHECK(*ParseHex(Hex(bytes)) == bytes);
    CHECK(*ParseBase64Url(Base64Url(bytes)) == bytes);
    CHECK(*ParseCrockford32(Crockford32(bytes)) == bytes);
  }
}

TEST_CASE("the text forms are those of their standards") {
  CHECK(Hex(Bytes{0x00, 0xab, 0xff}) == "00abff");
  CHECK(Base64Url(Of("foob")) == "Zm9vYg");  // RFC 4648 §10 without padding
  CHECK(Base64Url(Bytes{0xfb, 0xff}) == "-_8");
  CHECK(Crockford32(Bytes{0xff, 0xff, 0xff, 0xff, 0xff}) == "ZZZZZZZZ");
  CHECK(Crockford32(Of("f")) == "CR");
}

TEST_CASE("hexadecimal is read in either case and refused when odd or foreign") {
  CHECK(*ParseHex("AbFf") == Bytes{0xab, 0xff});
  CHECK(ParseHex("abc").status().code() == Code::kInvalid);
  CHECK(ParseHex("0g").status().code() == Code::kInvalid);
  CHECK(ParseHex("0 ").status().code() == Code::kInvalid);
}

TEST_CASE("base64url is refused unless it is what we would have written") {
  for (const char* text : {"Zg==", "Zh", "Z", "Zm9vY", "Zm9+", "Zm9/", "Zm 9", "Zm9vYh"}) {
    CAPTURE(text);
    CHECK(ParseBase64Url(text).status().code() == Code::kInvalid);
  }
}

TEST_CASE("a typed code is forgiven its case, its hyphens and the letters that look like digits") {
  CHECK(*ParseCrockford32("0000-0100") == *ParseCrockford32("OoOo0I0o"));
  CHECK(*ParseCrockford32("000000-1-0") == *ParseCrockford32("000000L0"));
  CHECK(*ParseCrockford32("zz-zz-zz-zz") == Bytes(5, 0xff));
  CHECK(ParseCrockford32("ZZZZZZZU").status().code() == Code::kInvalid);
  CHECK(ParseCrockford32("ZZZZZZZ").status().code() == Code::kInvalid);  // 3 bits left over, not zero
  CHECK(ParseCrockford32("ZZZ").status().code() == Code::kInvalid);      // one character too many for one byte
}

TEST_CASE("what cannot be parsed is not repeated in the error") {
  CHECK(ParseHex("secret!").status().message().find("secret") == std::string::npos);
}

TEST_CASE("a reader gives back what a writer wrote") {
  ByteWriter writer;
  writer.U8(7);
  writer.U32(0x01020304);
  writer.U64(0x0102030405060708);
  writer.Sized("text");
  writer.Sized(ByteView());
  writer.Raw(Bytes{9, 9});
  CHECK(writer.bytes()[1] == 1);  // big-endian
  const Bytes bytes = std::move(writer).Take();
  ByteReader reader(bytes);
  CHECK(reader.U8() == 7);
  CHECK(reader.U32() == 0x01020304);
  CHECK(reader.U64() == 0x0102030405060708);
  CHECK(reader.SizedText() == "text");
  CHECK(reader.Sized().empty());
  CHECK_FALSE(reader.AtEnd());
  CHECK(reader.remaining() == 2);
  CHECK(ToBytes(reader.Raw(2)) == Bytes{9, 9});
  CHECK(reader.AtEnd());
}

TEST_CASE("varints of every length are read back, and take the bytes that LEB128 says") {
  for (int bits = 0; bits <= 64; ++bits) {
    const uint64_t value = bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
    ByteWriter writer;
    writer.Varint(value);
    CHECK(writer.size() == static_cast<size_t>(std::max(1, (bits + 6) / 7)));
    ByteReader reader(writer.bytes());
    CHECK(reader.Varint() == value);
    CHECK(reader.AtEnd());
  }
}

TEST_CASE("a varint that is not minimal, too long or broken off is refused") {
  const Bytes refused[] = {
      {0x80, 0x00},
      {0xff, 0x80, 0x00},
      {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
      {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
      {0x80},
      {},
  };
  for (const Bytes& bytes : refused) {
    ByteReader reader(bytes);
    CHECK(reader.Varint() == 0);
    CHECK_FALSE(reader.ok());
  }
}

TEST_CASE("a reader that has failed stays failed and gives only zeros") {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  CHECK(reader.U32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.U8() == 0);
  CHECK(reader.Varint() == 0);
  CHECK(reader.Sized().empty());
  CHECK(reader.remaining() == 0);
  CHECK_FALSE(reader.AtEnd());
}

TEST_CASE("a length larger than the input fails and is never believed") {
  ByteWriter writer;
  writer.Varint(UINT64_MAX);
  writer.U8(1);
  ByteReader reader(writer.bytes());
  CHECK(reader.Sized().empty());
  CHECK_FALSE(reader.ok());
}

}  // namespace
}  // namespace cpis::platform
