// SPDX-License-Identifier: Apache-2.0
//
// The one way to ask for the time. Civil times in authority files are United Kingdom local time; everything stored or sent
// by us is an Instant (UTC).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "platform/status.h"

namespace cpis::platform {

using Seconds = std::chrono::seconds;
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;  // UTC

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;                            // wall clock; may jump either way
  virtual std::chrono::milliseconds SinceBoot() const = 0;    // counts suspended time too; never goes back; 0 at boot
  virtual std::string BootId() const = 0;                     // changes with every boot of the machine
  virtual bool WallIsSynchronised() const = 0;                // by a time service, as the kernel was told
};

// The machine's own clocks (CLOCK_REALTIME, CLOCK_BOOTTIME, /proc/sys/kernel/random/boot_id).
const Clock& SystemClock();

// A clock that tests set.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Instant now) : now_(now) {}
  Instant Now() const override { return now_; }
  std::chrono::milliseconds SinceBoot() const override { return since_boot_; }
  std::string BootId() const override { return boot_id_; }
  bool WallIsSynchronised() const override { return synchronised_; }

  void Advance(std::chrono::milliseconds by) { now_ += by; since_boot_ += by; }
  void SetWall(Instant now) { now_ = now; }                   // as a person or a dead RTC would
  void LoseSynchronisation() { synchronised_ = false; }
  void Reboot(std::string boot_id) { since_boot_ = {}; boot_id_ = std::move(boot_id); }

 private:
  Instant now_;
  std::chrono::milliseconds since_boot_{};
  std::string boot_id_ = "boot-1";
  bool synchronised_ = true;
};

std::string Rfc3339(Instant at);                              // "2026-11-22T02:00:00Z", whole seconds
Result<Instant> ParseRfc3339(std::string_view text);          // any offset, optional fraction; dates that exist

// HL7 v3 TS without a zone: UK local time (GMT or BST).
enum class Overlap { kEarlier, kLater };                      // which of the two, in the hour that October repeats
Result<Instant> ParseUkMinute(std::string_view text, Overlap overlap);  // "YYYYMMDDhhmm", a minute that exists
std::string UkSecond(Instant at);                             // "YYYYMMDDhhmmss"

int64_t ToUnixSeconds(Instant at);                            // floor
Instant FromUnixSeconds(int64_t seconds);

}  // namespace cpis::platform
