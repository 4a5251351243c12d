// SPDX-License-Identifier: Apache-2.0
#include "edge/trusted_time.h"

#include <algorithm>

#include "edge/tuning.h"

namespace cpis::edge {
namespace {

constexpr uint8_t kWithoutHighBoot = 1;
constexpr uint8_t kWithoutAdded = 2;
constexpr uint8_t kFormat = 3;

uint64_t Milliseconds(Instant at) { return static_cast<uint64_t>(at.time_since_epoch().count()); }

}  // namespace

platform::Bytes Encode(const TimeMarks& marks) {
  platform::ByteWriter out;
  out.U8(kFormat);
  out.U64(Milliseconds(marks.server_time));
  out.U64(static_cast<uint64_t>(marks.since_boot.count()));
  out.U64(Milliseconds(marks.high_water));
  out.U64(static_cast<uint64_t>(marks.high_since_boot.count()));
  out.U64(static_cast<uint64_t>(marks.added.count()));
  out.Sized(marks.boot_id);
  out.Sized(marks.high_boot_id);
  return std::move(out).Take();
}

platform::Result<TimeMarks> DecodeTimeMarks(platform::ByteView bytes) {
  platform::ByteReader in(bytes);
  const uint8_t format = in.U8();
  const auto milliseconds = [&in] { return std::chrono::milliseconds(static_cast<int64_t>(in.U64())); };
  TimeMarks marks;
  marks.server_time = Instant(milliseconds());
  marks.since_boot = milliseconds();
  marks.high_water = Instant(milliseconds());
  if (format >= kWithoutAdded) marks.high_since_boot = milliseconds();
  marks.added = format >= kFormat ? milliseconds() : kUnknownBeforeBoot;
  marks.boot_id = in.SizedText();
  if (format >= kWithoutAdded) marks.high_boot_id = in.SizedText();
  const bool known = format >= kWithoutHighBoot && format <= kFormat;
  if (!known || !in.AtEnd()) return platform::Corrupt("the stored time marks are not ours");
  return marks;
}

TrustedTime::TrustedTime(const platform::Clock& clock, std::optional<TimeMarks> stored, Keep keep)
    : clock_(clock), keep_(std::move(keep)), marks_(std::move(stored)), floor_since_boot_(clock.SinceBoot()) {
  if (!marks_) return;
  if (marks_->high_boot_id == clock_.BootId()) {  // another process of this boot: nothing of its time is lost
    floor_ = marks_->high_water;
    floor_since_boot_ = std::min(marks_->high_since_boot, floor_since_boot_);
    return;
  }
  floor_ = marks_->high_water + kUnknownBeforeBoot;
  floor_since_boot_ = std::chrono::milliseconds(0);
  marks_->added += kUnknownBeforeBoot;
  Mark(Project());
  if (keep_) keep_(*marks_);
}

void TrustedTime::Mark(Instant now) {
  marks_->high_water = std::max(marks_->high_water, now);
  marks_->high_since_boot = clock_.SinceBoot();
  marks_->high_boot_id = clock_.BootId();
}

std::optional<Instant> TrustedTime::HeardAt() {
  const std::lock_guard lock(mutex_);
  if (!marks_ || marks_->boot_id.empty()) return std::nullopt;
  return marks_->server_time;
}

Instant TrustedTime::Project() const {
  const Instant floor_now = floor_ + (clock_.SinceBoot() - floor_since_boot_);
  if (SameBoot()) return std::max(floor_now, marks_->server_time + (clock_.SinceBoot() - marks_->since_boot));
  return std::max(floor_now, clock_.Now());
}

std::optional<Instant> TrustedTime::Vouched() {
  const std::lock_guard lock(mutex_);
  if (!SameBoot()) return std::nullopt;
  return marks_->server_time + (clock_.SinceBoot() - marks_->since_boot);
}

void TrustedTime::Heard(Instant server_time) {
  std::optional<TimeMarks> to_keep;
  {
    const std::lock_guard lock(mutex_);
    if (marks_ && server_time < marks_->server_time) return;  // an older message says nothing new
    const bool first_contact = !SameBoot();
    // Until now the wall clock was the best guess; a signed time replaces it, even if the guess was later.
    const Instant now = first_contact ? server_time : std::max(server_time, Project());
    floor_ = now;
    floor_since_boot_ = clock_.SinceBoot();
    marks_ = TimeMarks{server_time, floor_since_boot_, clock_.BootId(), now, floor_since_boot_, clock_.BootId()};
    if (first_contact || !kept_at_ || floor_since_boot_ - *kept_at_ >= kKeepSignedTimeEvery) {
      kept_at_ = floor_since_boot_;
      to_keep = marks_;
    }
  }
  if (to_keep && keep_) keep_(*to_keep);
}

void TrustedTime::Distrust() {
  std::optional<TimeMarks> to_keep;
  {
    const std::lock_guard lock(mutex_);
    if (!marks_) return;
    marks_->server_time = Instant();
    marks_->boot_id.clear();
    to_keep = marks_;
  }
  if (keep_) keep_(*to_keep);
}

void TrustedTime::AtLeast(Instant server_time) {
  const std::lock_guard lock(mutex_);
  if (server_time <= Project()) return;
  floor_ = server_time;
  floor_since_boot_ = clock_.SinceBoot();
  // Marks of no boot at all: time that passes from here on is kept, or every restart would begin here again.
  if (!marks_) marks_ = TimeMarks{server_time, floor_since_boot_, "", server_time};
  marks_->added = {};
  Mark(server_time);
}

TrustedNow TrustedTime::Now() {
  std::optional<TimeMarks> to_keep;
  TrustedNow now;
  {
    const std::lock_guard lock(mutex_);
    const std::chrono::milliseconds since_boot = clock_.SinceBoot();
    // A clock that resumes where the shutdown left it is past the mark too, and days behind: only a time service vouches for it.
    // What was added for each reboot may be more than had passed.
    now.trusted = SameBoot() || (marks_ && clock_.WallIsSynchronised() && clock_.Now() + marks_->added >= marks_->high_water);
    now.at = Project();
    if (marks_ && clock_.Now() >= now.at) marks_->added = {};  // the clock has caught up with every guess
    floor_ = now.at;
    floor_since_boot_ = since_boot;
    // Or at once, when a wall clock that was set right or wrong led it on by as much.
    const bool far = marks_ && now.at - marks_->high_water >= kKeepTimeEvery;
    if (marks_ && (!kept_at_ || far || since_boot - *kept_at_ >= kKeepTimeEvery)) {
      kept_at_ = since_boot;
      Mark(now.at);
      to_keep = marks_;
    }
  }
  if (to_keep && keep_) keep_(*to_keep);
  return now;
}

}  // namespace cpis::edge
