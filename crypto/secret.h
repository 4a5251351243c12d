// SPDX-License-Identifier: Apache-2.0
//
// Secrets are loud: move-only, wiped when freed, no <<, no ==, and one greppable way to read one: Reveal(). Long-lived
// ones rest in guarded memory, locked against swapping and kept out of core files; those that live for microseconds on
// the way to an answer use plain memory, because guard pages cost more than the work they would protect.
#pragma once

#include <cstdint>

#include "platform/bytes.h"
#include "platform/status.h"

namespace cpis::crypto {

using platform::Bytes;
using platform::ByteView;
using platform::Result;
using platform::Status;

enum class Residence : uint8_t { kGuarded, kTransient };

class Secret {
 public:
  Secret() = default;                                                             // empty
  static Secret Random(size_t size);                                              // guarded
  static Secret Copy(ByteView bytes, Residence residence = Residence::kGuarded);  // wipe your own copy: see Wipe
  static Secret Zeroed(size_t size, Residence residence);  // to be filled through RevealForWriting

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  Secret Clone() const { return Copy(Reveal()); }
  ByteView Reveal() const { return {data_, size_}; }
  std::span<uint8_t> RevealForWriting() { return {data_, size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  Residence residence_ = Residence::kTransient;
};

// Overwrites memory in a way that the compiler cannot remove.
void Wipe(std::span<uint8_t> memory);
void Wipe(std::string& text);

Bytes RandomBytes(size_t size);
bool ConstantTimeEqual(ByteView a, ByteView b);  // false on different sizes

// libsodium must be ready before anything in this folder is used; call once at the start of main. Aborts if it fails.
// Also turns core files off for this process (PR_SET_DUMPABLE, RLIMIT_CORE).
void StartCrypto();

}  // namespace cpis::crypto
