// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret_writer.h"

#include <catch2/catch.hpp>

using namespace cpis::crypto;
using cpis::platform::ByteWriter;
using cpis::platform::Hex;

TEST_CASE("what a secret writer wrote is what a byte writer would have written, however much it is") {
  const auto fill = [](auto& out, size_t size) {
    out.U8(1);
    out.U32(0x01020304);
    out.U64(0x0102030405060708);
    out.Varint(300);
    out.Sized("text");
    out.Raw(Bytes(3, 9));
    for (int i = 0; i < 3; ++i) out.Sized(Bytes(size, static_cast<uint8_t>(i)));
  };
  for (const size_t size : {0, 1, 127, 128, 4000, 4096, 9000, 100000}) {
    ByteWriter plain;
    fill(plain, size);
    SecretWriter secret;
    fill(secret, size);
    INFO(size);
    CHECK(Hex(std::move(secret).Take().Reveal()) == Hex(plain.bytes()));
  }
  CHECK(SecretWriter().Take().empty());
}
