// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret_writer.h"

#include <algorithm>

namespace cpis::crypto {
namespace {

constexpr size_t kFirstRoom = 4096;  // most of what is sealed fits

}  // namespace

void SecretWriter::U32(uint32_t value) {
  platform::ByteWriter number;
  number.U32(value);
  Raw(number.bytes());
}

void SecretWriter::U64(uint64_t value) {
  platform::ByteWriter number;
  number.U64(value);
  Raw(number.bytes());
}

void SecretWriter::Varint(uint64_t value) {
  platform::ByteWriter number;
  number.Varint(value);
  Raw(number.bytes());
}

void SecretWriter::Raw(ByteView bytes) {
  if (bytes.size() > out_.size() - used_) {
    Secret more = Secret::Zeroed(std::max(kFirstRoom, 2 * (used_ + bytes.size())), Residence::kGuarded);
    std::ranges::copy(out_.Reveal().first(used_), more.RevealForWriting().begin());
    out_ = std::move(more);
  }
  std::ranges::copy(bytes, out_.RevealForWriting().begin() + static_cast<std::ptrdiff_t>(used_));
  used_ += bytes.size();
}

void SecretWriter::Sized(ByteView bytes) {
  Varint(bytes.size());
  Raw(bytes);
}

Secret SecretWriter::Take() && { return Secret::Copy(out_.Reveal().first(used_)); }

}  // namespace cpis::crypto
