// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "crypto/certificates.h"

namespace cpis::crypto {
namespace {

uint8_t* Allocate(size_t size, Residence residence) {
  if (size == 0) return nullptr;
  if (residence == Residence::kTransient) return new uint8_t[size];
  auto* memory = static_cast<uint8_t*>(sodium_malloc(size));
  if (memory == nullptr) std::abort();  // as operator new would
  return memory;
}

void Free(uint8_t* memory, size_t size, Residence residence) {
  if (memory == nullptr) return;
  if (residence == Residence::kGuarded) {
    sodium_free(memory);  // wipes
    return;
  }
  sodium_memzero(memory, size);
  delete[] memory;
}

}  // namespace

Secret Secret::Random(size_t size) {
  Secret secret = Zeroed(size, Residence::kGuarded);
  randombytes_buf(secret.data_, size);
  return secret;
}

Secret Secret::Copy(ByteView bytes, Residence residence) {
  Secret secret = Zeroed(bytes.size(), residence);
  std::copy(bytes.begin(), bytes.end(), secret.data_);
  return secret;
}

Secret Secret::Zeroed(size_t size, Residence residence) {
  Secret secret;
  secret.data_ = Allocate(size, residence);
  secret.size_ = size;
  secret.residence_ = residence;
  std::fill_n(secret.data_, size, uint8_t{0});
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), residence_(other.residence_) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  Free(data_, size_, residence_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  residence_ = other.residence_;
  return *this;
}

Secret::~Secret() { Free(data_, size_, residence_); }

void Wipe(std::span<uint8_t> memory) { sodium_memzero(memory.data(), memory.size()); }

void Wipe(std::string& text) {
  text.resize(text.capacity());  // what it held before it shrank, too
  sodium_memzero(text.data(), text.size());
  text.clear();
}

Bytes RandomBytes(size_t size) {
  Bytes bytes(size);
  randombytes_buf(bytes.data(), size);
  return bytes;
}

bool ConstantTimeEqual(ByteView a, ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void StartCrypto() {
  if (sodium_init() < 0) std::abort();
  KeepTlsToTheEnd();
  const rlimit no_core{0, 0};
  if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0) std::abort();
}

}  // namespace cpis::crypto
