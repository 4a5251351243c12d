// SPDX-License-Identifier: Apache-2.0
//
// platform::ByteWriter for what is secret: where that would leave its bytes on the heap each time it grows, this wipes them.
#pragma once

#include <string_view>

#include "crypto/secret.h"

namespace cpis::crypto {

class SecretWriter {
 public:
  void U8(uint8_t value) { Raw({&value, 1}); }
  void U32(uint32_t value);
  void U64(uint64_t value);
  void Varint(uint64_t value);
  void Raw(ByteView bytes);
  void Sized(ByteView bytes);  // varint length, then the bytes
  void Sized(std::string_view text) { Sized(platform::AsBytes(text)); }

  Secret Take() &&;  // guarded

 private:
  Secret out_;
  size_t used_ = 0;
};

}  // namespace cpis::crypto
